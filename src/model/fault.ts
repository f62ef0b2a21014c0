// A fault is a value. What the world should look like is the topology minus the active faults (faults/wanted.ts).
import type { CutMode, Direction, LinkRule } from "./link.ts";

export const FAULT_KINDS = [
  "kill",
  "stop",
  "pause",
  "region-outage",
  "hold",
  "partition",
  "isolate",
  "latency",
  "bandwidth",
  "flaky",
  "replication",
  "clock-skew",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  id: string;
  kind: FaultKind;
  /** Names of nodes; none for a fault of the network alone. */
  targets: readonly string[];
  /** The directions of links it acts on; absent: none. */
  links?: readonly Direction[];
  /** The regions it touches, where its targets do not tell. */
  regions?: readonly string[];
  parameters: FaultParameters;
  /** Milliseconds since `up`. */
  since: number;
  /** Ends by itself at this time (milliseconds since `up`); absent: until somebody ends it. */
  until?: number;
}

export interface FaultParameters {
  /** stop */
  readonly graceMs?: number;
  /** partition, isolate */
  readonly mode?: CutMode;
  /** latency: one way */
  readonly addMs?: number;
  readonly jitterMs?: number;
  /** bandwidth */
  readonly bytesPerSecond?: number;
  /** flaky: a share, 0 to 1 */
  readonly resetsPerSecond?: number;
  /** replication: what its targets do with what they receive from `source` */
  readonly source?: string;
  readonly replication?: Partial<ReplicationFault>;
  /** clock-skew */
  readonly byMs?: number;
}

export type NodeState = "up" | "paused" | "down";

/** What our own programs can be told to do to themselves, over their token-protected control port. Observed, it is what became of it. */
export interface Control {
  /** Answers to writes are kept back after the commit. Observed: a trial answer is. */
  hold: boolean;
  /** How far the clock that stamps writes is off. Observed: measured. */
  skewMs: number;
  /** By source region: what is done to what arrives from there. A source without an entry is received as it comes. */
  replication: Readonly<Record<string, ReplicationFault>>;
}

export interface ReplicationFault {
  /** Nothing is applied until it ends. */
  pause: boolean;
  /** Everything is applied this much later. */
  delayMs: number;
  /** The share (0 to 1) of events that is handed over twice. */
  duplicate: number;
  /** Events are handed over in an order drawn anew within this span. */
  reorderMs: number;
}

export const NO_CONTROL: Control = { hold: false, skewMs: 0, replication: {} };
export const NO_REPLICATION_FAULT: ReplicationFault = { pause: false, delayMs: 0, duplicate: 0, reorderMs: 0 };

/** What is, or what is wanted. */
export interface World {
  nodes: ReadonlyMap<string, NodeState>;
  /** Only nodes that can be controlled, are up and tell. */
  controls: ReadonlyMap<string, Control>;
  /** The rules of the links. undefined: nobody tells, or there are no links. */
  links?: readonly LinkRule[];
}
