// lag: how far a region was behind the others, by the samples of the run. What could not be asked is unknown, never 0.
//
//   at-most        the worst source of every sample is within it; with `during: faults` only while a fault was in force
//   drains-within  after the end of each fault the region is less than 1 s behind again within it, and stays so for 1 s
//   shown          what the region says of itself is only as good as what its readers see (lag-shown.ts)
import { z } from "zod";
import type { Sample } from "../model/event.ts";
import { merge } from "../model/verdict.ts";
import type { Validity } from "../model/verdict.ts";
import type { ExpectationWords } from "../model/vocabulary.ts";
import { duringFaults, durationMs, regionName, unknownRegion } from "./args.ts";
import { faultsOf, inForce, sayFault } from "./faults.ts";
import type { FaultWindow } from "./faults.ts";
import { factsOf } from "./history.ts";
import type { Facts, Recorded } from "./history.ts";
import { tooHopeful } from "./lag-shown.ts";
import type { TooHopeful } from "./lag-shown.ts";
import { count, duration, judged, moment, percent, sayRead, sayWrite, several, STORIES } from "./say.ts";

/** Less than this is no lag: what was heard from another region counts as fresh for most of a second. */
const DRAINED_S = 1;
/** The first reading after a fault may be older than the trouble: only what lasts this long has drained. */
const STEADY_MS = 1_000;

const args = z
  .strictObject({
    region: regionName,
    "at-most": durationMs.optional(),
    during: duringFaults("at-most holds only while a fault is in force"),
    "drains-within": durationMs
      .optional()
      .describe("After the end of each fault the region is less than 1 s behind again within this."),
  })
  .refine((given) => given["at-most"] !== undefined || given["drains-within"] !== undefined, {
    error: "expected a bound: at-most, drains-within, or both",
  })
  .refine((given) => given.during === undefined || given["at-most"] !== undefined, {
    error: 'expected "at-most" beside "during": it says when that bound holds',
    path: ["during"],
  });
type Args = z.output<typeof args>;

export const lag: ExpectationWords<Args> = {
  name: "lag",
  summary: "A region is never further behind any other than at-most, and has caught up so long after each fault.",
  example: "- lag: { region: eu, at-most: 10s, drains-within: 5s }",
  args,
  check: ({ region }, topology) => unknownRegion(region, topology),
  judge(history, { region, "at-most": atMost, during, "drains-within": within }) {
    const facts = factsOf(history);
    const windows = faultsOf(history);
    const readings = facts.samples.map((sample) => readingOf(sample, region));
    const parts = [
      ...(atMost === undefined ? [] : [bounded(readings, windows, { region, atMost, during: during !== undefined })]),
      ...(within === undefined ? [] : [drained([...readings, ...emptied(facts)], windows, { region, within })]),
      shown(facts, region),
    ];
    const valid = merge(parts.map((part) => part.valid));
    const telling = parts.filter((part) => part.valid === valid);
    return judged(
      valid,
      parts.flatMap((part) => (part.text === "" ? [] : [part.text])).join("; "),
      telling.flatMap((part) => part.evidence),
      valid === false ? telling.flatMap((part) => part.story ?? []) : [],
    );
  },
};

/** A sample's word on one region. Lag is compared in seconds, as it was said: 1.1 s times 1,000 is a little more than 1,100 ms. */
interface Reading {
  at: number;
  seq: number;
  /** Behind the worst source; null when it could not be asked. */
  seconds: number | null;
  source?: string;
}

function readingOf({ at, seq, regions }: Recorded<Sample>, region: string): Reading {
  const bySource = Object.entries(regions[region]?.lagSeconds ?? {});
  if (bySource.length === 0) return { at, seq, seconds: null };
  const [source, seconds] = bySource.reduce((a, b) => (b[1] > a[1] ? b : a));
  return { at, seq, seconds, source };
}

