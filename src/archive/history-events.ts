// A history of another system as the events that checkers read: each operation in two, in the order of time, after a run that
// names its regions. Everything that no client can see (samples, probes, nodes) is missing, so only what is expected is judged.
import path from "node:path";
import { valueText } from "../checkers/writes.ts";
import type { Event, Happening } from "../model/event.ts";
import type { Expectation } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { HistoryHead, HistoryOperation } from "./history-format.ts";

/** Who did not say what came of it has not heard of it. */
const NO_REASON = "no reason is given";

/** Regions alone: a node stands for each, and carries its name. */
export function topologyOf(regions: readonly string[], file: string): Topology {
  return {
    name: "history",
    file,
    regions,
    nodes: regions.map((region) => ({
      name: region,
      role: "backend",
      region,
      needs: [],
      environment: {},
      port: 0,
      files: [],
    })),
    links: [],
    routes: {},
    steady: [],
    observe: {},
    // The weaker assumption: how that system decides between concurrent writes is its own affair.
    conflicts: "wall-clock",
    workloads: {},
  };
}

export interface Told {
  /** Absolute path of the file. */
  file: string;
  head: HistoryHead;
  operations: readonly HistoryOperation[];
  expect: readonly Expectation[];
  /** ISO 8601. */
  writtenAt: string;
}

/** `op` of an invoke and its complete is the place of the operation in the list, from 1. */
export function eventsOf({ file, head, operations, expect, writtenAt }: Told): readonly Event[] {
  const timed: Timed[] = operations.flatMap(operationEvents);
  for (const [i, fault] of (head.faults ?? []).entries()) timed.push(...faultEvents(fault, i));
  const last = timed.reduce((latest, { at }) => Math.max(latest, at), 0);
  const healedAt = head.healed ?? last;
  const readAt = (head.finals ?? []).reduce((latest, { at }) => Math.max(latest, at ?? 0), Math.max(last, healedAt));
  timed.sort((a, b) => a.at - b.at || a.order - b.order);
  const name = path.basename(file).replace(/\.\w+$/, "");
  const all: readonly Timed[] = [
    { at: 0, order: 0, happening: runEvent(file, name, head, expect, writtenAt) },
    ...merged(timed, { at: healedAt, order: HEALED, happening: { type: "healed", quiet: true } }),
    ...(head.conflicts ?? []).map((conflict, i) => ({ at: readAt, order: 0, happening: conflictEvent(conflict, i) })),
    ...finalEvents(head, readAt),
    { at: readAt, order: 0, happening: { type: "end", reason: "done" } },
  ];
  return all.map(({ at, happening }, i) => ({ ...happening, seq: i + 1, at }));
}

interface Timed {
  at: number;
  /** Of what happened at the same moment: what touches overlaps, so beginnings stand before ends. */
  order: number;
  happening: Happening;
}

const BEGINS = 0;
const ENDS = 1;
const HEALED = 2;

function operationEvents(one: HistoryOperation, i: number): readonly Timed[] {
  const { client, region, servedIn, key, kind, value, version, state, basis, expected, id, outcome, error } = one;
  const op = i + 1;
  const begun: Timed = {
    at: one.invoked,
    order: BEGINS,
    happening: {
      type: "invoke",
      op,
      client,
      workload: "history",
      region,
      key,
      kind,
      ...(kind === "write" ? { value, basis, expected, id } : {}),
      due: one.invoked,
    },
  };
  if (one.completed === undefined) return [begun]; // nobody knows what came of it: that is what "unknown" means
  const happening: Happening =
    outcome === "ok"
      ? { type: "complete", op, outcome: { type: "ok" }, servedBy: servedIn ?? region, value, version, state }
      : { type: "complete", op, outcome: { type: outcome, error: error ?? NO_REASON }, servedBy: servedIn };
  return [begun, { at: one.completed, order: ENDS, happening }];
}

function faultEvents(fault: NonNullable<HistoryHead["faults"]>[number], i: number): readonly Timed[] {
  const { name, kind = "partition", from, to, regions } = fault;
  const id = `fault-${i + 1}`;
  const begun: Timed = {
    at: from,
    order: BEGINS,
    happening: {
      type: "fault",
      phase: "begun",
      fault: {
        id,
        kind,
        targets: [name],
        regions,
        parameters: {},
        since: from,
        ...(to === undefined ? {} : { until: to }),
      },
    },
  };
  if (to === undefined) return [begun];
  return [
    begun,
    { at: to, order: ENDS, happening: { type: "fault", phase: "ended", id, by: "time", targets: [name] } },
  ];
}

/** The moment of healing, where it belongs: what was begun after it disturbs what is read in the end. */
function merged(sorted: readonly Timed[], healed: Timed): readonly Timed[] {
  const place = sorted.findIndex(({ at, order }) => at > healed.at || (at === healed.at && order > healed.order));
  return place === -1 ? [...sorted, healed] : [...sorted.slice(0, place), healed, ...sorted.slice(place)];
}

function conflictEvent(conflict: NonNullable<HistoryHead["conflicts"]>[number], i: number): Happening {
  return { type: "conflict", number: i + 1, rule: "not told", ...conflict };
}

/** What all regions hold, and one round of comparing it. */
function finalEvents({ finals = [], regions }: HistoryHead, readAt: number): readonly Timed[] {
  if (finals.length === 0) return [];
  const held = new Map<string, string[]>();
  for (const { key, value } of finals) held.set(key, [...(held.get(key) ?? []), valueText(value)]);
  const differing = [...held]
    .filter(([, values]) => values.length < regions.length || new Set(values).size > 1)
    .map(([key]) => key);
  return [
    { at: readAt, order: 0, happening: { type: "round", differing, pending: {} } },
    ...finals.map(({ at: _, ...final }): Timed => ({
      at: readAt,
      order: 0,
      happening: { type: "final", outcome: { type: "ok" }, ...final },
    })),
  ];
}

function runEvent(
  file: string,
  name: string,
  { regions }: HistoryHead,
  expect: readonly Expectation[],
  startedAt: string,
): Happening {
  return {
    type: "run",
    id: name,
    scenario: { name, file, topology: { file }, seed: 0, tags: [], timeoutMs: 0, traffic: [], steps: [], expect },
    topology: topologyOf(regions, file),
    runtime: "none",
    versions: {},
    startedAt,
  };
}
