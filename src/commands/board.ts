// Several things under way at once: a bar each on a terminal, drawn again in place; in a pipe a line whenever one gets on.
import { paintFor } from "../reporters/paint.ts";

export interface Row {
  /** Shares of a whole; a whole of 0 is not known yet. */
  done: number;
  whole: number;
  /** Beside the bar. */
  text: string;
  state: "waiting" | "working" | "done" | "failed";
  /** In a pipe a line is printed when this changes. */
  line: string;
}

export interface Board {
  show(name: string, row: Row): void;
  /** Draws the last state and leaves it there. */
  end(): void;
}

const BAR = 24;
const REDRAW_MS = 100;

/** On stderr, so that stdout holds facts alone; nothing at all beside JSON. */
export function board(json: boolean | undefined): Board {
  if (json) return { show() {}, end() {} };
  return process.stderr.isTTY && process.env["TERM"] !== "dumb" ? drawn(process.stderr) : lines(process.stderr);
}

function lines(stream: NodeJS.WritableStream): Board {
  const last = new Map<string, string>();
  return {
    show(name, { line }) {
      if (last.get(name) === line || line === "") return;
      last.set(name, line);
      stream.write(`${name}: ${line}\n`);
    },
    end() {},
  };
}

function drawn(stream: NodeJS.WriteStream): Board {
  const rows = new Map<string, Row>();
  const paint = paintFor("stderr");
  let above = 0;
  let timer: NodeJS.Timeout | undefined;

  function draw(): void {
    const width = Math.max(...[...rows.keys()].map((name) => name.length));
    const room = Math.max(0, (stream.columns ?? 80) - width - BAR - 6);
    const drawnRows = [...rows].map(([name, { done, whole, text, state }]) => {
      const full = state === "done" ? BAR : whole === 0 ? 0 : Math.round((BAR * Math.min(done, whole)) / whole);
      const bar = "█".repeat(full) + "░".repeat(BAR - full);
      const coloured = state === "failed" ? paint.red(bar) : state === "done" ? paint.green(bar) : bar;
      // Cut, because a line that wraps could not be drawn over.
      return `\x1b[2K${name.padEnd(width)}  ${coloured}  ${text.replaceAll(/\s+/g, " ").slice(0, room)}\n`;
    });
    stream.write((above === 0 ? "" : `\x1b[${above}A`) + drawnRows.join(""));
    above = rows.size;
  }

  return {
    show(name, row) {
      rows.set(name, row);
      timer ??= setTimeout(() => {
        timer = undefined;
        draw();
      }, REDRAW_MS);
    },
    end() {
      clearTimeout(timer);
      if (rows.size > 0) draw();
    },
  };
}
