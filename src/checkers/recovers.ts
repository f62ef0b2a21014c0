// recovers: after each fault that touched a region, its own nodes answer again within a bound counted from the START of the fault,
// and go on answering until the next fault that touches it. Judged from the steady probes, which ask a region at home.
import { z } from "zod";
import type { Event, Probe } from "../model/event.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { durationMs, regionName, unknownRegion } from "./args.ts";
import { faultsOf, sayFault } from "./faults.ts";
import type { FaultWindow } from "./faults.ts";
import { factsOf } from "./history.ts";
import type { Recorded } from "./history.ts";
import { count, duration, judged, moment, several, STORIES } from "./say.ts";

const args = z.strictObject({
  region: regionName,
  rto: durationMs,
  fault: z.string().min(1).optional().describe("Only faults of this kind, or of the step with this id."),
});
type Args = z.output<typeof args>;

export const recovers: ExpectationWords<Args> = {
  name: "recovers",
  summary: "A region is healthy again within rto of the start of each fault that touched it, and stays so.",
  example: "- recovers: { region: eu, rto: 10s }",
  args,
  check: ({ region }, topology) => unknownRegion(region, topology),
  judge(history, { region, rto, fault }) {
    const touching = faultsOf(history).filter((window) => window.regions.has(region));
    const asked = touching.filter((window) => fault === undefined || isOf(history, window, fault));
    if (asked.length === 0)
      return judged(
        "unknown",
        `no ${fault === undefined ? "" : `"${fault}" `}fault touched ${region}: nothing to recover from`,
      );
    const probes = factsOf(history).probes.get(region) ?? [];
    const found = asked.map((window) => recoveryFrom(window, touching, probes));

    const late = found.filter((one) => one.ms > rto && (one.ms !== Infinity || one.watchedMs >= rto));
    const open = found.filter((one) => one.last === undefined || (one.ms === Infinity && one.watchedMs < rto));
    const worst = found.reduce((a, b) => (b.ms > a.ms ? b : a));
    const never = found.filter((one) => one.ms === 0 && one.last !== undefined).length;
    const summary = [
      `${several(asked.length, "fault")} touched ${region}`,
      worst.last === undefined
        ? "no probe tells whether it recovered"
        : worst.ms === Infinity
          ? `not healthy again ${duration(worst.watchedMs)} after ${sayFault(worst.window)}`
          : `healthy again after ${duration(worst.ms)} at worst`,
      `allowed are ${duration(rto)}`,
      ...(never > 0 ? [`never unhealthy in ${count(never)} of them`] : []),
    ].join("; ");
    if (late.length > 0)
      return judged(
        false,
        summary,
        late.flatMap((one) => [one.window.begun.seq, one.lastFailing?.seq, one.healthy?.seq]),
        late.slice(0, STORIES).flatMap(story),
      );
    if (open.length > 0)
      return judged(
        "unknown",
        `${summary}; watched for too short a time`,
        open.map((one) => one.window.begun.seq),
      );
    return judged(true, summary, [worst.window.begun.seq, ...(worst.healthy ? [worst.healthy.seq] : [])]);
  },
};

export interface Recovery {
  window: FaultWindow;
  /** From the fault's start; 0 when no probe failed, Infinity when it was not healthy again. */
  ms: number;
  /** How long after the fault's start the last probe was answered. */
  watchedMs: number;
  last?: Recorded<Probe>;
  lastFailing?: Recorded<Probe>;
  healthy?: Recorded<Probe>;
}

/** Faults that follow before the region was healthy again belong to the same trouble: the clock of the first goes on. */
export function recoveryFrom(
  window: FaultWindow,
  touching: readonly FaultWindow[],
  probes: readonly Recorded<Probe>[],
): Recovery {
  const after = probes.filter((probe) => probe.at >= window.from);
  const last = after.at(-1);
  const recovery = { window, watchedMs: last === undefined ? 0 : last.at - window.from, last };
  let lastFailing: Recorded<Probe> | undefined;
  const starts = [window, ...touching.filter((other) => other.begun.seq > window.begun.seq)].map((one) => one.from);
  for (const [i, from] of starts.entries()) {
    const until = starts[i + 1] ?? Infinity;
    // A probe counts for the fault in whose time it was answered, and stands for the moment in which it was asked:
    // one that hung for a while and failed says nothing against a later one that succeeded at once.
    const asked = after.filter((probe) => probe.at >= from && probe.at < until).toSorted((a, b) => a.due - b.due);
    const failing = asked.findLastIndex((probe) => !probe.ok);
    if (failing !== -1) lastFailing = asked[failing];
    const healthy = asked[failing + 1];
    if (healthy === undefined) continue; // not healthy when the next fault came, or not asked until then
    if (lastFailing === undefined) return { ...recovery, ms: 0 };
    return { ...recovery, ms: healthy.at - window.from, lastFailing, healthy };
  }
  return { ...recovery, ms: Infinity, lastFailing };
}

function story({ window, lastFailing, healthy, watchedMs }: Recovery): readonly string[] {
  const failed =
    lastFailing?.error ?? (lastFailing?.status === undefined ? "no answer" : `status ${lastFailing.status}`);
  return [
    `${sayFault(window)} began at ${moment(window.from)}.`,
    ...(lastFailing
      ? [`The last probe that failed was asked at ${moment(lastFailing.due)}: ${failed} (event ${lastFailing.seq}).`]
      : []),
    healthy === undefined
      ? `It was still so ${duration(watchedMs)} after the fault had begun, at the end of the history.`
      : `From ${moment(healthy.at)} (event ${healthy.seq}) on every probe succeeded: ${duration(healthy.at - window.from)} after the fault had begun.`,
  ];
}

/** Named by its kind, by its own id, or by the id of the step that began it. */
function isOf(history: readonly Event[], { fault, begun }: FaultWindow, name: string): boolean {
  if (fault.kind === name || fault.id === name) return true;
  const step = factsOf(history).run.scenario.steps.find((step) => step.id === name);
  if (step === undefined) return false;
  const [from, to] = (["begin", "end"] as const).map((phase) =>
    history.find((event) => event.type === "step" && event.phase === phase && event.path === step.path),
  );
  return from !== undefined && begun.seq > from.seq && begun.seq < (to?.seq ?? Infinity);
}
