// What a run shows beyond its verdicts, as plain data for whoever draws it (reporters know how, checkers know what).
//
//   staleness     how likely a read sees a write, by the age of the write: for each pair of regions (Bailis et al. 2012,
//                 "Probabilistically Bounded Staleness")
//   convergence   how long after the last heal the keys were the same everywhere, as a distribution
import type { Event } from "../model/event.ts";
import { MOST_POINTS } from "../model/plot.ts";
import type { Plot, Series } from "../model/plot.ts";
import { factsOf } from "./history.ts";
import type { Facts, Settled } from "./history.ts";
import { several } from "./say.ts";
import { columnsOf, READ, VECTOR } from "./sessions/columns.ts";
import type { Columns } from "./sessions/columns.ts";
import { sortedBy } from "./sessions/ladder.ts";

/** Never throws: a plot that cannot be made is left out, since no verdict depends on it. */
export function plotsOf(history: readonly Event[]): readonly Plot[] {
  return [staleness, convergence].flatMap((plot) => {
    try {
      return plot(history) ?? [];
    } catch {
      return [];
    }
  });
}

/** So many reads are looked at, spread evenly over the run: more make no smoother curve. */
const READS = 20_000;
/** Ages are looked at in steps that grow alike, from a tenth of a millisecond to an hour: eight to each power of ten. */
const YOUNGEST_MS = 0.1;
const STEPS_PER_DECADE = 8;
const STEPS = 61;
/** A share of fewer reads than this is an accident: it is told together with the next older ones. */
const LEAST_PAIRS = 20;

function staleness(history: readonly Event[]): Plot | undefined {
  const columns = columnsOf(factsOf(history));
  const pairs = agesOf(columns);
  const series = [...pairs]
    .toSorted(([a], [b]) => a - b)
    .map(([pair, ages]): Series => {
      const [writer, reader] = [Math.floor(pair / columns.servers), pair % columns.servers];
      return { name: `${columns.places[writer]} -> ${columns.places[reader]}`, points: curve(ages) };
    })
    .filter(({ points }) => points.length > 0);
  if (series.length === 0) return undefined;
  return {
    title: "Reads that saw a write, by its age",
    about:
      "Of the reads asked so long after a write was acknowledged, the share that saw it, by where it was written and where it " +
      "was read: the sooner a curve is at 100%, the fresher are its reads.",
    x: { name: "age of the write", unit: "ms" },
    y: { name: "reads that saw it", unit: "%" },
    series,
  };
}

/** For each step of age: how many pairs of a read and a write of that age, how many of them saw it, and their ages in all. */
interface Ages {
  pairs: number[];
  seen: number[];
  totalMs: number[];
}

/** By pair of regions (writer's * servers + reader's). Of the writes of a region and an age, the newest stands for all to a read. */
function agesOf(columns: Columns): ReadonlyMap<number, Ages> {
  const { kind, position, session, key, home, servedIn, servers, invoked, completed } = columns;
  const reads: number[] = [];
  const writes = new Map<number, number[]>();
  for (let i = 0; i < kind.length; i++) {
    if (position[i] !== VECTOR) continue;
    if (kind[i] === READ) reads.push(i);
    else if (home[i] !== -1 && home[i]! < servers && columns.first[i] === 1) {
      const place = key[session[i]!]! * servers + home[i]!;
      const list = writes.get(place);
      if (list) list.push(i);
      else writes.set(place, [i]);
    }
  }
  const inTime = new Map(
    [...writes].map(([place, list]) => [place, sortedBy(list, (write) => completed[write]!)] as const),
  );
  const found = new Map<number, Ages>();
  const stride = Math.max(1, reads.length / READS);
  for (let next = 0; next < reads.length; next += stride) {
    const read = reads[Math.floor(next)]!;
    for (let writer = 0; writer < servers; writer++) {
      const list = inTime.get(key[session[read]!]! * servers + writer);
      if (list === undefined) continue;
      const pair = writer * servers + servedIn[read]!;
      let ages = found.get(pair);
      if (ages === undefined) found.set(pair, (ages = noAges()));
      let younger = list.length;
      for (let step = 0; step < STEPS;) {
        // The newest write that is older than that; all younger ones belonged to the steps before.
        younger = firstAfter(list, completed, invoked[read]! - ageMs(step), younger);
        const write = list[younger - 1];
        if (write === undefined) break;
        const age = invoked[read]! - completed[write]!;
        if (step < STEPS - 1 && age > ageMs(step + 1)) {
          step = Math.max(step + 1, stepOf(age)); // there is nothing in between
          continue;
        }
        ages.pairs[step]!++;
        ages.totalMs[step]! += age;
        if (covers(columns, read, write)) ages.seen[step]!++;
        step++;
      }
    }
  }
  return found;
}

