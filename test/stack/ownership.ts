// Who holds locks in these tests: real processes, known by their pid.
import type { Owner, Ownership } from "../../src/stack/lock.ts";

/** No system gives pids this high. */
export const DEAD: Owner = { pid: 999_999_999, started: "long ago" };

export function ownership(pid = process.pid): Ownership {
  return { me: { pid, started: "" }, alive: ({ pid }) => isRunning(pid) };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
