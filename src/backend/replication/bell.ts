// A bell wakes one loop. It remembers one ring, so that none between two waits is missed.
import type { Clock } from "../ports.ts";

export interface Bell {
  ring(): void;
  /** Whether it rang since the last time this was asked. */
  take(): boolean;
  rang(): boolean;
  /** Until it rings or the time has passed. */
  wait(ms: number): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let rung = false;
  let waiting: AbortController | undefined;
  return {
    ring() {
      rung = true;
      waiting?.abort();
    },
    take() {
      const was = rung;
      rung = false;
      return was;
    },
    rang: () => rung,
    async wait(ms) {
      if (rung) return;
      waiting = new AbortController();
      await clock.sleep(ms, waiting.signal).catch(() => {});
      waiting = undefined;
    },
  };
}
