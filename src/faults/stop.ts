// stop: SIGTERM, and SIGKILL when the grace is over; down until `start`, `heal` or the end of `for`.
import { z } from "zod";
import { duration } from "../verbs/duration.ts";
import { verb } from "../verbs/scene.ts";
import { beginFault } from "./begin.ts";
import { checkTargets, targets } from "./targets.ts";
import { DEFAULT_GRACE_MS } from "./wanted.ts";

export const stop = verb({
  name: "stop",
  summary: "SIGTERM nodes, then SIGKILL when `grace` is over; they stay down until start, heal or the end of `for`.",
  example: "- stop: backend-us\n  grace: 5s",
  args: z.strictObject({ target: targets, grace: duration.default(DEFAULT_GRACE_MS) }),
  modifiers: ["for"],
  check: (args, topology) => checkTargets(args.target, topology),
  perform: (scene, step) => beginFault(scene, step, "stop", { graceMs: step.args.grace }),
});
