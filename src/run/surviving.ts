// What would be left if a region never came back: just before a fault on it ends, the touched keys are read in the regions that
// nothing is wrong with. Only for scenarios that ask for it (`rpo`): it keeps the fault up a little longer.
import { regionsOf } from "../checkers/faults.ts";
import type { BeforeEnd } from "../faults/set.ts";
import type { Final } from "../model/event.ts";
import type { Scenario } from "../model/scenario.ts";
import { readKeys } from "../traffic/final.ts";
import { homesOf } from "../traffic/probes.ts";
import type { Scene } from "../verbs/scene.ts";

/** A region that cannot be read by then is left out: no fault is kept up for it. */
const READ_WITHIN_MS = 5_000;

export function readSurvivors(scene: Scene, scenario: Scenario): BeforeEnd {
  const { topology, faults, record } = scene;
  const asking = scenario.expect.filter(({ name }) => name === "rpo");
  const atStake = new Set(asking.map(({ args }) => (args as RpoArgs).region));
  /** A fault that ends in parts is healed from its first end on. */
  const told = new Set<string>();

  return async (ending) => {
    const asked = ending.filter(
      (fault) => !told.has(fault.id) && regionsOf(fault, topology).some((region) => atStake.has(region)),
    );
    if (asked.length === 0) return;
    for (const { id } of asked) told.add(id);
    const touched = new Set(faults.active().flatMap((fault) => regionsOf(fault, topology)));
    const surviving = topology.regions.filter((region) => !touched.has(region));
    const reads = await Promise.all(surviving.map((region) => readRegion(scene, region)));
    for (const { id } of asked) {
      for (const final of reads.flat()) record({ ...final, type: "surviving", fault: id });
    }
  };
}

interface RpoArgs {
  region: string;
}

async function readRegion(scene: Scene, region: string): Promise<readonly Final[]> {
  const node = homesOf(scene.cluster.nodes, region)[0];
  if (node === undefined) return [];
  const bound = AbortSignal.timeout(READ_WITHIN_MS);
  const signal = AbortSignal.any([scene.signal, bound]);
  try {
    const reads = [...scene.traffic.touched()].map(([name, keys]) =>
      readKeys({ workload: scene.topology.workloads[name]!, region, node, keys, signal }),
    );
    return (await Promise.all(reads)).flat();
  } catch (error) {
    if (!bound.aborted) throw error;
    const text = `${region} could not be read within ${READ_WITHIN_MS / 1_000} s before a fault ended`;
    scene.record({ type: "log", level: "warning", text });
    return [];
  }
}
