// A cluster in memory: nodes are a state and a list of what was done to them, links are a list of rules. It can be told to
// fail, to be slow and to lie.
import { type Cluster, LINKS, type Node } from "../../src/model/cluster.ts";
import { type Control, NO_CONTROL, type NodeState } from "../../src/model/fault.ts";
import { crossingsOf } from "../../src/model/link.ts";
import { EDGE, type NodeSpec, type Topology } from "../../src/model/topology.ts";
import { type FakeLinks, fakeLinks } from "./fake-links.ts";

export type Move = "start" | "stop" | "kill" | "pause" | "resume";

export interface FakeNode extends Node {
  state: NodeState;
  /** What it was told to do to itself; backends only. A process that ends forgets it. */
  control: Control;
  /** Answers whatever its state says: a fault that did not take effect. */
  stubborn: boolean;
}

export interface FakeCluster extends Cluster {
  nodes: readonly FakeNode[];
  /** Where nothing crosses a link there is no other use for them either. */
  links: FakeLinks;
  /** "kill backend-us", "stop db-eu 5000", "rules 2", in the order in which they were asked. */
  moves: string[];
  /** Called before a move takes effect; what it throws is the move's error, what it awaits is how long it takes. */
  before: (move: Move, node: string) => void | Promise<void>;
  node(name: string): FakeNode;
  /** Node -> state, without those that are up. */
  troubled(): Record<string, NodeState>;
  wentDown: number;
}

const AFTER: Readonly<Record<Move, NodeState>> = {
  start: "up",
  stop: "down",
  kill: "down",
  pause: "paused",
  resume: "up",
};

const NOTHING = { needs: [], environment: {}, port: 0, files: [] };

export function fakeCluster(topology: Topology): FakeCluster {
  const crossings = crossingsOf(topology);
  const program: NodeSpec = { ...NOTHING, name: LINKS, role: "link", region: EDGE };
  const nodes = [...topology.nodes, ...(crossings.length > 0 ? [program] : [])].map(fakeNode);
  const links = fakeLinks({
    crossings,
    isUp: (name) => nodes.find((node) => node.spec.name === name)?.state === "up",
    told: (rules) => cluster.moves.push(`rules ${rules.length}`),
  });
  const cluster: FakeCluster = {
    nodes,
    links,
    moves: [],
    before: () => {},
    wentDown: 0,
    node: (name) => nodes.find((node) => node.spec.name === name)!,
    troubled: () =>
      Object.fromEntries(nodes.filter(({ state }) => state !== "up").map((node) => [node.spec.name, node.state])),
    states: async () => new Map(nodes.map((node) => [node.spec.name, node.state])),
    observe: async () => ({
      nodes: new Map(nodes.map((node) => [node.spec.name, node.state])),
      controls: new Map(
        nodes.filter((node) => node.configure && node.state === "up").map((node) => [node.spec.name, node.control]),
      ),
      ...(links.tells() && { links: links.rules }),
    }),
    async down() {
      cluster.wentDown += 1;
      for (const node of nodes) node.state = "down";
    },
  };
  return cluster;

  function fakeNode(spec: NodeSpec, index: number): FakeNode {
    const move = async (kind: Move, detail = "") => {
      cluster.moves.push(`${kind} ${spec.name}${detail}`);
      await cluster.before(kind, spec.name);
      node.state = AFTER[kind];
      if (node.state === "down") node.control = NO_CONTROL;
      if (node.state === "down" && spec.name === LINKS) links.rules = [];
    };
    const node: FakeNode = {
      spec,
      address: `127.0.0.1:${20_000 + index}`,
      state: "up",
      control: NO_CONTROL,
      stubborn: false,
      request: () => Promise.reject(new Error("a fake node has no HTTP")),
      answers: async () => node.stubborn || node.state === "up",
      connects: async () => node.state !== "down",
      start: () => move("start"),
      stop: (graceMs) => move("stop", ` ${graceMs}`),
      kill: () => move("kill"),
      pause: () => move("pause"),
      resume: () => move("resume"),
      logTail: async () => [`the last words of ${spec.name}`],
      ...(spec.role === "backend" && {
        async configure(control: Control) {
          cluster.moves.push(`configure ${spec.name} ${JSON.stringify(control)}`);
          node.control = control;
        },
      }),
    };
    return node;
  }
}
