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
  const world = await cluster.observe();
  const proofs = await Promise.all(
    fault.targets.map(async (target) => {
      const node = cluster.nodes.find((candidate) => candidate.spec.name === target);
      if (node === undefined) return { effective: false, measured: `there is no node ${target}` };
      return proveNode(fault, node, world.nodes.get(target) ?? "down");
    }),
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
