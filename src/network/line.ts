// Bytes on their way: first in, first out, each piece with the time it is due. Nothing overtakes, so jitter stretches and
// bunches but never reorders, as on one TCP connection. Pure.
import { isDue } from "./effect.ts";

/** A piece of the stream, or how the stream ends: a piece without bytes. */
export interface Piece {
  bytes?: Buffer;
  end?: "finish" | "reset";
  dueMs: number;
}

export interface Line {
  /** What waits: bytes, and what keeping them costs. */
  readonly bytes: number;
  readonly cost: number;
  readonly isEmpty: boolean;
  push(piece: Piece): void;
  first(): Piece | undefined;
  /** Takes the first piece when it is due. */
  next(nowMs: number): Piece | undefined;
  /** Takes so many bytes off the front: of what is due when does not matter. Ends are left. */
  cut(bytes: number): Buffer | undefined;
  /** Nothing is due later than this. */
  noLaterThan(dueMs: number): void;
  clear(): void;
}

/** A piece of one byte costs more than a byte. */
const PIECE_COST_BYTES = 256;

export function createLine(): Line {
  let pieces: Piece[] = [];
  let head = 0;
  let bytes = 0;
  let cost = 0;
  let lastDueMs = -Infinity;

  const weigh = (piece: Piece, sign: 1 | -1) => {
    const length = piece.bytes?.length ?? 0;
    bytes += sign * length;
    cost += sign * (length + PIECE_COST_BYTES);
  };
  const shift = (): Piece => {
    const piece = pieces[head]!;
    weigh(piece, -1);
    head++;
    if (head === pieces.length) {
      pieces = [];
      head = 0;
    } else if (head > 1_024 && head * 2 > pieces.length) {
      pieces = pieces.slice(head);
      head = 0;
    }
    return piece;
  };

  return {
    get bytes() {
      return bytes;
    },
    get cost() {
      return cost;
    },
    get isEmpty() {
      return head === pieces.length;
    },
    push(piece) {
      lastDueMs = Math.max(lastDueMs, piece.dueMs);
      pieces.push({ ...piece, dueMs: lastDueMs });
      weigh(piece, 1);
    },
    first: () => pieces[head],
    next(nowMs) {
      const piece = pieces[head];
      return piece !== undefined && isDue(piece.dueMs, nowMs) ? shift() : undefined;
    },
    cut(wanted) {
      const piece = pieces[head];
      if (piece?.bytes === undefined) return undefined;
      if (piece.bytes.length <= wanted) return shift().bytes;
      const taken = piece.bytes.subarray(0, wanted);
      piece.bytes = piece.bytes.subarray(wanted);
      bytes -= wanted;
      cost -= wanted;
      return taken;
    },
    noLaterThan(dueMs) {
      for (let i = head; i < pieces.length; i++) pieces[i]!.dueMs = Math.min(pieces[i]!.dueMs, dueMs);
      lastDueMs = Math.min(lastDueMs, dueMs);
    },
    clear() {
      pieces = [];
      head = bytes = cost = 0;
    },
  };
}
