// Did the fault take effect? Measured once it is in force, never assumed: a fault without effect makes a run inconclusive.
import type { Cluster, Node } from "../model/cluster.ts";
import type { Fault, NodeState, World } from "../model/fault.ts";
import { EFFECT } from "./wanted.ts";

export interface Proof {
  effective: boolean;
  /** What was measured, per target. */
  measured: string;
}

/** How long an answer is waited for before it counts as none. */
export const PATIENCE_MS = 500;

export async function prove(fault: Fault, cluster: Cluster, patienceMs = PATIENCE_MS): Promise<Proof> {
  const world = await cluster.observe();
  const proofs = await Promise.all(
    fault.targets.map(async (target) => {
      const node = cluster.nodes.find((candidate) => candidate.spec.name === target);
      if (node === undefined) return { effective: false, measured: `there is no node ${target}` };
      const state = world.nodes.get(target) ?? "down";
      // Where a graver fault lies over this one, there is nothing left but that to be seen.
      const seen = GRAVER[EFFECT[fault.kind]].includes(state) ? state : EFFECT[fault.kind];
      return SIGNS[seen](node, state, world, patienceMs);
    }),
  );
  return {
    effective: proofs.length > 0 && proofs.every((proof) => proof.effective),
    measured: proofs.length === 0 ? "it has no target" : proofs.map((proof) => proof.measured).join("; "),
  };
}

const GRAVER: Readonly<Record<NodeState, readonly NodeState[]>> = {
  up: ["paused", "down"],
  paused: ["down"],
  down: [],
};

/** How it shows that a node was taken down, was paused, or is up and keeps its answers back. */
const SIGNS: Readonly<
  Record<NodeState, (node: Node, state: NodeState, world: World, patienceMs: number) => Promise<Proof>>
> = {
  async down(node, state, _world, patienceMs) {
    const { answered, said } = await ask(node, patienceMs);
    const is = state === "down" ? "has no process" : `is ${state}`;
    return { effective: state === "down" && !answered, measured: `${node.spec.name} ${is}, ${said}` };
  },
  /** The system still opens connections for a stopped process: nobody is told that it is ill. */
  async paused(node, state, _world, patienceMs) {
    const [connects, { answered, said }] = await Promise.all([node.connects(), ask(node, patienceMs)]);
    const opens = connects ? "though connections to it open" : "and no connection to it opens";
    return {
      effective: state === "paused" && connects && !answered,
      measured: `${node.spec.name} is ${state}, ${said}${answered ? "" : `, ${opens}`}`,
    };
  },
  async up(node, _state, world) {
    const kept = world.controls.get(node.spec.name)?.hold === true;
    return {
      effective: kept,
      measured: `${node.spec.name} ${kept ? "keeps a trial answer back" : "gives a trial answer"} after the commit`,
    };
  },
};

async function ask(node: Node, patienceMs: number): Promise<{ answered: boolean; said: string }> {
  const began = performance.now();
  let timer: NodeJS.Timeout;
  const tooLate = new Promise<false>((resolve) => (timer = setTimeout(resolve, patienceMs, false)));
  const answered = await Promise.race([node.answers(), tooLate]).finally(() => clearTimeout(timer));
  const tookMs = Math.round(performance.now() - began);
  return { answered, said: answered ? "but still answers" : `no answer (${tookMs} ms)` };
}
