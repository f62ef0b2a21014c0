// The Docker runtime: every node of a topology is a container, every zone a network of its own, and what crosses from one to
// another goes through the link container. There is no daemon of ours: labels on everything that is created, and the stack's
// directory (ports, secrets), are what another shell needs to reconnect, and what `down` needs after any crash.
import { setMaxListeners } from "node:events";
import type Docker from "dockerode";
import { type Cluster, LINKS, type Runtime, type StackPlace } from "../../model/cluster.ts";
import type { Recorder } from "../../model/event.ts";
import type { NodeState } from "../../model/fault.ts";
import { crossingsOf } from "../../model/link.ts";
import { NodeFailed, StackError, UsageError } from "../../model/problem.ts";
import type { NodeSpec, Topology } from "../../model/topology.ts";
import { makeDirectories } from "../embedded/directory.ts";
import { LEAD_AT_START_MS, nodesOfStack, remoteLinks } from "../embedded/links.ts";
import { allocatePorts, readPorts } from "../embedded/ports.ts";
import { programFile, type ProgramName } from "../embedded/programs.ts";
import { controlSecret } from "../embedded/roles.ts";
import { createNetworks, pause, removeAll } from "./containers.ts";
import { connect, type Engine } from "./engine.ts";
import { imagesFor, type Overrides } from "./images.ts";
import { keepImages, mend } from "./mend.ts";
import { type DockerNode, dockerNode, stateIn } from "./node.ts";
import { recipeOf, refusal, START_ORDER } from "./roles.ts";
import { containerName, filterOf, LABEL, makeSecrets, readSecrets, type Site } from "./site.ts";
import { asked } from "./trouble.ts";

export interface DockerOptions {
  /** Whether a stack takes the ports that its topology publishes when they are free; by default only the stack "default". */
  publishes?: (place: StackPlace) => boolean;
  /** Where a program's file is. */
  program?: (name: ProgramName) => string;
  engine?: () => Promise<Engine>;
  /** Images in place of those of the file, by what they bring. */
  images?: Overrides;
}

export function docker(options: DockerOptions = {}): Runtime {
  const publishes = options.publishes ?? ((place) => place.name === "default");
  const program = options.program ?? programFile;
  const engine = once(options.engine ?? connect);
  const api = async () => (await engine()).docker;

  /** The observer's ports and the gateway's are this machine's. */
  async function usable(): Promise<Engine> {
    const found = await engine();
    if (found.local) return found;
    throw new StackError(
      `the Docker engine at ${found.address} is on another machine, so the ports of its containers are not on this one`,
      "Use an engine of this machine, or --runtime embedded.",
    );
  }

  async function imagesOf(topology: Topology): Promise<ReadonlyMap<string, string>> {
    const { docker } = await usable();
    return asked("list images", () => imagesFor(docker, topology, options.images));
  }

  return {
    name: "docker",
    async unavailable(topology) {
      const reason = firstReason(topology, program);
      if (reason !== undefined) return reason;
      try {
        await imagesOf(topology);
        return undefined;
      } catch (error) {
        if (error instanceof StackError) return sentence(error);
        throw error;
      }
    },
    async start(place, topology, record, signal) {
      const reason = firstReason(topology, program);
      if (reason !== undefined) throw new StackError(reason);
      const images = await imagesOf(topology);
      signal.throwIfAborted();
      makeDirectories(place);
      const nodes = nodesOfStack(topology);
      const ports = await allocatePorts(
        place,
        nodes.flatMap((node) =>
          recipeOf(node)
            .listeners(node)
            .map(({ name }, index) => ({
              node: node.name,
              listener: name,
              preferred: publishes(place) && index === 0 ? node.publish : undefined,
            })),
        ),
      );
      const listenersOf = (node: (typeof nodes)[number]) =>
        recipeOf(node)
          .listeners(node)
          .map(({ name }) => name);
      const secrets = makeSecrets(place, topology, listenersOf);
      keepImages(place, images);
      const stack = assemble({ place, topology, ports, secrets, program }, api);
      try {
        await startAll(stack, topology, images, record, signal);
        return stack;
      } catch (error) {
        await stack.down().catch(() => {}); // the first error is the one that counts
        throw error;
      }
    },
    async reconnect(place, topology) {
      return assemble({ place, topology, ports: readPorts(place), secrets: readSecrets(place), program }, api);
    },
  };
}

