// Targets as a user writes them: a node (`backend-us`), a region (`us`), a role in a region (`us.backend`), `all(backend)`, `one(backend)`.
import { z } from "zod";
import type { Recorder } from "../model/event.ts";
import type { Random } from "../model/random.ts";
import type { Step } from "../model/scenario.ts";
import { nodeNamed, ROLES, type Role, type Topology } from "../model/topology.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { didYouMean, nearest } from "../topology/words.ts";

/** Target patterns, at least one: a list, or one string with commas. */
export const targets = z
  .union([z.string(), z.array(z.string())], { error: "expected nodes, e.g. backend-us or [backend-us, db-us]" })
  .transform((value) => (typeof value === "string" ? value.split(",") : value).map((word) => word.trim()))
  .refine(
    (words) => words.length > 0 && words.every((word) => word !== ""),
    "expected nodes, e.g. backend-us or [backend-us, db-us]",
  );

/** The nodes that a pattern may mean; empty when it means nothing in this topology. */
function candidates(pattern: string, topology: Topology): readonly string[] {
  const named = topology.nodes.filter((node) => node.name === pattern);
  if (named.length > 0) return [pattern];
  const drawn = /^(?:all|one)\(([a-z]+)\)$/.exec(pattern);
  const [region, role, ...rest] = drawn ? [undefined, drawn[1]] : pattern.split(".");
  const knownRole = role === undefined || (ROLES as readonly string[]).includes(role);
  if (!knownRole || rest.length > 0) return [];
  return topology.nodes
    .filter((node) => (region === undefined || node.region === region) && (role === undefined || node.role === role))
    .map((node) => node.name);
}

/** Node names, in the topology's order; `one(...)` draws with the seed. */
export function resolveTargets(patterns: readonly string[], topology: Topology, random: Random): readonly string[] {
  return inOrder(draw(patterns, topology, random), topology);
}

/** The same for a step of a run, which says what was drawn: nobody else could know. */
export function drawTargets(
  patterns: readonly string[],
  { topology, random, record }: { topology: Topology; random: Random; record: Recorder },
  { path }: Pick<Step, "path">,
): readonly string[] {
  const drawn = draw(patterns, topology, random.fork(path));
  for (const { pattern, names } of drawn) {
    if (isDrawn(pattern)) record({ type: "log", level: "info", text: `step ${path}: ${pattern} is ${names.join()}` });
  }
  return inOrder(drawn, topology);
}

interface Drawn {
  pattern: string;
  names: readonly string[];
}

const isDrawn = (pattern: string) => pattern.startsWith("one(");

function draw(patterns: readonly string[], topology: Topology, random: Random): readonly Drawn[] {
  return patterns.map((pattern) => {
    const found = candidates(pattern, topology);
    return { pattern, names: isDrawn(pattern) ? [random.pick(found)] : found };
  });
}

function inOrder(drawn: readonly Drawn[], topology: Topology): readonly string[] {
  const chosen = new Set(drawn.flatMap(({ names }) => names));
  return topology.nodes.map((node) => node.name).filter((name) => chosen.has(name));
}

export function checkTargets(patterns: readonly string[], topology: Topology): readonly Complaint[] {
  return patterns
    .filter((pattern) => candidates(pattern, topology).length === 0)
    .map((pattern) => {
      const names = topology.nodes.map((node) => node.name);
      const near = nearest(pattern, [...names, ...topology.regions]);
      return {
        path: ["target"],
        word: pattern,
        message: `topology "${topology.name}" has no node "${pattern}"`,
        hint: `${near ? `Did you mean "${near}"? ` : ""}Its nodes are ${names.join(", ")}.`,
      };
    });
}

/** Regions, where only whole ones can be meant. */
export function checkRegions(words: readonly string[], topology: Topology): readonly Complaint[] {
  return words
    .filter((word) => !topology.regions.includes(word))
    .map((word) => ({
      path: ["target"],
      word,
      message: `topology "${topology.name}" has no region "${word}"`,
      hint: didYouMean(word, topology.regions, "Its regions are"),
    }));
}

/** Nodes of one role, where no other can do what is asked; `what` is that. */
export function checkRole(
  patterns: readonly string[],
  topology: Topology,
  role: Role,
  what: string,
): readonly Complaint[] {
  const missing = checkTargets(patterns, topology);
  const strange = patterns.flatMap((pattern) => {
    const stranger = candidates(pattern, topology).find((name) => nodeNamed(topology, name)?.role !== role);
    if (stranger === undefined) return [];
    const message = `${stranger} is a ${nodeNamed(topology, stranger)!.role}, and only a ${role} ${what}`;
    const all = topology.nodes.filter((node) => node.role === role).map(({ name }) => name);
    return [{ path: ["target"], word: pattern, message, hint: didYouMean(pattern, all, "There are") }];
  });
  return [...missing, ...strange];
}
