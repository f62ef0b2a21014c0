// Time of a stack: milliseconds since `up`.
import type { Clock } from "../model/time.ts";

/**
 * Monotonic within this process, and the same zero in every process. Nobody wakes before the time: a timer may be a
 * millisecond early, and whoever looks at the clock then would find that what just ended had not been due.
 */
export function wallClock(epochMs: number): Clock {
  const offset = performance.timeOrigin - epochMs;
  return {
    now: () => performance.now() + offset,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const end = performance.now() + ms;
        const stop = () => {
          clearTimeout(timer);
          reject(signal!.reason);
        };
        const wake = () => {
          const leftMs = end - performance.now();
          if (leftMs > 0) {
            timer = setTimeout(wake, Math.ceil(leftMs));
            return;
          }
          signal?.removeEventListener("abort", stop);
          resolve();
        };
        let timer = setTimeout(wake, Math.max(0, Math.ceil(ms)));
        signal?.addEventListener("abort", stop, { once: true });
      }),
  };
}
