// regionctl logs NODE: what a node wrote; -f goes on.
import fs from "node:fs";
import path from "node:path";
import { Command } from "commander";
import { UsageError } from "../model/problem.ts";
import { EXIT } from "../model/verdict.ts";
import { connect } from "../stack.ts";
import { isRead } from "./finish.ts";
import { interruptSignal } from "./interrupt.ts";
import { stackOption, surroundings } from "./surroundings.ts";

const FOLLOW_EVERY_MS = 100;

export function logs(): Command {
  return new Command("logs")
    .description("Print a node's log.")
    .argument("<node>", "e.g. backend-us")
    .addOption(stackOption())
    .option("-f, --follow", "go on as it grows")
    .option("-n, --lines <count>", "how many of the last lines", "200")
    .addHelpText("after", "\nExamples:\n  regionctl logs backend-us\n  regionctl logs gateway -f")
    .action(async (name: string, options: { stack: string; follow?: boolean; lines: string }) => {
      const signal = interruptSignal();
      const count = Number(options.lines);
      if (!Number.isInteger(count) || count < 0 || count > 1_000_000)
        throw new UsageError(`--lines takes a whole number, not "${options.lines}".`);
      const stack = await connect(surroundings(), options.stack, signal);
      const node = stack.cluster.nodes.find((candidate) => candidate.spec.name === name);
      if (!node) {
        throw new UsageError(
          `stack "${options.stack}" has no node "${name}". Its nodes are ${stack.topology.nodes.map((spec) => spec.name).join(", ")}.`,
        );
      }
      const file = path.join(stack.directory, "logs", `${name}.log`);
      let position = options.follow && fs.existsSync(file) ? fs.statSync(file).size : 0;
      for (const line of await node.logTail(count)) process.stdout.write(`${line}\n`);
      while (options.follow && isRead() && !signal.aborted && fs.existsSync(file)) {
        position = copyFrom(file, position);
        await stack.clock.sleep(FOLLOW_EVERY_MS, signal).catch(() => {});
      }
      stack.leave();
      process.exitCode = signal.aborted ? EXIT.interrupted : EXIT.passed;
    });
}

/** Writes what was added since `position`; a log that became shorter was begun anew. */
function copyFrom(file: string, position: number): number {
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const from = size < position ? 0 : position;
  if (size === from) return size;
  const fd = fs.openSync(file, "r");
  const bytes = Buffer.alloc(Math.min(size - from, 1 << 20));
  const read = fs.readSync(fd, bytes, 0, bytes.length, from);
  fs.closeSync(fd);
  process.stdout.write(bytes.subarray(0, read));
  return from + read;
}
