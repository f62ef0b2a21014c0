// What every fault verb does: draw the targets, add the fault, and return once it is in force and was measured.
import type { Fault, FaultKind } from "../model/fault.ts";
import type { Step } from "../model/scenario.ts";
import type { Scene } from "../verbs/scene.ts";
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
