// A fault is a value. What the world should look like is the topology minus the active faults (faults/wanted.ts).

export type FaultKind = "kill" | "stop" | "pause";

export interface Fault {
  id: string;
  kind: FaultKind;
  /** Names of nodes. */
  targets: readonly string[];
  parameters: { readonly graceMs?: number };
  /** Milliseconds since `up`. */
  since: number;
  /** Ends by itself at this time (milliseconds since `up`); absent: until somebody ends it. */
  until?: number;
}

export type NodeState = "up" | "paused" | "down";

/** What is, or what is wanted. */
export interface World {
  nodes: ReadonlyMap<string, NodeState>;
}
