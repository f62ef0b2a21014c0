// What the world should look like: the topology minus the active faults. Pure.
import type { Control, Fault, FaultKind, NodeState, World } from "../model/fault.ts";
import type { Role, Topology } from "../model/topology.ts";

/** What a fault of this kind makes of its targets. */
export const EFFECT: Readonly<Record<FaultKind, NodeState>> = {
  kill: "down",
  stop: "down",
  pause: "paused",
  "region-outage": "down",
  hold: "up",
};

/** The kinds that take nodes down: what `start` ends. */
export const DOWNS = (Object.keys(EFFECT) as FaultKind[]).filter((kind) => EFFECT[kind] === "down");

/** Whose nodes can be told what to do to themselves: programs of our own that have a control port. */
export const CONTROLLED: Role = "backend";

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
  return { nodes, controls: controls(topology, nodes, faults) };
}

function controls(topology: Topology, nodes: World["nodes"], faults: readonly Fault[]): ReadonlyMap<string, Control> {
  const holding = new Set(faults.filter(({ kind }) => kind === "hold").flatMap(({ targets }) => targets));
  const told = topology.nodes.filter(({ name, role }) => role === CONTROLLED && nodes.get(name) === "up");
  return new Map(told.map(({ name }) => [name, { hold: holding.has(name) }]));
}

/** How long a node that must go down is given to do it by itself: 0 when any fault kills it. */
export function graceMs(node: string, faults: readonly Fault[]): number {
  const holding = faults.filter((fault) => EFFECT[fault.kind] === "down" && fault.targets.includes(node));
  return Math.min(
    ...holding.map((fault) => (fault.kind === "stop" ? (fault.parameters.graceMs ?? DEFAULT_GRACE_MS) : 0)),
  );
}

export const DEFAULT_GRACE_MS = 5_000;

/** Every node that is not, or does not do to itself, what is wanted, as a readable line. Empty: nothing is left of any fault. */
export function differences(is: World, should: World): readonly string[] {
  const lines: string[] = [];
  for (const [node, state] of should.nodes) {
    const now = is.nodes.get(node) ?? "down";
    if (now !== state) lines.push(`${node} is ${now}, it should be ${state}`);
  }
  for (const [node, { hold }] of should.controls) {
    const now = is.controls.get(node);
    if (now === undefined || now.hold === hold) continue;
    lines.push(now.hold ? `${node} keeps answers back, it should not` : `${node} answers, it should keep answers back`);
  }
  return lines;
}
