// pause: SIGSTOP of the whole process tree. Memory, connections and locks stay; nothing answers until `resume`, `heal` or the
// end of `for`. The ill thing about it: connections to it still open, so nobody is told.
import { z } from "zod";
import { verb } from "../verbs/scene.ts";
import { beginFault } from "./begin.ts";
import { checkTargets, targets } from "./targets.ts";

export const pause = verb({
  name: "pause",
  summary: "SIGSTOP nodes: they answer nothing, and lose nothing, until resume, heal or the end of `for`.",
  example: "- pause: db-us\n  for: 5s",
  synonyms: ["freeze"],
  args: z.strictObject({ target: targets }),
  modifiers: ["for"],
  check: (args, topology) => checkTargets(args.target, topology),
  perform: (scene, step) => beginFault(scene, step, "pause"),
});
