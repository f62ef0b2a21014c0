// Small histories for tests of the dashboard: what happened, and when.
import type { Event, Happening, RegionSample, RunBegun, StackFound } from "../../src/model/event.ts";
import type { Fault } from "../../src/model/fault.ts";
import type { Scenario } from "../../src/model/scenario.ts";
import { twoRegions } from "../support/topology.ts";

export type Told = readonly [at: number, happening: Happening];

export const events = (...told: readonly Told[]): readonly Event[] =>
  told.map(([at, happening], i) => ({ ...happening, seq: i + 1, at }));

export const found = (faults: readonly Fault[] = []): StackFound => ({
  type: "stack",
  name: "default",
  topology: twoRegions,
  runtime: "embedded",
  gateway: "http://127.0.0.1:8080",
  faults,
});

export const scenario: Scenario = {
  name: "failover",
  file: "/scenarios/failover.yaml",
  topology: { file: "/compose/property.yaml" },
  seed: 7,
  tags: [],
  timeoutMs: 60_000,
  traffic: [],
  steps: [
    { path: "1", verb: "kill", args: {}, text: "kill backend-us for 2s", line: 3 },
    { path: "2", verb: "settle", args: {}, text: "settle", line: 4 },
  ],
  expect: [
    {
      name: "available",
      args: { region: "us", "at-least": 0.95 },
      text: "available: { region: us, at-least: 95% }",
      line: 7,
    },
  ],
};

export const runBegun: RunBegun = {
  type: "run",
  id: "failover-1",
  scenario,
  topology: twoRegions,
  runtime: "embedded",
  versions: {},
  startedAt: "2026-01-01T00:00:00Z",
};

export const fault = (kind: Fault["kind"], targets: readonly string[], more: Partial<Fault> = {}): Fault => ({
  id: `${kind} ${targets.join(" ")}`,
  kind,
  targets,
  parameters: {},
  since: 0,
  ...more,
});

export const begun = (of: Fault): Happening => ({ type: "fault", phase: "begun", fault: of });
export const proved = (id: string, effective = true): Happening => ({
  type: "fault",
  phase: "proved",
  id,
  effective,
  measured: effective ? "it has no process" : "it answered",
});
export const ended = (id: string, targets: readonly string[], by: "time" | "heal" | "start" = "heal"): Happening => ({
  type: "fault",
  phase: "ended",
  id,
  by,
  targets,
});
export const node = (name: string, state: "up" | "paused" | "down" | "starting", expected = true): Happening => ({
  type: "node",
  node: name,
  state,
  expected,
});

export const region = (more: Partial<RegionSample> = {}): RegionSample => ({
  healthy: true,
  lagSeconds: { us: 0 },
  pending: 0,
  conflicts: 0,
  requests: 0,
  errors: 0,
  p50Ms: null,
  p99Ms: null,
  ...more,
});

export const sample = (regions: Readonly<Record<string, RegionSample>>, acknowledged = 0): Happening => ({
  type: "sample",
  regions,
  acknowledged,
});

/** Whoever changes it throws. */
export function frozen<T>(value: T): T {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}
