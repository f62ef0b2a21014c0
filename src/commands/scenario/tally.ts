// What several runs came to, in one line: "21 passed, 1 failed, 1 inconclusive: split-brain failed, flapping-link inconclusive".
import type { ChalkInstance } from "chalk";
import type { RunVerdict } from "../../model/verdict.ts";

export interface Ended {
  name: string;
  verdict: RunVerdict;
}

const WORST_FIRST = ["errored", "failed", "inconclusive"] as const;
const COLOUR = { passed: "green", inconclusive: "yellow", failed: "red", errored: "red" } as const;

export function tally(runs: readonly Ended[], paint: ChalkInstance): string {
  const of = (verdict: RunVerdict) => runs.filter((run) => run.verdict === verdict);
  const counts = (["passed", ...WORST_FIRST] as const)
    .map((verdict) => ({ verdict, count: of(verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => paint[COLOUR[verdict]](`${count} ${verdict}`));
  const named = WORST_FIRST.flatMap(of).map(({ name, verdict }) => `${name} ${verdict}`);
  return `${counts.join(", ")}${named.length === 0 ? "" : `: ${named.join(", ")}`}`;
}
