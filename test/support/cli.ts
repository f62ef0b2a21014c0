// The command line as a user has it: a process of its own, with a home of its own.
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CLI = path.join(ROOT, "bin/regionctl.js");

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** Resolves with what was written so far once the text appears in stdout or stderr; rejects when the process ends without it. */
  said(text: string): Promise<string>;
  done: Promise<Finished>;
}

export interface Sandbox extends AsyncDisposable {
  /** REGIONCTL_HOME of these commands. */
  home: string;
  /** Their working directory. */
  directory: string;
  start(...args: readonly string[]): Running;
  run(...args: readonly string[]): Promise<Finished>;
  /** Throws with what it printed unless it ended with 0. */
  passes(...args: readonly string[]): Promise<Finished>;
  /** Runs with --json and parses what it printed. Throws when it failed. */
  facts<T>(...args: readonly string[]): Promise<T>;
}

/** A home and a working directory that are given back, with everything that stands in them. */
export function sandbox(environment: Readonly<Record<string, string>> = {}): Sandbox {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-test-"));
  fs.chmodSync(base, 0o755); // PostgreSQL's user must be able to enter
  const home = path.join(base, "home");
  const directory = path.join(base, "work");
  fs.mkdirSync(directory);

  const start = (...args: readonly string[]): Running => {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: directory,
      env: { ...process.env, NO_COLOR: "1", REGIONCTL_HOME: home, REGIONCTL_RUNTIME: "embedded", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let look = () => {};
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      look();
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      look();
    });
    const done = new Promise<Finished>((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
    const said = (text: string) =>
      new Promise<string>((resolve, reject) => {
        look = () => {
          if (stdout.includes(text) || stderr.includes(text)) resolve(stdout + stderr);
        };
        look();
        void done.then((end) =>
          reject(
            new Error(`it ended with ${end.code ?? end.signal} and never said "${text}":\n${end.stdout}${end.stderr}`),
          ),
        );
      });
    return { child, said, done };
  };

  const run = (...args: readonly string[]) => start(...args).done;

  const passes = async (...args: readonly string[]) => {
    const end = await run(...args);
    if (end.code === 0) return end;
    throw new Error(`regionctl ${args.join(" ")} ended with ${end.code ?? end.signal}:\n${end.stdout}${end.stderr}`);
  };

  return {
    home,
    directory,
    start,
    run,
    passes,
    async facts<T>(...args: readonly string[]) {
      return JSON.parse((await passes(...args, "--json")).stdout) as T;
    },
    async [Symbol.asyncDispose]() {
      await passes("down", "--all").finally(() => fs.rmSync(base, { recursive: true, force: true }));
    },
  };
}

/** Every process of this machine that carries the mark of a stack below this home (Linux). */
export function processesOf(home: string): readonly string[] {
  const stacks = path.join(home, "stacks");
  const ids = fs.existsSync(stacks)
    ? fs.readdirSync(stacks).flatMap((name) => {
        const file = path.join(stacks, name, "stack.json");
        return fs.existsSync(file) ? [(JSON.parse(fs.readFileSync(file, "utf8")) as { id: string }).id] : [];
      })
    : [];
  return commandLines().filter((line) => line.includes(home) || ids.some((id) => line.includes(id)));
}

function commandLines(): readonly string[] {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        return [fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()];
      } catch {
        return [];
      }
    });
}

export const repository = ROOT;
