// Child processes and directories for tests: each is ended or removed after the test that made it, whatever came of it.
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { type Identity, identify, killTrees, treesOf } from "../../src/runtimes/embedded/processes.ts";

export interface Child extends Identity {
  process: ChildProcess;
}

export function child(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const process = spawn(command, args, { stdio: "ignore", ...options });
  const identity = identify(process.pid!)!;
  onTestFinished(() => killTrees([identity]));
  return { process, ...identity };
}

export const sleeper = (options: SpawnOptions = {}) => child("sleep", ["300"], options);

/** A Node.js process, a shell that it put into a session of its own (as PostgreSQL does), and a sleeper below: three generations. */
export async function familyOfThree(): Promise<Child> {
  const script = `require("child_process").spawn("sh", ["-c", "sleep 300 & wait"], {detached: true, stdio: "ignore"}); setInterval(() => {}, 1e6)`;
  const parent = child(process.execPath, ["-e", script]);
  await until(() => treesOf([parent]).length === 3, "three generations");
  const family = treesOf([parent]).map(({ pid, started }) => ({ pid, started }));
  onTestFinished(() => killTrees(family));
  return parent;
}

/** Resolves when the condition holds. Its bound is below the time limit of a test, so that a failure shows what was waited for. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 100_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A directory that every user can enter, as regionctl's home must be. */
export function temporaryHome(done: (remove: () => void) => void = onTestFinished): string {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-test-"));
  fs.chmodSync(home, 0o755);
  done(() => fs.rmSync(home, { recursive: true, force: true }));
  return home;
}
