// The lines that a gateway writes from now on: from its file, or from the engine that keeps its log.
import fs from "node:fs";
import path from "node:path";
import { followsLog } from "../../runtimes/docker/log.ts";
import type { Stack } from "../../stack.ts";

const LOOK_EVERY_MS = 250;
/** What came meanwhile beyond this is left out: figures are of the last second. */
const MOST_BYTES = 4 << 20;

/** undefined: the stack has no gateway. */
export function accessLogOf(stack: Stack): ((signal: AbortSignal) => AsyncIterable<string>) | undefined {
  const gateway = stack.cluster.nodes.find(({ spec }) => spec.role === "gateway");
  if (gateway === undefined) return undefined;
  if (followsLog(gateway)) return (signal) => gateway.followLog(0, signal);
  const file = path.join(stack.directory, "logs", `${gateway.spec.name}.log`);
  return (signal) => linesOf(file, (ms) => stack.clock.sleep(ms, signal), signal);
}

/** Whole lines, as they come, of a file that may be begun anew. */
export async function* linesOf(
  file: string,
  sleep: (ms: number) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let position = sizeOf(file);
  let rest = "";
  while (!signal.aborted) {
    const size = sizeOf(file);
    if (size < position) [position, rest] = [0, ""];
    if (size - position > MOST_BYTES) [position, rest] = [size - MOST_BYTES, ""];
    if (size > position) {
      const lines = (rest + read(file, position, size)).split("\n");
      position = size;
      rest = lines.pop() ?? "";
      yield* lines;
    }
    await sleep(LOOK_EVERY_MS).catch(() => {});
  }
}

const sizeOf = (file: string) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;

function read(file: string, from: number, to: number): string {
  const fd = fs.openSync(file, "r");
  try {
    const bytes = Buffer.alloc(to - from);
    const length = fs.readSync(fd, bytes, 0, bytes.length, from);
    return bytes.toString("latin1", 0, length); // what is not ASCII is escaped in it
  } finally {
    fs.closeSync(fd);
  }
}
