// One broker per directory. The lock is a file that says who holds it: pid, start time of that process and boot of the
// machine, because pids are reused. A lock of a dead process is taken over; a live one is a readable refusal.
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Holder {
  pid: number;
  /** Ticks since boot, from /proc; null where there is none, and then the pid alone decides. */
  startedAt: string | null;
  boot: string | null;
}

export class DirectoryLocked extends Error {
  override name = "DirectoryLocked";
}

export interface DirectoryLock {
  release(): void;
}

export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, "broker.lock");
  const mine = JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) ?? null, boot: bootId() });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine);
  try {
    // A link appears with its content or not at all, and never over another one.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (linked(draft, path)) return { release: () => release(path, mine) };
      const theirs = textOf(path);
      if (theirs === undefined) continue; // released just now
      const holder = parse(theirs);
      if (holder && lives(holder)) throw locked(directory, holder.pid);
      takeAway(path, theirs, `${draft}.stale`);
    }
    throw new DirectoryLocked(`${directory} is being taken by several brokers at once: start one again`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Linux only: undefined elsewhere, and when there is no such process (or only its unreaped remains). */
export function startTimeOf(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // The command stands in parentheses and may hold anything, so count from the last one: state is field 3, start 22.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function lives(holder: Holder): boolean {
  if (holder.pid === process.pid) return false; // from an earlier life: this process holds nothing yet
  if (process.platform === "linux" && holder.startedAt !== null) {
    return holder.boot === bootId() && startTimeOf(holder.pid) === holder.startedAt;
  }
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function locked(directory: string, pid: number): DirectoryLocked {
  return new DirectoryLocked(
    `${directory} is in use by another broker (pid ${pid}): stop that one, or set KAFKA_LOG_DIRS to another directory`,
  );
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the lock that was read; puts it back when another broker was quicker and it is that one's now. */
function takeAway(path: string, expected: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (textOf(aside) !== expected) linked(aside, path);
  rmSync(aside, { force: true });
}

function release(path: string, mine: string): void {
  if (textOf(path) === mine) unlinkSync(path);
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    if (!Number.isSafeInteger(holder?.pid)) return undefined;
    return { pid: holder!.pid!, startedAt: holder!.startedAt ?? null, boot: holder!.boot ?? null };
  } catch {
    return undefined; // torn by a power cut: nobody's
  }
}

function bootId(): string | null {
  return textOf("/proc/sys/kernel/random/boot_id")?.trim() ?? null;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
