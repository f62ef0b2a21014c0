// The history: one append-only list of events. The run directory, the dashboard and every checker read the same one.
import type { Fault, NodeState } from "./fault.ts";
import type { Scenario } from "./scenario.ts";
import type { Topology } from "./topology.ts";

/** fail = certainly did not happen; unknown = may have happened, at any time later. */
export type Outcome = { type: "ok" } | { type: "fail"; error: string } | { type: "unknown"; error: string };

/** A run begins: always its first event, so a history explains itself. */
export interface RunBegun {
  type: "run";
  id: string;
  scenario: Scenario;
  topology: Topology;
  runtime: string;
  versions: Readonly<Record<string, string>>;
  /** ISO 8601, wall clock. */
  startedAt: string;
}

/** A stack as somebody who comes to watch it finds it: what it is, and what is done to it already. Stands in no log. */
export interface StackFound {
  type: "stack";
  name: string;
  topology: Topology;
  runtime: string;
  gateway: string;
  faults: readonly Fault[];
}

/** A run's last event. "done" says that every step ran or was skipped on purpose. */
export interface RunEnded {
  type: "end";
  reason: "done" | "timeout" | "interrupted" | "errored";
  error?: string;
}

/** Written before the request is handed to the socket: `at` is when it was invoked. */
export interface Invoke {
  type: "invoke";
  /** Unique in the run; its `complete` has the same. */
  op: number;
  client: string;
  workload: string;
  /** The region in the path. */
  region: string;
  /** The region of its client, when it asks another one. */
  home?: string;
  key: string;
  kind: "read" | "write";
  /** Writes: the value written. */
  value?: unknown;
  /** Writes: the state that the client had seen (what it sent as If-Match, or of the answer where it learned the version). */
  basis?: string;
  /** Writes: the expected version that was sent. */
  expected?: number;
  /** Writes: the idempotency key (X-Request-ID). */
  id?: string;
  /** Writes: the op whose write this one sends again, with the same id. */
  repeatOf?: number;
  /** When the schedule wanted it, milliseconds since `up`. */
  due: number;
}

/** Written after the answer was parsed: `at` is when it completed. */
export interface Complete {
  type: "complete";
  op: number;
  outcome: Outcome;
  status?: number;
  /** Node, from X-Served-By; absent when the gateway itself answered or nobody did. */
  servedBy?: string;
  /** ok: the value read, or as it stands after the write. */
  value?: unknown;
  version?: number;
  /** ok: the state read, or after the write. */
  state?: string;
  /** ok writes: the id had been applied before; this is the stored answer. */
  stored?: boolean;
}

/** A due operation that no client began within the client time-out: unanswered. */
export interface Missed {
  type: "missed";
  client: string;
  workload: string;
  /** The client's. */
  region: string;
  due: number;
}

export type StepEvent =
  | { type: "step"; phase: "begin"; path: string; verb: string; text: string; line: number; lateMs?: number }
  | {
      type: "step";
      phase: "end";
      path: string;
      /** What the step means for the run when it did not do what it says. */
      verdict: "passed" | "failed" | "inconclusive" | "errored" | "skipped";
      detail?: string;
    };

export type FaultEvent =
  | { type: "fault"; phase: "begun"; fault: Fault }
  /** What was measured once it was in force; effective: false makes the run inconclusive. */
  | { type: "fault"; phase: "proved"; id: string; effective: boolean; measured: string }
  /** Its targets are as the topology wants them again (nodes answer), or part of them is: `targets`. */
  | { type: "fault"; phase: "ended"; id: string; by: "time" | "heal" | "start" | "resume"; targets: readonly string[] };

/** A node changed its state; `expected` is false when no fault asked for it. */
export interface NodeEvent {
  type: "node";
  node: string;
  state: NodeState | "starting";
  expected: boolean;
  detail?: string;
}

export interface RegionSample {
  /** Its steady requests are answered by itself. */
  healthy: boolean;
  /** Seconds behind each source region; null when it cannot be asked. */
  lagSeconds: Readonly<Record<string, number>> | null;
  /** Events not yet published or not yet applied; null when unknown. */
  pending: number | null;
  /** Concurrent conflicts recorded since the start of the run; null when it cannot be asked. */
  conflicts: number | null;
  /** Completed and unanswered operations of this region's clients in the last second. */
  requests: number;
  errors: number;
  p50Ms: number | null;
  p99Ms: number | null;
}

/** Every 250 ms; conditions, dashboard and plots read only these. */
export interface Sample {
  type: "sample";
  regions: Readonly<Record<string, RegionSample>>;
  /** Acknowledged writes so far. */
  acknowledged: number;
}

/** A steady request of one region, asked of its own nodes; `at` is when it was answered or given up. */
export interface Probe {
  type: "probe";
  region: string;
  ok: boolean;
  due: number;
  status?: number;
  error?: string;
}

/** One side of a conflict. */
export interface ConflictingWrite {
  /** State after that write where it was made: its identity. */
  state: string;
  value: unknown;
  /** Its idempotency key. */
  id?: string;
}

export interface ConflictEvent {
  type: "conflict";
  /** Where it was recorded. */
  region: string;
  /** The record's number in that region. */
  number: number;
  kind: "rejected" | "concurrent" | "duplicate-request";
  key: string;
  winner: ConflictingWrite | null;
  loser: ConflictingWrite | null;
  rule: string;
}

/** Every fault has ended and every node answers: from here on regions must become equal. */
export interface Healed {
  type: "healed";
  /** The traffic had stopped and nothing was in flight. */
  quiet: boolean;
}

/** One round of reading every touched key in every region, after `healed`. */
export interface Round {
  type: "round";
  /** Keys that are not equal everywhere, or could not be read somewhere. */
  differing: readonly string[];
  /** Per region: events not yet published or applied; null when unknown. */
  pending: Readonly<Record<string, number | null>>;
}

/** What a region holds at the end, read from its own node. */
export interface Final {
  type: "final";
  region: string;
  key: string;
  outcome: Outcome;
  value?: unknown;
  version?: number;
  state?: string;
}

/** What a region that no fault touched shows of a key just before a fault on another region ends: what would be left if that never came back. */
export interface Surviving {
  type: "surviving";
  /** The fault's id. */
  fault: string;
  region: string;
  key: string;
  outcome: Outcome;
  value?: unknown;
  version?: number;
  state?: string;
}

/** After the last heal: what still differs from the topology. Must be empty. */
export interface Leftovers {
  type: "leftovers";
  found: readonly string[];
}

export interface Log {
  type: "log";
  level: "info" | "warning" | "error";
  text: string;
}

export type Happening =
  | RunBegun
  | StackFound
  | RunEnded
  | Invoke
  | Complete
  | Missed
  | StepEvent
  | FaultEvent
  | NodeEvent
  | Sample
  | Probe
  | ConflictEvent
  | Healed
  | Round
  | Final
  | Surviving
  | Leftovers
  | Log;

/** `seq` grows by one; `at` is milliseconds since the stack came up. */
export type Event = Happening & { seq: number; at: number };

export type Recorder = (happening: Happening) => Event;

/** A run's `run` event. Throws when the history does not begin with one. */
export function runOf(history: readonly Event[]): RunBegun & { seq: number; at: number } {
  const first = history[0];
  if (first?.type !== "run")
    throw new Error("this history does not begin with a run event: it is not a run of regionctl");
  return first;
}
