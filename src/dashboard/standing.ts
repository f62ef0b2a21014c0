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
  /** The history is another one: what was judged counts no more. It is judged anew as soon as the share of the time allows. */
  forget(): void;
  /** The same history up to quite another time: it is judged anew as soon, and where that is not at once, what was judged counts no more. */
  leapt(): void;
  /** Nothing is judged any more. */
  close(): void;
}

/** At most once a second, */
const PAUSE_MS = 1_000;
/** and after something that took long, so many times as long. */
const TIMES = 10;
/** What is wrong for no longer than this nobody has read; without it everything below it would jump up and down. */
const UNREAD_MS = 500;

export interface StandingOptions {
  /** Called when the verdicts are others than before: somebody may want to draw them. */
  judged?: () => void;
  clock?: Clock;
  judges?: (history: readonly Event[]) => readonly Verdict[];
}

/** Of a run that goes on only what its scenario expects is judged: it has not gone to its end, and that is no fault of its. */
export function standing(
  history: () => readonly Event[],
  { judged = () => {}, clock = idleClock, judges = judgeSoFar }: StandingOptions = {},
): Standing {
  let waiting = new AbortController();
  let isClosed = false;
  let verdicts: readonly Verdict[] = [];
  let last: { events: readonly Event[]; length: number } | undefined;
  let notBefore = -Infinity;
  /** By then the last judging has had its share of the time. */
  let soonest = -Infinity;
  let isPlanned = false;

  const judgeNow = () => {
    isPlanned = false;
    const events = history();
    const { length } = events;
    if (events === last?.events && length === last.length) {
      notBefore = clock.now() + PAUSE_MS;
      return;
    }
    const begun = clock.now();
    verdicts = judges(events);
    last = { events, length };
    soonest = clock.now() + TIMES * (clock.now() - begun);
    notBefore = Math.max(soonest, clock.now() + PAUSE_MS);
    judged();
  };

  const plan = async (signal: AbortSignal) => {
    // Even where it is due it waits until whoever asks has drawn its frame.
    await setImmediate(undefined, { signal });
    const waitMs = notBefore - clock.now();
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    if (!signal.aborted) judgeNow();
  };

  const ask = () => {
    if (isPlanned || isClosed) return;
    isPlanned = true;
    const { signal } = waiting;
    plan(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };

  const hurry = () => {
    notBefore = soonest;
    if (!isPlanned) return;
    waiting.abort();
    waiting = new AbortController();
    isPlanned = false;
    ask();
  };

  return {
    verdicts() {
      ask();
      return verdicts;
    },
    forget() {
      verdicts = [];
      last = undefined;
      hurry();
    },
    leapt() {
      if (soonest - clock.now() > UNREAD_MS) verdicts = [];
      hurry();
    },
    close() {
      isClosed = true;
      waiting.abort();
    },
  };
}

/** What the scenario expects; and at the end of the run everything, as a report says it. */
export function judgeSoFar(history: readonly Event[]): readonly Verdict[] {
  const last = history.at(-1);
  if (history[0]?.type !== "run" || (last?.type === "end" && last.reason === "interrupted")) return [];
  const verdicts = judge(history);
  return last?.type === "end" ? verdicts : verdicts.filter(({ line }) => line !== undefined);
}
