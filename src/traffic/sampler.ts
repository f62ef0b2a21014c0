// Every 250 ms one `sample`: all that conditions, dashboard and plots know of a run while it runs. What cannot be asked
// is null, never 0: a region that does not answer has not drained.
import { setMaxListeners } from "node:events";
import type { Node } from "../model/cluster.ts";
import type { ConflictEvent, Event, Recorder, RegionSample, Sample } from "../model/event.ts";
import type { Clock } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import { pageConflicts } from "./final.ts";
import type { Ledger } from "./ledger.ts";
import { homesOf, type Probes } from "./probes.ts";
import { play, ticks } from "./schedule.ts";

export const SAMPLE_PERIOD_MS = 250;
/** A sample waits so long for its answers; */
const ASK_TIMEOUT_MS = 200;
/** a region on the other side of an ocean needs longer, and what it said this long ago at most still counts. */
const ANSWERS_WITHIN_MS = 1_000;

/** A minute and a half: more than any condition looks back. */
const KEPT = 360;

export type SampleEvent = Event & Sample;

export interface Sampler extends AsyncDisposable {
  latest(): SampleEvent | undefined;
  /** The newest last. */
  recent(): readonly SampleEvent[];
  /** The next one to be recorded. Rejects when the signal aborts or the sampler stops first. */
  next(signal?: AbortSignal): Promise<SampleEvent>;
  stop(): Promise<void>;
}

export interface SamplerOptions {
  topology: Topology;
  nodes: readonly Node[];
  clock: Clock;
  record: Recorder;
  probes: Pick<Probes, "healthyNow">;
  ledger: Pick<Ledger, "lastSecond" | "acknowledged">;
  /** Conflict records up to these numbers are older than the run (conflictCursors). */
  conflictsAfter?: Readonly<Record<string, number>>;
  /** How often; a run has SAMPLE_PERIOD_MS. */
  everyMs?: number;
  /** What a region has recorded since it was asked for the first time: what was there already is only counted. */
  heardOf?: (conflicts: readonly ConflictEvent[]) => void;
}

