// The scenario that `scenario new` writes: a region loses its first backend while clients use both, and every line says
// what it is for. It fits the topology that it is written for, so that it can be run before anything is changed in it.
import { type NodeSpec, nodesOf, type Topology } from "../model/topology.ts";

export interface StarterOptions {
  name: string;
  /** As it is to stand in the file. */
  reference: string;
  topology: Topology;
}

export function starterScenario({ name, reference, topology }: StarterOptions): string {
  const [region = "", ...others] = topology.regions;
  const victim = nodesOf(topology, region, "backend")[0] ?? nodesOf(topology, region)[0];
  const workload = Object.keys(topology.workloads)[0];
  const looksAt = topology.steady.find((request) => request.region === region)!; // a topology has one per region
  const parts = [
    head(name, reference, victim, region),
    workload === undefined ? [] : traffic(workload, topology.regions),
    steps({ region, others, victim, looksAt: `${looksAt.method} ${looksAt.path}`, topology }),
    expectations({ region, others, hasWorkload: workload !== undefined }),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function head(name: string, reference: string, victim: NodeSpec | undefined, region: string): readonly string[] {
  return [
    "# What this scenario shows, in a sentence or two. All words: regionctl schema; a plan of it: regionctl scenario explain.",
    `name: ${name}`,
    `about: ${victim?.name ?? region} is killed while clients use it; nothing acknowledged is lost.`,
    `topology: ${reference}`,
    "seed: 1 # the same seed draws the same operations",
    "tags: [] # regionctl scenario run --tag TAG",
    "timeout: 2m",
  ];
}

function traffic(workload: string, regions: readonly string[]): readonly string[] {
  return [
    "# Clients in the background, from before the first step on. Arrivals are open: a stall cannot hide behind waiting clients.",
    "traffic:",
    `  - workload: ${/^[A-Za-z][\w-]*$/.test(workload) ? workload : JSON.stringify(workload)}`,
    `    regions: [${regions.join(", ")}]`,
    `    clients: ${Math.max(8, 4 * regions.length)} # clients and rate are totals over the regions`,
    "    rate: 100/s",
    "    keys: 20 # the same ones in every region: they collide",
    "    reads: 50%",
    "    repeats: 5% # writes that are sent a second time with the same id",
  ];
}

interface Story {
  region: string;
  others: readonly string[];
  victim: NodeSpec | undefined;
  /** A request that a healthy region answers. */
  looksAt: string;
  topology: Topology;
}

function steps({ region, others, victim, looksAt, topology }: Story): readonly string[] {
  const failsOver = others.length > 0 && topology.nodes.some((node) => node.role === "gateway");
  return [
    "# In their order, each with one verb.",
    "steps:",
    `  - request: ${looksAt}`,
    "    expect: { status: 200 }",
    "  - wait: 1s # some writes before, or there is nothing to lose",
    `  - kill: ${victim?.name ?? region}`,
    "    for: 2s # a promise: it ends by itself, and the next step follows at once",
    ...(failsOver
      ? [
          `  - request: ${looksAt}`,
          `    expect: { status: 200${others.length === 1 ? `, served-by: ${others[0]}` : ""} } # another region answers`,
          "    within: 2s",
        ]
      : []),
    `  - wait: healthy(${region}) # an event, not a sleep`,
    "    within: 20s",
    "  - settle # waits for every `for`, stops the traffic, heals, and until all regions are equal",
  ];
}

function expectations(story: Pick<Story, "region" | "others"> & { hasWorkload: boolean }): readonly string[] {
  const { region, others, hasWorkload } = story;
  return [
    "# What must hold, judged afterwards from what the clients saw.",
    "expect:",
    `  - recovers: { region: ${region}, rto: 10s }`,
    ...(hasWorkload
      ? [
          ...(others.length === 0 ? [] : [`  - available: { region: ${region}, at-least: 95% } # answered by whoever`]),
          "  - no-lost-writes",
          "  - no-duplicates",
          "  - converges: { within: 10s }",
        ]
      : []),
  ];
}
