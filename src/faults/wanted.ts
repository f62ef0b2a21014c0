// What the world should look like: the topology minus the active faults. Pure.
import { LINKS } from "../model/cluster.ts";
import type { Fault, FaultKind, NodeState, World } from "../model/fault.ts";
import { crossingsOf, type TimedRule } from "../model/link.ts";
import type { Topology } from "../model/topology.ts";
import { disobediences, wantedControls } from "./controls.ts";
import { sayDifferences, wantedRules } from "./rules.ts";

/** What a fault of this kind makes of its targets. */
export const EFFECT: Readonly<Record<FaultKind, NodeState>> = {
  kill: "down",
  stop: "down",
  pause: "paused",
  "region-outage": "down",
  hold: "up",
  partition: "up",
  isolate: "up",
  latency: "up",
  bandwidth: "up",
  flaky: "up",
  replication: "up",
  "clock-skew": "up",
};

/** The kinds that take nodes down: what `start` ends. */
export const DOWNS = (Object.keys(EFFECT) as FaultKind[]).filter((kind) => EFFECT[kind] === "down");

/** Where faults overlap, the graver one counts. */
const GRAVITY: Readonly<Record<NodeState, number>> = { up: 0, paused: 1, down: 2 };

export interface Wanted extends World {
  links: readonly TimedRule[];
}

/** The link program is wanted where anything crosses a link. No fault is on it: it is what faults are made with. */
export function wanted(topology: Topology, faults: readonly Fault[]): Wanted {
  const nodes = new Map<string, NodeState>(topology.nodes.map((node) => [node.name, "up"]));
  for (const fault of faults) {
    for (const target of fault.targets) {
      const before = nodes.get(target);
      if (before !== undefined && GRAVITY[EFFECT[fault.kind]] > GRAVITY[before]) nodes.set(target, EFFECT[fault.kind]);
    }
  }
  const controls = wantedControls(topology, nodes, faults);
  if (crossingsOf(topology).length > 0) nodes.set(LINKS, "up");
  return { nodes, controls, links: wantedRules(topology, faults) };
}

/** How long a node that must go down is given to do it by itself: 0 when any fault kills it. */
export function graceMs(node: string, faults: readonly Fault[]): number {
  const holding = faults.filter((fault) => EFFECT[fault.kind] === "down" && fault.targets.includes(node));
  return Math.min(
    ...holding.map((fault) => (fault.kind === "stop" ? (fault.parameters.graceMs ?? DEFAULT_GRACE_MS) : 0)),
  );
}

export const DEFAULT_GRACE_MS = 5_000;

/**
 * Every node that is not, or does not do to itself, what is wanted, and every rule of the links that is there and should
 * not be, or the other way round: a readable line each. Empty: nothing is left of any fault.
 */
export function differences(is: World, should: World): readonly string[] {
  const lines: string[] = [];
  for (const [node, state] of should.nodes) {
    const now = is.nodes.get(node) ?? "down";
    if (now !== state) lines.push(`${node} is ${now}, it should be ${state}`);
  }
  for (const [node, control] of should.controls) {
    const now = is.controls.get(node);
    if (now === undefined) continue;
    for (const wrong of disobediences(now, control)) lines.push(`${node} ${wrong.is}, it should ${wrong.should}`);
  }
  if (should.nodes.get(LINKS) !== "up" || is.nodes.get(LINKS) !== "up") return lines;
  if (is.links === undefined) return [...lines, `${LINKS} does not tell which rules are in force`];
  return [...lines, ...sayDifferences(is.links, should.links ?? [])];
}
