// expect: conditions that must hold now, or throughout `for`. They are asked of the samples that the run records anyway, from
// the first one on that was taken after this step began, so that whoever reads the history can check them.
import { z } from "zod";
import type { Condition } from "../model/scenario.ts";
import { formatDuration } from "../model/units.ts";
import { holds, parseCondition } from "../scenario/conditions.ts";
import { type Scene, StepProblem, verb } from "./scene.ts";

const expected = "expected a condition (lag(eu) < 1s), or a list of them";

const target = z
  .union([z.string(), z.array(z.string()).min(1, expected)], { error: expected })
  .transform((written, context): readonly Condition[] =>
    [written].flat().map((text, i) => {
      const parsed = parseCondition(text);
      if ("condition" in parsed) return parsed.condition;
      const path = typeof written === "string" ? [] : [i];
      context.addIssue({ code: "custom", path, message: `${parsed.message}; ${expected}` });
      return z.NEVER;
    }),
  );

export const expect = verb({
  name: "expect",
  summary: "Conditions that must hold, with `for` throughout that time; failing fails the run.",
  example: "- expect: [healthy(us), lag(eu) < 1s]\n  for: 5s",
  args: z.strictObject({ target }),
  modifiers: ["for"],
  conditions: ({ target }) => target,
  say: ({ target }) => `expect ${target.map(({ text }) => text).join(", ")}`,
  async perform(scene, { args, forMs = 0 }) {
    const begin = scene.clock.now();
    do {
      await scene.samples.next(scene.signal);
      const at = scene.clock.now() - begin;
      for (const condition of args.target) check(scene, condition, forMs === 0 ? undefined : at);
    } while (scene.clock.now() < begin + forMs);
  },
});

function check(scene: Scene, condition: Condition, atMs: number | undefined): void {
  const when = atMs === undefined ? "" : `, ${formatDuration(atMs)} after it was expected to`;
  const held = holds(condition, scene.samples.recent());
  if (held === false) throw new StepProblem("failed", `${condition.text} does not hold${when}`);
  if (held === undefined) throw new StepProblem("inconclusive", `nobody can tell whether ${condition.text}${when}`);
}
