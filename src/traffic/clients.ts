// A client does one thing after the other. What comes due meanwhile waits in its queue, but not longer than a person
// would: after the client time-out it counts as unanswered.
import type { Clock } from "../model/time.ts";
import type { Arrival } from "./arrivals.ts";

/** Not begun this long after it was due: missed. */
export const CLIENT_TIMEOUT_MS = 1_000;

export interface Client {
  accept(arrival: Arrival): void;
  /** Resolves when its queue is empty and nothing of it is in flight. */
  idle(): Promise<void>;
  /** Forgets what is still waiting. */
  dismiss(): void;
}

interface Duties {
  clock: Clock;
  perform(arrival: Arrival): Promise<void>;
  missed(arrival: Arrival): void;
  /** Not an outcome, which is never thrown, but a failure of ours (the history cannot be written). */
  broken(error: unknown): void;
}

export function startClient({ clock, perform, missed, broken }: Duties): Client {
  const queue: Arrival[] = [];
  let busy = false;
  let working: Promise<void> = Promise.resolve();
  let watching = false;

  const isLate = (arrival: Arrival) => clock.now() - arrival.due >= CLIENT_TIMEOUT_MS;

  const work = async () => {
    busy = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        if (isLate(next)) missed(next);
        else await perform(next);
      } catch (error) {
        broken(error);
      }
    }
    busy = false;
  };

  // Says at once that something was missed, not only when the client is free again: samples show the last second.
  const watch = async () => {
    watching = true;
    try {
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        if (isLate(head)) missed(queue.shift()!);
        else await clock.sleep(head.due + CLIENT_TIMEOUT_MS - clock.now());
      }
    } catch (error) {
      broken(error);
    }
    watching = false;
  };

  return {
    accept(arrival) {
      queue.push(arrival);
      if (!busy) working = work();
      else if (!watching) void watch();
    },
    async idle() {
      await working; // which goes on until the queue is empty
    },
    dismiss() {
      queue.length = 0;
    },
  };
}
