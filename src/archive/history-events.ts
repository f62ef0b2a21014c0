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
  /** What eventsOfOperation made of each, in any order. */
  operations: readonly Draft[];
  expect: readonly Expectation[];
  /** ISO 8601. */
  writtenAt: string;
}

/** An event that gets its number once all are in their order: a long history is not written down twice. */
export type Draft = Happening & { seq: number; at: number };

export function eventsOf({ file, head, operations, expect, writtenAt }: Told): readonly Event[] {
  const drafts = [...operations, ...(head.faults ?? []).flatMap(faultEvents)];
  const last = drafts.reduce((latest, { at }) => Math.max(latest, at), 0);
  const healed: Draft = { type: "healed", quiet: true, seq: 0, at: head.healed ?? last };
  const readAt = (head.finals ?? []).reduce((latest, { at }) => Math.max(latest, at ?? 0), Math.max(last, healed.at));
  drafts.push(healed);
  // The sort is stable: what is at the same moment and of the same kind stays as it was told.
  drafts.sort((a, b) => a.at - b.at || orderOf(a) - orderOf(b));
  const all: readonly Draft[] = [
    { ...runEvent(file, head, expect, writtenAt), seq: 0, at: 0 },
    ...drafts,
    ...(head.conflicts ?? []).map((conflict, i) => ({ ...conflictEvent(conflict, i), seq: 0, at: readAt })),
    ...finalEvents(head).map((happening) => ({ ...happening, seq: 0, at: readAt })),
    { type: "end", reason: "done", seq: 0, at: readAt },
  ];
  for (const [i, draft] of all.entries()) draft.seq = i + 1;
  return all;
}

/** Of what happened at the same moment: what touches overlaps, so beginnings stand before ends. */
function orderOf(draft: Draft): number {
  if (draft.type === "healed") return 2;
  return draft.type === "complete" || (draft.type === "fault" && draft.phase === "ended") ? 1 : 0;
}

/** `op` of both is the place of the operation in the list, from 1. Without an answer there is only its beginning. */
export function eventsOfOperation(one: HistoryOperation, i: number): readonly Draft[] {
  const { client, region, servedIn, key, kind, value, version, state, basis, expected, id, outcome, status, error } =
    one;
  const [op, workload, seq] = [i + 1, "history", 0];
  const [at, due] = [one.invoked, one.invoked];
  // Written out twice: of a million operations, parts put together take several seconds.
  const invoke: Draft =
    kind === "read"
      ? { type: "invoke", op, client, workload, region, key, kind, due, seq, at }
      : { type: "invoke", op, client, workload, region, key, kind, value, basis, expected, id, due, seq, at };
  if (one.completed === undefined) return [invoke];
  const [type, completed] = ["complete" as const, one.completed];
  const complete: Draft =
    outcome === "ok"
      ? { type, op, outcome: OK, status, servedBy: servedIn ?? region, value, version, state, seq, at: completed }
      : { type, op, outcome: failed(outcome, error), status, servedBy: servedIn, seq, at: completed };
  return [invoke, complete];
}

const OK = { type: "ok" } as const;
const failed = (type: "fail" | "unknown", error = NO_REASON) => ({ type, error });

function faultEvents(fault: NonNullable<HistoryHead["faults"]>[number], i: number): readonly Draft[] {
  const { name, kind = "partition", from, to, regions } = fault;
  const id = `fault-${i + 1}`;
  const targets = [name];
  const until = to === undefined ? {} : { until: to };
  const value = { id, kind, targets, regions, parameters: {}, since: from, ...until };
  const begun: Draft = { type: "fault", phase: "begun", fault: value, seq: 0, at: from };
  if (to === undefined) return [begun];
  return [begun, { type: "fault", phase: "ended", id, by: "time", targets, seq: 0, at: to }];
}

function conflictEvent(conflict: NonNullable<HistoryHead["conflicts"]>[number], i: number): Happening {
  return { type: "conflict", number: i + 1, rule: "not told", ...conflict };
}

/** What all regions hold, and one round of comparing it. */
function finalEvents({ finals = [], regions }: HistoryHead): readonly Happening[] {
  if (finals.length === 0) return [];
  const held = new Map<string, string[]>();
  for (const { key, value } of finals) held.set(key, [...(held.get(key) ?? []), valueText(value)]);
  const differing = [...held]
    .filter(([, values]) => values.length < regions.length || new Set(values).size > 1)
    .map(([key]) => key);
  return [
    { type: "round", differing, pending: {} },
    ...finals.map((final): Happening => {
      const { region, key, value, version, state } = final;
      return { type: "final", region, key, outcome: OK, value, version, state };
    }),
  ];
}

function runEvent(
  file: string,
  { regions }: HistoryHead,
  expect: readonly Expectation[],
  startedAt: string,
): Happening {
  const name = path.basename(file).replace(/\.\w+$/, "");
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
