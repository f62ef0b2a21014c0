// A directory for one test, and other processes that work in it. Both are gone after the test.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

export interface Place {
  directory: string;
  file(name: string): string;
  /** Starts child.ts with these arguments. */
  spawn(...args: string[]): ChildProcess;
  /** Runs several to their ends; rejects with what the first bad one wrote. */
  runAll(...commands: string[][]): Promise<void>;
}

/** For `describe`: makes the place anew for every test. */
export function place(): Place {
  const bundle = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-child-"));
  const children: ChildProcess[] = [];
  const here: Place = {
    directory: "",
    file: (name) => path.join(here.directory, name),
    spawn(...args) {
      const child = spawn(process.execPath, [path.join(bundle, "child.mjs"), ...args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      children.push(child);
      return child;
    },
    async runAll(...commands) {
      await Promise.all(commands.map((args) => ended(here.spawn(...args), args.join(" "))));
    },
  };
  beforeAll(() =>
    build({
      entryPoints: [path.join(import.meta.dirname, "child.ts")],
      outfile: path.join(bundle, "child.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      logLevel: "error",
    }),
  );
  beforeEach(() => {
    here.directory = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-stack-"));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await killed(child);
    fs.rmSync(here.directory, { recursive: true, force: true });
  });
  afterAll(() => fs.rmSync(bundle, { recursive: true, force: true }));
  return here;
}

/** SIGKILL; resolves when the process is gone. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function ended(child: ChildProcess, command: string): Promise<void> {
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => void (said += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${said}`);
}
