// wait: a duration, or a condition that must come true within 30 s (or `within`). One that never came makes the run inconclusive.
import { z } from "zod";
import type { Condition } from "../model/scenario.ts";
import { formatDuration, parseDuration } from "../model/units.ts";
import { holds, parseCondition } from "../scenario/conditions.ts";
import { type Scene, StepProblem, verb } from "./scene.ts";

export const DEFAULT_WITHIN_MS = 30_000;

const expected = "expected a duration (5s) or a condition (lag(eu) < 1s)";

const target = z.string({ error: expected }).transform((text, context): { ms: number } | { condition: Condition } => {
  const ms = parseDuration(text);
  if (ms !== undefined) return { ms };
  const condition = parseCondition(text);
  if ("condition" in condition) return { condition: condition.condition };
  context.addIssue({ code: "custom", message: `${condition.message}; ${expected}` });
  return z.NEVER;
});

export const wait = verb({
  name: "wait",
  summary: "Waits for a duration, or until a condition holds.",
  example: "- wait: lag(eu) < 1s\n  within: 20s",
  args: z.strictObject({ target }),
  modifiers: ["within"],
  conditions: (args) => ("condition" in args.target ? [args.target.condition] : []),
  async perform(scene, step) {
    const { target } = step.args;
    if ("ms" in target) return scene.clock.sleep(target.ms, scene.signal);
    await waitFor(scene, target.condition, step.withinMs ?? DEFAULT_WITHIN_MS);
  },
});

/** Resolves at the first sample in which the condition holds. Throws "inconclusive" when the bound passes: the thing was not tried. */
export async function waitFor(scene: Scene, condition: Condition, withinMs: number): Promise<void> {
  const deadline = scene.clock.now() + withinMs;
  // The first sample from now on may still rest on probes from before the last step took effect; the second does not.
  await scene.samples.next(scene.signal);
  do {
    if (scene.clock.now() > deadline) {
      throw new StepProblem("inconclusive", `${condition.text} did not come true within ${formatDuration(withinMs)}`);
    }
    await scene.samples.next(scene.signal);
  } while (holds(condition, scene.samples.recent()) !== true);
}
