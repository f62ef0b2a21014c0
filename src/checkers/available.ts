// available: the share of due operations of a region's clients that were answered, and the longest stretch without an answer.
// A correct refusal is an answer; an answer that comes late is not, and neither is the gateway saying that nobody is there.
import { z } from "zod";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { durationMs, regionName, share, unknownRegion } from "./args.ts";
import { faultsOf } from "./faults.ts";
import { factsOf } from "./history.ts";
import type { Facts, Operation } from "./history.ts";
import { count, duration, judged, moment, percent } from "./say.ts";

/** A client waits 1 s to begin and 1 s for the answer; what comes later after it was due, nobody waits for any more. */
export const LATE_MS = 2_000;

/** Refusals that say "not now" rather than answer the question: Request Timeout, Too Early, Too Many Requests. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);

const args = z.strictObject({
  region: regionName,
  "at-least": share,
  "longest-outage": durationMs.optional(),
  "at-home": z.boolean().optional().describe("Only answers by the region's own nodes count."),
  during: z
    .literal("faults", { error: 'expected "faults": only operations due while a fault was in force' })
    .optional()
    .describe("faults: only operations due while a fault was in force."),
});
type Args = z.output<typeof args>;

export const available: ExpectationWords<Args> = {
  name: "available",
  summary: "That share of the due operations of a region's clients was answered, by whoever.",
  example: "- available: { region: us, at-least: 99% }",
  args,
  check: ({ region }, topology) => unknownRegion(region, topology),
  judge(history, { region, "at-least": atLeast, "longest-outage": longest, "at-home": atHome = false, during }) {
    const facts = factsOf(history);
    const windows = faultsOf(history);
    const all = dueOperations(facts, region, atHome);
    const due =
      during === "faults" ? all.filter((one) => windows.some(({ from, to }) => one.due >= from && one.due <= to)) : all;
    const when = during === "faults" ? " while a fault was in force" : "";
    if (due.length === 0) return judged("unknown", `no operation of a client of ${region} was due${when}`);

    const answered = due.filter((one) => one.answered).length;
    const outage = longestOutage(due);
    const enough = answered >= atLeast * due.length - 1e-9;
    const short = longest === undefined || outage.ms <= longest;
    const by = atHome ? " at home" : "";
    const bounds = [
      `${percent(answered, due.length)} of ${count(due.length)} due operations answered${by}${when} (at least ${Number((atLeast * 100).toFixed(4))}%)`,
      `longest stretch without an answer ${duration(outage.ms)}${longest === undefined ? "" : ` (at most ${duration(longest)})`}`,
    ];
    if (enough && short) return judged(true, bounds.join("; "));
    const first = outage.operations[0]!;
    return judged(
      false,
      bounds.join("; "),
      outage.operations.map((one) => one.seq),
      [
        `${count(due.length - answered)} of ${count(due.length)} operations of the clients of ${region} were not answered${by}${when}.`,
        `From ${moment(first.due)} (event ${first.seq}) on, ${count(outage.operations.length)} in a row went without an answer.`,
        `The first of them: ${first.why}.`,
      ],
    );
  },
};

interface Due {
  due: number;
  /** When it was known that there is no answer, or when it came. */
  over: number;
  answered: boolean;
  /** What came instead of an answer. */
  why: string;
  seq: number;
}

/** What the schedule wanted of a region's clients, begun or not, in that order. */
function dueOperations(facts: Facts, region: string, atHome: boolean): readonly Due[] {
  const begun = facts.operations
    .filter(({ invoke }) => invoke.region === region)
    .map((operation): Due => {
      const { invoke, complete } = operation;
      const why = whyUnanswered(operation, atHome ? region : undefined);
      const over = complete?.at ?? invoke.due + LATE_MS;
      return { due: invoke.due, over, answered: why === undefined, why: why ?? "", seq: complete?.seq ?? invoke.seq };
    });
  const missed = facts.missed
    .filter((event) => event.region === region)
    .map(({ due, at, seq }): Due => ({ due, over: at, answered: false, why: "no client was free to begin it", seq }));
  return [...begun, ...missed].toSorted((a, b) => a.due - b.due);
}

/** undefined when it was answered, in time, and by that region where one is asked for. */
function whyUnanswered({ invoke, complete, outcome, servedIn }: Operation, home?: string): string | undefined {
  if (complete === undefined) return "no answer is in the history";
  const { status } = complete;
  const refused = status !== undefined && status >= 400 && status < 500 && !NOT_NOW.has(status);
  if (outcome.type !== "ok" && !refused) return outcome.error;
  if (complete.at - invoke.due > LATE_MS)
    return `answered ${duration(complete.at - invoke.due)} after it was due: late`;
  if (home !== undefined && servedIn !== home) return `answered by ${servedIn ?? "nobody known"}, not at home`;
  return undefined;
}

/** The longest run of due operations without an answer among them: from when the first was due to when the next answered one was. */
function longestOutage(due: readonly Due[]): { ms: number; operations: readonly Due[] } {
  let longest: { ms: number; operations: readonly Due[] } = { ms: 0, operations: [] };
  for (let start = 0; start < due.length; start++) {
    if (due[start]!.answered) continue;
    let end = start;
    while (end < due.length && !due[end]!.answered) end++;
    const operations = due.slice(start, end);
    const over = due[end]?.due ?? operations.reduce((latest, one) => Math.max(latest, one.over), 0);
    const ms = over - due[start]!.due;
    if (ms > longest.ms || longest.operations.length === 0) longest = { ms, operations };
    start = end;
  }
  return longest;
}
