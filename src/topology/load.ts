// A Compose file -> a topology, or everything that is wrong with it at once. The same file runs under plain Compose.
import path from "node:path";
import type { Problem } from "../model/problem.ts";
import type { NodeSpec, Topology } from "../model/topology.ts";
import { blockOf, regionsIn } from "./block.ts";
import { atPlaces, placesOf, type Wan } from "./places.ts";
import { withRegions } from "./regions.ts";
import { checkAddresses, nodeOf, type ServiceNode } from "./service.ts";
import { inOrder, isMap, openSource, readText, type Rewrite, type Source } from "./source.ts";
import { interpolate, readDotenv, type Variables, variablesOf } from "./variables.ts";
import { didYouMean } from "./words.ts";
import { PLACEHOLDERS } from "./workloads.ts";

export interface TopologyOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** In place of the file's conflict policy. */
  conflicts?: Topology["conflicts"];
  /** In place of the file's regions: all that are wanted. Those that the file lacks are copies of its first one. */
  regions?: readonly string[];
  /** The round trips between these places; otherwise only what the links say themselves. */
  wan?: Wan;
  /** A value for a password that has nothing but a default in the file; asked once per variable. It may stand in URLs. */
  generate?(variable: string): string;
}

export interface LoadedTopology {
  /** Absent when any problem is an error. */
  topology?: Topology;
  problems: readonly Problem[];
}

const MAX_SERVICES = 64;

export function loadTopology(file: string, options: TopologyOptions): LoadedTopology {
  const absolute = path.resolve(file);
  const read = readText(absolute, "a topology");
  return "problem" in read ? { problems: [read.problem] } : parseTopology(read.text, absolute, options);
}

/** `file` is where the text stands: paths in it are relative to its folder, and `.env` there is honoured. */
export function parseTopology(text: string, file: string, options: TopologyOptions): LoadedTopology {
  const dotenv = readDotenv(path.dirname(file));
  const variables = variablesOf(options.env, dotenv.values, options.generate);
  const { regions } = options;
  const reshape = regions && ((value: unknown) => withRegions(value, regions));
  const source = openSource(file, text, { rewrite: rewrite(variables), reshape });
  const topology = source.value === undefined ? undefined : topologyOf(source, variables, options);
  const problems = inOrder([...source.problems, ...dotenv.problems], file);
  return problems.some((problem) => problem.severity === "error") ? { problems } : { topology, problems };
}

/** Compose fills variables in everywhere, in x- blocks too: the placeholders of a workload are `$${key}` there. */
function rewrite(variables: Variables): Rewrite {
  return (text, path) => {
    const filled = interpolate(text, variables);
    if (path[0] !== "x-regionctl" || path[1] !== "workloads") return filled;
    const placeholders = filled.complaints.filter(({ word }) => isPlaceholder(word));
    if (placeholders.length === 0) return filled;
    const complaints = placeholders.map(({ word }) => ({
      word,
      message: `Compose would fill in ${word} itself`,
      hint: `Write $${word}, or put the workloads in a file of their own.`,
    }));
    return { text, complaints };
  };
}

function isPlaceholder(written: string): boolean {
  return PLACEHOLDERS.some((name) => written === `\${${name}}`);
}

const HONOURED = ["name", "services", "x-regionctl"];
const NOT_HONOURED: Readonly<Record<string, string>> = {
  configs: 'Mount files under "volumes" of a service.',
  include: "A topology is one file; anchors and merge keys work.",
  networks: "Every region is a network of its own already.",
  secrets: 'Write them under "environment"; passwords are generated for each stack.',
  volumes: "regionctl keeps each node's disk itself, in the stack's directory.",
};

function topologyOf(source: Source, variables: Variables, options: TopologyOptions): Topology | undefined {
  const { value } = source;
  if (!isMap(value)) {
    source.say(
      [],
      "a topology is a Compose file: a map with services",
      "Begin it with name:, services: and x-regionctl:.",
    );
    return undefined;
  }
  refuseKeys(source, value);
  const name = nameOf(source, value["name"]);
  const block = blockOf(source, value["x-regionctl"]);
  const services = servicesOf(source, value["services"]);
  const around = { source, regions: block?.regions ?? regionsIn(value["x-regionctl"]), variables };
  const nodes = services.flatMap(([service, written]) => nodeOf(service, written, around) ?? []);
  checkNeeds(
    source,
    nodes,
    services.map(([service]) => service),
  );
  // An address of a service that is itself wrong would be a second complaint about the same thing.
  if (nodes.length === services.length) checkAddresses(nodes, source);
  if (block === undefined || name === undefined) return undefined;
  const conflicts = options.conflicts ?? block.conflicts;
  checkConflicts(source, nodes, block.conflicts);
  checkGateway(source, nodes, block.routes);
  const { at, ...rest } = block;
  const topology: Topology = {
    name,
    file: source.file,
    ...rest,
    nodes: nodes.map(({ spec }) => withConflicts(spec, conflicts)),
    conflicts,
  };
  if (options.wan === undefined || at === undefined) return topology;
  const places = placesOf(source, { regions: topology.regions, at }, options.wan);
  return places === undefined ? topology : atPlaces(topology, places);
}

