// A source of events, shown: drawn on a terminal, as a line of JSON per tick, or as one picture in text.
import { setTimeout as sleep } from "node:timers/promises";
import type { Source } from "../../dashboard/hands.ts";
import { toJson } from "../../dashboard/json.ts";
import { createStore, type Store } from "../../dashboard/store.ts";
import { EXIT } from "../../model/verdict.ts";
import { isRead } from "../finish.ts";
import { draw, hasColour, loadFrame } from "./screen.ts";

export interface Shown {
  json?: boolean;
  once?: boolean;
  /** Milliseconds. */
  every: number;
  columns?: number;
  rows?: number;
  /** Resolves, with a line that says so, when there is nothing to watch any more. */
  ended?: Promise<string>;
}

/** Figures are of the last second: so long a stack is watched before its one picture is taken, */
const FIGURES_MS = 1_500;
/** or as long as this, where no sample comes. */
const PATIENCE_MS = 4_000;
const LOOK_EVERY_MS = 50;
/** What nobody has read is not piled up. */
const MOST_UNREAD = 1 << 20;
const [COLUMNS, ROWS] = [80, 24];

/** Sets the exit code where it is not 0. */
export async function show(source: Source, options: Shown, signal: AbortSignal): Promise<void> {
  const store = createStore({ fps: 1_000 / options.every });
  source.player?.onReset(store.reset);
  const over = new AbortController();
  let said: string | undefined;
  const ended = options.ended?.then((line) => {
    said = line;
    over.abort();
  });
  // One that cannot be read any more ends it too; why is told below.
  ended?.catch(() => over.abort());
  const either = AbortSignal.any([signal, over.signal]);
  try {
    await source.start(store.push);
    const how = options.json ? printTicks : options.once ? printOnce : drawIt;
    await how({ source, store, options, signal: either });
    if (signal.aborted) process.exitCode = EXIT.interrupted;
    else if (over.signal.aborted) {
      await ended;
      if (!options.json) process.stdout.write(`${said}\n`);
    }
  } finally {
    store.close();
  }
}

interface Showing {
  source: Source;
  store: Store;
  options: Shown;
  signal: AbortSignal;
}

async function drawIt({ source, store, options, signal }: Showing): Promise<void> {
  const left = await draw({ source, store, fps: 1_000 / options.every, signal });
  if (left === "interrupted") process.exitCode = EXIT.interrupted;
}

/** Until the end of the source, Ctrl-C, or until nobody reads it. */
async function printTicks({ source, store, options, signal }: Showing): Promise<void> {
  const print = () => {
    if (process.stdout.writableLength > MOST_UNREAD) return;
    process.stdout.write(`${JSON.stringify(toJson(store.get(), source.verdicts?.()))}\n`);
  };
  const isOver = () => source.player !== undefined && !source.player.playing();
  while (isRead() && !signal.aborted && !isOver()) {
    if (store.get().topology !== undefined) print();
    await sleep(options.every, undefined, { signal }).catch(() => {});
  }
  if (isRead() && !signal.aborted) print(); // as it ended
}

async function printOnce({ source, store, options, signal }: Showing): Promise<void> {
  if (source.mode === "stack") await firstFigures(store, signal);
  const { frame } = await loadFrame();
  await judged(source, store);
  if (signal.aborted) return;
  const text = frame(store.get(), {
    mode: source.mode,
    columns: options.columns ?? process.stdout.columns ?? COLUMNS,
    rows: options.rows ?? process.stdout.rows ?? ROWS,
    colour: hasColour(),
    verdicts: source.verdicts?.(),
  });
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** They are judged beside: the first question is answered a moment later. */
async function judged({ verdicts }: Source, store: Store): Promise<void> {
  const isExpected = (store.get().run?.scenario.expect.length ?? 0) > 0;
  const began = performance.now();
  while (isExpected && verdicts?.().length === 0 && performance.now() - began < PATIENCE_MS) await sleep(LOOK_EVERY_MS);
}

/** Resolves when there are figures of a whole second, or it took too long. */
async function firstFigures(store: Store, signal: AbortSignal): Promise<void> {
  const heard = () => store.get().regions.some(({ lagHistory }) => lagHistory.length > 0);
  const began = performance.now();
  while (!signal.aborted && performance.now() - began < PATIENCE_MS) {
    if (performance.now() - began >= FIGURES_MS && heard()) return;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
