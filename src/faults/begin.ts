// What every fault verb does: draw the targets, or find the links, add the fault, and return once it is in force and was measured.
import type { Fault, FaultKind } from "../model/fault.ts";
import type { Step } from "../model/scenario.ts";
import type { Scene } from "../verbs/scene.ts";
import type { Between } from "./sides.ts";
import { drawTargets } from "./targets.ts";

export async function beginFault(
  scene: Scene,
  step: Step & { args: { target: readonly string[] } },
  kind: FaultKind,
  parameters: Fault["parameters"] = {},
): Promise<void> {
  const targets = drawTargets(step.args.target, scene, step);
  await scene.faults.begin({ kind, targets, parameters }, { id: step.id, forMs: step.forMs });
}

/** A fault of the network alone. `what` is what a person calls it by: "us | eu". */
export async function beginBetween(
  scene: Scene,
  step: Step,
  kind: FaultKind,
  what: string,
  { links, regions }: Between,
  parameters: Fault["parameters"],
): Promise<void> {
  await scene.faults.begin(
    { kind, targets: [], links, regions, parameters },
    { id: step.id, name: `${kind} ${what}`, forMs: step.forMs },
  );
}