function refuseKeys(source: Source, value: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(value)) {
    if (HONOURED.includes(key)) continue;
    const spot = { path: [key], key: true };
    if (key === "version") {
      source.say(spot, 'Compose ignores "version" since 2020, and so does regionctl', "Remove it.", "warning");
    } else if (/^x-regionc|^x-region-?ctl/.test(key)) {
      source.say(spot, `there is no "${key}"`, 'Did you mean "x-regionctl"?');
    } else if (!key.startsWith("x-")) {
      const known = Object.hasOwn(NOT_HONOURED, key);
      source.say(
        spot,
        known ? `regionctl does not honour "${key}"` : `regionctl does not know "${key}" of a Compose file`,
        known ? NOT_HONOURED[key] : didYouMean(key, HONOURED, "It honours"),
      );
    }
  }
}

function nameOf(source: Source, value: unknown): string | undefined {
  if (typeof value === "string" && /^[a-z0-9][a-z0-9_-]{0,39}$/.test(value)) return value;
  const message = "a topology has a name of lower-case letters, digits, - and _ (40 at most)";
  source.say(
    { path: ["name"], key: value === undefined },
    value === undefined ? `"name" is missing: ${message}` : message,
  );
  return undefined;
}

function servicesOf(source: Source, value: unknown): readonly (readonly [string, unknown])[] {
  const services = isMap(value) ? Object.entries(value) : [];
  if (services.length === 0) source.say({ path: ["services"], key: true }, "a topology has services, at least one");
  if (services.length > MAX_SERVICES) {
    source.say({ path: ["services"], key: true }, `a topology has ${MAX_SERVICES} services at most`);
  }
  return services.slice(0, MAX_SERVICES);
}

/** Needs must exist and must not go round, or nothing could be the first to start. */
function checkNeeds(source: Source, nodes: readonly ServiceNode[], names: readonly string[]): void {
  const needsOf = new Map(nodes.map(({ spec }) => [spec.name, spec.needs]));
  const inCycle = new Set<string>();
  for (const { spec } of nodes) {
    const spot = { path: ["services", spec.name, "depends_on"] };
    for (const need of spec.needs) {
      if (names.includes(need)) continue;
      const message = `${spec.name} needs "${need}", and there is no such service`;
      source.say(placeOfNeed(source, spec, need), message, didYouMean(need, names, "Services are"));
    }
    const cycle = inCycle.has(spec.name) ? undefined : cycleFrom(spec.name, needsOf);
    if (cycle === undefined) continue;
    for (const name of cycle) inCycle.add(name);
    source.say({ ...spot, key: true }, `these need each other, so none can start first: ${cycle.join(" -> ")}`);
  }
}

/** A need is a key of a map or an entry of a list. */
function placeOfNeed(source: Source, spec: NodeSpec, need: string) {
  const path = ["services", spec.name, "depends_on"];
  const services = isMap(source.value) ? source.value["services"] : undefined;
  const service = isMap(services) ? services[spec.name] : undefined;
  const written = isMap(service) ? service["depends_on"] : undefined;
  return Array.isArray(written) ? { path: [...path, written.indexOf(need)] } : { path: [...path, need], key: true };
}

/** "a -> b -> a" when following the needs of a node leads back to it. */
function cycleFrom(start: string, needsOf: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const seen = new Set<string>();
  const follow = (name: string, way: readonly string[]): readonly string[] | undefined => {
    for (const need of needsOf.get(name) ?? []) {
      if (need === start) return [...way, start];
      if (seen.has(need)) continue;
      seen.add(need);
      const found = follow(need, [...way, need]);
      if (found) return found;
    }
    return undefined;
  };
  return follow(start, [start]);
}

/** The policy stands twice, for us and for plain Compose: they must not disagree. */
function checkConflicts(source: Source, nodes: readonly ServiceNode[], conflicts: Topology["conflicts"]): void {
  for (const { spec } of nodes) {
    const written = spec.role === "backend" ? spec.environment["CONFLICTS"] : undefined;
    if (written === undefined || written === conflicts) continue;
    const spot = { path: ["services", spec.name, "environment", "CONFLICTS"], word: written };
    source.say(
      spot,
      `x-regionctl says conflicts: ${conflicts}`,
      "Write the same in both places: this one is for plain Compose.",
    );
  }
}

function withConflicts(spec: NodeSpec, conflicts: Topology["conflicts"]): NodeSpec {
  return spec.role === "backend" ? { ...spec, environment: { ...spec.environment, CONFLICTS: conflicts } } : spec;
}

function checkGateway(source: Source, nodes: readonly ServiceNode[], routes: Topology["routes"]): void {
  const gateways = nodes.filter(({ spec }) => spec.role === "gateway").map(({ spec }) => spec.name);
  if (gateways.length > 1) {
    source.say(
      { path: ["services", gateways[1]!], key: true },
      `a topology has one gateway, and that is "${gateways[0]}"`,
    );
  }
  if (gateways.length === 0 && Object.keys(routes).length > 0) {
    const hint = "Give one service the image nginx or the label regionctl.role: gateway.";
    source.say(
      { path: ["x-regionctl", "routes"], key: true },
      "there are routes, and no gateway that could follow them",
      hint,
    );
  }
}
