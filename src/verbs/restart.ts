// restart: stop, then start, one step.
import { z } from "zod";
import { checkTargets, drawTargets, targets } from "../faults/targets.ts";
import { DEFAULT_GRACE_MS } from "../faults/wanted.ts";
import { duration } from "./duration.ts";
import { verb } from "./scene.ts";

export const restart = verb({
  name: "restart",
  summary: "Stops nodes (SIGTERM, then SIGKILL after `grace`), starts them again and waits until they answer.",
  example: "- restart: backend-us",
  synonyms: ["bounce"],
  args: z.strictObject({ target: targets, grace: duration.default(DEFAULT_GRACE_MS) }),
  modifiers: [],
  check: (args, topology) => checkTargets(args.target, topology),
  async perform(scene, step) {
    const nodes = drawTargets(step.args.target, scene, step);
    const parameters = { graceMs: step.args.grace };
    try {
      await scene.faults.begin(
        { kind: "stop", targets: nodes, parameters },
        { id: step.id ?? `restart ${nodes.join(" ")}` },
      );
    } finally {
      await scene.faults.release(nodes, ["stop"], "start"); // a stop that failed half way must not stay
    }
  },
});
