// Compares what is with what is wanted, and makes it so. Everything that begins or ends a fault ends here; twice is harmless.
import type { Cluster, Node } from "../model/cluster.ts";
import type { Recorder } from "../model/event.ts";
import type { Fault, NodeState } from "../model/fault.ts";
import { NodeFailed } from "../model/problem.ts";
import type { Topology } from "../model/topology.ts";
import { graceMs, wanted } from "./wanted.ts";

const MOST_ROUNDS = 5;

/** Holds one node for one process at a time, also against other shells. */
export type HoldNode = (node: string, work: () => Promise<void>) => Promise<void>;

export interface Reconciling {
  topology: Topology;
  cluster: Cluster;
  record: Recorder;
  /** Read anew for each node at the moment of acting, so that the last wish counts. */
  faults(): readonly Fault[];
  hold: HoldNode;
}

/** All differing nodes at the same time. Rejects with the first error once every node was tried. */
export async function reconcile(world: Reconciling, only?: readonly string[]): Promise<void> {
  const nodes = world.cluster.nodes.filter((node) => only === undefined || only.includes(node.spec.name));
  const results = await Promise.allSettled(
    nodes.map((node) => world.hold(node.spec.name, () => settleNode(world, node))),
  );
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function settleNode(world: Reconciling, node: Node): Promise<void> {
  const name = node.spec.name;
  // A wish may change while a start is under way; a few rounds always suffice, and a bound keeps a flapping node from holding us.
  for (let round = 1; ; round++) {
    const faults = world.faults();
    const should = wanted(world.topology, faults).nodes.get(name) ?? "up";
    const is = (await world.cluster.observe()).nodes.get(name) ?? "down";
    if (is === should) return;
    if (round > MOST_ROUNDS) {
      throw new NodeFailed(
        name,
        `is ${is} again after ${MOST_ROUNDS} attempts to make it ${should}`,
        await node.logTail(20),
        `See "regionctl logs ${name}".`,
      );
    }
    await MOVES[should](node, is, graceMs(name, faults), (state) =>
      world.record({ type: "node", node: name, state, expected: true }),
    );
  }
}

type Say = (state: NodeState | "starting") => void;

/** From what it is to what it should be. */
const MOVES: Readonly<Record<NodeState, (node: Node, is: NodeState, graceMs: number, say: Say) => Promise<void>>> = {
  async down(node, _is, grace, say) {
    if (grace > 0) await node.stop(grace);
    else await node.kill();
    say("down");
  },
  async paused(node, is, _grace, say) {
    if (is === "down") {
      say("starting");
      await node.start();
    }
    await node.pause();
    say("paused");
  },
  async up(node, is, _grace, say) {
    if (is === "paused") await node.resume();
    else {
      say("starting");
      await node.start();
    }
    say("up");
  },
};
