// What every part of the bench works with: a home of its own, and the command line as a user types it.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const CLI = path.resolve(import.meta.dirname, "../../bin/regionctl.js");

export interface Bench {
  home: string;
  /** Runs a command and answers how long it took and what it printed (it must be asked for --json). */
  regionctl(...args: readonly string[]): Promise<{ ms: number; facts: never }>;
  /** Progress. */
  say(line: string): void;
}

export function benchIn(home: string): Bench {
  return {
    home,
    async regionctl(...args) {
      const began = performance.now();
      const { stdout } = await run(process.execPath, [CLI, ...args], {
        env: { ...process.env, REGIONCTL_HOME: home },
        maxBuffer: 1 << 26,
      });
      return { ms: performance.now() - began, facts: JSON.parse(stdout) as never };
    },
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}
