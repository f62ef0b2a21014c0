// What the world should look like: the topology minus the active faults. Pure.
import type { Fault, FaultKind, NodeState, World } from "../model/fault.ts";
import type { Topology } from "../model/topology.ts";

/** What a fault of this kind makes of its targets. */
export const EFFECT: Readonly<Record<FaultKind, NodeState>> = {
  kill: "down",
  stop: "down",
  pause: "paused",
  "region-outage": "down",
  hold: "up",
};

/** Where faults overlap, the graver one counts. */
const GRAVITY: Readonly<Record<NodeState, number>> = { up: 0, paused: 1, down: 2 };

export function wanted(topology: Topology, faults: readonly Fault[]): World {
  const nodes = new Map<string, NodeState>(topology.nodes.map((node) => [node.name, "up"]));
  for (const fault of faults) {
    for (const target of fault.targets) {
      const before = nodes.get(target);
      if (before !== undefined && GRAVITY[EFFECT[fault.kind]] > GRAVITY[before]) nodes.set(target, EFFECT[fault.kind]);
    }
  }
  return { nodes };
}

/** How long a node that must go down is given to do it by itself: 0 when any fault kills it. */
export function graceMs(node: string, faults: readonly Fault[]): number {
  const holding = faults.filter((fault) => EFFECT[fault.kind] === "down" && fault.targets.includes(node));
  return Math.min(
    ...holding.map((fault) => (fault.kind === "stop" ? (fault.parameters.graceMs ?? DEFAULT_GRACE_MS) : 0)),
  );
}

export const DEFAULT_GRACE_MS = 5_000;

/** Every node whose state is not the wanted one, as a readable line. Empty: nothing is left of any fault. */
export function differences(is: World, should: World): readonly string[] {
  const lines: string[] = [];
  for (const [node, state] of should.nodes) {
    const now = is.nodes.get(node) ?? "down";
    if (now !== state) lines.push(`${node} is ${now}, it should be ${state}`);
  }
  return lines;
}
