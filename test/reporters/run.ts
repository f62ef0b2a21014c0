// Runs to report on: a history of a few events, and verdicts as the checkers give them.
import type { Event, Happening } from "../../src/model/event.ts";
import type { Run } from "../../src/model/run.ts";
import type { Scenario } from "../../src/model/scenario.ts";
import { consequence, type Verdict, worst } from "../../src/model/verdict.ts";
import { twoRegions } from "../support/topology.ts";

const scenario: Scenario = {
  name: "failover",
  file: "/scenarios/failover.yaml",
  topology: { file: "/compose/property.yaml" },
  seed: 42,
  tags: [],
  timeoutMs: 120_000,
  traffic: [],
  steps: [],
  expect: [],
};

const client = { client: "us-1", workload: "edit-properties", region: "us", key: "7", due: 2_000 };
const happenings: readonly [number, Happening][] = [
  [
    1_000,
    {
      type: "run",
      id: "failover-1",
      scenario,
      topology: twoRegions,
      runtime: "embedded",
      versions: { regionctl: "0.1.0" },
      startedAt: "2026-01-02T03:04:05.000Z",
    },
  ],
  [2_000, { type: "invoke", op: 1, kind: "write", value: 1_001, id: "a", ...client }],
  [2_010, { type: "complete", op: 1, outcome: { type: "ok" }, value: 1_001 }],
  [2_050, { type: "invoke", op: 4, kind: "write", value: 1_001, id: "a", repeatOf: 1, ...client }],
  [2_060, { type: "complete", op: 4, outcome: { type: "ok" }, value: 1_001, stored: true }],
  [2_100, { type: "invoke", op: 2, kind: "write", value: 1_002, ...client }],
  [2_110, { type: "complete", op: 2, outcome: { type: "unknown", error: "no answer" } }],
  [2_200, { type: "invoke", op: 3, kind: "read", ...client }],
  [2_210, { type: "complete", op: 3, outcome: { type: "ok" }, value: 1_001 }],
  [10_840, { type: "end", reason: "done" }],
];

export const history: readonly Event[] = happenings.map(([at, happening], i) => ({ seq: i + 1, at, ...happening }));

export function written(verdict: Partial<Verdict> & Pick<Verdict, "text" | "summary" | "valid">): Verdict {
  return { name: verdict.text.split(":")[0]!, line: 40, weight: "failed", evidence: [], ...verdict };
}

export function asked(verdict: Partial<Verdict> & Pick<Verdict, "text" | "summary" | "valid">): Verdict {
  return { ...written(verdict), line: undefined, weight: verdict.weight ?? "inconclusive" };
}

export const fine: readonly Verdict[] = [
  written({
    text: "available: { region: us, at-least: 99% }",
    summary: "99.8 % of 1,204 operations answered",
    valid: true,
    evidence: [3, 7],
  }),
  written({ text: "no-lost-writes", summary: "all 934 acknowledged writes are accounted for", valid: true }),
];

export const asks: readonly Verdict[] = [
  asked({ text: "everything was healthy before the first fault", summary: "healthy at first", valid: true }),
  asked({ text: "every fault measurably took effect", summary: "2 faults took effect", valid: true }),
];

export function runWith(verdicts: readonly Verdict[], more: Partial<Run> = {}): Run {
  return {
    id: "failover-1",
    directory: "/home/ada/runs/failover-1",
    history,
    verdicts,
    verdict: worst(verdicts.map(consequence)),
    interrupted: false,
    ...more,
  };
}
