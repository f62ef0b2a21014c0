// The clocks that stamp writes. A stamp is an integer: microseconds since 1970, so it stays exact until the year 2255.
// hybrid-clock (Kulkarni et al. 2014): close to real time, but always above what it follows. wall-clock: what the
// machine says, to show what that loses.

export type Policy = "hybrid-clock" | "wall-clock";

export interface StampClock {
  /** A stamp for a write; under hybrid-clock above `above` and above every stamp given or observed before. */
  next(above: number): number;
  /** A stamp from elsewhere: another region's write, or the greatest one in the database after a restart. */
  observe(stamp: number): void;
}

const MICROSECONDS_PER_MS = 1_000;

export function hybridClock(nowMs: () => number): StampClock {
  let last = 0;
  return {
    next(above) {
      last = Math.max(Math.round(nowMs() * MICROSECONDS_PER_MS), last + 1, above + 1);
      return last;
    },
    observe(stamp) {
      last = Math.max(last, stamp);
    },
  };
}

export function wallClock(nowMs: () => number): StampClock {
  return { next: () => Math.round(nowMs() * MICROSECONDS_PER_MS), observe: () => {} };
}

export const CLOCKS: Readonly<Record<Policy, (nowMs: () => number) => StampClock>> = {
  "hybrid-clock": hybridClock,
  "wall-clock": wallClock,
};
