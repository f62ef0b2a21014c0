// Effects counted: each write moves one counter of one region by one, so a counter cannot grow by less than what that region
// acknowledged, nor by more than that and what remained unanswered. It finds what no answer shows: a write applied twice.
import type { Event, Final } from "../model/event.ts";
import { couldServe } from "./ancestry.ts";
import { factsOf } from "./history.ts";
import type { Facts, KeyFacts, Recorded } from "./history.ts";
import { count, several } from "./say.ts";
import type { Write } from "./writes.ts";

export interface Miscount {
  key: string;
  /** "too many": more effects than writes. "too few": an acknowledged write has none. */
  kind: "too many" | "too few";
  text: string;
  finals: readonly Recorded<Final>[];
  /** The writes that were counted; those sent more than once are the suspects, and come first. */
  writes: readonly Write[];
}

export interface EffectCount {
  /** Pairs of key and region that were counted. */
  counted: number;
  /** Pairs whose final state is no version vector, or could not be read. */
  uncounted: number;
  miscounts: readonly Miscount[];
}

/** `accounted`: ids that took effect in two regions, with a record of it. */
export function countEffects(history: readonly Event[], accounted: ReadonlySet<string>): EffectCount {
  const facts = factsOf(history);
  const total: { counted: number; uncounted: number; miscounts: Miscount[] } = {
    counted: 0,
    uncounted: 0,
    miscounts: [],
  };
  for (const key of facts.keys.values()) {
    if (key.writes.length === 0) continue;
    const growths = facts.run.topology.regions.flatMap((region) => growthOf(facts, key, region) ?? []);
    total.counted += growths.length;
    total.uncounted += facts.run.topology.regions.length - growths.length;
    const wrong = growths.flatMap((growth) => compare(key, growth, accounted) ?? []);
    const all = growths.length === facts.run.topology.regions.length ? compareAll(key, growths, accounted) : undefined;
    total.miscounts.push(...wrong, ...(wrong.length === 0 && all ? [all] : []));
  }
  return total;
}

interface Growth {
  region: string;
  from: number;
  to: number;
  final: Recorded<Final>;
}

/** How far a region's own counter moved in this history, by what that region itself said. */
function growthOf(facts: Facts, key: KeyFacts, region: string): Growth | undefined {
  const final = facts.settled?.finals.get(key.key)?.get(region);
  const end = final?.outcome.type === "ok" ? facts.vector(final.state) : undefined;
  if (final === undefined || end === undefined) return undefined;
  const to = end[region] ?? 0;
  // A stack may be older than the run. What another region showed may be behind, so only this one's answers count.
  let from = to;
  for (const { servedIn, complete } of key.reads) {
    const shown = servedIn === region ? facts.vector(complete?.state) : undefined;
    if (shown !== undefined) from = Math.min(from, shown[region] ?? 0);
  }
  for (const { effects } of key.writes)
    for (const { home, vector } of effects)
      if (home === region && vector !== undefined) from = Math.min(from, (vector[region] ?? 0) - 1);
  return { region, from: Math.max(0, from), to, final };
}

function compare(key: KeyFacts, growth: Growth, accounted: ReadonlySet<string>): Miscount | undefined {
  const { region, from, to, final } = growth;
  const acknowledged = key.writes.flatMap((write) => write.effects.filter((effect) => effect.home === region)).length;
  const possible = key.writes.filter((write) => mayHaveMore(write, region, accounted)).length;
  const moved = to - from;
  if (moved >= acknowledged && moved <= acknowledged + possible) return undefined;
  const said = `${region} acknowledged ${several(acknowledged, "write")} of key ${key.key}`;
  return {
    key: key.key,
    kind: moved < acknowledged ? "too few" : "too many",
    text: `${said}${possible > 0 ? `, ${count(possible)} more may have happened` : ""}; its counter moved by ${count(moved)} (from ${from} to ${to}).`,
    finals: [final],
    writes: suspects(key, (write) => write.effects.some((effect) => effect.home === region)),
  };
}

/** Effects of this write in that region that no answer named: of unanswered ones, of moved ones, of accounted duplicates. */
function mayHaveMore(write: Write, region: string, accounted: ReadonlySet<string>): boolean {
  if (write.effects.some((effect) => effect.home === region)) return false;
  if (write.effects.some((effect) => effect.home === undefined)) return true;
  if (write.outcome === "ok") return write.id !== undefined && accounted.has(write.id);
  return write.outcome === "unknown" && couldServe(write, region);
}

/** An unanswered write may have happened in any region, but in one only. */
function compareAll(key: KeyFacts, growths: readonly Growth[], accounted: ReadonlySet<string>): Miscount | undefined {
  const acknowledged = key.writes.reduce((total, write) => total + write.effects.length, 0);
  const unanswered = key.writes.filter((write) => write.outcome === "unknown").length;
  const twice = key.writes.filter((write) => write.id !== undefined && accounted.has(write.id)).length;
  const moved = growths.reduce((total, { from, to }) => total + to - from, 0);
  if (moved <= acknowledged + unanswered + twice) return undefined;
  const said = `${several(acknowledged, "write")} of key ${key.key} acknowledged and ${count(unanswered)} unanswered`;
  return {
    key: key.key,
    kind: "too many",
    text: `${said}; the counters of all regions moved by ${count(moved)}.`,
    finals: growths.map(({ final }) => final),
    writes: suspects(key, () => true),
  };
}

function suspects(key: KeyFacts, counted: (write: Write) => boolean): readonly Write[] {
  return key.writes.filter(counted).toSorted((a, b) => b.attempts.length - a.attempts.length);
}
