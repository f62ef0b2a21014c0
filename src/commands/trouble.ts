// Errors as a person reads them: what was expected, what came, the last lines of the log, what to type next.
import { NodeFailed, StackError, UsageError } from "../model/problem.ts";
import { EXIT } from "../model/verdict.ts";
import { paintFor } from "../reporters/paint.ts";
import { harmless } from "../reporters/text.ts";

/** Raised by Ctrl-C, SIGTERM and the closing of the terminal; the message says what became of what was begun. */
export class Interrupted extends Error {
  constructor(message = "interrupted; everything it started is gone") {
    super(message);
  }
}

/** Prints the error and returns the exit code that it means. */
export function explainError(thrown: unknown, json: boolean): number {
  const error = first(thrown);
  const code = codeOf(error);
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ error: messageOf(error), hint: hintOf(error), log: logOf(error), exitCode: code })}\n`,
    );
    return code;
  }
  const paint = paintFor("stderr");
  // A line of a file is drawn with colours of ours; what else is said can hold what a program answered.
  const message = error instanceof UsageError ? messageOf(error) : harmless(messageOf(error));
  const lines = [error instanceof Interrupted ? message : paint.red(message)];
  const log = logOf(error);
  if (log !== undefined && log.length > 0)
    lines.push("", "The last lines of its log:", ...log.map((line) => `  ${harmless(line)}`));
  const hint = hintOf(error);
  if (hint !== undefined) lines.push("", hint);
  if (code === EXIT.errored && !(error instanceof StackError)) {
    lines.push("", "This is a bug of regionctl. REGIONCTL_DEBUG=1 shows where.");
    if (process.env["REGIONCTL_DEBUG"] && error instanceof Error) lines.push(error.stack ?? "");
  }
  process.stderr.write(`${lines.join("\n")}\n`);
  return code;
}

/** When giving something back failed as well, the first error is the one that counts. */
function first(error: unknown): unknown {
  const hidden = error as { name?: unknown; suppressed?: unknown } | undefined;
  return hidden?.name === "SuppressedError" ? first(hidden.suppressed) : error;
}

function codeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof Interrupted) return EXIT.interrupted;
  return EXIT.errored;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const hintOf = (error: unknown) => (error instanceof StackError ? error.hint : undefined);
const logOf = (error: unknown) => (error instanceof NodeFailed ? error.logLines : undefined);
