// staleness: how old the news was that a read did not show. A write is newer than what was read when the state that was read
// does not cover it. The moment counts in which it was acknowledged: from then on somebody could know that it exists.
//
//   time       the read was asked so long after the earliest of the newer writes was acknowledged; 0 when there is none
//   versions   so many newer writes had been acknowledged by then
//
// Judged outside fault windows and a grace after each, and told for inside; with `during: faults` the other way round.
import { z } from "zod";
import type { Part } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { duringFaults, durationMs, howMany, regionName, unknownRegion } from "./args.ts";
import { faultsOf } from "./faults.ts";
import { factsOf } from "./history.ts";
import { andMore, count, duration, judged, moment, sayRead, sayWrite, several, STORIES } from "./say.ts";
import { columnsOf, NUMBER } from "./sessions/columns.ts";
import type { Columns } from "./sessions/columns.ts";
import { behindOf } from "./sessions/behind.ts";
import type { Behind } from "./sessions/behind.ts";
import { PARTS } from "./sessions/sweep.ts";
import { GRACE_MS, insideWindows } from "./sessions/windows.ts";

const args = z.strictObject({
  "at-most": durationMs,
  versions: howMany.optional().describe("At most so many newer writes had been acknowledged when a read was asked."),
  region: regionName.optional().describe("Only reads that this region answered."),
  grace: durationMs
    .optional()
    .describe("So long after the end of a fault reads still count as inside it: 1s unless said."),
  during: duringFaults("the bounds hold for reads while a fault was in force, and only those are judged"),
});
type Args = z.output<typeof args>;

export const staleness: ExpectationWords<Args> = {
  name: "staleness",
  summary: "No read misses a write that was acknowledged longer ago than at-most, outside of faults.",
  example: "- staleness: { at-most: 2s }",
  args,
  check: ({ region }, topology) => (region === undefined ? [] : unknownRegion(region, topology)),
  judge(history, given) {
    const { region, during, grace = GRACE_MS } = given;
    const columns = columnsOf(factsOf(history));
    const behind = behindOf(columns);
    const place = region === undefined ? undefined : columns.places.indexOf(region);
    const sides = split(columns, behind, insideWindows(columns, faultsOf(history), grace), place);
    const [judgedSide, toldSide] = during === "faults" ? [sides.inside, sides.outside] : [sides.outside, sides.inside];
    const told = measure(behind, toldSide, given);
    const rest = [...(told.checked === 0 ? [] : [`${say(told)}, not judged`]), ...sayLeftOut(behind)];
    const breakdown = PARTS.map((of, part): Part => {
      const reads = sides[part < 2 ? "outside" : "inside"].reads.filter(
        (read) => hasMoved(columns, behind, read) === part % 2,
      );
      return { of, checked: reads.length, violated: reads.filter((read) => isOver(behind, read, given)).length };
    });
    const asked = measure(behind, judgedSide, given);
    if (asked.checked === 0)
      return {
        ...judged("unknown", [`nothing to check: ${nothing(judgedSide, region)}`, ...rest].join("; ")),
        breakdown,
      };
    const summary = [`${say(asked)}${sayBounds(given)}`, ...rest].join("; ");
    if (asked.over.length === 0) return { ...judged(true, summary, [seqOf(columns, asked.worst)]), breakdown };
    const cases = mostTelling(columns, behind, asked.over);
    return {
      ...judged(
        false,
        summary,
        cases.flatMap((read) => evidenceOf(columns, behind, read)),
        [...cases.flatMap((read) => story(columns, behind, read, given)), ...andMore(asked.over.length, cases.length)],
      ),
      breakdown,
    };
  },
};

/** The reads that are judged, or told of, together. */
interface Side {
  where: string;
  reads: Int32Array;
}

function split(
  { servedIn }: Columns,
  { checked }: Behind,
  inside: Uint8Array,
  place: number | undefined,
): { outside: Side; inside: Side } {
  const reads: Record<0 | 1, number[]> = { 0: [], 1: [] };
  for (let read = 0; read < checked.length; read++)
    if (checked[read] === 1 && (place === undefined || servedIn[read] === place))
      reads[inside[read] === 1 ? 1 : 0].push(read);
  return {
    outside: { where: "outside fault windows", reads: Int32Array.from(reads[0]) },
    inside: { where: "inside fault windows", reads: Int32Array.from(reads[1]) },
  };
}

