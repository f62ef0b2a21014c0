// resume: ends every pause of these nodes, also one whose `for` is still running.
import { z } from "zod";
import { checkTargets, drawTargets, targets } from "../faults/targets.ts";
import { verb } from "./scene.ts";

export const resume = verb({
  name: "resume",
  summary: "SIGCONT nodes that were paused, and ends their pause early where it had a `for`.",
  example: "- resume: db-us",
  synonyms: ["unpause"],
  args: z.strictObject({ target: targets }),
  modifiers: [],
  check: (args, topology) => checkTargets(args.target, topology),
  async perform(scene, step) {
    await scene.faults.release(drawTargets(step.args.target, scene, step), ["pause"], "resume");
  },
});
