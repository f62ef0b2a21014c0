// Who gets the tokens of the caps, in turns: every rule that caps has one bucket for all connections that it is for.
import { available, beginWaiting, take, timerMs, turnBytes, worthwhileMs, type Bucket } from "./effect.ts";

/** Somebody who waits for tokens. */
export interface Claimant {
  /** It needs tokens of each. */
  readonly buckets: readonly Bucket[];
  /** Bytes it could pass on now. */
  demand(): number;
  /** Not more than it demands. */
  grant(bytes: number): void;
}

export interface Caps {
  /** It waits, and is asked in its turn for as long as it demands something. */
  claim(claimant: Claimant): void;
  /** It waits no longer. Its buckets must be those it claimed with. */
  leave(claimant: Claimant): void;
  close(): void;
}

export function createCaps(now: () => number): Caps {
  const waiting = new Set<Claimant>();
  let timer: NodeJS.Timeout | undefined;
  let serving = false;

  const leave = (claimant: Claimant) => {
    if (waiting.delete(claimant)) for (const bucket of claimant.buckets) bucket.waiting--;
  };

  const serve = () => {
    if (serving) return;
    serving = true;
    clearTimeout(timer);
    const nowMs = now();
    let granted = true;
    while (granted) {
      granted = false;
      for (const claimant of Array.from(waiting)) granted = turn(claimant, nowMs) || granted;
    }
    serving = false;
    if (waiting.size > 0) timer = setTimeout(serve, timerMs(worthwhile(), nowMs));
  };

  /** Whether it got anything. */
  const turn = (claimant: Claimant, nowMs: number): boolean => {
    if (!waiting.has(claimant)) return false;
    const tokens = Math.min(...claimant.buckets.map((bucket) => available(bucket, nowMs)));
    const bytes = Math.min(tokens, claimant.demand(), turnBytes(tokens, waiting.size));
    if (bytes > 0) {
      for (const bucket of claimant.buckets) take(bucket, bytes);
      claimant.grant(bytes);
    }
    if (claimant.demand() === 0) leave(claimant);
    else if (bytes > 0 && waiting.delete(claimant)) waiting.add(claimant); // to the end of the row
    return bytes > 0;
  };

  const worthwhile = () => {
    let soonest = Infinity;
    for (const claimant of waiting) {
      const demand = claimant.demand();
      soonest = Math.min(soonest, Math.max(...claimant.buckets.map((bucket) => worthwhileMs(bucket, demand))));
    }
    return soonest;
  };

  return {
    claim(claimant) {
      if (!waiting.has(claimant)) {
        waiting.add(claimant);
        for (const bucket of claimant.buckets) beginWaiting(bucket, now());
      }
      serve();
    },
    leave,
    close: () => clearTimeout(timer),
  };
}