/** When the regions are compared in the end and nothing is on its way any more, nobody is behind: samples may have missed that. */
function emptied(facts: Facts): readonly Reading[] {
  const rounds = (facts.settled?.rounds ?? []).filter(({ pending }) => {
    const events = Object.values(pending);
    return events.length > 0 && events.every((one) => one === 0);
  });
  return rounds.map(({ at, seq }) => ({ at, seq, seconds: 0 }));
}

type Known = Reading & { seconds: number };
const isKnown = (reading: Reading): reading is Known => reading.seconds !== null;

interface Part {
  valid: Validity;
  text: string;
  evidence: readonly number[];
  story?: readonly string[];
}

function bounded(
  all: readonly Reading[],
  windows: readonly FaultWindow[],
  { region, atMost, during }: { region: string; atMost: number; during: boolean },
): Part {
  const asked = during ? all.filter((reading) => inForce(windows, reading.at)) : all;
  const known = asked.filter(isKnown);
  const when = during ? " while a fault was in force" : "";
  const silent = asked.length - known.length;
  if (known.length === 0) {
    const none = asked.length === 0 ? "no sample was taken" : `none of ${several(asked.length, "sample")} tells`;
    return { valid: "unknown", text: `how far ${region} was behind${when} is not known: ${none}`, evidence: [] };
  }
  const worst = known.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  const unknown =
    silent === 0 ? "" : `; in ${count(silent)} more (${percent(silent, asked.length)}) it could not be asked`;
  const text =
    `${region} at worst ${duration(worst.seconds * 1_000)} behind ${worst.source}${when} ` +
    `(at most ${duration(atMost)}) in ${several(known.length, "sample")}${unknown}`;
  const over = known.filter((reading) => reading.seconds > atMost / 1_000);
  if (over.length === 0) return { valid: true, text, evidence: [worst.seq] };
  return {
    valid: false,
    text,
    evidence: [worst.seq, over[0]!.seq, over.at(-1)!.seq],
    story: [
      `${region} was more than ${duration(atMost)} behind in ${several(over.length, "sample")}, first at ${moment(over[0]!.at)} (event ${over[0]!.seq}).`,
      `The worst: ${sayReading(worst)}.`,
    ],
  };
}

const sayReading = ({ at, seq, seconds, source }: Known): string =>
  `${duration(seconds * 1_000)} behind ${source} at ${moment(at)} (event ${seq})`;

/** The time from the end of a fault to the beginning of the next, with none in force. */
interface Calm {
  after: FaultWindow;
  from: number;
  to: number;
}

interface Draining {
  calm: Calm;
  valid: Validity;
  /** From the fault's end until it had drained, or until nobody looked any more. */
  ms: number;
  drainedAt?: Known;
  lastBehind?: Known;
}

function drained(
  readings: readonly Reading[],
  windows: readonly FaultWindow[],
  { region, within }: { region: string; within: number },
): Part {
  const ended = windows.filter((window) => window.to !== Infinity);
  if (ended.length === 0)
    return { valid: "unknown", text: `no fault ended, so ${region} had nothing to catch up with`, evidence: [] };
  const inTime = readings.toSorted((a, b) => a.at - b.at);
  const all = calmsOf(windows).map((calm) => draining(calm, inTime, within));
  // When the next fault comes before the time is over, what was not caught up by then is asked after that one.
  const found = all.filter(({ valid, calm }) => valid !== "unknown" || calm.to - calm.from >= within);
  const valid = found.length === 0 ? "unknown" : merge(found.map((one) => one.valid));
  const telling = found.filter((one) => one.valid === valid).toSorted((a, b) => b.ms - a.ms);
  const text = [
    sayDrained(region, telling[0], valid),
    `after ${several(ended.length, "fault")}`,
    `(allowed are ${duration(within)})`,
  ].join(" ");
  return {
    valid,
    text,
    evidence: telling.flatMap(({ calm, drainedAt, lastBehind }) =>
      [lastBehind?.seq, calm.after.begun.seq, drainedAt?.seq].filter((seq) => seq !== undefined),
    ),
    story: telling.slice(0, STORIES).map((one) => sayDraining(region, one)),
  };
}

