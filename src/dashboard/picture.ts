// What a dashboard shows, as plain data: the one state that all events are folded into (state.ts), and that every view draws.
// It is bounded, however long it is watched: lists have their most, figures a minute.
import type { Fault, NodeState } from "../model/fault.ts";
import type { Effect } from "../model/link.ts";
import type { Scenario } from "../model/scenario.ts";
import type { Role, Topology } from "../model/topology.ts";

export interface Picture {
  /** Milliseconds since `up` of the newest event; ages are counted from here. */
  at: number;
  /** What is watched; absent until the first event has said so. */
  stack?: { name: string; runtime: string; gateway?: string };
  topology?: Topology;
  /** In the order of the topology. */
  regions: readonly RegionPicture[];
  /** In the order of the topology, the link program last where there is one. */
  nodes: readonly NodePicture[];
  /** One per pair of zones that something crosses. */
  links: readonly LinkPicture[];
  /** Active, the oldest first. */
  faults: readonly FaultPicture[];
  /** Newest last, at most MOST_LINES. */
  lines: readonly Line[];
  /** Acknowledged writes so far. */
  acknowledged: number;
  /** Only of a run. */
  run?: RunPicture;
}

export const MOST_LINES = 200;
/** How far back the figures of a region go: */
export const WINDOW_MS = 60_000;
/** Samples come every 250 ms; more in a minute than these are not kept. */
export const MOST_SAMPLES = 300;
/** More than anybody can look at; of more the newest are shown. */
export const MOST_FAULTS = 100;
export const MOST_STEPS = 2_000;
/** What of the topology is not there again after the last heal. */
export const MOST_LEFTOVERS = 20;

export interface RegionPicture {
  name: string;
  /** null: nobody has said yet. */
  healthy: boolean | null;
  /** When it became healthy, or ceased to be; null: it was so already when it was first looked at. */
  since: number | null;
  requestsPerSecond: number;
  errorsPerSecond: number;
  p50Ms: number | null;
  p99Ms: number | null;
  /** Seconds behind each source; null when it cannot be asked. */
  lagSeconds: Readonly<Record<string, number>> | null;
  /** The worst source per sample of the last minute, oldest first; null where it could not be asked. */
  lagHistory: readonly { at: number; seconds: number | null }[];
  pending: number | null;
  conflicts: number | null;
  conflictsLastMinute: number | null;
  /** Where `conflicts` changed in the last minute, after what it was before: what `conflictsLastMinute` is counted from. */
  conflictHistory: readonly { at: number; conflicts: number }[];
}

export interface NodePicture {
  name: string;
  role: Role;
  region: string;
  state: NodeState | "starting";
  /** Milliseconds since `up` when it came into that state. */
  since: number;
  /** No fault asked for the state that it is in. */
  unasked: boolean;
}

export interface LinkPicture {
  between: readonly [string, string];
  /** The delays of both directions in sum; what the machine itself adds is not in it. */
  rttMs: number;
  /** What faults do to it, each once: {from: "us", to: "eu", effect, fault: "partition us | eu"}. */
  done: readonly { from: string; to: string; effect: Effect; fault: string }[];
  /** From the first zone to the second, and back. */
  cut: readonly [boolean, boolean];
}

export interface FaultPicture {
  fault: Fault;
  /** What was measured, once it was. */
  measured?: string;
  effective?: boolean;
}

export interface Line {
  seq: number;
  at: number;
  /** Colour adds, never carries: the text says it all. */
  tone: "plain" | "good" | "bad" | "notice";
  text: string;
  /** Lines of one kind, with nothing but such lines between them, are one line: the newest, and how many they were. */
  kind?: string;
  times?: number;
}

export interface RunPicture {
  id: string;
  scenario: Scenario;
  /** `at` of its first event: times of a run are counted from it. */
  began: number;
  /** Of every step that has begun or was skipped, by its path ("3", "3.1"). */
  steps: Readonly<Record<string, StepPicture>>;
  /** Every fault has ended and every node answers, until the next one begins: how far the regions are from being equal, as read last. */
  settling?: { since: number; quiet: boolean; rounds: number; differing: number | null };
  /** What was left of any fault after the last heal; absent until somebody looked. */
  leftovers?: readonly string[];
  /** How it ended. */
  ended?: { reason: string; error?: string };
}

export interface StepPicture {
  path: string;
  state: "running" | "passed" | "failed" | "inconclusive" | "errored" | "skipped";
  /** As written; absent of one that was skipped. */
  text?: string;
  begun: number;
  ended?: number;
  detail?: string;
}
