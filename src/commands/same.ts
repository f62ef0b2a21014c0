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
  const { regions } = standing.topology;
  const like =
    differing.includes("regions") && names === ""
      ? `Ask for its regions with --regions ${regions.join(",")}. Or take`
      : "Take";
  throw new StackError(
    `stack "${standing.name}" is up with topology "${standing.topology.name}"${names}: ${differing.join(", ")} ${differing.length === 1 ? "is" : "are"} not as ${who}`,
    `${like} another stack with --stack NAME, or end this one: regionctl down${stackFlag(standing.name)}`,
  );
}
