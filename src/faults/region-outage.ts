// region-outage: a whole region is gone, with everything that lives in it and every cable to it. It can be reached again once
// all of it was started.
import { z } from "zod";
import { verb } from "../verbs/scene.ts";
import { around } from "./isolate.ts";
import { checkRegions, drawTargets, targets } from "./targets.ts";

export const regionOutage = verb({
  name: "region-outage",
  summary: "SIGKILLs all nodes of a region and cuts its links, until start, heal or the end of `for`.",
  example: "- region-outage: us\n  for: 10s",
  args: z.strictObject({ target: targets }),
  modifiers: ["for"],
  check: (args, topology) => checkRegions(args.target, topology),
  async perform(scene, step) {
    const targets = drawTargets(step.args.target, scene, step);
    await scene.faults.begin(
      { kind: "region-outage", targets, ...around(step.args.target, scene.topology), parameters: {} },
      { id: step.id, forMs: step.forMs },
    );
  },
});
