// start: ends every kill, stop and outage of these nodes, also one whose `for` is still running.
import { z } from "zod";
import { checkTargets, drawTargets, targets } from "../faults/targets.ts";
import { DOWNS } from "../faults/wanted.ts";
import { verb } from "./scene.ts";

export const start = verb({
  name: "start",
  summary: "Starts nodes that were killed or stopped, and waits until they answer.",
  example: "- start: backend-us",
  args: z.strictObject({ target: targets }),
  modifiers: [],
  check: (args, topology) => checkTargets(args.target, topology),
  async perform(scene, step) {
    await scene.faults.release(drawTargets(step.args.target, scene, step), DOWNS, "start");
  },
});
