// Plays a history as if it happened now: by its own clock, which can be stopped, moved, and made to run faster.
import type { Event } from "../model/event.ts";
import type { Clock } from "../model/time.ts";
import type { Player } from "./hands.ts";
import { idleClock } from "./store.ts";

export interface HistoryPlayer extends Player {
  /** Delivers what lies before the position, and plays on from there. Called once. */
  start(deliver: (events: readonly Event[]) => void): void;
  /** Called after every seek, forward or back. */
  onLeap(leapt: () => void): void;
  /** What was delivered since the last reset. */
  delivered(): readonly Event[];
  /** Twice is harmless. */
  close(): void;
}

export const SLOWEST = 0.25;
export const FASTEST = 64;

/** Nobody sees more often that something happened. */
const TICK_MS = 50;
/** Longer batches are cut, so that none has to be copied whole. */
const MOST_AT_ONCE = 10_000;

export function createPlayer(history: readonly Event[], clock: Clock = idleClock): HistoryPlayer {
  const first = history[0]?.at ?? 0;
  const lengthMs = Math.max(0, (history.at(-1)?.at ?? first) - first);
  const forgetters = new Set<() => void>();
  const leapers = new Set<() => void>();
  let deliver: ((events: readonly Event[]) => void) | undefined;
  let next = 0;
  /** Where it was, when: it moves on from there while it plays. */
  let anchor = { positionMs: 0, at: clock.now() };
  let isPlaying = true;
  let speed = 1;
  let isClosed = false;
  let ticking = new AbortController();
  let shown: { next: number; events: readonly Event[] } | undefined;

  const positionMs = () => {
    const moved = isPlaying && deliver !== undefined ? (clock.now() - anchor.at) * speed : 0;
    return Math.min(lengthMs, anchor.positionMs + moved);
  };

  /** Everything up to the position, and nothing twice. */
  const catchUp = () => {
    const position = positionMs();
    // At the end there is nothing to wait for, whatever an event says of its time.
    const isDue = (event: Event | undefined) =>
      event !== undefined && (position >= lengthMs || event.at - first <= position);
    while (isDue(history[next])) {
      const from = next;
      while (next - from < MOST_AT_ONCE && isDue(history[next])) next++;
      deliver?.(history.slice(from, next));
    }
    if (next === history.length && isPlaying) {
      anchor = { positionMs: position, at: clock.now() };
      isPlaying = false;
    }
  };

  const tick = async (signal: AbortSignal) => {
    for (;;) {
      const dueInMs = (history[next]!.at - first - positionMs()) / speed;
      await clock.sleep(Math.max(TICK_MS, dueInMs), signal);
      if (signal.aborted) return;
      catchUp();
      if (!isPlaying) return;
    }
  };

  /** After every change: what was waited for may be due now, later or never. */
  const go = () => {
    ticking.abort();
    ticking = new AbortController();
    if (deliver === undefined || isClosed) return;
    catchUp();
    if (!isPlaying) return;
    const { signal } = ticking;
    tick(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };

  const move = (toMs: number) => {
    anchor = { positionMs: toMs, at: clock.now() };
  };

  const seek = (toMs: number) => {
    const to = Math.min(lengthMs, Math.max(0, Number.isNaN(toMs) ? 0 : toMs));
    const isBack = to < positionMs();
    move(to);
    if (isBack && next > 0) {
      next = 0;
      for (const forget of forgetters) forget();
    }
    go();
    for (const leapt of leapers) leapt();
  };

  return {
    lengthMs,
    positionMs,
    playing: () => isPlaying && deliver !== undefined,
    speed: () => speed,
    play() {
      if (isPlaying) return;
      const isOver = next === history.length && positionMs() >= lengthMs;
      move(positionMs());
      isPlaying = true;
      if (isOver) seek(0);
      else go();
    },
    pause() {
      move(positionMs());
      isPlaying = false;
      go();
    },
    seek,
    setSpeed(times) {
      move(positionMs());
      speed = Math.min(FASTEST, Math.max(SLOWEST, Number.isNaN(times) ? 1 : times));
      go();
    },
    onReset: (forget) => void forgetters.add(forget),
    onLeap: (leapt) => void leapers.add(leapt),
    start(to) {
      if (deliver !== undefined) throw new Error("a player delivers to one place only");
      move(anchor.positionMs);
      deliver = to;
      go();
    },
    delivered() {
      if (shown?.next !== next) shown = { next, events: history.slice(0, next) };
      return shown.events;
    },
    close() {
      isClosed = true;
      ticking.abort();
    },
  };
}
