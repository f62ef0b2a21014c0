// The event log of a stack: one line per event, appended under the stack's lock, so that several processes write one list.
import fs from "node:fs";
import type { Event, Happening } from "../model/event.ts";
import { StackError } from "../model/problem.ts";
import { fullDisk } from "./files.ts";
import { type Ownership, withLock } from "./lock.ts";

export interface EventLog {
  append(happening: Happening): Event;
  /**
   * Called for every event from now on, also for those of other processes (seen at the next append or poll), in the order
   * of their numbers. A listener may append. One that throws makes that append throw, after all listeners were called.
   */
  listen(listener: (event: Event) => void): () => void;
  /**
   * Tells what others have appended, without their waiting for it: nothing is locked or written, and a log that did not
   * grow costs one question to the system. False: the log is gone, because the stack was ended.
   */
  poll(): boolean;
  /** Twice is harmless. */
  close(): void;
}

const NEWLINE = 0x0a;
const LAST_BYTES = 1 << 20;

export function openEventLog(file: string, lockFile: string, ownership: Ownership, now: () => number): EventLog {
  const fd = fs.openSync(file, "a+", 0o600);
  const listeners = new Set<(event: Event) => void>();
  /** Seen and numbered, not yet told: listeners are called without the lock, or a slow one would stop other processes. */
  const untold: Event[] = [];
  let position = 0;
  let seq = 0;
  let telling = false;
  let closed = false;

  /** Reads what others have appended; a line without its end was torn by a kill -9 and is cut off. Only under the lock. */
  const catchUp = (): void => {
    const { size, nlink } = fs.fstatSync(fd);
    if (nlink === 0) throw new StackError(`${file} is gone: the stack was ended by another command`);
    if (size < position) throw new StackError(`${file} became shorter: something else than regionctl changed it`);
    if (size === position) return;
    if (readTo(size) < size) fs.ftruncateSync(fd, position);
  };

  /** Takes in the whole lines from `position` to `end`, and answers where they end. */
  const readTo = (end: number): number => {
    const bytes = readAt(fd, position, end - position);
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    for (const event of bytes.toString("utf8", 0, whole).split("\n").filter(Boolean).map(parse)) {
      seq = event.seq;
      untold.push(event);
    }
    position += whole;
    return position;
  };

  const parse = (line: string): Event => {
    try {
      return JSON.parse(line) as Event;
    } catch (error) {
      throw new StackError(
        `${file} is damaged: the line after event ${seq} is not an event`,
        "End the stack with regionctl down.",
        { cause: error },
      );
    }
  };

  const tell = (): void => {
    if (telling) return; // a listener appended: what it added is told when the listeners have heard what came before
    telling = true;
    let failure: { error: unknown } | undefined;
    for (let event = untold.shift(); event !== undefined; event = untold.shift()) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          failure ??= { error };
        }
      }
    }
    telling = false;
    if (failure) throw failure.error;
  };

  try {
    withLock(lockFile, ownership, () => {
      position = nearTheEnd(fd);
      catchUp();
    });
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
  untold.length = 0; // nobody listens yet

  return {
    append(happening) {
      // The number of a closed file may be that of another one by now.
      if (closed) throw new StackError(`${file} is closed: nothing can be recorded any more`);
      const event = withLock(lockFile, ownership, () => {
        catchUp();
        const event: Event = { seq: seq + 1, at: Math.round(now() * 1000) / 1000, ...happening };
        const line = Buffer.from(`${JSON.stringify(event)}\n`);
        writeWhole(fd, line, position, file);
        seq += 1;
        position += line.length;
        untold.push(event);
        return event;
      });
      tell();
      return event;
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    poll() {
      if (closed) return false;
      const { size, nlink } = fs.fstatSync(fd);
      if (nlink === 0) return false;
      // A line that is just being written, or was torn, is left for later: only its writer, or the next one, knows.
      if (size > position) readTo(size);
      tell();
      return true;
    },
    close() {
      if (!closed) fs.closeSync(fd);
      closed = true;
    },
  };
}

/** Whoever opens a long log needs only its last number: the beginning of a line, with at least one whole line after it. */
function nearTheEnd(fd: number): number {
  const { size } = fs.fstatSync(fd);
  for (let length = LAST_BYTES; length < size; length *= 2) {
    const bytes = readAt(fd, size - length, length);
    const first = bytes.indexOf(NEWLINE);
    if (first < bytes.lastIndexOf(NEWLINE)) return size - length + first + 1;
  }
  return 0;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const more = fs.readSync(fd, bytes, read, length - read, position + read);
    if (more === 0) throw new Error("the event log became shorter while it was read");
    read += more;
  }
  return bytes;
}

function writeWhole(fd: number, bytes: Buffer, position: number, file: string): void {
  try {
    let written = 0;
    while (written < bytes.length) written += fs.writeSync(fd, bytes, written, bytes.length - written);
  } catch (error) {
    try {
      fs.ftruncateSync(fd, position);
    } catch {
      // The first error counts; whoever appends next cuts the torn line off.
    }
    throw fullDisk(error, file);
  }
}
