// What the checkers say, and what a run comes to.
import type { Event } from "./event.ts";

export type Validity = true | false | "unknown";

export interface Judgement {
  valid: Validity;
  /** One sentence with the counts. */
  summary: string;
  /** Numbers (`seq`) of the events that prove it, the most telling first. */
  evidence: readonly number[];
  /** The story of a failure, a sentence a line. */
  story?: readonly string[];
  /** What was checked, by where and when: defects live in one part of it. */
  breakdown?: readonly Part[];
}

/** A part of what was checked: "moved region, inside fault windows". */
export interface Part {
  of: string;
  checked: number;
  violated: number;
}

/** A pure function of the history. One that throws has proved nothing: the verdict is unknown. */
export type Checker<A> = (history: readonly Event[], args: A) => Judgement;

/** An expectation, or a question asked of every run, judged. */
export interface Verdict extends Judgement {
  /** The checker's name. */
  name: string;
  /** The expectation as written. */
  text: string;
  /** Line in the scenario file; absent for what is asked of every run. */
  line?: number;
  /** What the run comes to when this is not valid. */
  weight: "failed" | "errored" | "inconclusive";
  knownGap?: string;
}

export type RunVerdict = "passed" | "failed" | "errored" | "inconclusive";

export const EXIT: Readonly<Record<RunVerdict | "usage" | "interrupted", number>> = {
  passed: 0,
  failed: 1,
  errored: 2,
  inconclusive: 3,
  usage: 64,
  interrupted: 130,
};

/** false > unknown > true. */
export function merge(validities: readonly Validity[]): Validity {
  if (validities.includes(false)) return false;
  return validities.includes("unknown") ? "unknown" : true;
}

/** errored > failed > inconclusive > passed. */
export function worst(verdicts: readonly RunVerdict[]): RunVerdict {
  for (const verdict of ["errored", "failed", "inconclusive"] as const) if (verdicts.includes(verdict)) return verdict;
  return "passed";
}

/** What one verdict makes of the run. */
export function consequence(verdict: Verdict): RunVerdict {
  if (verdict.knownGap !== undefined) {
    if (verdict.valid === true) return "failed"; // the gap is closed: somebody should notice
    return verdict.valid === false ? "passed" : "inconclusive";
  }
  if (verdict.valid === true) return "passed";
  return verdict.valid === "unknown" ? "inconclusive" : verdict.weight;
}
