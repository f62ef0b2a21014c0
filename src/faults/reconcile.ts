// Compares what is with what is wanted, and makes it so. Everything that begins or ends a fault ends here; twice is harmless.
import { type Cluster, LINKS, type Links, type Node } from "../model/cluster.ts";
import type { Recorder } from "../model/event.ts";
import { type Control, type Fault, NO_CONTROL, type NodeState, type World } from "../model/fault.ts";
import { NodeFailed } from "../model/problem.ts";
import type { Clock } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import { disobediences } from "./controls.ts";
import { compareRules, inForce } from "./rules.ts";
import { graceMs, wanted } from "./wanted.ts";

const MOST_ROUNDS = 5;

/** Holds one node for one process at a time, also against other shells. The links are one, as LINKS. */
export type HoldNode = (node: string, work: () => Promise<void>) => Promise<void>;

export interface Reconciling {
  topology: Topology;
  cluster: Cluster;
  clock: Clock;
  record: Recorder;
  /** Read anew for each node at the moment of acting, so that the last wish counts. */
  faults(): readonly Fault[];
  hold: HoldNode;
  /** Says that a node is down that nobody asked to be; once, until it lives again. */
  died(node: string): void;
  lives(node: string): void;
}

/**
 * The links (LINKS) first: a region is cut off before it dies, and can be reached again before it lives. Then all differing
 * nodes at the same time; one that began to answer before what it needs was there is waited for until it is whole. Rejects with
 * the first error once everything was tried.
 */
export async function reconcile(world: Reconciling, only?: readonly string[]): Promise<void> {
  const isMeant = (name: string) => only === undefined || only.includes(name);
  const nodes = world.cluster.nodes.filter(({ spec }) => spec.name !== LINKS && isMeant(spec.name));
  const linked = await Promise.allSettled(isMeant(LINKS) ? [settleLinks(world)] : []);
  const started = new Set<string>();
  const each = (some: readonly Node[], settle: (node: Node) => Promise<void>) =>
    Promise.allSettled(some.map((node) => world.hold(node.spec.name, () => settle(node))));
  const settled = await each(nodes, (node) => settleNode(world, node, started));
  const early = nodes.filter(({ spec }) => started.has(spec.name) && spec.needs.some((need) => started.has(need)));
  const whole = await each(early, (node) => untilWhole(world, node));
  for (const result of [...linked, ...settled, ...whole]) if (result.status === "rejected") throw result.reason;
}

async function settleLinks(world: Reconciling): Promise<void> {
  const { links, nodes } = world.cluster;
  if (links === undefined) return;
  const program = nodes.find(({ spec }) => spec.name === LINKS);
  await world.hold(LINKS, async () => {
    for (let round = 1; ; round++) {
      if (program !== undefined) await settleProgram(world, program);
      const trouble = await settleRules(world, links);
      if (trouble === undefined) return;
      // One that died of something else just now is down when it is looked at again.
      if (round < MOST_ROUNDS) continue;
      const lines = (await program?.logTail(LOG_LINES)) ?? [];
      throw new NodeFailed(LINKS, `cannot be told its rules: ${trouble}`, lines, `See "regionctl logs ${LINKS}".`);
    }
  });
}

/** What stands in the way, in words; undefined when the rules are in force. */
async function settleRules({ topology, clock, faults }: Reconciling, links: Links): Promise<string | undefined> {
  const missing = async () => {
    const should = wanted(topology, faults()).links.filter(inForce(clock.now()));
    const { left, missing } = compareRules((await links.state()).rules, should);
    return { should, differing: [...left, ...missing] };
  };
  try {
    const { should, differing } = await missing();
    if (differing.length === 0) return undefined;
    await links.set(should, clock.now());
    const after = (await missing()).differing;
    return after.length === 0 ? undefined : `${after.map(({ id }) => id).join(", ")} is not as it should be`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** No fault may be on the link program: when it is down it died by itself, and a run must know before it is up again. */
async function settleProgram(world: Reconciling, program: Node): Promise<void> {
  const { nodes } = await world.cluster.observe();
  if ((nodes.get(LINKS) ?? "down") === "down") world.died(LINKS);
  await settleNode(world, program);
  world.lives(LINKS);
}

const LOG_LINES = 20;

async function untilWhole({ topology, cluster, faults }: Reconciling, node: Node): Promise<void> {
  const { name } = node.spec;
  const isMeant = (wanted(topology, faults()).nodes.get(name) ?? "up") === "up";
  const isThere = (await cluster.observe()).nodes.get(name) === "up";
  if (isMeant && isThere && !(await node.answers())) await node.start(); // of one that runs this is the waiting alone
}

/** `started`: the names of those that were started go there. */
async function settleNode(world: Reconciling, node: Node, started = new Set<string>()): Promise<void> {
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
          ? `cannot be told to ${sayOrder(order, observed.controls.get(name))}`
          : `is ${is} again after ${MOST_ROUNDS} attempts to make it ${wish}`;
      throw new NodeFailed(name, reason, await node.logTail(LOG_LINES), `See "regionctl logs ${name}".`);
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
    if (is === "down" && wish === "up") started.add(name);
    await MOVES[wish](node, is, graceMs(name, faults), (state) =>
      world.record({ type: "node", node: name, state, expected: true }),
    );
  }
}

/** What a node that is up must be told; undefined when it does so already. One that nothing is wanted of may have no ear. */
function orderTo(node: Node, should: World, is: Control | undefined): Control | undefined {
  const wish = should.controls.get(node.spec.name) ?? NO_CONTROL;
  if (is === undefined) return node.configure === undefined && isNothing(wish) ? undefined : wish;
  return disobediences(is, wish).length === 0 ? undefined : wish;
}

const isNothing = (control: Control) => disobediences(NO_CONTROL, control).length === 0;

/** Of one that does not tell what it does, what nobody does by itself. */
function sayOrder(order: Control = NO_CONTROL, is: Control = NO_CONTROL): string {
  const asked = disobediences(is, order).map(({ should }) => should);
  return asked.length === 0 ? "do nothing to itself" : asked.join(" and ");
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