function calmsOf(windows: readonly FaultWindow[]): readonly Calm[] {
  const calms: Calm[] = [];
  let last: FaultWindow | undefined;
  for (const window of windows) {
    if (last !== undefined && window.from > last.to) calms.push({ after: last, from: last.to, to: window.from });
    if (last === undefined || window.to >= last.to) last = window;
  }
  if (last !== undefined && last.to !== Infinity) calms.push({ after: last, from: last.to, to: Infinity });
  return calms;
}

function draining(calm: Calm, readings: readonly Reading[], within: number): Draining {
  const here = readings.filter(({ at }) => at > calm.from && at < calm.to);
  const known = here.filter(isKnown);
  const place = firstSteady(known);
  const lastBehind = known.slice(0, place === -1 ? undefined : place).findLast(({ seconds }) => seconds >= DRAINED_S);
  if (place !== -1) {
    const drainedAt = known[place]!;
    const ms = drainedAt.at - calm.from;
    const unseen = here.some(({ at, seconds }) => seconds === null && at > (lastBehind?.at ?? 0) && at < drainedAt.at);
    const certainlyLate = (lastBehind !== undefined && lastBehind.at - calm.from > within) || !unseen;
    return { calm, ms, drainedAt, lastBehind, valid: ms <= within ? true : certainlyLate ? false : "unknown" };
  }
  const watched = (here.at(-1)?.at ?? calm.from) - calm.from;
  const behind = lastBehind !== undefined && lastBehind.at - calm.from >= within;
  return { calm, ms: watched, lastBehind, valid: behind ? false : "unknown" };
}

/** Where the region was no longer behind, for as long as it takes to mean something or as anybody looked. */
function firstSteady(known: readonly Known[]): number {
  let start = -1;
  for (const [place, { at, seconds }] of known.entries()) {
    if (seconds >= DRAINED_S) start = -1;
    else if (start === -1) start = place;
    else if (at - known[start]!.at >= STEADY_MS) return start;
  }
  return start;
}

function sayDrained(region: string, one: Draining | undefined, valid: Validity): string {
  if (one === undefined) return `whether ${region} caught up could not be seen`;
  if (valid === true) return `${region} caught up in ${duration(one.ms)} at worst`;
  if (one.drainedAt !== undefined) return `${region} caught up only ${duration(one.ms)} later`;
  return valid === false
    ? `${region} still behind ${duration(one.ms)} later`
    : `whether ${region} caught up could not be seen in ${duration(one.ms)}`;
}

function sayDraining(region: string, { calm, drainedAt, lastBehind }: Draining): string {
  const behind = lastBehind === undefined ? "" : ` ${region} was still ${sayReading(lastBehind)}.`;
  const end =
    drainedAt === undefined
      ? "It was not seen to catch up."
      : `It had caught up at ${moment(drainedAt.at)} (event ${drainedAt.seq}).`;
  return `${sayFault(calm.after)} ended at ${moment(calm.from)}.${behind} ${end}`;
}

function shown(facts: Facts, region: string): Part {
  const found = tooHopeful(facts, region);
  if (found.length === 0) return { valid: true, text: "", evidence: [] };
  return {
    valid: false,
    text: `${several(found.length, "read")} in ${region} saw less than its lag promised`,
    evidence: found.flatMap(({ sample, read, write }) => [
      sample.seq,
      read.complete!.seq,
      write.effect.acknowledged.complete!.seq,
    ]),
    story: sayTooHopeful(region, found),
  };
}

/** One case tells it all: the others are the same lie. */
function sayTooHopeful(region: string, [first, ...others]: readonly TooHopeful[]): readonly string[] {
  if (first === undefined) return [];
  const { sample, source, lagMs, read, write } = first;
  return [
    sayWrite(write.effect.acknowledged),
    `At ${moment(sample.at)} (event ${sample.seq}) ${region} said it was ${duration(lagMs)} behind ${source}: so it had that write.`,
    `${sayRead(read)} It had not.`,
    ...(others.length > 0 ? [`And ${count(others.length)} more like this.`] : []),
  ];
}
