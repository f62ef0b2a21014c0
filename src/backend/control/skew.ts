// clock-skew: the clock that stamps writes is off, and no other one.

export interface SkewedClock {
  set(ms: number): void;
  /** What the stamping clock shows, milliseconds since 1970. */
  now(): number;
}

export function skewed(trueNow: () => number): SkewedClock {
  let byMs = 0;
  return {
    set: (ms) => void (byMs = ms),
    now: () => trueNow() + byMs,
  };
}
