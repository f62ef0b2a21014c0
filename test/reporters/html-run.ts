// Runs for report.html: one that fails, with a fault, a lost write and what lies around it; and as large a one as is asked for.
import type { Event, Happening, RegionSample } from "../../src/model/event.ts";
import type { Run } from "../../src/model/run.ts";
import type { Topology } from "../../src/model/topology.ts";
import { twoRegions } from "../support/topology.ts";
import { asked, history as shortHistory, runWith, written } from "./run.ts";

type Timed = readonly [number, Happening];

const begun = shortHistory[0]!;
if (begun.type !== "run") throw new Error("a history begins with its run");
export const scenario = begun.scenario;

/** Numbered from 15 on, as on a stack that has seen other things before. */
export function historyOf(happenings: readonly Timed[], first = 15): readonly Event[] {
  return happenings
    .toSorted(([a], [b]) => a - b)
    .map(([at, happening], i) => ({ ...happening, seq: first + i, at }) as Event);
}

export function begins(more: { name?: string; about?: string; topology?: Topology } = {}): Happening {
  const { topology = twoRegions, ...named } = more;
  return { ...begun, topology, scenario: { ...scenario, ...named } } as Happening;
}

export interface Asks {
  op: number;
  at: number;
  tookMs?: number;
  client?: string;
  region?: string;
  key?: string;
  write?: number;
  reads?: number;
  state?: string;
  outcome?: "ok" | "fail" | "unknown";
}

/** An operation; without `tookMs` nobody ever answered. */
export function operation({
  op,
  at,
  tookMs,
  client = "c1",
  region = "us",
  key = "7",
  ...rest
}: Asks): readonly Timed[] {
  const kind = rest.write === undefined ? "read" : "write";
  const invoke: Timed = [
    at,
    { type: "invoke", op, client, workload: "edit", region, key, kind, value: rest.write, due: at - 1, id: `id-${op}` },
  ];
  if (tookMs === undefined) return [invoke];
  const { outcome = "ok", write, reads, state } = rest;
  const came = outcome === "ok" ? ({ type: "ok" } as const) : { type: outcome, error: "409 Conflict" };
  const value = outcome === "ok" ? (write ?? reads) : undefined;
  return [
    invoke,
    [at + tookMs, { type: "complete", op, outcome: came, servedBy: `backend-${region}`, value, state, status: 200 }],
  ];
}

export function sample(at: number, us: Partial<RegionSample> = {}): Timed {
  const calm: RegionSample = {
    healthy: true,
    lagSeconds: { eu: 0 },
    pending: 0,
    conflicts: 0,
    requests: 10,
    errors: 0,
    p50Ms: 4,
    p99Ms: 9,
  };
  return [at, { type: "sample", acknowledged: 0, regions: { us: { ...calm, ...us }, eu: calm } }];
}

export const KILLED: readonly Timed[] = [
  [2_000, { type: "step", phase: "begin", path: "1", verb: "kill", text: "kill backend-us for 2s", line: 12 }],
  [
    2_001,
    {
      type: "fault",
      phase: "begun",
      fault: { id: "kill-1", kind: "kill", targets: ["backend-us"], parameters: {}, since: 2_001, until: 4_001 },
    },
  ],
  [2_010, { type: "fault", phase: "proved", id: "kill-1", effective: true, measured: "backend-us has no process" }],
  [2_011, { type: "step", phase: "end", path: "1", verdict: "passed" }],
  [4_001, { type: "fault", phase: "ended", id: "kill-1", by: "time", targets: ["backend-us"] }],
];

