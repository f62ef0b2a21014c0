// heal: ends faults now, all of them or those of one step, and waits until their nodes answer.
import { z } from "zod";
import { verb } from "./scene.ts";

export const heal = verb({
  name: "heal",
  summary: "Ends every fault now, or those of the step with this id.",
  example: "- heal",
  synonyms: ["join", "repair", "clear"],
  args: z.strictObject({ target: z.string({ error: "expected the id of a step" }).optional() }),
  modifiers: [],
  async perform(scene, step) {
    const { target } = step.args;
    if (target === undefined) return scene.faults.heal();
    // A step that ran twice has faults "cut" and "cut #2".
    const ids = scene.faults.active().map((fault) => fault.id);
    // Chaos is known by the id of its step.
    await scene.faults.end([target, ...ids.filter((id) => id.startsWith(`${target} #`))], "heal");
  },
});
