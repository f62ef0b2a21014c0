// A problem drawn where it stands:
//
//   scenarios/failover.yaml:7:11
//     7 |   - kill: backend-usa
//       |           ^^^^^^^^^^^ topology "property" has no node "backend-usa"
//     Did you mean "backend-us"? Its nodes are gateway, backend-us, backend-eu, db-us, db-eu, kafka.
import path from "node:path";
import { Chalk } from "chalk";
import type { Problem } from "../model/problem.ts";

export interface DrawOptions {
  /** Colour adds, never carries. */
  colour?: boolean;
  /** Files below it are shown relative to it. */
  folder?: string;
}

/** Wider lines are cut around the caret. */
const WIDTH = 120;

/** `text` is that of the problem's file; "" where it could not be read: then there is nothing to point at. */
export function drawProblem(problem: Problem, text: string, options: DrawOptions = {}): string {
  const paint = new Chalk({ level: options.colour ? 1 : 0 });
  const loud = problem.severity === "warning" ? paint.yellow : paint.red;
  const message = printable(problem.severity === "warning" ? `warning: ${problem.message}` : problem.message);
  const shown = shownPath(problem.file, options.folder ?? process.cwd());
  const hint = problem.hint ? [`  ${printable(problem.hint)}`] : [];
  const written = text.split("\n")[problem.line - 1];
  if (text === "" || written === undefined) {
    return [paint.bold(`${shown}: `) + loud(message), ...hint].join("\n");
  }
  const { line, column } = cut(printable(written.replace(/\r$/, "")), problem.column);
  const number = String(problem.line);
  const gutter = " ".repeat(number.length);
  const carets = "^".repeat(Math.max(1, Math.min(problem.length, line.length - column + 1)));
  return [
    paint.bold(`${shown}:${problem.line}:${problem.column}`),
    `  ${paint.dim(`${number} |`)} ${line}`,
    `  ${paint.dim(`${gutter} |`)} ${" ".repeat(column - 1)}${loud(`${carets} ${message}`)}`,
    ...hint,
  ].join("\n");
}

function shownPath(file: string, folder: string): string {
  const relative = path.relative(folder, file);
  return relative === "" || relative.startsWith("..") || path.isAbsolute(relative) ? file : relative;
}

/** What a terminal would obey, and tabs that would move the caret, become blanks of the same width. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}

function cut(line: string, column: number): { line: string; column: number } {
  if (line.length <= WIDTH) return { line, column };
  const from = Math.max(0, Math.min(column - 1 - WIDTH / 3, line.length - WIDTH));
  const start = Math.floor(from);
  const end = Math.min(line.length, start + WIDTH);
  const before = start > 0 ? "…" : "";
  const after = end < line.length ? "…" : "";
  return { line: `${before}${line.slice(start, end)}${after}`, column: column - start + before.length };
}
