// Run-wide counts: numbers that must be unique in a run, and what the samples say of the last second. It reads the same
// events as everybody else, so scripted operations count like those of background clients.
import type { Complete, Event, Invoke } from "../model/event.ts";
import { isAnswered } from "./outcome.ts";

export interface LastSecond {
  /** Completed and missed operations. */
  requests: number;
  /** Those of them that nobody answered; a correct refusal is an answer. */
  errors: number;
  /** Of the answered ones, from when they were due. null: there were none. */
  p50Ms: number | null;
  p99Ms: number | null;
}

export interface Ledger {
  nextOp(): number;
  nextClient(): number;
  /** A price: at most two decimals, never a whole number, so never the starting value of a seeded row. */
  nextValue(): number;
  /** Show it every event that is recorded. */
  observe(event: Event): void;
  /** Acknowledged writes so far; a write that was sent twice counts once. */
  acknowledged(): number;
  lastSecond(region: string, now: number): LastSecond;
}

interface Ended {
  at: number;
  /** Absent: unanswered. */
  latencyMs?: number;
}

const WINDOW_MS = 1_000;

/** `firstWhole`: where the values begin. A run on a stack that has been written to by an earlier run begins elsewhere. */
export function startLedger({ firstWhole = 1_000 }: { firstWhole?: number } = {}): Ledger {
  let ops = 0;
  let clients = 0;
  let values = 0;
  const open = new Map<number, Invoke>();
  const acknowledged = new Set<string | number>();
  const recent = new Map<string, Ended[]>();

  const ended = (region: string, entry: Ended) => {
    const entries = recent.get(region) ?? [];
    recent.set(region, entries);
    entries.push(entry);
    forget(entries, entry.at);
  };

  const completed = (event: Complete & { at: number }) => {
    const invoke = open.get(event.op);
    if (invoke === undefined) return; // of another run on the same stack
    open.delete(event.op);
    if (invoke.kind === "write" && event.outcome.type === "ok") acknowledged.add(invoke.id ?? invoke.op);
    ended(invoke.home ?? invoke.region, {
      at: event.at,
      ...(isAnswered(event) ? { latencyMs: event.at - invoke.due } : {}),
    });
  };

  return {
    nextOp: () => ++ops,
    nextClient: () => ++clients,
    nextValue() {
      const [whole, cents] = [firstWhole + Math.floor(values / 99), 1 + (values % 99)];
      values++;
      return (whole * 100 + cents) / 100;
    },
    observe(event) {
      if (event.type === "invoke") open.set(event.op, event);
      else if (event.type === "complete") completed(event);
      else if (event.type === "missed") ended(event.region, { at: event.at });
    },
    acknowledged: () => acknowledged.size,
    lastSecond(region, now) {
      const entries = recent.get(region) ?? [];
      forget(entries, now);
      const latencies = entries.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
      latencies.sort((a, b) => a - b);
      return {
        requests: entries.length,
        errors: entries.length - latencies.length,
        p50Ms: percentile(latencies, 0.5),
        p99Ms: percentile(latencies, 0.99),
      };
    },
  };
}

function forget(entries: Ended[], now: number): void {
  const kept = entries.findIndex((entry) => entry.at > now - WINDOW_MS);
  entries.splice(0, kept === -1 ? entries.length : kept);
}

/** Nearest rank: a latency that was really measured. */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
