// The one table from what came back (or did not) to ok | fail | unknown. Every checker depends on it: a `fail` that did
// take effect, or an `ok` that did not, is a false alarm or a bug missed. So whatever is not certain is unknown.
//
//   ok       a definite effect (write), a definite value (read)
//   fail     certainly no effect: it may be forgotten
//   unknown  may have happened, or may still happen, at any time later
import type { Reply } from "../model/cluster.ts";
import type { Complete, Outcome } from "../model/event.ts";
import { at as valueAt } from "../model/path.ts";
import type { Workload } from "../model/topology.ts";
import { contentOf } from "./mapping.ts";

/** What a client got: a reply, or the error in its place. */
export type Answer = { reply: Reply } | { failure: unknown };

/** What `complete` records, all but the number of the operation. */
export type Judged = Omit<Complete, "type" | "op">;

export function judge(workload: Workload, kind: "read" | "write", answer: Answer): Judged {
  if ("failure" in answer) return { outcome: judgeFailure(answer.failure) };
  const { reply } = answer;
  const row = ROWS.find((candidate) => candidate.when({ workload, kind, reply }))!; // the last one takes all
  const judged: Judged = { outcome: row.outcome(reply, workload), status: reply.status };
  const servedBy = reply.headers["x-served-by"];
  if (servedBy) judged.servedBy = servedBy;
  if (judged.outcome.type !== "ok") return judged;
  const stored = row.stored?.(reply, workload);
  if (stored !== undefined) judged.stored = true;
  return { ...judged, ...contentOf(workload, reply, stored) };
}

/**
 * The same write was sent before and nobody knows what became of it. A refusal of the later attempt then proves
 * nothing of the write: it may be refused because the first one was applied.
 */
export function inDoubt(judged: Judged): Judged {
  if (judged.outcome.type !== "fail") return judged;
  const error = `${judged.outcome.error}, after an attempt that may have been applied`;
  return { ...judged, outcome: { type: "unknown", error } };
}

/** Somebody answered, if only with a correct refusal. What `available`, `errors(us)` and the samples count. */
export function isAnswered(complete: Pick<Complete, "outcome" | "status">): boolean {
  return complete.outcome.type === "ok" || (complete.status !== undefined && complete.status < 500);
}

interface Case {
  workload: Workload;
  kind: "read" | "write";
  reply: Reply;
}

interface Row {
  when(answered: Case): boolean;
  outcome(reply: Reply, workload: Workload): Outcome;
  /** Where the stored answer lies when this id was applied before. */
  stored?(reply: Reply, workload: Workload): string | undefined;
}

/** Refusals in the words of HTTP itself: whoever gives them has not tried to apply anything. */
const NOT_TRIED: ReadonlySet<number> = new Set([400, 404, 405, 413, 415]);

const storedAt = (reply: Reply, workload: Workload) => workload.write.done[String(reply.status)];

// Read from above; the first row that fits decides. Reads use the same rows: an unknown read says nothing and is
// dropped by the checkers, and one that failed was refused in so many words.
const ROWS: readonly Row[] = [
  {
    // This id took effect before: its stored answer is as good as the first one.
    when: ({ workload, kind, reply }) => kind === "write" && hasStored(reply, workload),
    outcome: () => ({ type: "ok" }),
    stored: storedAt,
  },
  {
    // The id is taken by a request with another content: refused, and there is no stored answer to this one.
    when: ({ workload, kind, reply }) => kind === "write" && storedAt(reply, workload) !== undefined,
    outcome: (reply, workload) =>
      fail(`${said(reply)} without ${storedAt(reply, workload)}: the id belongs to another request`),
  },
  {
    when: ({ kind, reply }) => kind === "write" && is2xx(reply),
    outcome: () => ({ type: "ok" }),
  },
  {
    when: ({ workload, kind, reply }) =>
      kind === "read" && is2xx(reply) && contentOf(workload, reply).value !== undefined,
    outcome: () => ({ type: "ok" }),
  },
  {
    // A 2xx that does not hold what was asked for is no definite value.
    when: ({ kind, reply }) => kind === "read" && is2xx(reply),
    outcome: (reply, workload) => unknown(`${said(reply)} without ${workload.read.value}`),
  },
  {
    when: ({ workload, kind, reply }) => kind === "write" && workload.write.refused.includes(reply.status),
    outcome: (reply) => fail(said(reply)),
  },
  {
    when: ({ reply }) => NOT_TRIED.has(reply.status),
    outcome: (reply) => fail(said(reply)),
  },
  {
    // The gateway itself answered and no byte of the request had reached a backend.
    when: ({ reply }) => isGatewaysOwn(reply) && nothingSentUpstream(reply),
    outcome: (reply) => fail(`${said(reply)} by the gateway, nothing sent to a backend`),
  },
  {
    when: ({ reply }) => isGatewaysOwn(reply),
    outcome: (reply) => unknown(`${said(reply)} by the gateway, a backend may have got the request`),
  },
  {
    // Any other 5xx comes from a backend, which may have committed before it broke; other statuses prove nothing.
    when: () => true,
    outcome: (reply) => unknown(said(reply)),
  },
];

const fail = (error: string): Outcome => ({ type: "fail", error });
const unknown = (error: string): Outcome => ({ type: "unknown", error });
const is2xx = (reply: Reply) => reply.status >= 200 && reply.status < 300;

function hasStored(reply: Reply, workload: Workload): boolean {
  const path = storedAt(reply, workload);
  const stored = path === undefined ? undefined : valueAt(reply, path);
  return stored !== undefined && stored !== null;
}

function isGatewaysOwn(reply: Reply): boolean {
  return [502, 503, 504].includes(reply.status) && !reply.headers["x-served-by"];
}

/** "0", "-" or "0, -" per attempt. Without the header nobody vouches for it. */
function nothingSentUpstream(reply: Reply): boolean {
  return /^[-0 ,:]*$/.test(reply.headers["x-upstream-sent"] ?? "not said");
}

/** "409: Version conflict: expected version 1, current version is 2" */
function said(reply: Reply): string {
  const { body } = reply;
  const detail = typeof body === "string" ? body : valueAt(reply, "body.detail");
  return typeof detail === "string" && detail !== ""
    ? `${reply.status}: ${detail.trim().slice(0, 200)}`
    : `${reply.status}`;
}

// The connection was never made, so nothing was sent. A reset or a closed connection is not among them.
const NEVER_CONNECTED: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "no such host",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_DESTROYED: "not sent: the traffic has ended",
};

const MAY_HAVE_ARRIVED: Readonly<Record<string, string>> = {
  ECONNRESET: "connection reset before the answer",
  EPIPE: "connection closed while sending",
  UND_ERR_SOCKET: "connection closed before the answer",
};

function judgeFailure(failure: unknown): Outcome {
  const code = codeOf(failure);
  if (code in NEVER_CONNECTED) return fail(NEVER_CONNECTED[code]!);
  const text = failure instanceof Error ? failure.message : String(failure);
  return unknown(MAY_HAVE_ARRIVED[code] ?? text);
}

/** The error's own code, or that of its cause (fetch wraps). */
function codeOf(failure: unknown): string {
  if (!(failure instanceof Error)) return "";
  const { code } = failure as Error & { code?: unknown };
  if (typeof code === "string") return code;
  return failure.cause === undefined ? "" : codeOf(failure.cause);
}
