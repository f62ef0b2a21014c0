// Processes that a bench starts: pinned to a core where the system can, asked for their processor time, and ended.
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const TICKS_PER_SECOND = 100;

/** Unpinned, a ping-pong between processes is bimodal: on one core or on two. */
export const CAN_PIN = os.cpus().length >= 2 && spawnSync("taskset", ["--version"]).status === 0;

export interface Running extends AsyncDisposable {
  child: ChildProcess;
  /** Seconds of processor time so far (Linux). */
  cpuSeconds(): number;
  rssMiB(): number;
}

export function start(
  core: number,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running {
  const [program, rest] = CAN_PIN ? ["taskset", ["-c", String(core), command, ...args]] : [command, [...args]];
  const child = spawn(program, rest, {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, ...environment },
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()).once("error", () => resolve()));
  return {
    child,
    cpuSeconds: () => cpuSecondsOf(child.pid!),
    rssMiB() {
      const line = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${child.pid}/status`, "utf8"));
      return Number(line?.[1] ?? 0) / 1024;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** Processor time of a process so far (Linux). */
export function cpuSecondsOf(pid: number): number {
  const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Runs a program of the bench to its end, in a process of its own; what it prints is JSON. */
export async function outputOf<T>(
  program: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Promise<T> {
  const file = path.join(import.meta.dirname, program); // all programs of the bench are bundled beside each other
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArgs, file, ...args], { maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as T;
}

/** The first line that it prints. */
export function firstLine({ child }: Running): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout!.on("data", (bytes) => {
      text += String(bytes);
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code} before it said anything`)));
    child.once("error", reject);
  });
}

/** Pins this process too. */
export function pinSelf(core: number): void {
  if (CAN_PIN) spawnSync("taskset", ["-a", "-p", "-c", String(core), String(process.pid)]);
}
export function unpinSelf(): void {
  if (CAN_PIN) spawnSync("taskset", ["-a", "-p", "-c", `0-${os.cpus().length - 1}`, String(process.pid)]);
}
