// start: ends every kill and stop of these nodes, also one whose `for` is still running.
import { z } from "zod";
import { checkTargets, resolveTargets, targets } from "../faults/targets.ts";
import { verb } from "./scene.ts";

export const start = verb({
  name: "start",
  summary: "Starts nodes that were killed or stopped, and waits until they answer.",
  example: "- start: backend-us",
  args: z.strictObject({ target: targets }),
  modifiers: [],
  check: (args, topology) => checkTargets(args.target, topology),
  async perform(scene, step) {
    const nodes = resolveTargets(step.args.target, scene.topology, scene.random.fork(step.path));
    await scene.faults.release(nodes, ["kill", "stop"], "start");
  },
});
