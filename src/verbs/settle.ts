// settle: the end of the trouble. Every `for` runs out, traffic stops, faults end, nodes get healthy, and every touched key
// is read in every region until all are equal and replication has drained. Missing the bound is a failure of the system.
import { z } from "zod";
import type { Final } from "../model/event.ts";
import type { Workload } from "../model/topology.ts";
import { formatDuration } from "../model/units.ts";
import { readKeys } from "../traffic/final.ts";
import { homesOf } from "../traffic/probes.ts";
import { askLag } from "../traffic/sampler.ts";
import { type Scene, StepProblem, verb } from "./scene.ts";

export const DEFAULT_SETTLE_MS = 30_000;
const ROUND_EVERY_MS = 100;

export const settle = verb({
  name: "settle",
  summary: "Waits for every `for`, stops traffic, heals, and waits until regions are healthy, equal and drained.",
  example: "- settle:\n  within: 30s",
  args: z.strictObject({ target: z.null({ error: "settle takes no target" }).optional() }),
  modifiers: ["within"],
  async perform(scene, step) {
    await Promise.all([scene.faults.timed(), scene.traffic.timed()]);
    const withinMs = step.withinMs ?? DEFAULT_SETTLE_MS;
    const deadline = scene.clock.now() + withinMs;
    const missed = (what: string) =>
      new StepProblem("failed", `${what} ${formatDuration(withinMs)} after the faults ended`);

    await scene.traffic.pause();
    await scene.faults.heal();
    await until(
      scene,
      deadline,
      () => allHealthy(scene),
      (sick) => missed(`${sick.join(" and ")} still not healthy`),
    );
    scene.record({ type: "healed", quiet: true });
    await until(
      scene,
      deadline,
      () => unequal(scene),
      (open) => missed(`${open.join("; ")}`),
    );
  },
});

/** Asks until the answer is empty. */
async function until(
  scene: Scene,
  deadline: number,
  ask: () => Promise<readonly string[]>,
  missed: (open: readonly string[]) => Error,
): Promise<void> {
  for (;;) {
    const open = await ask();
    if (open.length === 0) return;
    if (scene.clock.now() > deadline) throw missed(open);
    await scene.clock.sleep(ROUND_EVERY_MS, scene.signal);
  }
}

/** Nodes that do not answer, and regions whose steady requests fail. */
async function allHealthy(scene: Scene): Promise<readonly string[]> {
  const nodes = await Promise.all(
    scene.cluster.nodes.map(async (node) => ((await node.answers()) ? [] : [node.spec.name])),
  );
  const silent = nodes.flat();
  if (silent.length > 0) return silent;
  const sample = scene.samples.recent().at(-1);
  return scene.topology.regions.filter((region) => sample?.regions[region]?.healthy !== true);
}

/** One round over all touched keys; what keeps regions from being equal, in words. */
async function unequal(scene: Scene): Promise<readonly string[]> {
  const { regions } = scene.topology;
  const pending: Record<string, number | null> = {};
  // Asked before the keys are read: what was applied by then is in what is read.
  for (const region of scene.topology.observe.lag === undefined ? [] : regions) {
    pending[region] = (await askLag(scene.topology, scene.cluster, region, scene.signal)).pending;
  }
  const differing: string[] = [];
  for (const [name, keys] of scene.traffic.touched()) {
    if (keys.size === 0) continue;
    differing.push(
      ...differingKeys(await readEverywhere(scene, scene.topology.workloads[name]!, [...keys]), [...keys]),
    );
  }
  scene.record({ type: "round", differing, pending });
  const undrained = Object.entries(pending).filter(([, events]) => events !== 0);
  return [
    ...(differing.length > 0 ? [`${differing.length} keys still differ (${differing.slice(0, 5).join(", ")})`] : []),
    ...undrained.map(([region, events]) => `${region} has ${events ?? "an unknown number of"} events to apply`),
  ];
}

/** Reads keys in every region from its own nodes. */
export async function readEverywhere(
  scene: Scene,
  workload: Workload,
  keys: readonly string[],
): Promise<readonly Final[]> {
  const reads = scene.topology.regions.map((region) => {
    const node = homesOf(scene.cluster.nodes, region)[0];
    return node === undefined ? [] : readKeys({ workload, region, node, keys });
  });
  return (await Promise.all(reads)).flat();
}

function differingKeys(reads: readonly Final[], keys: readonly string[]): readonly string[] {
  const byKey = new Map<string, Final[]>(keys.map((key) => [key, []]));
  for (const read of reads) byKey.get(read.key)?.push(read);
  return keys.filter((key) => {
    const answers = byKey.get(key) ?? [];
    const faces = new Set(answers.map((read) => JSON.stringify([read.value, read.version, read.state])));
    return faces.size !== 1 || answers.some((read) => read.outcome.type !== "ok");
  });
}
