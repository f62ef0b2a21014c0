// clock-skew: the clock with which backends stamp writes is off. Where the newest stamp wins, a wrong clock decides who loses.
import { z } from "zod";
import { verb } from "../verbs/scene.ts";
import { offset } from "../verbs/measures.ts";
import { beginFault } from "./begin.ts";
import { CONTROLLED, LEAST_SKEW_MS, sayClock } from "./controls.ts";
import { checkRole, targets } from "./targets.ts";

export const clockSkew = verb({
  name: "clock-skew",
  summary: "Moves the clock with which backends stamp writes, until heal or the end of `for`.",
  example: "- clock-skew: backend-us\n  by: -2m\n  for: 30s",
  args: z.strictObject({
    target: targets,
    by: offset.refine(
      (ms) => Math.abs(ms) >= LEAST_SKEW_MS,
      `expected an offset of ${LEAST_SKEW_MS}ms or more either way: less cannot be told from a clock's own noise`,
    ),
  }),
  modifiers: ["for"],
  say: ({ target, by }) => `clock-skew ${target.join(", ")} ${sayClock(by)}`,
  check: (args, topology) => checkRole(args.target, topology, CONTROLLED, "stamps writes with a clock of its own"),
  perform: (scene, step) => beginFault(scene, step, "clock-skew", { byMs: step.args.by }),
});
