// flaky: connections die. Of those that are opened from a side, a share is reset every second.
import { z } from "zod";
import { sayPercent, shareAboveZero } from "../verbs/measures.ts";
import { verb } from "../verbs/scene.ts";
import { beginBetween } from "./begin.ts";
import { between, checkSides, saySides, sides } from "./sides.ts";

const asked = { doing: "resetting connections on", opened: true };

export const flaky = verb({
  name: "flaky",
  summary: "Resets a share of the connections between two sides every second, until heal or the end of `for`.",
  example: "- flaky: us | eu\n  resets: 5%\n  for: 30s",
  args: z.strictObject({ target: sides, resets: shareAboveZero }),
  modifiers: ["for"],
  say: ({ target, resets }) => `flaky ${saySides(target)} resets ${sayPercent(resets)} a second`,
  check: ({ target }, topology) => checkSides(target, topology, asked),
  perform: (scene, step) => {
    const { target, resets } = step.args;
    const parameters = { resetsPerSecond: resets };
    return beginBetween(scene, step, "flaky", saySides(target), between(target, scene.topology, asked), parameters);
  },
});
