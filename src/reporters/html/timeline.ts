// How the run went, over time: per region what its clients got and what it said of itself, the faults, the steps. Bounded,
// however long the run was: a page of a few hundred kilobytes shows a run of a hundred thousand operations.
import { dueOperations } from "../../checkers/due.ts";
import { type FaultWindow, faultsOf, sayFault } from "../../checkers/faults.ts";
import { factsOf, type Facts } from "../../checkers/history.ts";
import type { Event, Sample } from "../../model/event.ts";

/** Milliseconds since the stack came up, as everywhere in a history. */
export interface Timeline {
  from: number;
  to: number;
  /** Each point of `answered`, `unanswered`, `p50` and `p99` tells of this long. */
  bucketMs: number;
  regions: readonly RegionTimeline[];
  windows: readonly Window[];
  steps: readonly StepBar[];
  /** How many more there were. */
  windowsLeftOut: number;
  stepsLeftOut: number;
}

/** [time, value]; null is a gap: nothing to tell, or nobody told. */
export type Point = readonly [number, number | null];

export interface RegionTimeline {
  region: string;
  /** Milliseconds from when an operation was due to its answer; of those that were answered. */
  p50: readonly Point[];
  p99: readonly Point[];
  /** Per second, when the answer came. */
  answered: readonly Point[];
  /** Per second, when they were due. */
  unanswered: readonly Point[];
  /** Seconds behind the source that it is furthest behind. */
  lag: readonly Point[];
  /** Recorded since the start of the run. */
  conflicts: readonly Point[];
  /** From when to when it was not healthy. */
  unhealthy: readonly (readonly [number, number])[];
}

export interface Window {
  label: string;
  id: string;
  from: number;
  /** null: the history does not say that it ended. */
  to: number | null;
  /** Empty: it touches no region in particular, so all of them. */
  regions: readonly string[];
  measured: readonly string[];
  effective: boolean;
  seq: number;
}

export interface StepBar {
  path: string;
  text: string;
  line: number;
  from: number;
  to: number | null;
  verdict?: string;
  detail?: string;
  seq: number;
}

const BUCKETS = 150;
const LEAST_BUCKET_MS = 200;
const MOST_POINTS = 300;
const MOST_WINDOWS = 100;
const MOST_STEPS = 60;

export function timelineOf(history: readonly Event[]): Timeline {
  const facts = factsOf(history);
  const from = history[0]!.at;
  const to = Math.max(from + 1, history.at(-1)!.at);
  // All equally long: half a bucket at the end would look like a drop.
  const buckets = Math.max(1, Math.min(BUCKETS, Math.floor((to - from) / LEAST_BUCKET_MS)));
  const windows = faultsOf(history).map(windowOf);
  const steps = stepsOf(history);
  return {
    from: rounded(from),
    to: rounded(to),
    bucketMs: rounded((to - from) / buckets),
    regions: facts.run.topology.regions.map((region) => regionTimeline(facts, region, from, to, buckets)),
    windows: windows.slice(0, MOST_WINDOWS),
    windowsLeftOut: Math.max(0, windows.length - MOST_WINDOWS),
    steps: chosen(steps),
    stepsLeftOut: Math.max(0, steps.length - MOST_STEPS),
  };
}

function regionTimeline(facts: Facts, region: string, from: number, to: number, count: number): RegionTimeline {
  const bucketMs = (to - from) / count;
  const bucketOf = (at: number) => Math.min(count - 1, Math.max(0, Math.floor((at - from) / bucketMs)));
  const took: number[][] = Array.from({ length: count }, () => []);
  const answered = Array.from({ length: count }, () => 0);
  const unanswered = Array.from({ length: count }, () => 0);
  for (const { due, tookMs } of dueOperations(facts, region)) {
    if (tookMs === Infinity) unanswered[bucketOf(due)]! += 1;
    else {
      took[bucketOf(due)]!.push(tookMs);
      answered[bucketOf(due + tookMs)]! += 1;
    }
  }
  for (const bucket of took) bucket.sort((a, b) => a - b);
  const middle = (i: number) => rounded(from + (i + 0.5) * bucketMs);
  const perSecond = (n: number) => rounded((n * 1_000) / bucketMs);
  const samples = thinned(facts.samples, region);
  return {
    region,
    p50: took.map((bucket, i) => [middle(i), quantile(bucket, 0.5)]),
    p99: took.map((bucket, i) => [middle(i), quantile(bucket, 0.99)]),
    answered: answered.map((n, i) => [middle(i), perSecond(n)]),
    unanswered: unanswered.map((n, i) => [middle(i), perSecond(n)]),
    lag: samples.map(({ at, lag }) => [at, lag]),
    conflicts: samples.map(({ at, conflicts }) => [at, conflicts]),
    unhealthy: unhealthySpans(facts.samples, region, to),
  };
}

