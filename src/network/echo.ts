// Answers a probe in place of the node behind a crossing: once all bytes have arrived, with one byte or with as many.
import type { End, EndEvents } from "./end.ts";

export interface EchoOrder {
  bytes: number;
  back: boolean;
}

const ZEROS = Buffer.alloc(65_536);

/** `connected` is called as that of any other end is: soon, never at once. */
export function echoEnd({ bytes, back }: EchoOrder, connected: () => void): End {
  let missing = bytes;
  let owed = 0;
  let reading = false;
  let isClosed = false;
  let hasFinished = false;
  let hasEnded = false;

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    end.events.closed();
  };

  const answer = () => {
    while (owed > 0 && reading && !isClosed) {
      const piece = ZEROS.subarray(0, Math.min(owed, ZEROS.length));
      owed -= piece.length;
      reading = end.events.bytes(piece);
    }
    if (hasFinished && owed === 0 && !hasEnded && !isClosed && reading) {
      hasEnded = true;
      end.events.ended();
    }
  };
  const answerSoon = () => queueMicrotask(answer);

  const end: End = {
    events: {} as EndEvents,
    write(received) {
      const before = missing;
      missing = Math.max(0, missing - received.length);
      if (before > 0 && missing === 0) owed = back ? bytes : 1;
      answerSoon();
      return true;
    },
    // Whoever asked has gone: there is nothing left to say, and the connection ends on both sides.
    finish() {
      hasFinished = true;
      answerSoon();
    },
    reset: () => queueMicrotask(close),
    read() {
      reading = true;
      answerSoon();
    },
    pause() {
      reading = false;
    },
  };
  queueMicrotask(() => isClosed || connected());
  return end;
}
