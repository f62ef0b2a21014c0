// What `watch --json` prints: the picture as one plain object per tick. The names are a contract with scripts: only add. Whatever
// is not known is null, and every time is in milliseconds since `up`.
import { consequence, type RunVerdict, type Validity, type Verdict } from "../model/verdict.ts";
import type { Line, LinkPicture, NodePicture, Picture, RegionPicture, StepPicture } from "./picture.ts";

export interface WatchJson {
  atMs: number;
  stack: { name: string; runtime: string; gateway: string | null } | null;
  topology: string | null;
  acknowledged: number;
  regions: readonly RegionJson[];
  nodes: readonly NodeJson[];
  links: readonly LinkJson[];
  faults: readonly FaultJson[];
  /** The newest last. `seq` is its number in the history; 0 of what was only seen, and stands in none. */
  events: readonly { seq: number; atMs: number; tone: Line["tone"]; text: string; times: number }[];
  run: RunJson | null;
  /** The expectations as they stand; null where nothing is expected, or nothing was judged yet. */
  verdicts:
    | readonly {
        name: string;
        text: string;
        valid: Validity;
        verdict: RunVerdict;
        summary: string;
        knownGap: string | null;
      }[]
    | null;
}

export type RegionJson = Pick<
  RegionPicture,
  | "name"
  | "healthy"
  | "requestsPerSecond"
  | "errorsPerSecond"
  | "p50Ms"
  | "p99Ms"
  | "lagSeconds"
  | "pending"
  | "conflicts"
  | "conflictsLastMinute"
> & { healthySinceMs: number | null; worstLagSeconds: number | null };

export type NodeJson = Pick<NodePicture, "name" | "role" | "region" | "state" | "unasked"> & { sinceMs: number };

export type LinkJson = Pick<LinkPicture, "between" | "rttMs" | "done" | "cut">;

export interface FaultJson {
  id: string;
  kind: string;
  targets: readonly string[];
  sinceMs: number;
  untilMs: number | null;
  /** null: until somebody heals it. 0: its time is over, and it is being ended. */
  leftMs: number | null;
  effective: boolean | null;
  measured: string | null;
}

export interface RunJson {
  id: string;
  scenario: string;
  beganMs: number;
  steps: readonly {
    path: string;
    text: string | null;
    state: StepPicture["state"];
    beganMs: number;
    endedMs: number | null;
    detail: string | null;
  }[];
  settling: { sinceMs: number; rounds: number; differing: number | null } | null;
  leftovers: readonly string[] | null;
  ended: { reason: string; error: string | null } | null;
}

const NEWEST = 20;

export function toJson(picture: Picture, verdicts: readonly Verdict[] = []): WatchJson {
  const { at, stack, topology, run } = picture;
  return {
    atMs: at,
    stack: stack === undefined ? null : { name: stack.name, runtime: stack.runtime, gateway: stack.gateway ?? null },
    topology: topology?.name ?? null,
    acknowledged: picture.acknowledged,
    regions: picture.regions.map(regionJson),
    nodes: picture.nodes.map(({ name, role, region, state, since, unasked }) => ({
      name,
      role,
      region,
      state,
      sinceMs: since,
      unasked,
    })),
    links: picture.links.map(({ between, rttMs, done, cut }) => ({ between, rttMs, done, cut })),
    faults: picture.faults.map(({ fault, effective, measured }) => ({
      id: fault.id,
      kind: fault.kind,
      targets: fault.targets,
      sinceMs: fault.since,
      untilMs: fault.until ?? null,
      leftMs: fault.until === undefined ? null : Math.max(0, fault.until - at),
      effective: effective ?? null,
      measured: measured ?? null,
    })),
    events: picture.lines
      .slice(-NEWEST)
      .map((line) => ({ seq: line.seq, atMs: line.at, tone: line.tone, text: line.text, times: line.times ?? 1 })),
    run: run === undefined ? null : runJson(run),
    verdicts:
      verdicts.length === 0
        ? null
        : verdicts.map((verdict) => ({
            name: verdict.name,
            text: verdict.text,
            valid: verdict.valid,
            verdict: consequence(verdict),
            summary: verdict.summary,
            knownGap: verdict.knownGap ?? null,
          })),
  };
}

function regionJson(region: RegionPicture): RegionJson {
  const { name, healthy, since, requestsPerSecond, errorsPerSecond, p50Ms, p99Ms, lagSeconds, pending } = region;
  return {
    name,
    healthy,
    healthySinceMs: since,
    requestsPerSecond,
    errorsPerSecond,
    p50Ms,
    p99Ms,
    lagSeconds,
    worstLagSeconds: lagSeconds === null ? null : Math.max(0, ...Object.values(lagSeconds)),
    pending,
    conflicts: region.conflicts,
    conflictsLastMinute: region.conflictsLastMinute,
  };
}

function runJson({ id, scenario, began, steps, settling, leftovers, ended }: NonNullable<Picture["run"]>): RunJson {
  return {
    id,
    scenario: scenario.name,
    beganMs: began,
    steps: Object.values(steps)
      .toSorted((a, b) => a.begun - b.begun)
      .map((step) => ({
        path: step.path,
        text: step.text ?? scenario.steps.find(({ path }) => path === step.path)?.text ?? null,
        state: step.state,
        beganMs: step.begun,
        endedMs: step.ended ?? null,
        detail: step.detail ?? null,
      })),
    settling:
      settling === undefined
        ? null
        : { sinceMs: settling.since, rounds: settling.rounds, differing: settling.differing },
    leftovers: leftovers ?? null,
    ended: ended === undefined ? null : { reason: ended.reason, error: ended.error ?? null },
  };
}
