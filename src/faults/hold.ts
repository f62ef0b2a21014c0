// hold: a backend commits writes and keeps their answers back, until `heal` or the end of `for`. A kill in between opens the
// window that idempotency must survive: the effect is there, and its client knows nothing of it.
import { z } from "zod";
import { verb } from "../verbs/scene.ts";
import { beginFault } from "./begin.ts";
import { CONTROLLED } from "./controls.ts";
import { checkRole, targets } from "./targets.ts";

export const HOLDS = "can keep answers back";

export const hold = verb({
  name: "hold",
  summary: "Backends keep the answers to writes back after the commit, until heal or the end of `for`.",
  example: "- hold: backend-us\n  for: 3s",
  args: z.strictObject({ target: targets }),
  modifiers: ["for"],
  check: (args, topology) => checkRole(args.target, topology, CONTROLLED, HOLDS),
  perform: (scene, step) => beginFault(scene, step, "hold"),
});
