// Did the fault take effect? Measured once it is in force, never assumed: a fault without effect makes a run inconclusive.
import type { Cluster, Node } from "../model/cluster.ts";
import type { Fault } from "../model/fault.ts";
import { EFFECT } from "./wanted.ts";

export interface Proof {
  effective: boolean;
  /** What was measured, per target. */
  measured: string;
}

export async function prove(fault: Fault, cluster: Cluster): Promise<Proof> {
  const nodes = cluster.nodes.filter((node) => fault.targets.includes(node.spec.name));
  const world = await cluster.observe();
  const proofs = await Promise.all(
    nodes.map((node) => proveNode(fault, node, world.nodes.get(node.spec.name) ?? "down")),
  );
  return {
    effective: proofs.length > 0 && proofs.every((proof) => proof.effective),
    measured: proofs.length === 0 ? "it has no target" : proofs.map((proof) => proof.measured).join("; "),
  };
}

async function proveNode(fault: Fault, node: Node, state: string): Promise<Proof> {
  const began = performance.now();
  const answers = await node.answers();
  const tookMs = Math.round(performance.now() - began);
  const asWanted = state === EFFECT[fault.kind] || state === "down";
  return {
    effective: asWanted && !answers,
    measured: `${node.spec.name} ${state === "down" ? "has no process" : `is ${state}`}, ${answers ? "but still answers" : `no answer (${tookMs} ms)`}`,
  };
}
