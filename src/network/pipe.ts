// One direction of one connection: from the end it is read from to the end it is written to.
//
//   source -> (waits for tokens of the caps) -> (is on its way until it is due) -> sink
//
// Without rules nothing waits: what was read is written in the same call. A sink that does not take it, a full queue or
// a cut stop the reading, and the sender feels it as it would feel a slow receiver.
import type { Caps, Claimant } from "./caps.ts";
import { delayMs, longestMs, timerMs, type Bucket, type WayEffect } from "./effect.ts";
import type { End } from "./end.ts";
import { createLine, type Piece } from "./line.ts";
import type { Room } from "./room.ts";
import { WINDOW_BYTES } from "./window.ts";

/** One direction of a crossing, shared by all its connections. */
export interface Way {
  effect: WayEffect;
  /** Of the rules that cap. */
  buckets: readonly Bucket[];
  /** How much may wait for their tokens. */
  capQueueBytes: number;
}

/** What was passed on. */
export interface Tally {
  bytes: number;
}

/** What all pipes share. */
export interface Surroundings {
  now(): number;
  random(): number;
  caps: Caps;
  room: Room;
}

export interface PipePlan {
  source: End;
  sink: End;
  way: Way;
  tally: Tally;
  surroundings: Surroundings;
}

export interface Pipe {
  /** Begins to read. */
  start(): void;
  /** The effect of its way is another one. */
  changed(): void;
  /** No more comes from the source: FIN, or it was reset. The sink learns it after the bytes before, as late as those. */
  sourceEnded(how: "finish" | "reset"): void;
  sinkDrained(): void;
  /** Nobody is left to write to, or nobody who cares: what waits is thrown away. */
  close(): void;
  /** What was read. See EndEvents. */
  bytes(bytes: Buffer): boolean;
}

/** Whatever the others keep, one read's worth is always there for everybody: slow ones must not starve the rest. */
const ALWAYS_BYTES = 65_536;

export function createPipe({ source, sink, way, tally, surroundings }: PipePlan): Pipe {
  const { now, random, caps, room } = surroundings;
  /** Waits for tokens. */
  const queue = createLine();
  /** Is on its way. */
  const line = createLine();
  let claimant: Claimant | undefined;
  let timer: NodeJS.Timeout | undefined;
  let started = false;
  let reading = false;
  /** The sink has not taken everything yet. */
  let isBlocked = false;
  /** What it has not taken is in the source's buffer: nothing may be read. */
  let isLent = false;
  let ended: Piece["end"];
  let isClosed = false;
  /** Nothing is done to bytes, and none waits. */
  let isPlain = false;

  const isCut = () => way.effect.cut !== undefined;
  const hasNoRules = () => !isCut() && way.effect.delays.length === 0 && way.buckets.length === 0;
  const assess = () => void (isPlain = hasNoRules() && !isBlocked && queue.isEmpty && line.isEmpty);

  const write = (bytes: Buffer) => {
    tally.bytes += bytes.length;
    isBlocked = !sink.write(bytes);
    return !isBlocked;
  };

  // --- the queue, and what is on its way ---

  const push = (to: typeof line, piece: Piece) => {
    const before = to.cost;
    to.push(piece);
    room.add(piece.bytes?.length ?? 0, to.cost - before);
  };

  const send = (piece: Omit<Piece, "dueMs">) => {
    push(line, { ...piece, dueMs: now() + delayMs(way.effect.delays, random) });
  };

  const enqueue = (piece: Omit<Piece, "dueMs">) => {
    if (way.buckets.length === 0 && queue.isEmpty) send(piece);
    else push(queue, { ...piece, dueMs: 0 });
    isPlain = false;
    claim();
    flush();
  };

  /** What stands before the first byte that needs a token needs none. */
  const sendEnds = () => {
    for (let piece = queue.first(); piece?.end !== undefined; piece = queue.first()) {
      const before = queue.cost;
      queue.next(0);
      room.add(0, queue.cost - before);
      send({ end: piece.end });
    }
  };

  const claim = () => {
    sendEnds();
    if (queue.isEmpty || isCut() || isBlocked || isClosed) return;
    if (way.buckets.length === 0) return grant(queue.bytes);
    claimant ??= { buckets: way.buckets, demand: () => (isCut() || isBlocked || isClosed ? 0 : queue.bytes), grant };
    caps.claim(claimant);
  };

  const leave = () => {
    if (claimant !== undefined) caps.leave(claimant);
    claimant = undefined;
  };

  const grant = (bytes: number) => {
    let rest = bytes;
    while (rest > 0) {
      const before = queue.cost;
      const piece = queue.cut(rest);
      if (piece === undefined) break;
      rest -= piece.length;
      room.add(-piece.length, queue.cost - before);
      send({ bytes: piece });
      sendEnds();
    }
    flush();
  };

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (isCut() || isClosed) return;
    const nowMs = now();
    while (!isBlocked) {
      const before = line.cost;
      const piece = line.next(nowMs);
      if (piece === undefined) break;
      room.add(-(piece.bytes?.length ?? 0), line.cost - before);
      if (piece.bytes !== undefined) write(piece.bytes);
      else return finish(piece.end);
    }
    const first = line.first();
    if (first !== undefined && !isBlocked) timer = setTimeout(flush, timerMs(first.dueMs, nowMs));
    readOn();
  };

  const clear = () => {
    const [bytes, cost] = [queue.bytes + line.bytes, queue.cost + line.cost];
    queue.clear();
    line.clear();
    room.add(-bytes, -cost);
  };

  const finish = (how: Piece["end"]) => {
    if (how === "finish") return sink.finish(); // it may still be reset
    sink.reset();
    close();
  };

  // --- reading ---

  const mayRead = () => {
    if (!started || isLent || ended !== undefined || isClosed || isCut()) return false;
    if (hasNoRules()) return !isBlocked && queue.isEmpty && line.isEmpty;
    const cost = queue.cost + line.cost;
    if (cost < ALWAYS_BYTES) return true;
    if (way.buckets.length > 0 && queue.bytes >= way.capQueueBytes) return false;
    if (way.effect.delays.length === 0 && way.buckets.length === 0) return false;
    return cost < WINDOW_BYTES && !room.isFull(readOn);
  };

  /** Whether it reads now. */
  const readOn = () => {
    assess();
    const may = mayRead();
    if (may === reading) return may;
    reading = may;
    if (may) source.read();
    else source.pause();
    return may;
  };

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    isPlain = false;
    clearTimeout(timer);
    leave();
    room.forget(readOn);
    clear();
    if (reading) source.pause();
    reading = false;
  };

  return {
    start() {
      started = true;
      readOn();
    },
    bytes(bytes) {
      if (isPlain && write(bytes)) return true;
      if (isPlain) {
        isLent = true;
        isPlain = false;
        return (reading = false);
      }
      if (isClosed) return false;
      // The buffer will be read into again.
      enqueue({ bytes: Buffer.from(bytes) });
      return reading;
    },
    sourceEnded(how) {
      if (isClosed || ended === "reset" || ended === how) return;
      ended = how;
      if (isPlain) finish(how);
      else enqueue({ end: how });
    },
    sinkDrained() {
      if (!isBlocked) return;
      isBlocked = isLent = false;
      claim();
      flush();
    },
    changed() {
      leave();
      // Whoever mends a link does not wait for what crept.
      line.noLaterThan(now() + longestMs(way.effect.delays));
      claim();
      flush();
      readOn();
    },
    close,
  };
}