export function startSampler(options: SamplerOptions): Sampler {
  const { topology, nodes, clock, record, probes, ledger, everyMs = SAMPLE_PERIOD_MS } = options;
  const ending = new AbortController();
  setMaxListeners(0, ending.signal); // all that is asked of all regions waits on it at the same time
  const samples: SampleEvent[] = [];
  const waiting = new Set<{ resolve(sample: SampleEvent): void; reject(error: unknown): void }>();
  let underway: Promise<void> | undefined;
  let firstError: { error: unknown } | undefined;

  const sources = topology.regions.map((region) => ({
    region,
    node: homesOf(nodes, region)[0],
    lag: newest(() => askLag(topology, { nodes }, region, ending.signal), clock),
    conflicts: conflictCounter(options, region),
  }));

  const sample = async () => {
    const regions = await Promise.all(
      sources.map(async ({ region, node, lag: askNewest, conflicts }): Promise<[string, RegionSample]> => {
        const [lag, counted] = await Promise.all([askNewest(ending.signal), conflicts(node, ending.signal)]);
        const lastSecond = ledger.lastSecond(region, clock.now());
        return [region, { healthy: probes.healthyNow(region), ...lag, conflicts: counted, ...lastSecond }];
      }),
    );
    if (ending.signal.aborted) return;
    const event = record({
      type: "sample",
      regions: Object.fromEntries(regions),
      acknowledged: ledger.acknowledged(),
    }) as SampleEvent;
    samples.push(event);
    if (samples.length > KEPT) samples.shift();
    for (const waiter of waiting) waiter.resolve(event);
  };

  // One at a time: when the regions are slow to answer, a sample is left out rather than two mixed.
  const begin = () => {
    underway ??= sample()
      .catch((error: unknown) => {
        firstError ??= { error };
        for (const waiter of waiting) waiter.reject(error);
      })
      .finally(() => {
        underway = undefined;
      });
  };

  const playing = play(ticks(clock.now(), everyMs), clock, ending.signal, begin);
  const finish = async () => {
    const reason = new Error("the sampler was ended");
    ending.abort(reason);
    for (const waiter of waiting) waiter.reject(reason);
    await playing;
    await underway;
    if (firstError !== undefined) throw firstError.error;
  };

  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= finish());
  return {
    latest: () => samples.at(-1),
    recent: () => samples,
    next(signal) {
      return new Promise((resolve, reject) => {
        const done = () => {
          waiting.delete(waiter);
          signal?.removeEventListener("abort", aborted);
        };
        const waiter = {
          resolve: (event: SampleEvent) => (done(), resolve(event)),
          reject: (error: unknown) => (done(), reject(error)),
        };
        const aborted = () => waiter.reject(signal?.reason);
        if (ending.signal.aborted) return reject(ending.signal.reason);
        if (signal?.aborted) return reject(signal.reason);
        waiting.add(waiter);
        signal?.addEventListener("abort", aborted);
      });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export type Lag = Pick<RegionSample, "lagSeconds" | "pending">;
const UNKNOWN_LAG: Lag = { lagSeconds: null, pending: null };

/** How far a region is behind the others, as its own node says. Never throws: null where nobody tells. */
export async function askLag(
  topology: Topology,
  { nodes }: { nodes: readonly Node[] },
  region: string,
  signal?: AbortSignal,
): Promise<Lag> {
  const node = homesOf(nodes, region)[0];
  if (node === undefined || topology.observe.lag === undefined) return UNKNOWN_LAG;
  try {
    const path = topology.observe.lag.replaceAll(":region", region);
    const { status, body } = await node.request(path, { timeoutMs: ANSWERS_WITHIN_MS, signal });
    return status === 200 ? lagOf(topology, region, body) : UNKNOWN_LAG;
  } catch {
    return UNKNOWN_LAG; // nobody answered: null says exactly that
  }
}

/** Asks one at a time. An answer that takes longer than a sample waits is given to those that come after it. */
function newest(ask: () => Promise<Lag>, clock: Clock): (signal: AbortSignal) => Promise<Lag> {
  let underway: Promise<void> | undefined;
  let last = { lag: UNKNOWN_LAG, at: -Infinity };
  return async (signal) => {
    underway ??= ask().then((lag) => {
      last = { lag, at: clock.now() };
      underway = undefined;
    });
    const asked = underway;
    const begun = clock.now();
    await Promise.race([asked, clock.sleep(ASK_TIMEOUT_MS, signal).catch(() => {})]);
    return last.at >= begun - ANSWERS_WITHIN_MS ? last.lag : UNKNOWN_LAG;
  };
}

/** `{lag_seconds, by_source: {eu: 0.2}, pending}`; without `by_source`, `lag_seconds` holds for every other region. */
function lagOf(topology: Topology, region: string, body: unknown): Lag {
  if (body === null || typeof body !== "object") return UNKNOWN_LAG;
  const { lag_seconds: worst, by_source: bySource, pending } = body as Readonly<Record<string, unknown>>;
  const others = topology.regions.filter((other) => other !== region).map((other) => [other, worst] as const);
  const entries = bySource !== null && typeof bySource === "object" ? Object.entries(bySource) : others;
  const known = entries.filter((entry): entry is [string, number] => isCount(entry[1]));
  return {
    // Lag from a source that cannot be told is not 0: then none is told.
    lagSeconds: known.length === entries.length ? Object.fromEntries(known) : null,
    pending: isCount(pending) ? pending : null,
  };
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;

/** Counts concurrent conflicts as they are recorded, asking each time only for what is new. */
function conflictCounter({ topology, conflictsAfter, heardOf = () => {} }: SamplerOptions, region: string) {
  let after = conflictsAfter?.[region] ?? 0;
  let count = 0;
  let isFirst = true;
  return async (node: Node | undefined, signal: AbortSignal): Promise<number | null> => {
    if (node === undefined || topology.observe.conflicts === undefined) return null;
    try {
      const fresh = await pageConflicts({ topology, region, node, after, timeoutMs: ASK_TIMEOUT_MS, signal });
      after = fresh.at(-1)?.number ?? after;
      count += fresh.filter((conflict) => conflict.kind === "concurrent").length;
      if (!isFirst && fresh.length > 0) heardOf(fresh);
      isFirst = false;
      return count;
    } catch {
      return null; // asked again with the next sample
    }
  };
}