const ageMs = (step: number): number => (step === 0 ? 0 : YOUNGEST_MS * 10 ** (step / STEPS_PER_DECADE));

/** The step whose youngest is no older than that (a hair less, as logarithms are rounded). */
function stepOf(age: number): number {
  return Math.min(STEPS - 1, Math.floor(STEPS_PER_DECADE * Math.log10(age / YOUNGEST_MS) - 1e-9));
}

function noAges(): Ages {
  const zeros = () => Array.from({ length: STEPS }, () => 0);
  return { pairs: zeros(), seen: zeros(), totalMs: zeros() };
}

/** Place of the first of a list by completion that was not acknowledged before that moment; `end` when all were. */
function firstAfter(list: readonly number[], completed: Float64Array, moment: number, end: number): number {
  let [low, high] = [0, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (completed[list[middle]!]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function covers({ counters, places }: Columns, read: number, write: number): boolean {
  const width = places.length;
  for (let place = 0; place < width; place++)
    if (counters[read * width + place]! < counters[write * width + place]!) return false;
  return true;
}

function curve({ pairs, seen, totalMs }: Ages): Series["points"] {
  const points: (readonly [number, number])[] = [];
  let [all, saw, ms] = [0, 0, 0];
  for (let step = 0; step < STEPS; step++) {
    all += pairs[step]!;
    saw += seen[step]!;
    ms += totalMs[step]!;
    const left = step === STEPS - 1 && all > 0 && points.length === 0;
    if (all < LEAST_PAIRS && !left) continue;
    points.push([ms / all, (100 * saw) / all]);
    [all, saw, ms] = [0, 0, 0];
  }
  return points;
}

function convergence(history: readonly Event[]): Plot | undefined {
  const facts = factsOf(history);
  const { settled } = facts;
  const last = settled?.rounds.at(-1);
  if (settled === undefined || last === undefined) return undefined;
  const keys = touched(facts, settled);
  if (keys.length === 0) return undefined;
  const differed = new Map<string, number>();
  for (const { differing, at } of settled.rounds)
    for (const key of differing) differed.set(key, at - settled.healed.at);
  const never = new Set(last.differing);
  const times = keys.filter((key) => !never.has(key)).map((key) => differed.get(key) ?? 0);
  const sorted = times.toSorted((a, b) => a - b);
  const points = sorted.flatMap(
    (ms, i) => (sorted[i + 1] === ms ? [] : [[ms, (100 * (i + 1)) / keys.length] as const]), // of equals the last
  );
  // Where nobody watched on, nothing more happened: the curve goes on to the end of the reading.
  const end = last.at - settled.healed.at;
  const whole =
    points.length === 0 || points.at(-1)![0] < end ? [...points, [end, points.at(-1)?.[1] ?? 0] as const] : points;
  return {
    title: "Keys that are the same everywhere",
    about:
      `Of ${several(keys.length, "key")}, the share that all regions agreed on, by the time since everything was healed` +
      `${never.size === 0 ? "." : `; ${several(never.size, "key")} still differed at the last reading.`}`,
    x: { name: "since the last heal", unit: "ms" },
    y: { name: "keys equal everywhere", unit: "%" },
    series: [{ name: "keys", points: thinned(whole) }],
  };
}

/** Every key that was read or written, and every key that anybody looked at afterwards. */
function touched(facts: Facts, { finals, rounds }: Settled): readonly string[] {
  return [...new Set([...facts.keys.keys(), ...finals.keys(), ...rounds.flatMap(({ differing }) => differing)])];
}

/** The first and the last stay, and of the others as many as a plot may have. */
function thinned(points: Series["points"]): Series["points"] {
  if (points.length <= MOST_POINTS) return points;
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, i) => points[Math.round(i * step)]!);
}
