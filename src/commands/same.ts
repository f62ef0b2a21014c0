// Is what stands what was asked for? A scenario judged on another system than its own would prove nothing.
import { StackError } from "../model/problem.ts";
import type { Topology } from "../model/topology.ts";
import { stackFlag, type StackRecord } from "../stack.ts";

/** What makes two topologies the same system, wherever their files lie and whatever the environment filled in. */
const FEATURES: Readonly<Record<string, (topology: Topology) => unknown>> = {
  name: ({ name }) => name,
  regions: ({ regions }) => regions,
  nodes: ({ nodes }) => nodes.map(({ name, role, region, image }) => [name, role, region, image]),
  routes: ({ routes }) => routes,
  "steady requests": ({ steady }) => steady,
  places: ({ places }) => places,
  links: ({ links }) => links,
  conflicts: ({ conflicts }) => conflicts,
  workloads: ({ workloads }) => workloads,
};

/** Throws StackError when the stack that is up is another system. `who`: "asked for", or the scenario's name. */
export function refuseAnother(asked: Topology, standing: Pick<StackRecord, "name" | "topology">, who: string): void {
  const differing = Object.entries(FEATURES)
    .filter(([, of]) => JSON.stringify(of(asked)) !== JSON.stringify(of(standing.topology)))
    .map(([feature]) => feature);
  if (differing.length === 0) return;
  const names = asked.name === standing.topology.name ? "" : `, not "${asked.name}"`;
  const same = names === "" ? howToAsk(differing, standing.topology) : undefined;
  throw new StackError(
    `stack "${standing.name}" is up with topology "${standing.topology.name}"${names}: ${differing.join(", ")} ${differing.join() === "name" ? "is" : "are"} not as ${who}`,
    `${same === undefined ? "Take" : `${same} Or take`} another stack with --stack NAME, or end this one: regionctl down${stackFlag(standing.name)}`,
  );
}

/** How to ask for the regions and the places that it has, where these differ. */
function howToAsk(differing: readonly string[], { regions, places }: Topology): string | undefined {
  const options = [
    ["regions", `--regions ${regions.join(",")}`],
    ["places", places && `--wan ${regions.map((region) => places[region]).join(",")}`],
  ].filter(([feature, option]) => differing.includes(feature!) && option !== undefined);
  if (options.length === 0) return undefined;
  const features = options.map(([feature]) => feature).join(" and ");
  return `Ask for its ${features} with ${options.map(([, option]) => option).join(" ")}.`;
}
