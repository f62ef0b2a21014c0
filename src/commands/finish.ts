// How a command ends: with everything it printed delivered, also when nobody reads any more or there is nowhere to write to.
import { EXIT } from "../model/verdict.ts";

/** A reader that has gone (`| head`) and a terminal that was closed are no errors: there is nobody to tell. */
const NOBODY_READS = new Set(["EPIPE", "EIO", "ECONNRESET"]);

let unread = false;
let undelivered: Error | undefined;

/** Without listeners a closed pipe would end the process in the middle of what it has to give back. */
export function guardOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (NOBODY_READS.has(error.code ?? "")) unread = true;
    else undelivered ??= error;
  });
  process.stderr.on("error", () => {});
}

/** Whether somebody still reads what this command prints. */
export const isRead = () => !unread && undelivered === undefined;

/** Exits once all output has left: a pipe takes 64 KiB at a time, and exiting drops the rest. */
export async function finish(code: number): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve)); // a write that failed says so a moment later
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  if (undelivered === undefined) process.exit(code);
  process.stderr.write(`the output could not be written: ${undelivered.message}\n`);
  process.exit(code === EXIT.passed ? EXIT.errored : code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}
