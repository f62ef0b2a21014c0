// Things that are due. Times come from the schedule, never from when the timer last fired, so lateness does not add
// up: after a stall of this process several begin at once, each still with the time at which it was wanted.
import type { Clock } from "../model/time.ts";

/** How many may begin without letting the rest of the program run. */
const BURST = 200;

/** Hands over each item at its time. Ends with the items or with the signal. */
export async function play<T extends { due: number }>(
  items: Iterable<T>,
  clock: Clock,
  signal: AbortSignal,
  begin: (item: T) => void,
): Promise<void> {
  let sinceRest = 0;
  for (const item of items) {
    try {
      if (++sinceRest >= BURST) sinceRest = await rest(clock, signal);
      // A timer may fire a little early.
      while (item.due > clock.now()) sinceRest = await rest(clock, signal, item.due - clock.now());
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (signal.aborted) return;
    begin(item);
  }
}

async function rest(clock: Clock, signal: AbortSignal, ms = 0): Promise<0> {
  await clock.sleep(ms, signal);
  return 0;
}

/** Every `periodMs`, for ever, the first at once. */
export function* ticks(from: number, periodMs: number): Generator<{ due: number }> {
  for (let number = 0; ; number++) yield { due: from + number * periodMs };
}
