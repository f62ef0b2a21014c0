// A run: its history and what the checkers made of it.
import type { Event } from "./event.ts";
import type { RunVerdict, Verdict } from "./verdict.ts";

export interface Run {
  id: string;
  /** Absolute path of its directory. */
  directory: string;
  /** The first event is the `run` event; numbers count from 1. */
  history: readonly Event[];
  verdicts: readonly Verdict[];
  verdict: RunVerdict;
  /** The user ended it; there are no verdicts. */
  interrupted: boolean;
}

/** Run -> bytes. */
export type Reporter = (run: Run) => string;
