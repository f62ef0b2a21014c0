// region-outage: a whole region is gone, with everything that lives in it.
import { z } from "zod";
import { verb } from "../verbs/scene.ts";
import { beginFault } from "./begin.ts";
import { checkRegions, targets } from "./targets.ts";

export const regionOutage = verb({
  name: "region-outage",
  summary: "SIGKILL all nodes of a region; they stay down until start, heal or the end of `for`.",
  example: "- region-outage: us\n  for: 10s",
  args: z.strictObject({ target: targets }),
  modifiers: ["for"],
  check: (args, topology) => checkRegions(args.target, topology),
  perform: (scene, step) => beginFault(scene, step, "region-outage"),
});
