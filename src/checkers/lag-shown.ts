// A region that says "I am at most 0.2 s behind us" promises that its readers see whatever us had acknowledged before that.
// Reads served by the region test its word: a lag that lies is worse than a long one.
import type { Sample } from "../model/event.ts";
import { append } from "./history.ts";
import type { Facts, Operation, Recorded } from "./history.ts";
import type { Effect, Write } from "./writes.ts";

/** Heartbeats count as fresh for a while, and a sample is recorded after it was measured: twice what both come to. */
const GRACE_MS = 2_000;

export interface TooHopeful {
  sample: Recorded<Sample>;
  source: string;
  /** What the region said. */
  lagMs: number;
  /** Asked after that, and served by the region. */
  read: Operation;
  /** What the reader should have seen, and did not. */
  write: { write: Write; effect: Effect };
}

/** Reads that saw less than the newest sample before them promised. */
export function tooHopeful(facts: Facts, region: string): readonly TooHopeful[] {
  if (facts.samples.length === 0) return [];
  return [...facts.keys.values()].flatMap(({ reads, writes }) => {
    const here = reads.filter(({ servedIn, complete }) => servedIn === region && facts.vector(complete?.state));
    if (here.length === 0) return [];
    const promised = newestBySource(writes, region);
    return promised.size === 0 ? [] : here.flatMap((read) => contradiction(facts, region, read, promised) ?? []);
  });
}

/** At that moment the newest acknowledged write of a source was this. */
interface Mark {
  at: number;
  counter: number;
  write: Write;
  effect: Effect;
}

function newestBySource(writes: readonly Write[], region: string): ReadonlyMap<string, readonly Mark[]> {
  const marks = new Map<string, Mark[]>();
  for (const write of writes)
    for (const effect of write.effects) {
      const { home, vector, acknowledged } = effect;
      if (home === undefined || home === region || vector === undefined) continue;
      append(marks, home, { at: acknowledged.completed, counter: vector[home] ?? 0, write, effect });
    }
  return new Map([...marks].map(([source, list]) => [source, rising(list.toSorted((a, b) => a.at - b.at))]));
}

/** Only those that were newer than all before them. */
function rising(marks: readonly Mark[]): readonly Mark[] {
  const kept: Mark[] = [];
  for (const mark of marks) if (mark.counter > (kept.at(-1)?.counter ?? 0)) kept.push(mark);
  return kept;
}

function contradiction(
  facts: Facts,
  region: string,
  read: Operation,
  promised: ReadonlyMap<string, readonly Mark[]>,
): TooHopeful | undefined {
  const sample = lastBefore(facts.samples, read.invoke.at);
  const lags = sample?.regions[region]?.lagSeconds;
  if (sample === undefined || !lags) return undefined;
  const seen = facts.vector(read.complete?.state)!;
  for (const [source, seconds] of Object.entries(lags)) {
    const lagMs = seconds * 1_000;
    const mark = lastBefore(promised.get(source) ?? [], sample.at - lagMs - GRACE_MS);
    if (mark !== undefined && mark.counter > (seen[source] ?? 0)) return { sample, source, lagMs, read, write: mark };
  }
  return undefined;
}

/** The last one earlier than that, of a list in the order of time. */
function lastBefore<T extends { at: number }>(list: readonly T[], at: number): T | undefined {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.at < at) low = middle + 1;
    else high = middle;
  }
  return list[low - 1];
}
