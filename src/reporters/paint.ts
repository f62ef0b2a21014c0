// Colour adds, never carries: every mark is readable without it. NO_COLOR and pipes are honoured by chalk's own detection.
import { Chalk, type ChalkInstance, supportsColor, supportsColorStderr } from "chalk";

/** Chalk honours FORCE_COLOR and dumb terminals by itself, but not NO_COLOR. */
export function paintFor(stream: "stdout" | "stderr"): ChalkInstance {
  const support = stream === "stdout" ? supportsColor : supportsColorStderr;
  const refused = (process.env["NO_COLOR"] ?? "") !== "";
  return new Chalk({ level: refused || !support ? 0 : support.level });
}

const NARROWEST = 40;

/** undefined in a pipe. A terminal that does not know how wide it is says 0. */
export const columnsOfStdout = (): number | undefined =>
  process.stdout.columns ? Math.max(NARROWEST, process.stdout.columns) : undefined;

export const plain: ChalkInstance = new Chalk({ level: 0 });

export const MARK = { passed: "✓", failed: "✗", errored: "!", inconclusive: "?", skipped: "-" } as const;

/** Pads to a width, counting what is seen (no colour codes inside `text`). */
export function pad(text: string, width: number): string {
  return text.length >= width ? text : text + " ".repeat(width - text.length);
}
