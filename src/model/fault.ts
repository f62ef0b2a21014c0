// A fault is a value. What the world should look like is the topology minus the active faults (faults/wanted.ts).

export type FaultKind = "kill" | "stop" | "pause" | "region-outage" | "hold";

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

/** What our own programs can be told to do to themselves, over their token-protected control port. */
export interface Control {
  /** Answers to writes are kept back after the commit. Observed, it is what became of a trial answer. */
  hold: boolean;
}

export const NO_CONTROL: Control = { hold: false };

/** What is, or what is wanted. */
export interface World {
  nodes: ReadonlyMap<string, NodeState>;
  /** Only nodes that can be controlled, are up and tell. */
  controls: ReadonlyMap<string, Control>;
}
