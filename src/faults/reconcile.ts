// Compares what is with what is wanted, and makes it so. Everything that begins or ends a fault ends here; twice is harmless.
import type { Cluster, Node } from "../model/cluster.ts";
import type { Recorder } from "../model/event.ts";
import { type Control, type Fault, NO_CONTROL, type NodeState, type World } from "../model/fault.ts";
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
  let told: Control | undefined;
  // A wish may change while a start is under way; a few rounds always suffice, and a bound keeps a flapping node from holding us.
  for (let round = 1; ; round++) {
    const faults = world.faults();
    const should = wanted(world.topology, faults);
    const observed = await world.cluster.observe();
    const wish = should.nodes.get(name) ?? "up";
    const is = observed.nodes.get(name) ?? "down";
    const order = wish === "up" && is === "up" ? orderTo(node, should, observed.controls.get(name) ?? told) : undefined;
    if (is === wish && order === undefined) return;
    if (round > MOST_ROUNDS) {
      const reason =
        is === wish
          ? `cannot be told to ${sayControl(order)}`
          : `is ${is} again after ${MOST_ROUNDS} attempts to make it ${wish}`;
      throw new NodeFailed(name, reason, await node.logTail(20), `See "regionctl logs ${name}".`);
    }
    if (order !== undefined) {
      // One that died of something else just now is down when it is looked at again.
      told = await node.configure?.(order).then(
        () => order,
        () => undefined,
      );
      continue;
    }
    told = undefined; // forgotten with its process
    await MOVES[wish](node, is, graceMs(name, faults), (state) =>
      world.record({ type: "node", node: name, state, expected: true }),
    );
  }
}

/** What a node that is up must be told; undefined when it does so already. One that nothing is wanted of may have no ear. */
function orderTo(node: Node, should: World, is: Control | undefined): Control | undefined {
  const wish = should.controls.get(node.spec.name) ?? NO_CONTROL;
  if (is === undefined && node.configure === undefined && !wish.hold) return undefined;
  return is?.hold === wish.hold ? undefined : wish;
}

const sayControl = (control: Control | undefined) =>
  control?.hold ? "keep its answers back" : "give its answers again";

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
