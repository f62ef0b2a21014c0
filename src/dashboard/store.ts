// The picture as React sees it: events are folded at once, and whoever draws is told at most so often, except of what a person
// waits for: somebody who kills a node sees it at once.
import { setTimeout } from "node:timers/promises";
import type { Event, Happening } from "../model/event.ts";
import type { Clock } from "../model/time.ts";
import type { Picture } from "./picture.ts";
import { EMPTY, foldAll } from "./state.ts";

export interface Store {
  /** Folds them at once. None at all says that something beside the events is other than it was: it is drawn again, in its time. */
  push(events: readonly Event[]): void;
  /** Forgets everything. */
  reset(): void;
  /** As of the last push; the same object until the next one. */
  get(): Picture;
  /** Returns what ends it. */
  subscribe(listener: () => void): () => void;
  /** Nobody is told anything any more. Twice is harmless. */
  close(): void;
}

export const FRAMES_PER_SECOND = 4;
/** Even what is urgent is told no more often. */
const SOONEST_MS = 50;

const URGENT: ReadonlySet<Happening["type"]> = new Set(["node", "fault", "step", "stack", "run", "end"]);

export interface StoreOptions {
  fps?: number;
  clock?: Clock;
}

export function createStore({ fps = FRAMES_PER_SECOND, clock = idleClock }: StoreOptions = {}): Store {
  const frameMs = Math.max(SOONEST_MS, 1_000 / fps);
  const listeners = new Set<() => void>();
  let picture = EMPTY;
  let toldAt = -Infinity;
  let planned: { at: number; drop: AbortController } | undefined;
  let isClosed = false;

  const tell = () => {
    planned?.drop.abort();
    planned = undefined;
    toldAt = clock.now();
    for (const listener of Array.from(listeners)) listener();
  };

  const tellAfter = (gapMs: number) => {
    if (toldAt + gapMs <= clock.now() && !isClosed) tell();
    else plan(toldAt + gapMs);
  };

  const plan = (at: number) => {
    if (isClosed || (planned !== undefined && planned.at <= at)) return;
    planned?.drop.abort();
    const drop = new AbortController();
    planned = { at, drop };
    clock.sleep(at - clock.now(), drop.signal).then(
      () => !drop.signal.aborted && tell(),
      () => {}, // told already, or closed
    );
  };

  return {
    push(events) {
      picture = events.length === 0 ? { ...picture } : foldAll(picture, events);
      tellAfter(events.some(({ type }) => URGENT.has(type)) ? SOONEST_MS : frameMs);
    },
    reset() {
      picture = EMPTY;
      plan(Math.max(clock.now(), toldAt + SOONEST_MS)); // what comes next comes at once: nobody wants to see the void between
    },
    get: () => picture,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      isClosed = true;
      planned?.drop.abort();
      planned = undefined;
      listeners.clear();
    },
  };
}

/** The time of this process. Whoever only waits for it keeps nothing alive. */
export const idleClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(Math.max(0, ms), undefined, { ref: false, signal }),
};
