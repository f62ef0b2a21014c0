// bandwidth: a direction carries no more than so much, all its connections together.
import { z } from "zod";
import { formatBandwidth } from "../model/units.ts";
import { bandwidth as rate } from "../verbs/measures.ts";
import { verb } from "../verbs/scene.ts";
import { beginBetween } from "./begin.ts";
import { between, checkSides, saySides, sides } from "./sides.ts";

export const bandwidth = verb({
  name: "bandwidth",
  summary: "Lets no more than `cap` pass between two sides, each direction by itself, until heal or the end of `for`.",
  example: "- bandwidth: us -> eu\n  cap: 1mbit\n  for: 30s",
  synonyms: ["throttle"],
  args: z.strictObject({ target: sides, cap: rate }),
  modifiers: ["for"],
  say: ({ target, cap }) => `bandwidth ${saySides(target)} cap ${formatBandwidth(cap)}`,
  check: ({ target }, topology) => checkSides(target, topology, { doing: "throttling" }),
  perform: (scene, step) => {
    const { target, cap } = step.args;
    const parameters = { bytesPerSecond: cap };
    return beginBetween(scene, step, "bandwidth", saySides(target), between(target, scene.topology), parameters);
  },
});
