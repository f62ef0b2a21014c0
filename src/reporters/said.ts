// What a verdict says beyond its summary, in the same words in every report.
import type { Event, RunBegun } from "../model/event.ts";
import { consequence, type Verdict } from "../model/verdict.ts";

/** The summary, and what is known about its failing. */
export function sayVerdict(verdict: Verdict): string {
  const gap = sayGap(verdict);
  return gap === "" ? verdict.summary : `${verdict.summary}; ${gap}`;
}

/** Empty where none is known. A gap that nobody has any more should be noticed. */
export function sayGap({ knownGap, valid }: Verdict): string {
  if (knownGap === undefined) return "";
  return `known gap: ${knownGap}${valid === true ? "; but it holds now: remove known-gap" : ""}`;
}

/** The story, as far as the summary is not the whole of it. */
export const storyOf = ({ summary, story = [] }: Verdict): readonly string[] =>
  story.filter((line) => line !== summary);

/** Where the scenario's file asks for it; of what is asked of every run, the step that it points at. */
export function lineOf({ line, evidence }: Verdict, history: readonly Event[]): number | undefined {
  if (line !== undefined) return line;
  const step = history.find((event) => event.type === "step" && evidence.includes(event.seq));
  if (step?.type !== "step") return undefined;
  const begun = history.findLast(
    (event) => event.type === "step" && event.phase === "begin" && event.path === step.path && event.seq <= step.seq,
  );
  return begun?.type === "step" && begun.phase === "begin" ? begun.line : undefined;
}

/** What the clients of another system saw: nothing was played, and cannot be again. What would not stand has steps. */
export const isForeign = ({ runtime, scenario }: RunBegun) => runtime === "none" && scenario.steps.length === 0;

/** A known gap that fails does not fail the run, but it did not pass either. */
export const isOpenGap = (verdict: Verdict) => verdict.knownGap !== undefined && consequence(verdict) === "passed";

/** Where what was checked is broken, a row each: only when something is. */
export function sayBreakdown({ breakdown = [] }: Verdict): readonly string[] {
  if (!breakdown.some(({ violated }) => violated > 0)) return [];
  const number = (n: number) => n.toLocaleString("en");
  const widths = {
    of: Math.max(...breakdown.map(({ of }) => of.length)),
    violated: Math.max(...breakdown.map(({ violated }) => number(violated).length)),
    checked: Math.max(...breakdown.map(({ checked }) => number(checked).length)),
  };
  return breakdown.map(
    ({ of, checked, violated }) =>
      `${of.padEnd(widths.of)}  ${number(violated).padStart(widths.violated)} of ${number(checked).padStart(widths.checked)} violated`,
  );
}

/** The commands that show a run again. One that was never played has no directory. */
export const checkAgain = (directory: string) => `regionctl check ${quoted(directory)}`;
export const watchAgain = (directory: string) => `regionctl watch ${quoted(directory)}`;

/** As a shell takes it for one word. */
export function quoted(path: string): string {
  return /^[\w./~+:@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
