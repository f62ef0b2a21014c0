// partition: the link between two sides is cut. `drop` is the ill one: nothing passes and nobody is told, so connections stay
// open, new ones open too, and every time-out has to be somebody's own.
import { z } from "zod";
import { CUT_MODES } from "../model/link.ts";
import { verb } from "../verbs/scene.ts";
import { beginBetween } from "./begin.ts";
import { between, checkSides, saySides, sides } from "./sides.ts";

export const mode = z.enum(CUT_MODES, { error: `expected one of ${CUT_MODES.join(", ")}` }).default("drop");

/** Said only where it is not what everybody expects. */
export const sayMode = (mode: (typeof CUT_MODES)[number]) => (mode === "drop" ? "" : ` (${mode})`);

export const partition = verb({
  name: "partition",
  summary: "Cuts the link between two sides (one direction: us -> eu), until heal or the end of `for`.",
  example: "- partition: us | eu\n  mode: reset\n  for: 10s",
  synonyms: ["split", "net-split", "blackhole"],
  args: z.strictObject({ target: sides, mode }),
  modifiers: ["for"],
  say: ({ target, mode }) => `partition ${saySides(target)}${sayMode(mode)}`,
  check: ({ target, mode }, topology) =>
    checkSides(target, topology, { doing: "cutting", opened: refuses(target, mode) }),
  perform: (scene, step) => {
    const { target, mode } = step.args;
    // Whole, once it is known that somebody is there to be refused: connections that are open die both ways.
    return beginBetween(scene, step, "partition", saySides(target), between(target, scene.topology), { mode });
  },
});

/** Refused are those who knock on its left side. */
const refuses = ({ oneWay }: { oneWay: boolean }, mode: string) => oneWay && mode === "refuse";
