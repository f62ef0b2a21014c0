// regionctl logs NODE: what a node wrote; -f goes on.
import fs from "node:fs";
import path from "node:path";
import { Command } from "commander";
import type { Node } from "../model/cluster.ts";
import { UsageError } from "../model/problem.ts";
import { EXIT } from "../model/verdict.ts";
import { followsLog } from "../runtimes/docker/log.ts";
import { connect, type Stack } from "../stack.ts";
import { isRead } from "./finish.ts";
import { interruptSignal } from "./interrupt.ts";
import { nodeOf } from "./node.ts";
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
      const node = nodeOf(stack, name);
      if (options.follow && followsLog(node)) await printAll(node.followLog(count, whileRead(signal)));
      else await printFile(stack, node, count, options.follow ? signal : undefined);
      stack.leave();
      process.exitCode = signal.aborted ? EXIT.interrupted : EXIT.passed;
    });
}

async function printAll(lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) process.stdout.write(`${line}\n`);
}

/** Nobody waits for the next line of a node that says nothing, when nobody would read it. */
function whileRead(signal: AbortSignal): AbortSignal {
  const unread = new AbortController();
  const timer = setInterval(() => isRead() || unread.abort(), FOLLOW_EVERY_MS);
  timer.unref();
  return AbortSignal.any([signal, unread.signal]);
}

/** Its last lines; with a signal it goes on until that aborts. */
async function printFile(stack: Stack, node: Node, count: number, follow?: AbortSignal): Promise<void> {
  const file = path.join(stack.directory, "logs", `${node.spec.name}.log`);
  let position = follow !== undefined && fs.existsSync(file) ? fs.statSync(file).size : 0;
  for (const line of await node.logTail(count)) process.stdout.write(`${line}\n`);
  while (follow !== undefined && isRead() && !follow.aborted && fs.existsSync(file)) {
    position = copyFrom(file, position);
    await stack.clock.sleep(FOLLOW_EVERY_MS, follow).catch(() => {});
  }
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
