// The embedded runtime: every node of a topology is a real child process on loopback. There is no daemon. A stack's
// directory holds what another shell needs to reconnect, and its processes carry its mark, so that `down` finds even those
// that a killed command had no time to write down.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { setMaxListeners } from "node:events";
import { type Cluster, LINKS, type Runtime, type StackPlace } from "../../model/cluster.ts";
import type { Recorder } from "../../model/event.ts";
import type { NodeState } from "../../model/fault.ts";
import { crossingsOf } from "../../model/link.ts";
import { NodeFailed, StackError, UsageError } from "../../model/problem.ts";
import type { Topology } from "../../model/topology.ts";
import { LAYOUT, makeDirectories, markOfStack, readJson, writeJson } from "./directory.ts";
import { postgresUser, regionctlHome, unusableHome } from "./home.ts";
import { LEAD_AT_START_MS, nodesOfStack, remoteLinks } from "./links.ts";
import { embeddedNode, type EmbeddedNode } from "./node.ts";
import { allocatePorts, readPorts } from "./ports.ts";
import { quitServers } from "./postgres.ts";
import { findByMark, findFilling, goneWithin, killTrees, type Marked } from "./processes.ts";
import { programFile, type ProgramName } from "./programs.ts";
import { CONTROL, controlSecret, recipeOf, refusal, type Site } from "./roles.ts";

export interface EmbeddedOptions {
  home?: string;
  /** Whether a stack takes the ports that its topology publishes when they are free; by default only the stack "default". */
  publishes?: (place: StackPlace) => boolean;
  /** Where a program's file is. */
  program?: (name: ProgramName) => string;
}

export function embedded(options: EmbeddedOptions = {}): Runtime {
  const home = options.home ?? regionctlHome();
  const publishes = options.publishes ?? ((place) => place.name === "default");
  const program = options.program ?? programFile;

  return {
    name: "embedded",
    async unavailable(topology) {
      return firstReason(topology, home, program);
    },
    async start(place, topology, record, signal) {
      const reason = firstReason(topology, home, program);
      if (reason !== undefined) throw new StackError(reason);
      signal.throwIfAborted();
      makeDirectories(place);
      const ports = await allocatePorts(
        place,
        nodesOfStack(topology).flatMap((node) =>
          recipeOf(node)
            .listeners(node, topology)
            .map((listener, index) => ({
              node: node.name,
              listener,
              preferred: publishes(place) && index === 0 ? node.publish : undefined,
            })),
        ),
      );
      const stack = assemble({ place, topology, ports, secrets: secretsFor(place, topology), program });
      try {
        await startAll(stack, record, signal);
        return stack;
      } catch (error) {
        await stack.down().catch(() => {}); // the first error is the one that counts
        throw error;
      }
    },
    async reconnect(place, topology) {
      const secrets = new Map(Object.entries(readJson<Record<string, string>>(LAYOUT.secrets(place)) ?? {}));
      return assemble({ place, topology, ports: readPorts(place), secrets, program });
    },
  };
}

interface EmbeddedCluster extends Cluster {
  nodes: readonly EmbeddedNode[];
  /** Resolves once every link to this node leads to it, and every link to a node that is up for the link program itself. */
  linked(node: string, withinMs?: number): Promise<boolean>;
}

/** Everything at once: our programs wait for what they need by themselves, and readiness is what counts. */
async function startAll({ nodes, linked }: EmbeddedCluster, record: Recorder, signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(LISTENERS_PER_NODE * nodes.length, either); // Node.js otherwise takes many nodes for a leak
  const starts = nodes.map(async (node) => {
    record({ type: "node", node: node.spec.name, state: "starting", expected: true });
    await node.startHealthy(either);
    record({ type: "node", node: node.spec.name, state: "up", expected: true });
  });
  for (const start of starts) start.catch((error: unknown) => failed.abort(error));
  // All of them, so that nothing is being started any more when the rest is taken down.
  await Promise.allSettled(starts);
  either.throwIfAborted();
  // What a link still refuses would count as the first failure of a region.
  if (await linked(LINKS, LEAD_AT_START_MS)) return;
  const program = nodes.find((node) => node.spec.name === LINKS);
  throw new NodeFailed(LINKS, "does not lead to every node that answers", (await program?.logTail(LOG_LINES)) ?? []);
}

const LISTENERS_PER_NODE = 8;
const LOG_LINES = 15;