/** Asked once; a failure is no answer, and is asked again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

interface DockerCluster extends Cluster {
  nodes: readonly DockerNode[];
  /** Makes the networks. */
  prepare(): Promise<void>;
  /** Resolves once every link to this node leads to it, and every link to a node that is up for the link program itself. */
  linked(node: string, withinMs?: number): Promise<boolean>;
}

/** Every container at once, the slowest first; only what cannot begin without another one waits for it. */
async function startAll(
  { nodes, prepare, linked }: DockerCluster,
  topology: Topology,
  images: ReadonlyMap<string, string>,
  record: Recorder,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(LISTENERS_PER_NODE * nodes.length, either); // Node.js otherwise takes many nodes for a leak
  const networks = prepare();
  const [launched, healthy] = [new Map<string, Promise<void>>(), new Map<string, Promise<void>>()];
  const of = (promises: ReadonlyMap<string, Promise<void>>, names: readonly string[] = []) =>
    Promise.all(names.map((name) => promises.get(name)));

  async function launch(node: DockerNode): Promise<void> {
    const { spec } = node;
    const { startsAfter, waitsFor } = recipeOf(spec);
    record({ type: "node", node: spec.name, state: "starting", expected: true });
    await networks;
    either.throwIfAborted();
    await node.create(images.get(spec.name)!);
    // Whoever comes later in the order is in the maps by now.
    await of(launched, startsAfter?.(spec, topology));
    await of(healthy, waitsFor?.(spec));
    either.throwIfAborted();
    await node.launch();
  }

  for (const node of slowestFirst(nodes)) {
    const { name } = node.spec;
    const start = launch(node);
    launched.set(name, start);
    const ready = start.then(async () => {
      await node.untilHealthy(either);
      record({ type: "node", node: name, state: "up", expected: true });
    });
    healthy.set(name, ready);
    ready.catch((error: unknown) => failed.abort(error));
  }
  // All of them, so that nothing is being started any more when the rest is taken down.
  await Promise.allSettled([networks, ...healthy.values()]);
  either.throwIfAborted();
  // What a link still refuses would count as the first failure of a region.
  if (await linked(LINKS, LEAD_AT_START_MS)) return;
  const program = nodes.find((node) => node.spec.name === LINKS);
  throw new NodeFailed(LINKS, "does not lead to every node that answers", (await program?.logTail(LOG_LINES)) ?? []);
}

const LISTENERS_PER_NODE = 8;
const LOG_LINES = 15;

function slowestFirst(nodes: readonly DockerNode[]): readonly DockerNode[] {
  return nodes.toSorted((a, b) => START_ORDER.indexOf(a.spec.role) - START_ORDER.indexOf(b.spec.role));
}

/** A container that another one needs is started by whoever starts the stack or heals it: at about the same time. */
const STARTED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

