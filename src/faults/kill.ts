// kill: SIGKILL. The process is lost, the disk is not; down until `start`, `heal` or the end of `for`.
import { z } from "zod";
import { verb } from "../verbs/scene.ts";
import { beginFault } from "./begin.ts";
import { checkTargets, targets } from "./targets.ts";

export const kill = verb({
  name: "kill",
  summary: "SIGKILL nodes; they stay down until start, heal or the end of `for`.",
  example: "- kill: backend-us\n  for: 10s",
  synonyms: ["crash"],
  args: z.strictObject({ target: targets }),
  modifiers: ["for"],
  check: (args, topology) => checkTargets(args.target, topology),
  perform: (scene, step) => beginFault(scene, step, "kill"),
});