function assemble(site: Site): EmbeddedCluster {
  const nodes: readonly EmbeddedNode[] = nodesOfStack(site.topology)
    // Half started stacks have no port yet for some: those were never begun.
    .filter((node) => site.ports[node.name] !== undefined)
    .map((node) => embeddedNode(node, site, { nodes: () => nodes, linked }));
  const program = nodes.find((node) => node.spec.name === LINKS);
  const links = program && remoteLinks(program.request, site.secrets.get(controlSecret(LINKS)) ?? "");
  const stateOf = (name: string) => nodes.find((node) => node.spec.name === name)?.state() ?? "down";

  function statesNow(): Map<string, NodeState> {
    const states = new Map<string, NodeState>(nodesOfStack(site.topology).map((node) => [node.name, "down"]));
    for (const node of nodes) states.set(node.spec.name, node.state());
    return states;
  }

  async function linked(node: string, withinMs?: number): Promise<boolean> {
    const leading = crossingsOf(site.topology).filter(({ to }) =>
      node === LINKS ? stateOf(to) === "up" : to === node,
    );
    if (links === undefined || leading.length === 0) return true;
    return stateOf(LINKS) === "up" && links.lead(leading, withinMs);
  }

  return {
    nodes,
    ...(links && { links }),
    linked,
    states: async () => statesNow(),
    async observe() {
      const states = statesNow();
      const [told, rules] = await Promise.all([
        Promise.all(nodes.map(async (node) => [node.spec.name, await node.control()] as const)),
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
      await endAll(site);
      await Promise.all(nodes.map((node) => node.kill())); // one that hides its mark is still written down
      // What cannot be given back is a few bytes of the system's, and no reason to keep a stack that nobody wants any more.
      await Promise.allSettled(site.topology.nodes.map((node) => recipeOf(node).release?.(node, site)));
    },
  };
}

/** By their marks, not by what was written down: this finds also what a killed command was just starting or making. */
async function endAll(site: Site): Promise<void> {
  for (;;) {
    const found = [...findByMark(markOfStack(site.place)), ...findFilling(path.join(site.place.directory, "data"))];
    if (found.length === 0) return;
    const of = (kind: Marked["kind"]) => found.filter((one) => one.kind === kind);
    await Promise.all([quitServers(of("server")), killTrees(of("program"))]);
    // Workers that are left had lost their server. Makers end by themselves; killed ones would leave shared memory behind.
    await goneWithin(of("maker"), MADE_WITHIN_MS);
    await killTrees([...of("worker"), ...of("maker")]);
  }
}

const MADE_WITHIN_MS = 5_000;

/** A password per database and a token per control port, made once per stack. */
function secretsFor(place: StackPlace, topology: Topology): ReadonlyMap<string, string> {
  const known = readJson<Record<string, string>>(LAYOUT.secrets(place)) ?? {};
  const names = nodesOfStack(topology).flatMap((node) => [
    ...(node.role === "postgres" ? [node.name] : []),
    ...(recipeOf(node).listeners(node, topology).includes(CONTROL) ? [controlSecret(node.name)] : []),
  ]);
  const secrets = Object.fromEntries(names.map((name) => [name, known[name] ?? randomBytes(16).toString("hex")]));
  writeJson(LAYOUT.secrets(place), secrets);
  return new Map(Object.entries(secrets));
}

function firstReason(topology: Topology, home: string, program: Site["program"]): string | undefined {
  if (process.platform !== "linux" && process.platform !== "darwin")
    return `the embedded runtime runs on Linux and macOS, not on ${process.platform}; use --runtime docker`;
  if (topology.nodes.some(({ name }) => name === LINKS))
    return `${LINKS}: the program that carries the traffic between regions is called so; give that service another name`;
  for (const node of topology.nodes) {
    const refused = refusal(node);
    if (refused !== undefined) return `${node.name}: ${refused}; use --runtime docker`;
  }
  try {
    for (const node of nodesOfStack(topology)) {
      const reason = recipeOf(node).unavailable?.(node, { program, topology });
      if (reason !== undefined) return `${node.name}: ${reason}`;
    }
    const databases = topology.nodes.some((node) => node.role === "postgres");
    return databases ? unusableHome(home, postgresUser()) : undefined;
  } catch (error) {
    if (error instanceof StackError) return [error.message, error.hint].filter(Boolean).join(". ");
    if (error instanceof UsageError) return error.message;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return (error as Error).message;
    throw error;
  }
}