function assemble(site: Site, engine: () => Promise<Docker>): DockerCluster {
  const { place, topology, secrets } = site;
  const nodes: readonly DockerNode[] = nodesOfStack(topology)
    // Half started stacks have no port yet for some: those were never begun.
    .filter((node) => site.ports[node.name] !== undefined)
    .map((node) => dockerNode(node, site, { engine, mended, stateOf, untilStarted, restarted, resumed, linked }));
  const named = (name: string) => nodes.find((node) => node.spec.name === name);
  const program = named(LINKS);
  const links = program && remoteLinks(program.request, secrets.get(controlSecret(LINKS)) ?? "");

  async function stateOf(name: string): Promise<NodeState> {
    return (await named(name)?.state()) ?? "down";
  }

  async function untilStarted(names: readonly string[]): Promise<void> {
    const others = names.filter((name) => named(name) !== undefined);
    for (const began = performance.now(); performance.now() - began < STARTED_WITHIN_MS; await pause(LOOK_EVERY_MS)) {
      const states = await Promise.all(others.map(stateOf));
      if (!states.includes("down")) return;
    }
  }

  /** One after the other: what two nodes miss, such as their network, is made once. */
  let mending: Promise<void> = Promise.resolve();
  function mended(spec: NodeSpec): Promise<void> {
    const turn = mending.catch(() => {}).then(async () => mend(await engine(), spec, site));
    mending = turn;
    return turn;
  }

  /** It may have come back under another address, which NGINX looked up only once: it is told to look again. */
  async function restarted(name: string): Promise<void> {
    const callers = nodes.filter(({ spec }) => recipeOf(spec).startsAfter?.(spec, topology).includes(name));
    await Promise.all(callers.map(lookAgain));
  }

  /** While it was paused it could not be told. */
  async function resumed(name: string): Promise<void> {
    const node = named(name)!;
    const others = recipeOf(node.spec).startsAfter?.(node.spec, topology) ?? [];
    const [since, ...theirs] = await Promise.all([name, ...others].map(startedAt));
    if (theirs.some((at) => at > since!)) await lookAgain(node);
  }

  async function lookAgain({ spec, answers }: DockerNode): Promise<void> {
    // One that is just starting has looked for itself, and would not understand yet: the signal would end it.
    if (!(await answers())) return;
    const container = (await engine()).getContainer(containerName(place, spec.name));
    await asked(`tell ${spec.name} to look again`, () => container.kill({ signal: "SIGHUP" }));
  }

  /** 0 for one that nobody knows. */
  async function startedAt(name: string): Promise<number> {
    const container = (await engine()).getContainer(containerName(place, name));
    const found = await container.inspect().catch(() => undefined);
    return Date.parse(found?.State.StartedAt ?? "") || 0;
  }

  async function linked(name: string, withinMs?: number): Promise<boolean> {
    if (links === undefined) return true;
    const states = await statesNow();
    if (states.get(LINKS) !== "up") return false;
    return links.lead(
      crossingsOf(topology).filter(({ to }) => (name === LINKS ? states.get(to) === "up" : to === name)),
      withinMs,
    );
  }

  /** One question for all of them. */
  async function statesNow(): Promise<Map<string, NodeState>> {
    const states = new Map<string, NodeState>(nodesOfStack(topology).map((node) => [node.name, "down"]));
    const containers = await asked("list containers", async () =>
      (await engine()).listContainers({ all: true, filters: filterOf(place) }),
    );
    for (const { Labels, State } of containers) {
      const name = Labels[LABEL.node];
      if (name !== undefined && states.has(name)) states.set(name, stateIn(State));
    }
    return states;
  }

  return {
    nodes,
    ...(links && { links }),
    linked,
    prepare: async () => createNetworks(await engine(), site),
    states: statesNow,
    async observe() {
      const states = await statesNow();
      const up = nodes.filter(({ spec }) => states.get(spec.name) === "up");
      const [told, rules] = await Promise.all([
        Promise.all(up.map(async (node) => [node.spec.name, await node.control()] as const)),
        states.get(LINKS) === "up" ? links?.rules() : undefined,
      ]);
      return {
        nodes: states,
        controls: new Map(told.flatMap(([name, is]) => (is === undefined ? [] : [[name, is]]))),
        ...(rules && { links: rules }),
      };
    },
    async down() {
      for (const node of nodes) node.forget();
      await removeAll(await engine(), place);
    },
  };
}

function firstReason(topology: Topology, program: Site["program"]): string | undefined {
  if (topology.nodes.some(({ name }) => name === LINKS))
    return `${LINKS}: the program that carries the traffic between regions is called so; give that service another name`;
  for (const node of topology.nodes) {
    const refused = refusal(node);
    if (refused !== undefined) return `${node.name}: ${refused}`;
  }
  try {
    for (const node of nodesOfStack(topology)) {
      const reason = recipeOf(node).unavailable?.(node, { program, topology });
      if (reason !== undefined) return `${node.name}: ${reason}`;
    }
    return undefined;
  } catch (error) {
    if (error instanceof StackError) return sentence(error);
    if (error instanceof UsageError) return error.message;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return (error as Error).message;
    throw error;
  }
}

const sentence = ({ message, hint }: StackError) => [message, hint].filter(Boolean).join(". ");
