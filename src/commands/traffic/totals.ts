// What clients got, counted per region of theirs. Latencies are kept by their size, to a hundredth, so however many there are
// they take no more room.
import type { Event, Invoke } from "../../model/event.ts";
import { isAnswered } from "../../traffic/outcome.ts";

export interface RegionTotals {
  /** "all" of all together. */
  region: string;
  /** Ended so far. */
  operations: number;
  /** By whoever; a correct refusal is an answer. */
  answered: number;
  unanswered: number;
  /** Of the answered ones, from when they were due; null: there were none. */
  p50Ms: number | null;
  p99Ms: number | null;
}

export interface Totals {
  count(event: Event): void;
  of(region: string): RegionTotals;
  all(): RegionTotals;
}

interface Tally {
  answered: number;
  unanswered: number;
  /** Size of the latency -> how many. */
  latencies: Map<number, number>;
}

const STEP = Math.log(1.01);
/** Nobody asks for less. */
const LEAST_MS = 0.01;

export function totals(regions: readonly string[]): Totals {
  const tallies = new Map<string, Tally>(
    regions.map((region) => [region, { answered: 0, unanswered: 0, latencies: new Map() }]),
  );
  const open = new Map<number, Invoke>();

  return {
    count(event) {
      if (event.type === "invoke") open.set(event.op, event);
      if (event.type === "missed") tallies.get(event.region)!.unanswered += 1;
      if (event.type !== "complete") return;
      const invoke = open.get(event.op)!;
      open.delete(event.op);
      const tally = tallies.get(invoke.home ?? invoke.region)!;
      if (!isAnswered(event)) {
        tally.unanswered += 1;
        return;
      }
      tally.answered += 1;
      const size = Math.round(Math.log(Math.max(LEAST_MS, event.at - invoke.due)) / STEP);
      tally.latencies.set(size, (tally.latencies.get(size) ?? 0) + 1);
    },
    of: (region) => sumUp(region, [tallies.get(region)!]),
    all: () => sumUp("all", [...tallies.values()]),
  };
}

function sumUp(region: string, tallies: readonly Tally[]): RegionTotals {
  const answered = tallies.reduce((sum, tally) => sum + tally.answered, 0);
  const unanswered = tallies.reduce((sum, tally) => sum + tally.unanswered, 0);
  const sizes = tallies.flatMap(({ latencies }) => [...latencies]).toSorted(([a], [b]) => a - b);
  return {
    region,
    operations: answered + unanswered,
    answered,
    unanswered,
    p50Ms: percentile(sizes, answered, 0.5),
    p99Ms: percentile(sizes, answered, 0.99),
  };
}

/** Nearest rank. */
function percentile(sizes: readonly (readonly [number, number])[], count: number, share: number): number | null {
  const rank = Math.max(1, Math.ceil(count * share));
  let passed = 0;
  for (const [size, many] of sizes) {
    passed += many;
    if (passed >= rank) return Math.round(Math.exp(size * STEP) * 100) / 100;
  }
  return null;
}
