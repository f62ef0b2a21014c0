// Did the fault take effect? Measured once it is in force, never assumed: a fault without effect makes a run inconclusive.
import type { Cluster, Node } from "../model/cluster.ts";
import type { Fault, FaultKind, NodeState, World } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import { disobediences, receivedFrom, sayClock, sayStream } from "./controls.ts";
import { proveBandwidth, proveCut, proveLatency, proveResets } from "./link-proof.ts";
import { EFFECT, wanted } from "./wanted.ts";

export interface Proof {
  effective: boolean;
  /** What was measured, per target. */
  measured: string;
}

export interface Proving {
  topology: Topology;
  cluster: Cluster;
  clock: Clock;
  /** All that are active: others may lie over the one that is proved. */
  faults(): readonly Fault[];
}

/** How long an answer is waited for before it counts as none. */
export const PATIENCE_MS = 500;

/** Kinds whose effect shows only in time: they are measured just before they end. */
export const SHOWS_LATE: ReadonlySet<FaultKind> = new Set(["flaky"]);

/** Never throws: what cannot be measured has no measurable effect. */
export async function prove(fault: Fault, world: Proving, patienceMs = PATIENCE_MS): Promise<Proof> {
  try {
    const proofs = (await Promise.all(PROOFS[fault.kind].map((how) => how(fault, world, patienceMs)))).flat();
    return {
      effective: proofs.length > 0 && proofs.every((proof) => proof.effective),
      measured: proofs.length === 0 ? "it has no target" : proofs.map((proof) => proof.measured).join("; "),
    };
  } catch (error) {
    return { effective: false, measured: `it cannot be measured: ${(error as Error).message}` };
  }
}

type Prove = (fault: Fault, world: Proving, patienceMs: number) => Promise<readonly Proof[]>;

const PROOFS: Readonly<Record<FaultKind, readonly Prove[]>> = {
  kill: [proveNodes],
  stop: [proveNodes],
  pause: [proveNodes],
  hold: [proveNodes],
  replication: [proveNodes],
  "clock-skew": [proveNodes],
  "region-outage": [proveNodes, proveCut],
  partition: [proveCut],
  isolate: [proveCut],
  latency: [proveLatency],
  bandwidth: [proveBandwidth],
  flaky: [proveResets],
};

async function proveNodes(fault: Fault, proving: Proving, patienceMs: number): Promise<readonly Proof[]> {
  const { cluster } = proving;
  const world = await cluster.observe();
  return Promise.all(
    fault.targets.map(async (target) => {
      const node = cluster.nodes.find((candidate) => candidate.spec.name === target);
      if (node === undefined) return { effective: false, measured: `there is no node ${target}` };
      const state = world.nodes.get(target) ?? "down";
      // Where a graver fault lies over this one, there is nothing left but that to be seen.
      const seen = GRAVER[EFFECT[fault.kind]].includes(state) ? state : EFFECT[fault.kind];
      return SIGNS[seen]({ node, state, world, fault, proving, patienceMs });
    }),
  );
}

const GRAVER: Readonly<Record<NodeState, readonly NodeState[]>> = {
  up: ["paused", "down"],
  paused: ["down"],
  down: [],
};

interface Seen {
  node: Node;
  state: NodeState;
  world: World;
  fault: Fault;
  proving: Proving;
  patienceMs: number;
}

/** How it shows that a node was taken down, was paused, or is up and does to itself what it was told. */
const SIGNS: Readonly<Record<NodeState, (seen: Seen) => Proof | Promise<Proof>>> = {
  async down({ node, state, patienceMs }) {
    const { answered, said } = await ask(node, patienceMs);
    const is = state === "down" ? "has no process" : `is ${state}`;
    return { effective: state === "down" && !answered, measured: `${node.spec.name} ${is}, ${said}` };
  },
  /** The system still opens connections for a stopped process: nobody is told that it is ill. */
  async paused({ node, state, patienceMs }) {
    const [connects, { answered, said }] = await Promise.all([node.connects(), ask(node, patienceMs)]);
    const opens = connects ? "though connections to it open" : "and no connection to it opens";
    return {
      effective: state === "paused" && connects && !answered,
      measured: `${node.spec.name} is ${state}, ${said}${answered ? "" : `, ${opens}`}`,
    };
  },
  up(seen) {
    return DEEDS[seen.fault.kind]!(seen);
  },
};

/** What a backend that is up does to itself, as it says: of a hold it tried it, of its clock it measured it. */
const DEEDS: Readonly<Partial<Record<FaultKind, (seen: Seen) => Proof>>> = {
  hold({ node, world }) {
    const kept = world.controls.get(node.spec.name)?.hold === true;
    return {
      effective: kept,
      measured: `${node.spec.name} ${kept ? "keeps a trial answer back" : "gives a trial answer"} after the commit`,
    };
  },
  "clock-skew": (seen) => told(seen, ({ skewMs }) => `has its clock ${sayClock(skewMs)}`),
  replication(seen) {
    const { source = "" } = seen.fault.parameters;
    return told(seen, (control) => `applies what ${source} writes ${sayStream(receivedFrom(source, control))}`);
  },
};

type Told = World["controls"] extends ReadonlyMap<string, infer C> ? C : never;

/** It does what all faults on it ask taken together, this one among them. */
function told({ node, world, fault, proving }: Seen, say: (control: Told) => string): Proof {
  const { name } = node.spec;
  const is = world.controls.get(name);
  if (is === undefined) return { effective: false, measured: `${name} does not tell what it does to itself` };
  const others = proving.faults().filter(({ id }) => id !== fault.id);
  const should = wanted(proving.topology, [...others, fault]).controls.get(name) ?? is;
  const wrong = disobediences(is, should).filter(
    ({ kind, source }) => kind === fault.kind && source === fault.parameters.source,
  );
  return { effective: wrong.length === 0, measured: `${name} ${say(is)}` };
}

async function ask(node: Node, patienceMs: number): Promise<{ answered: boolean; said: string }> {
  const began = performance.now();
  let timer: NodeJS.Timeout;
  const tooLate = new Promise<false>((resolve) => (timer = setTimeout(resolve, patienceMs, false)));
  const answered = await Promise.race([node.answers(), tooLate]).finally(() => clearTimeout(timer));
  const tookMs = Math.round(performance.now() - began);
  return { answered, said: answered ? "but still answers" : `no answer (${tookMs} ms)` };
}
