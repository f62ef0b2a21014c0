// What a shell can complete that only this machine knows. Only files are read: nobody wants a stack to be touched by TAB.
import path from "node:path";
import { zonesOf } from "../../model/link.ts";
import { ROLES, type Topology } from "../../model/topology.ts";
import { listScenarios, listTopologies } from "../../scenario/find.ts";
import { list } from "../../stack.ts";
import { readScenario } from "../files.ts";
import { surroundings } from "../surroundings.ts";

const WORDS = {
  scenarios: () => listScenarios().map(nameOf),
  tags: () => [...new Set(listScenarios().flatMap((file) => readScenario(file).scenario?.tags ?? []))].toSorted(),
  topologies: () => listTopologies().map(nameOf),
  stacks: () => list(surroundings()).map(({ name }) => name),
  nodes: (stack: string) => nodes(stack).map(({ name }) => name),
  databases: (stack: string) =>
    nodes(stack)
      .filter(({ role }) => role === "postgres")
      .map(({ name }) => name),
  backends: (stack: string) => [
    ...nodes(stack)
      .filter(({ role }) => role === "backend")
      .map(({ name }) => name),
    ...(topologyOf(stack)?.regions ?? []).map((region) => `${region}.backend`),
  ],
  regions: (stack: string) => topologyOf(stack)?.regions ?? [],
  workloads: (stack: string) => Object.keys(topologyOf(stack)?.workloads ?? {}),
  sides: (stack: string) => {
    const topology = topologyOf(stack);
    return topology === undefined ? [] : [...zonesOf(topology), ...topology.nodes.map(({ name }) => name)];
  },
  targets: (stack: string) => {
    const topology = topologyOf(stack);
    return topology === undefined ? [] : targetsIn(topology);
  },
} as const;

export type Kind = keyof typeof WORDS;
export const KINDS = Object.keys(WORDS) as readonly Kind[];

export const wordsFor = (kind: Kind, stack: string): readonly string[] => WORDS[kind](stack);

const nodes = (stack: string) => topologyOf(stack)?.nodes ?? [];

function topologyOf(stack: string): Topology | undefined {
  return list(surroundings()).find(({ name }) => name === stack)?.record?.topology;
}

/** Nodes, regions, and the roles of a region. What has brackets is left to those who know it: they mean something to a shell. */
function targetsIn({ nodes, regions }: Topology): readonly string[] {
  const roles = regions.flatMap((region) =>
    ROLES.filter((role) => nodes.some((node) => node.region === region && node.role === role)).map(
      (role) => `${region}.${role}`,
    ),
  );
  return [...nodes.map(({ name }) => name), ...regions, ...roles];
}

const nameOf = (file: string) => path.basename(file).replace(/\.ya?ml$/, "");
