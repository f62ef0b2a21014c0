// Searches take turns, each with a few steps and then with twice as many, so that an easy contradiction is found before a hard
// key has used up the time. What was not decided when the steps are spent stays undecided.
import type { Search } from "./search.ts";

const FIRST_TURN = 1_000;

/** Until all are decided, one is found to have no order, or `steps` are spent. Returns how many were. */
export function inTurns(searches: readonly Search[], steps: number): number {
  let spent = 0;
  for (let turn = FIRST_TURN; ; turn *= 2) {
    const open = searches.filter((search) => search.result === undefined);
    if (open.length === 0 || spent >= steps || searches.some((search) => search.result === false)) return spent;
    for (const search of open) {
      const before = search.steps;
      search.run(Math.min(turn, steps - spent));
      spent += search.steps - before;
      if (spent >= steps) break;
    }
  }
}
