// available: the share of due operations of a region's clients that were answered, and the longest stretch without an answer.
// A correct refusal is an answer; an answer that comes late is not, and neither is the gateway saying that nobody is there.
import { z } from "zod";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { duringFaults, durationMs, regionName, share, unknownRegion } from "./args.ts";
import { dueOperations } from "./due.ts";
import type { Due } from "./due.ts";
import { faultsOf, inForce } from "./faults.ts";
import { factsOf } from "./history.ts";
import { count, duration, judged, moment, percent } from "./say.ts";

/** A client waits 1 s to begin and 1 s for the answer; what comes later after it was due, nobody waits for any more. */
export const LATE_MS = 2_000;

const args = z.strictObject({
  region: regionName,
  "at-least": share,
  "longest-outage": durationMs.optional(),
  "at-home": z.boolean().optional().describe("Only answers by the region's own nodes count."),
  during: duringFaults("only operations due while a fault was in force"),
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
    const due = dueOperations(facts, region)
      .filter((one) => during === undefined || inForce(windows, one.due))
      .filter((one) => !(atHome && one.roamed)) // home was not asked
      .map((one) => asked(one, atHome ? region : undefined));
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

interface Asked extends Due {
  answered: boolean;
  why: string;
}

/** An answer counts when it came in time, and from that region where one is asked for. */
function asked(one: Due, home: string | undefined): Asked {
  const why = whyNot(one, home);
  return { ...one, answered: why === undefined, why: why ?? "" };
}

function whyNot({ why, tookMs, servedIn }: Due, home: string | undefined): string | undefined {
  if (why !== undefined) return why;
  if (tookMs > LATE_MS) return `answered ${duration(tookMs)} after it was due: late`;
  if (home !== undefined && servedIn !== home) return `answered by ${servedIn ?? "nobody known"}, not at home`;
  return undefined;
}

/** The longest run of due operations without an answer among them: from when the first was due to when the next answered one was. */
function longestOutage(due: readonly Asked[]): { ms: number; operations: readonly Asked[] } {
  let longest: { ms: number; operations: readonly Asked[] } = { ms: 0, operations: [] };
  for (let start = 0; start < due.length; start++) {
    if (due[start]!.answered) continue;
    let end = start;
    while (end < due.length && !due[end]!.answered) end++;
    const operations = due.slice(start, end);
    const over =
      due[end]?.due ?? operations.reduce((latest, one) => Math.max(latest, one.over ?? one.due + LATE_MS), 0);
    const ms = over - due[start]!.due;
    if (ms > longest.ms || longest.operations.length === 0) longest = { ms, operations };
    start = end;
  }
  return longest;
}