interface Measured extends Pick<Side, "where"> {
  checked: number;
  over: Int32Array;
  p50: number;
  p99: number;
  worst: number;
  max: number;
  maxVersions: number;
}

function measure(behind: Behind, { where, reads }: Side, given: Args): Measured {
  const times = Float64Array.from(reads, (read) => behind.timeMs[read]!).toSorted();
  const at = (share: number) => times[Math.ceil(times.length * share) - 1] ?? 0;
  let maxVersions = 0;
  for (const read of reads) maxVersions = Math.max(maxVersions, behind.versions[read]!);
  const max = times.at(-1) ?? 0;
  return {
    where,
    checked: reads.length,
    over: reads.filter((read) => isOver(behind, read, given)),
    p50: at(0.5),
    p99: at(0.99),
    worst: reads.find((read) => behind.timeMs[read] === max) ?? -1,
    max,
    maxVersions,
  };
}

function isOver({ timeMs, versions }: Behind, read: number, { "at-most": atMost, versions: most }: Args): boolean {
  return timeMs[read]! > atMost || versions[read]! > (most ?? Infinity);
}

/** 1 when it was answered in another region than the one that made the write with which it is compared. */
function hasMoved({ home, servedIn }: Columns, { missed, newest }: Behind, read: number): 0 | 1 {
  const write = missed[read] === -1 ? newest[read]! : missed[read]!;
  const made = home[write] === -1 ? servedIn[write] : home[write];
  return made === servedIn[read] ? 0 : 1;
}

function say({ where, checked, over, p50, p99, max, maxVersions }: Measured): string {
  const versions = maxVersions === 0 ? "" : ` and ${several(maxVersions, "version")}`;
  // To the millisecond: what is 3 ms over its bound must not look equal to it.
  const times = `p50 ${duration(p50)}, p99 ${duration(p99)}, max ${moment(max)}${versions}`;
  return `${several(checked, "read")} checked ${where}, ${over.length === 0 ? "none" : count(over.length)} too stale: ${times} behind`;
}

function sayBounds({ "at-most": atMost, versions }: Args): string {
  return ` (at most ${duration(atMost)}${versions === undefined ? "" : ` and ${several(versions, "version")}`})`;
}

function sayLeftOut({ untouched, apart }: Behind): readonly string[] {
  return [
    ...(untouched === 0 ? [] : [`${several(untouched, "read")} before any acknowledged write of the key left out`]),
    ...(apart === 0
      ? []
      : [`${several(apart, "read")} not compared with all writes: only version vectors compare across regions`]),
  ];
}

function nothing({ where }: Side, region: string | undefined): string {
  return `no read${region === undefined ? "" : ` in ${region}`} followed an acknowledged write of its key ${where}`;
}

/** The worst of each key: the same write missed again and again tells nothing new. */
function mostTelling({ key, session }: Columns, { timeMs, versions }: Behind, over: Int32Array): readonly number[] {
  const worst = new Map<number, number>();
  const worse = (a: number, b: number) => timeMs[b]! - timeMs[a]! || versions[b]! - versions[a]!;
  for (const read of over) {
    const other = worst.get(key[session[read]!]!);
    if (other === undefined || worse(read, other) < 0) worst.set(key[session[read]!]!, read);
  }
  return [...worst.values()].toSorted(worse).slice(0, STORIES);
}

function seqOf({ operations }: Columns, read: number): number | undefined {
  return operations[read]?.complete?.seq;
}

function evidenceOf(columns: Columns, { missed }: Behind, read: number): readonly (number | undefined)[] {
  const write = missed[read]!;
  return [
    seqOf(columns, read),
    seqOf(columns, write),
    columns.operations[read]?.invoke.seq,
    columns.operations[write]?.invoke.seq,
  ];
}

function story(columns: Columns, { missed, timeMs, versions }: Behind, read: number, given: Args): readonly string[] {
  const [asked, write] = [columns.operations[read]!, columns.operations[missed[read]!]!];
  return [
    sayWrite(write),
    sayRead(asked),
    `But ${sayMissing(columns, read, missed[read]!)}: it was asked ${duration(timeMs[read]!)} after the answer to that write, ` +
      `and missed ${several(versions[read]!, "acknowledged write")}${sayBounds(given)}.`,
  ];
}

function sayMissing({ position, version, operations }: Columns, read: number, write: number): string {
  if (position[read] === NUMBER) return `version ${version[read]} is less than version ${version[write]}`;
  return `${operations[read]!.complete!.state} does not cover ${operations[write]!.complete!.state}`;
}