/** w(100) is acknowledged, w(200) is written over what was before it, and in the end nobody knows 100. */
const LOST: readonly Timed[] = [
  ...operation({ op: 1, at: 1_500, tookMs: 8, client: "c1", write: 100, state: "us:1,eu:0" }),
  ...operation({ op: 2, at: 1_700, tookMs: 6, client: "c2", region: "eu", reads: 100, state: "us:1,eu:0" }),
  ...operation({ op: 3, at: 4_500, tookMs: 12, client: "c3", write: 200, state: "us:1,eu:0" }),
  ...operation({ op: 4, at: 4_700, tookMs: 5, client: "c1", write: 300, outcome: "fail" }),
  ...operation({ op: 5, at: 4_800, client: "c2", region: "eu", write: 400 }),
  ...operation({ op: 6, at: 3_000, tookMs: 4, client: "c4", key: "8", reads: 1 }),
  [9_000, { type: "final", region: "us", key: "7", outcome: { type: "ok" }, value: 200, state: "us:1,eu:0" }],
  [9_001, { type: "final", region: "eu", key: "7", outcome: { type: "ok" }, value: 200, state: "us:1,eu:0" }],
];

export interface Named {
  name?: string;
  about?: string;
  log?: string;
}

export function failing({ log = "a warning", ...named }: Named = {}): Run {
  const history = historyOf([
    [1_000, begins(named)],
    ...LOST,
    ...KILLED,
    ...[1_250, 1_500, 1_750].map((at) => sample(at)),
    ...[2_250, 2_500, 2_750].map((at) => sample(at, { healthy: false, lagSeconds: null, conflicts: null })),
    ...[4_250, 4_500].map((at) => sample(at, { lagSeconds: { eu: 1.5 }, conflicts: 3 })),
    [5_000, { type: "log", level: "warning", text: log }],
    [
      9_100,
      {
        type: "conflict",
        region: "us",
        number: 1,
        kind: "concurrent",
        key: "9",
        rule: "the later one wins",
        winner: { state: "us:1,eu:0", value: 5 },
        loser: { state: "us:0,eu:1", value: 6 },
      },
    ],
    [10_000, { type: "end", reason: "done" }],
  ]);
  const seqOf = (type: Event["type"], op?: number) =>
    history.find((event) => event.type === type && (op === undefined || ("op" in event && event.op === op)))!.seq;
  const [lost, instead, final] = [seqOf("complete", 1), seqOf("complete", 3), seqOf("final")];
  return runWith(
    [
      written({ text: "available: { region: us, at-least: 99% }", summary: "all answered", valid: true }),
      written({
        text: "no-lost-writes",
        summary: "2 acknowledged: 1 current, 1 silently",
        valid: false,
        line: 3,
        evidence: [lost, final],
        story: [`FORK: client c1 wrote 100 (event ${lost}).`, `In its place: 200 (event ${instead}).`],
        breakdown: [
          { of: "moved region, inside fault windows", checked: 12, violated: 1 },
          { of: "same region", checked: 40, violated: 0 },
        ],
      }),
      asked({ text: "every fault measurably took effect", summary: "1 fault took effect", valid: true }),
    ],
    { history },
  );
}

/** That many operations of two regions over a minute. */
export function large(operations: number): Run {
  const stepMs = 60_000 / operations;
  const traffic = Array.from({ length: operations }, (_, i) =>
    operation({
      op: i,
      at: 1_000 + i * stepMs,
      tookMs: 3 + (i % 17),
      client: `c${i % 40}`,
      region: i % 2 === 0 ? "us" : "eu",
      key: String(i % 20),
      ...(i % 5 === 0 ? { write: i, state: `us:${i},eu:0` } : { reads: i, state: `us:${i},eu:0` }),
    }),
  ).flat();
  const samples = Array.from({ length: 240 }, (_, i) => sample(1_000 + i * 250));
  const history = historyOf([[999, begins()], ...traffic, ...samples, [61_100, { type: "end", reason: "done" }]]);
  const evidence = history.filter((event) => event.type === "complete" && event.op % 500 === 0).map(({ seq }) => seq);
  return runWith([written({ text: "no-lost-writes", summary: "all lost", valid: false, evidence })], { history });
}

export const SOURCES = {
  scenario: "name: failover\nexpect:\n  - no-lost-writes\n",
  topology: "name: property\nservices: {}\n",
};