/** By nearest rank, as the checkers count. */
function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  return rounded(sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)]!);
}

interface Sampled {
  at: number;
  lag: number | null;
  conflicts: number | null;
}

type At<T> = T & { at: number };

/** The worst lag and the last count of each group of samples, so that no peak is lost. */
function thinned(samples: readonly At<Sample>[], region: string): readonly Sampled[] {
  const group = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const found: Sampled[] = [];
  for (let i = 0; i < samples.length; i += group) {
    const part = samples.slice(i, i + group);
    const said = part.map(({ regions }) => regions[region]);
    const lags = said.flatMap((one) => (one?.lagSeconds ? [Math.max(0, ...Object.values(one.lagSeconds))] : []));
    found.push({
      at: rounded(part.at(-1)!.at),
      lag: lags.length === 0 ? null : rounded(Math.max(...lags)),
      conflicts: said.findLast((one) => typeof one?.conflicts === "number")?.conflicts ?? null,
    });
  }
  return found;
}

function unhealthySpans(samples: readonly At<Sample>[], region: string, to: number): [number, number][] {
  const spans: [number, number][] = [];
  let since: number | undefined;
  for (const { at, regions } of samples) {
    const healthy = regions[region]?.healthy ?? true;
    if (!healthy) since ??= at;
    else if (since !== undefined) {
      spans.push([rounded(since), rounded(at)]);
      since = undefined;
    }
  }
  if (since !== undefined) spans.push([rounded(since), rounded(to)]);
  return spans.slice(0, MOST_POINTS);
}

function windowOf(window: FaultWindow): Window {
  const { fault, begun, proofs, from, to, regions } = window;
  return {
    label: labelOf(window),
    id: fault.id,
    from: rounded(from),
    to: to === Infinity ? null : rounded(to),
    regions: [...regions],
    measured: proofs.map(({ measured }) => measured).slice(0, 3),
    effective: proofs.every(({ effective }) => effective),
    seq: begun.seq,
  };
}

/** Short: the nodes of a whole region are that region. */
function labelOf(window: FaultWindow): string {
  const { fault, regions } = window;
  if (fault.kind === "region-outage" && regions.size > 0) return `${fault.kind} ${[...regions].join(", ")}`;
  return sayFault(window).replace(/ \(event \d+\)$/, "");
}

/** The first ones, but never without those that failed. */
function chosen(steps: readonly StepBar[]): readonly StepBar[] {
  if (steps.length <= MOST_STEPS) return steps;
  const went = (step: StepBar) => step.verdict === "passed" || step.verdict === "skipped";
  const bad = steps.filter((step) => !went(step)).slice(0, MOST_STEPS);
  const good = steps.filter(went).slice(0, MOST_STEPS - bad.length);
  return [...bad, ...good].toSorted((a, b) => a.seq - b.seq);
}

/** A path comes again when its step is repeated: each beginning goes with the next end of its path. */
function stepsOf(history: readonly Event[]): readonly StepBar[] {
  const open = new Map<string, StepBar>();
  const bars: StepBar[] = [];
  for (const event of history) {
    if (event.type !== "step") continue;
    if (event.phase === "begin") {
      const { path, text, line, at, seq } = event;
      const bar: StepBar = { path, text, line, from: rounded(at), to: null, seq };
      open.set(path, bar);
      bars.push(bar);
    } else {
      const bar = open.get(event.path);
      if (bar === undefined) continue;
      open.delete(event.path);
      Object.assign(bar, { to: rounded(event.at), verdict: event.verdict, detail: event.detail });
    }
  }
  return bars;
}

/** A tenth of a millisecond or a thousandth of anything else is finer than anybody looks; digits are most of the page. */
const rounded = (n: number): number => Math.round(n * 1_000) / 1_000;
