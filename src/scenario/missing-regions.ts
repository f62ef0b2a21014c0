// A scenario may speak of regions that its topology has only when it is asked for them. Where it does, the hint says how.
import type { Problem } from "../model/problem.ts";
import type { Topology } from "../model/topology.ts";
import { renaming } from "../topology/region-word.ts";
import { regionsProblem } from "../topology/regions.ts";
import { nearest } from "../topology/words.ts";

/** `written`: the topology as the scenario names it. */
export function hintAtRegions(problems: readonly Problem[], topology: Topology, written: string): readonly Problem[] {
  const missing = new Map(problems.map((problem) => [problem, missingIn(problem, topology)]));
  const found = new Set([...missing.values()].filter((region) => region !== undefined));
  const regions = [...topology.regions, ...found];
  if (found.size === 0 || regionsProblem(regions) !== undefined) return problems;
  return problems.map((problem) => {
    const region = missing.get(problem);
    if (region === undefined) return problem;
    const how = `For a region "${region}": --regions ${regions.join(",")}, or topology: { file: ${written}, regions: [${regions.join(", ")}] }.`;
    return { ...problem, hint: problem.hint === undefined ? how : `${problem.hint} ${how}` };
  });
}

const LACKS = /^topology "[^"]*" has no (node or region|node|region|route for) "([^"]+)"$/;
/** What somebody calls a region and hardly a node: ap, ap-south, sa-east-1. */
const LIKE_A_REGION = /^[a-z]{2}(-[a-z0-9]+)*$/;

function missingIn({ message }: Problem, topology: Topology): string | undefined {
  const [, what, word] = LACKS.exec(message) ?? [];
  if (what === undefined || word === undefined) return undefined;
  const bare = word.split(/[./]/).find((part) => part !== "")!;
  const nodes = topology.nodes.map(({ name }) => name);
  const mayBeOne = LIKE_A_REGION.test(bare) && nearest(bare, nodes) === undefined;
  const candidates = what === "region" ? [word] : [...regionsInName(word, topology), ...(mayBeOne ? [bare] : [])];
  return candidates.find((region) => {
    if (topology.regions.includes(region)) return false;
    // Nearly the name of one that there is: a slip.
    return (
      nearest(region, topology.regions) === undefined && regionsProblem([...topology.regions, region]) === undefined
    );
  });
}

/** "backend-ap" is called as "backend-us" is. */
function regionsInName(word: string, { nodes }: Topology): readonly string[] {
  return nodes.flatMap(({ name, region }) => {
    const [before, after, ...more] = renaming(region, "\n")(name).split("\n");
    if (after === undefined || more.length > 0 || !word.startsWith(before!) || !word.endsWith(after)) return [];
    return word.length > before!.length + after.length ? [word.slice(before!.length, word.length - after.length)] : [];
  });
}
