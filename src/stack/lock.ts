// A lock between processes: a symbolic link whose target is its owner's name. Held for one change or one append, never for a run.
//
// A link is made with its content in one step, so there is no moment in which a lock has no owner, and `ls -l` tells who has it.
// A lock whose owner is gone (kill -9) is taken over, under a second lock: or of two waiters that both saw the dead owner,
// the slower one would take away the lock of the faster one.
import fs from "node:fs";
import path from "node:path";
import { StackError } from "../model/problem.ts";
import { fullDisk } from "./files.ts";

/** Who holds a lock: a pid alone would be reused. */
export interface Owner {
  pid: number;
  /** When that process started, as text that only equals itself; "" where the system does not tell. */
  started: string;
}

export interface Ownership {
  me: Owner;
  alive(owner: Owner): boolean;
}

const PATIENCE_MS = 10_000;
/** Something that names no owner is none of our locks; it is given time, in case somebody is making it, and then taken away. */
const NAMELESS_MS = 2_000;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Runs `work` while holding the lock. Waits by sleeping the thread: what it protects takes well under a millisecond. */
export function withLock<T>(file: string, ownership: Ownership, work: () => T): T {
  const deadline = performance.now() + PATIENCE_MS;
  while (!tryLock(file, ownership)) {
    // Nobody else runs in this thread, so a lock that this process holds would never come free.
    const owner = ownerOf(file);
    if (typeof owner === "object" && isSame(owner, ownership.me)) {
      throw new Error(`${file} is held by this very process: what runs under a lock must not take it again`);
    }
    if (performance.now() > deadline) throw busy(file);
    Atomics.wait(pause, 0, 0, 1);
  }
  try {
    return work();
  } finally {
    unlock(file);
  }
}

/** The same for work that awaits (starting a node). Waits without blocking. */
export async function withLockAsync<T>(
  file: string,
  ownership: Ownership,
  patienceMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  while (!tryLock(file, ownership)) {
    if (performance.now() > deadline) throw busy(file);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  try {
    return await work();
  } finally {
    unlock(file);
  }
}

function tryLock(file: string, ownership: Ownership): boolean {
  try {
    fs.symlinkSync(JSON.stringify(ownership.me), file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") {
      throw new StackError(
        `${path.dirname(file)} is gone: the stack was ended by another command`,
        'Start it again with "regionctl up".',
        { cause: error },
      );
    }
    if (code !== "EEXIST") throw fullDisk(error, file);
    if (isStale(file, ownership)) takeAway(file, ownership);
    return false;
  }
}

/** The directory may be gone: `down` from another shell takes it away whole. */
function unlock(file: string): void {
  fs.rmSync(file, { force: true });
}

/** While this is held nobody else takes a dead owner's lock away, so what was seen dead is still the same lock. */
function takeAway(file: string, ownership: Ownership): void {
  const turn = `${file}.takeover`;
  if (!tryLock(turn, ownership)) return;
  try {
    if (isStale(file, ownership)) fs.rmSync(file, { force: true });
  } finally {
    unlock(turn);
  }
}

function isStale(file: string, ownership: Ownership): boolean {
  const owner = ownerOf(file);
  if (owner === "free") return false;
  if (owner !== "nameless") return !ownership.alive(owner);
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > NAMELESS_MS;
}

function ownerOf(file: string): Owner | "nameless" | "free" {
  try {
    const owner: unknown = JSON.parse(fs.readlinkSync(file));
    return isOwner(owner) ? owner : "nameless";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "free" : "nameless";
  }
}

function isOwner(value: unknown): value is Owner {
  return value !== null && typeof value === "object" && "pid" in value && "started" in value;
}

const isSame = (a: Owner, b: Owner) => a.pid === b.pid && a.started === b.started;

function busy(file: string): StackError {
  const owner = ownerOf(file);
  const who = typeof owner === "object" ? `process ${owner.pid}` : "another process";
  return new StackError(`${file} is held by ${who}`, "Wait for it, or end it, and try again.");
}
