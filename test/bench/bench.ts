// What every part of the bench works with: a home of its own, and the command line as a user types it.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Runtime } from "../../src/model/cluster.ts";

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, "../.."); // of the bundle as of this file
export const CLI = path.join(ROOT, "bin/regionctl.js");
/** The topology of the bench. */
export const TOPOLOGY_FILE = path.join(ROOT, "compose/property.yaml");

export interface Bench {
  home: string;
  /** The one that its commands take. */
  runtime: Runtime["name"];
  /** Runs a command and answers how long it took and what it printed (it must be asked for --json). */
  regionctl(...args: readonly string[]): Promise<{ ms: number; facts: never }>;
  /** Progress. */
  say(line: string): void;
}

export function benchIn(home: string, runtime: Runtime["name"]): Bench {
  return {
    home,
    runtime,
    async regionctl(...args) {
      const began = performance.now();
      const { stdout } = await run(process.execPath, [CLI, ...args], {
        env: { ...process.env, REGIONCTL_HOME: home, REGIONCTL_RUNTIME: runtime },
        maxBuffer: 1 << 26,
      });
      return { ms: performance.now() - began, facts: JSON.parse(stdout) as never };
    },
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}
