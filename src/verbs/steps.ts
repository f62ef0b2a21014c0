// Steps inside a step: how they are written, and what their failing means for it.
import { z } from "zod";
import type { Step } from "../model/scenario.ts";
import { StepProblem } from "./scene.ts";

const shape = "expected a list of steps, at least one";

/** The loader reads them itself, by the rules of all steps: `target` is then a list of these. */
export const innerSteps = z.array(z.unknown(), { error: shape }).min(1, shape) as unknown as z.ZodType<readonly Step[]>;

/** "1 step", "2 steps". */
export const sayCount = (steps: readonly unknown[], noun = "step") =>
  `${steps.length} ${noun}${steps.length === 1 ? "" : "s"}`;

const GRAVITY = ["errored", "failed", "inconclusive"] as const;

/** The worst problem among these, as that of the step around them; anything else that was thrown is no problem of a step. */
export function problemOf(thrown: readonly unknown[], where = ""): StepProblem | undefined {
  const stranger = thrown.find((one) => !(one instanceof StepProblem));
  if (stranger !== undefined) throw stranger;
  const problems = thrown as readonly StepProblem[];
  const worst = GRAVITY.flatMap((verdict) => problems.filter((problem) => problem.verdict === verdict))[0];
  return worst && new StepProblem(worst.verdict, `${where}${worst.message}`);
}
