// Time of a stack: milliseconds since `up`.
import type { Clock } from "../model/time.ts";

/** Monotonic within this process, and the same zero in every process. */
export function wallClock(epochMs: number): Clock {
  const offset = performance.timeOrigin - epochMs;
  return {
    now: () => performance.now() + offset,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const stop = () => {
          clearTimeout(timer);
          reject(signal!.reason);
        };
        const timer = setTimeout(
          () => {
            signal?.removeEventListener("abort", stop);
            resolve();
          },
          Math.max(0, ms),
        );
        signal?.addEventListener("abort", stop, { once: true });
      }),
  };
}
