// Where a verb acts: the stack, its faults, what was sampled, what was saved, and the traffic.
import type { FaultSet } from "../faults/set.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Recorder, Sample } from "../model/event.ts";
import type { Random } from "../model/random.ts";
import type { Step, TrafficSpec } from "../model/scenario.ts";
import type { Clock } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import type { VerbWords } from "../model/vocabulary.ts";

export interface Scene {
  topology: Topology;
  cluster: Cluster;
  faults: FaultSet;
  samples: Samples;
  /** What `save` kept, for "${name}". */
  values: Map<string, unknown>;
  traffic: Clients;
  clock: Clock;
  random: Random;
  record: Recorder;
  signal: AbortSignal;
  /** Base URL of the gateway. */
  gateway: string;
  /**
   * Performs a step inside this one when its time has come, and records it. `scene` is this one, or one with another
   * stream of chance. Rejects with a StepProblem when it did not do what it says.
   */
  perform(step: Step, scene: Scene): Promise<void>;
  /** Drawn ids of requests and writes. */
  newId(): string;
}

export interface Samples {
  recent(): readonly (Sample & { at: number })[];
  /** Resolves with the next sample. */
  next(signal: AbortSignal): Promise<void>;
}

/** Everything that sends operations in this run. */
export interface Clients {
  begin(spec: TrafficSpec, forMs?: number): void;
  /** No new operations; what is in flight is awaited. */
  pause(): Promise<void>;
  /** Goes on with the traffic that has no end or whose end has not come. */
  resume(): void;
  /** Resolves when every traffic with a `for` is over. */
  timed(): Promise<void>;
  /** One request of the script; recorded as an operation where it is one. */
  script: ScriptedRequest;
  /** Keys that any operation touched, per workload. */
  touched(): ReadonlyMap<string, ReadonlySet<string>>;
}

export type ScriptedRequest = (request: {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
  /** Base URL: the gateway, or a node. */
  to: string;
  timeoutMs: number;
}) => Promise<{ status: number; headers: Readonly<Record<string, string>>; body: unknown; tookMs: number }>;

export interface Verb<A = never> extends VerbWords<A> {
  perform(scene: Scene, step: Step & { args: A }): Promise<void>;
}

/** A step did not do what it says; what that means for the run. */
export class StepProblem extends Error {
  constructor(
    readonly verdict: "failed" | "inconclusive" | "errored",
    message: string,
  ) {
    super(message);
  }
}

/** Fills in what a definition leaves out; keeps the argument type between schema and `perform`. */
export function verb<A>(definition: Verb<A>): Verb {
  return definition as unknown as Verb;
}
