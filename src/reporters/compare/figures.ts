// What a run comes to in numbers, per region and fault: what two runs are compared by. Latencies count from when an operation
// was due and only of answered ones: how many were not answered is a figure of its own.
import { dueOperations } from "../../checkers/due.ts";
import type { Due } from "../../checkers/due.ts";
import { faultsOf, inForce } from "../../checkers/faults.ts";
import type { FaultWindow } from "../../checkers/faults.ts";
import { factsOf } from "../../checkers/history.ts";
import { recoveryFrom } from "../../checkers/recovers.ts";
import type { Event } from "../../model/event.ts";

export const PARTS = ["whole run", "outside faults", "inside faults"] as const;
export type PartName = (typeof PARTS)[number];

export interface Traffic {
  /** Operations that were due. */
  due: number;
  unanswered: number;
  /** undefined: too few answers to tell. */
  p50Ms?: number;
  p90Ms?: number;
  p99Ms?: number;
  /** Answers per second; undefined: too short to tell. */
  throughput?: number;
  duringMs: number;
}

export interface Recovery {
  /** "kill backend-us", and which of that name it is: "kill backend-us (2)". */
  fault: string;
  region: string;
  /** From the fault's start; 0 when the region was never unhealthy, undefined when it was not healthy again. */
  ms?: number;
}

/** How long a steady probe took, of all regions. It asks for as little as can be, so it tells how busy the machine was. */
export interface Pace {
  p50Ms: number;
  p90Ms: number;
}

export interface Figures {
  regions: Readonly<Record<string, Readonly<Record<PartName, Traffic>>>>;
  /** undefined: too few probes were answered to tell. */
  pace: Readonly<Record<PartName, Pace | undefined>>;
  recoveries: readonly Recovery[];
  /** From the last heal until no key differed any more; undefined: the regions were not compared, or never equal. */
  convergedMs?: number;
}

/** It takes this many answers for a percentile to mean anything: ten lie beyond it. */
const LEAST = { p50: 20, p90: 100, p99: 1_000 } as const;
const LEAST_MS = 1_000;

export function figuresOf(history: readonly Event[]): Figures {
  const facts = factsOf(history);
  const windows = faultsOf(history);
  const { regions } = facts.run.topology;
  return {
    regions: Object.fromEntries(regions.map((region) => [region, partsOf(dueOperations(facts, region), windows)])),
    pace: paceOf(history, windows),
    recoveries: recoveriesOf(history, windows),
    convergedMs: convergedMs(history),
  };
}

function partsOf(due: readonly Due[], windows: readonly FaultWindow[]): Record<PartName, Traffic> {
  const [from, to] = [due[0]?.due ?? 0, due.at(-1)?.due ?? 0];
  const insideMs = coveredMs(windows, from, to);
  const inside = due.filter((one) => inForce(windows, one.due));
  const outside = due.filter((one) => !inForce(windows, one.due));
  return {
    "whole run": trafficOf(due, to - from),
    "outside faults": trafficOf(outside, to - from - insideMs),
    "inside faults": trafficOf(inside, insideMs),
  };
}

function trafficOf(due: readonly Due[], duringMs: number): Traffic {
  const times = due.flatMap(({ tookMs }) => (tookMs === Infinity ? [] : [tookMs])).toSorted((a, b) => a - b);
  const percentile = (share: number, least: number) => (times.length < least ? undefined : rank(times, share));
  return {
    due: due.length,
    unanswered: due.length - times.length,
    duringMs,
    p50Ms: percentile(0.5, LEAST.p50),
    p90Ms: percentile(0.9, LEAST.p90),
    p99Ms: percentile(0.99, LEAST.p99),
    throughput: duringMs < LEAST_MS || times.length < LEAST.p50 ? undefined : (times.length * 1_000) / duringMs,
  };
}

/** By nearest rank, as the checkers count. */
const rank = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)]!;

function paceOf(history: readonly Event[], windows: readonly FaultWindow[]): Figures["pace"] {
  const answered = [...factsOf(history).probes.values()].flat().filter(({ ok }) => ok);
  const of = (probes: typeof answered): Pace | undefined => {
    const times = probes.map(({ at, due }) => at - due).toSorted((a, b) => a - b);
    return times.length < LEAST.p50 ? undefined : { p50Ms: rank(times, 0.5), p90Ms: rank(times, 0.9) };
  };
  return {
    "whole run": of(answered),
    "outside faults": of(answered.filter(({ due }) => !inForce(windows, due))),
    "inside faults": of(answered.filter(({ due }) => inForce(windows, due))),
  };
}

/** How long any fault was in force between two moments; faults overlap. */
function coveredMs(windows: readonly FaultWindow[], from: number, to: number): number {
  let [covered, until] = [0, from];
  for (const window of windows) {
    const start = Math.max(window.from, until);
    const end = Math.min(window.to, to);
    if (end <= start) continue;
    covered += end - start;
    until = end;
  }
  return covered;
}

function recoveriesOf(history: readonly Event[], windows: readonly FaultWindow[]): readonly Recovery[] {
  const { probes } = factsOf(history);
  const named = new Map<string, number>();
  return windows.flatMap((window) => {
    const name = nameOf(window);
    const times = (named.get(name) ?? 0) + 1;
    named.set(name, times);
    const fault = times === 1 ? name : `${name} (${times})`;
    return [...window.regions].flatMap((region): readonly Recovery[] => {
      const touching = windows.filter(({ regions }) => regions.has(region));
      const { ms, last } = recoveryFrom(window, touching, probes.get(region) ?? []);
      return last === undefined ? [] : [{ fault, region, ms: ms === Infinity ? undefined : ms }]; // unless nobody asked
    });
  });
}

/** Targets and links as they are written; numbers of events differ from run to run. */
function nameOf({ fault }: FaultWindow): string {
  const links = (fault.links ?? []).map(({ from, to }) => `${from} -> ${to}`).join(", ");
  return [fault.kind, fault.targets.length > 0 ? fault.targets.join(", ") : links]
    .filter((part) => part !== "")
    .join(" ");
}

function convergedMs(history: readonly Event[]): number | undefined {
  const { settled } = factsOf(history);
  if (settled === undefined) return undefined;
  const { healed, rounds } = settled;
  const last = rounds.at(-1);
  if (last === undefined || last.differing.length > 0) return undefined;
  const differing = rounds.findLast((round) => round.differing.length > 0);
  return differing === undefined ? 0 : differing.at - healed.at;
}
