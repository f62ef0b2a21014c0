// Time that passes only when a test says so.
import type { Clock } from "../../src/model/time.ts";

export interface VirtualClock extends Clock {
  /** Lets time pass; everything that slept until then goes on, in order, before this resolves. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  asleep(): number;
}

export function virtualClock(): VirtualClock {
  let now = 0;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  const clock: VirtualClock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const stop = () => {
          sleepers.delete(sleeper);
          reject(signal!.reason);
        };
        const wake = () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        };
        const sleeper = { until: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", stop);
      }),
    async advance(ms) {
      const end = now + ms;
      await breathe();
      for (;;) {
        const due = [...sleepers].filter(({ until }) => until <= end).toSorted((a, b) => a.until - b.until)[0];
        if (!due) break;
        sleepers.delete(due);
        now = Math.max(now, due.until);
        due.wake();
        await breathe();
      }
      now = end;
    },
    asleep: () => sleepers.size,
  };
  return clock;
}

/** Everything that only waits for promises has run once this resolves. */
const breathe = () => new Promise((resolve) => setImmediate(resolve));
