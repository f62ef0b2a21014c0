// Progress goes to stderr: lines as things happen and, on a terminal, one line of numbers below them that is drawn anew.
// Times are those of the history, so that what a report says can be found here. Of several runs at once every line says whose it is, and the line of numbers has a word for each.
import type { Event } from "../../model/event.ts";
import { paintFor } from "../../reporters/paint.ts";
import { progressLine, statusLine } from "../../reporters/terminal.ts";
import type { Stack } from "../../stack.ts";

export interface Screen {
  line(text: string): void;
  event(happened: Event): void;
  /** The stack it is played on, once that stands. Awaited. */
  stands?(stack: Stack): unknown;
  /** Awaited. */
  end(): unknown;
}

export interface Screens {
  /** Of one run, by a name that no other has while it goes on. */
  open(name: string): Screen;
  /** Said of none of them. */
  line(text: string): void;
  /** Writes to stdout what belongs together, with no progress in between. */
  apart(write: () => void): void;
}

/** `several`: more than one may be open at once. Nothing is shown beside JSON. */
export function openScreens({ json, several }: { json: boolean | undefined; several: boolean }): Screens {
  const paint = paintFor("stderr");
  const live = !json && process.stderr.isTTY === true;
  const clear = live ? "\r\u001b[2K" : "";
  const statuses = new Map<string, string>();
  const widest = () => Math.max(20, (process.stderr.columns || 80) - 1);
  const status = () =>
    [...statuses]
      .map(([name, text]) => (several ? `${name} ${text}` : text))
      .join("   ")
      .slice(0, widest());
  const write = (text: string) => {
    if (!json) process.stderr.write(`${clear}${text}${live ? status() : ""}`);
  };
  return {
    line: (text) => write(`${text}\n`),
    apart(print) {
      if (live) process.stderr.write(clear);
      print();
      write("");
    },
    open(name) {
      const own = (text: string) =>
        several
          ? text
              .split("\n")
              .map((line) => `${paint.dim(`${name} |`)} ${line}\n`)
              .join("")
          : `${text}\n`;
      const line = (text: string) => write(own(text));
      return {
        line,
        event(event) {
          const text = progressLine(event, paint);
          if (text !== undefined) line(text);
          const numbers = live ? (several ? shortStatus(event) : statusLine(event)) : undefined;
          if (numbers === undefined) return;
          statuses.set(name, numbers);
          write("");
        },
        end() {
          statuses.delete(name);
          if (live) write("");
        },
      };
    },
  };
}

/** "12.3s 1 down": there is room for little more of each. */
function shortStatus(event: Event): string | undefined {
  if (event.type !== "sample") return undefined;
  const down = Object.values(event.regions).filter(({ healthy }) => !healthy).length;
  return `${(event.at / 1000).toFixed(1)}s${down === 0 ? "" : ` ${down} down`}`;
}
