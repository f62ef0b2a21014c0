// The client `script`: a request written in a scenario that is a read or a write of a workload is an operation like any
// other, so the checkers see what it did and the final reads look at its key.
import type { Reply } from "../model/cluster.ts";
import type { Clock } from "../model/time.ts";
import type { Workload } from "../model/topology.ts";
import { matchRequest, type Match } from "./mapping.ts";
import { operate, type Book } from "./operation.ts";
import type { Judged } from "./outcome.ts";

export interface ScriptedRequest {
  method: string;
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
}

export interface Script {
  /** Sends it, and records it where it is an operation. Rejects as `send` does, after that was recorded. */
  send<R extends Reply>(request: ScriptedRequest, send: () => Promise<R>): Promise<R>;
  /** Keys that were read or written, per workload. */
  touched: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface ScriptOptions extends Book {
  workloads: Readonly<Record<string, Workload>>;
  regions: readonly string[];
  clock: Clock;
}

/** What was sent under one idempotency key. */
interface Attempts {
  /** The first operation. */
  op: number;
  write: Match;
  /** How the latest attempt ended. */
  latest: Promise<Judged>;
}

export function startScript({ workloads, regions, clock, ...book }: ScriptOptions): Script {
  const touched = new Map<string, Set<string>>();
  const attempts = new Map<string, Attempts>();
  /** Which state a version meant when the script last saw it: the basis of a write that sends no If-Match. */
  const states = new Map<string, string>();
  let life = 1;

  const begin = (match: Match, send: () => Promise<Reply>): Promise<Judged> => {
    const earlier = attempts.get(match.id ?? "");
    const repeated = earlier !== undefined && isSameWrite(earlier.write, match) ? earlier : undefined;
    const basis = match.basis ?? states.get(versionName(match, match.expected));
    const client = life === 1 ? "script" : `script.${life}`;
    const { op, done } = operate(
      { ...match, basis, repeatOf: repeated?.op, client, due: clock.now() },
      send,
      book,
      repeated?.latest,
    );
    if (match.id !== undefined && (earlier === undefined || repeated !== undefined))
      attempts.set(match.id, { op: repeated?.op ?? op, write: match, latest: done });
    return done;
  };

  const learn = (match: Match, { version, state, outcome }: Judged) => {
    if (version !== undefined && state !== undefined) states.set(versionName(match, version), state);
    // What it does next does not follow a write that may happen at any time.
    if (match.kind === "write" && outcome.type === "unknown") life++;
  };

  return {
    touched,
    async send<R extends Reply>({ method, path, headers, body }: ScriptedRequest, send: () => Promise<R>) {
      const match = matchRequest(workloads, method, path, body, headers);
      if (match === undefined || !regions.includes(match.region)) return send();
      const keys = touched.get(match.workload.name) ?? new Set();
      touched.set(match.workload.name, keys.add(match.key));
      let sent: Promise<R> | undefined;
      learn(match, await begin(match, () => (sent = send())));
      return sent!; // `operate` has sent it, and has already seen how it ended
    },
  };
}

const versionName = ({ workload, key }: Match, version: number | undefined) => `${workload.name} ${key} ${version}`;

/** A repeat goes by the content, never by the region it is sent to. */
const isSameWrite = (a: Match, b: Match) => contentOf(a) === contentOf(b);
const contentOf = ({ workload, key, value, basis, expected }: Match) =>
  JSON.stringify([workload.name, key, value, basis, expected]);
