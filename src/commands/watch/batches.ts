// Events on their way to another process: in batches, one at a time, so that whoever sends neither waits for whoever reads nor
// piles up what they do not read. What waits is only pointed at: the run keeps its history anyway.
import { idleClock } from "../../dashboard/store.ts";
import type { Event } from "../../model/event.ts";
import type { Clock } from "../../model/time.ts";

export interface Batches {
  push(event: Event): void;
  /** What still waits is forgotten. */
  close(): void;
}

export interface BatchesOptions {
  /** Resolves once there is room for more. */
  send(events: readonly Event[]): Promise<void>;
  /** More wait than anybody would want to catch up with: it has closed itself. */
  overflowed(): void;
  clock?: Clock;
}

const EVERY_MS = 100;
/** To write down as many as these takes less than a client would feel. */
export const BATCH = 200;
/** Minutes of most runs. */
export const MOST_WAITING = 100_000;

/** What a person waits for. */
const AT_ONCE: ReadonlySet<Event["type"]> = new Set(["stack", "run", "node", "fault", "step", "end"]);

export function inBatches({ send, overflowed, clock = idleClock }: BatchesOptions): Batches {
  let waiting: Event[] = [];
  let isUrgent = false;
  let isPlanned = false;
  let isOnItsWay = false;
  let isClosed = false;

  const close = () => {
    isClosed = true;
    waiting = [];
  };

  const next = () => {
    if (isClosed || isOnItsWay || waiting.length === 0) return;
    if (isUrgent || waiting.length >= BATCH) void sendNext();
    else if (!isPlanned) {
      isPlanned = true;
      void clock.sleep(EVERY_MS).then(() => {
        isPlanned = false;
        isUrgent = true;
        next();
      });
    }
  };

  const sendNext = async () => {
    const batch = waiting.splice(0, BATCH);
    isUrgent &&= waiting.length > 0;
    isOnItsWay = true;
    await send(batch);
    isOnItsWay = false;
    next();
  };

  return {
    push(event) {
      if (isClosed) return;
      if (waiting.length >= MOST_WAITING) {
        close();
        overflowed();
        return;
      }
      waiting.push(event);
      isUrgent ||= AT_ONCE.has(event.type);
      next();
    },
    close,
  };
}
