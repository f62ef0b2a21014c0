// What two plays of one scenario have to do with each other. The counts and times in what is said of them may differ, their
// verdicts may not.
import type { Verdict } from "../../src/model/verdict.ts";
import { line, type Played } from "./play.ts";

export interface Compared {
  scenario: string;
  plays: readonly [Played, Played];
  /** Every expectation, and every question asked of each run, on which they do not agree. */
  differences: readonly string[];
}

export function compare(scenario: string, plays: readonly [Played, Played]): Compared {
  const [one, other] = plays;
  const differences =
    one.verdict === other.verdict ? [] : [`the run: ${one.runtime} ${one.verdict}, ${other.runtime} ${other.verdict}`];
  for (const key of new Set([...one.verdicts, ...other.verdicts].map(keyOf))) {
    const [here, there] = plays.map(({ verdicts }) => verdicts.find((verdict) => keyOf(verdict) === key));
    if (here?.valid === there?.valid) continue;
    differences.push(`${one.runtime}: ${said(here)} | ${other.runtime}: ${said(there)}`);
  }
  return { scenario, plays, differences };
}

/** The same, and as a shipped scenario should be on each. */
export const isGood = ({ plays, differences }: Compared) =>
  differences.length === 0 && plays.every(({ wrong }) => wrong.length === 0);

/** Where an expectation stands in the file tells two of one text apart. */
const keyOf = ({ name, text, line }: Verdict) => `${name} ${text} ${line ?? ""}`;

const said = (verdict: Verdict | undefined) => (verdict === undefined ? "not asked" : line(verdict));

/** Aligned rows: scenario, what each runtime came to and how long it took, the same or not. */
export function tableOf(all: readonly Compared[]): string {
  const [first] = all;
  const rows = [
    ["scenario", ...(first?.plays.map(({ runtime }) => runtime) ?? []), "same"],
    ...all.map(({ scenario, plays, differences }) => [
      scenario,
      ...plays.map(({ verdict, tookMs }) => `${verdict} ${(tookMs / 1_000).toFixed(1)} s`),
      differences.length === 0 ? "yes" : "NO",
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join(" | ")
        .trimEnd(),
    )
    .join("\n");
}

/** Every difference and everything that is wrong, a line each. */
export function storyOf(all: readonly Compared[]): readonly string[] {
  return all.flatMap(({ scenario, plays, differences }) => [
    ...differences.map((difference) => `${scenario} differs: ${difference}`),
    ...plays.flatMap(({ runtime, wrong }) => wrong.map((what) => `${scenario} on ${runtime}: ${what}`)),
  ]);
}

/** In the words of Vitest's JSON report: a test for each play, and one for both being the same. */
export function countsOf(all: readonly Compared[]) {
  const tests = all.flatMap(({ plays, differences }) => [
    ...plays.map(({ wrong }) => wrong.length === 0),
    differences.length === 0,
  ]);
  const numPassedTests = tests.filter(Boolean).length;
  const numFailedTests = tests.length - numPassedTests;
  return { numTotalTests: tests.length, numPassedTests, numFailedTests, numPendingTests: 0, numTodoTests: 0 };
}
