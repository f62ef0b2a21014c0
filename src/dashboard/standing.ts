// The expectations as they stand while a history grows: judged anew now and then, beside everything else, and never for more
// than a small share of the time, however long the history is.
import { setImmediate } from "node:timers/promises";
import { judge } from "../checkers/index.ts";
import type { Event } from "../model/event.ts";
import type { Clock } from "../model/time.ts";
import type { Verdict } from "../model/verdict.ts";
import { idleClock } from "./store.ts";

export interface Standing {
  /** What came of the last judging; asks for another one when there is something new to judge. Always answers at once. */
  verdicts(): readonly Verdict[];
  /** The history is another one: what was judged counts no more. */
  forget(): void;
  /** Nothing is judged any more. */
  close(): void;
}

/** At most once a second, */
const PAUSE_MS = 1_000;
/** and after something that took long, so many times as long. */
const TIMES = 10;

export interface StandingOptions {
  /** Called when the verdicts are others than before: somebody may want to draw them. */
  judged?: () => void;
  clock?: Clock;
  judges?: (history: readonly Event[]) => readonly Verdict[];
  /** Nothing else happens in this process while it judges: whoever measures others at the same time wants longer ones. */
  pauseMs?: number;
  /** A judging is followed by a pause of this many times as long. */
  times?: number;
}

/** Of a run that goes on only what its scenario expects is judged: it has not gone to its end, and that is no fault of its. */
export function standing(
  history: () => readonly Event[],
  {
    judged = () => {},
    clock = idleClock,
    judges = judgeSoFar,
    pauseMs = PAUSE_MS,
    times = TIMES,
  }: StandingOptions = {},
): Standing {
  const closing = new AbortController();
  let verdicts: readonly Verdict[] = [];
  let last: { events: readonly Event[]; length: number } | undefined;
  let notBefore = -Infinity;
  let isPlanned = false;

  const judgeNow = () => {
    isPlanned = false;
    const events = history();
    const { length } = events;
    if (events === last?.events && length === last.length) {
      notBefore = clock.now() + pauseMs;
      return;
    }
    const begun = performance.now();
    verdicts = judges(events);
    last = { events, length };
    notBefore = clock.now() + Math.max(pauseMs, times * (performance.now() - begun));
    judged();
  };

  const plan = async () => {
    // Even where it is due it waits until whoever asks has drawn its frame.
    await setImmediate(undefined, { signal: closing.signal });
    const waitMs = notBefore - clock.now();
    if (waitMs > 0) await clock.sleep(waitMs, closing.signal);
    if (!closing.signal.aborted) judgeNow();
  };

  return {
    verdicts() {
      if (!isPlanned && !closing.signal.aborted) {
        isPlanned = true;
        plan().catch((error: unknown) => {
          if (!closing.signal.aborted) throw error;
        });
      }
      return verdicts;
    },
    forget() {
      verdicts = [];
      last = undefined;
    },
    close: () => closing.abort(),
  };
}

/** What the scenario expects; and at the end of the run everything, as a report says it. */
export function judgeSoFar(history: readonly Event[]): readonly Verdict[] {
  const last = history.at(-1);
  if (history[0]?.type !== "run" || (last?.type === "end" && last.reason === "interrupted")) return [];
  const verdicts = judge(history);
  return last?.type === "end" ? verdicts : verdicts.filter(({ line }) => line !== undefined);
}
