// Draws the dashboard on a terminal, and gives the terminal back as it was, however that ends. This file and what it imports are
// the only ones that know React: it is loaded when somebody watches, and never otherwise.
import { Writable } from "node:stream";
import chalk from "chalk";
import { render, useInput } from "ink";
import { App } from "./app.tsx";
import type { Source } from "./hands.ts";
import { createPainter } from "./painter.ts";
import type { Store } from "./store.ts";
import { takeTerminal } from "./terminal.ts";

export interface Watching {
  source: Source;
  store: Store;
  /** The most frames a second. */
  fps: number;
  colour: boolean;
  /** Ends it. */
  signal: AbortSignal;
}

/** How it ended: by the key for it, by Ctrl-C, or by the signal. Rejects with what a view threw. */
export type Left = "quit" | "interrupted" | "ended";

/** Somebody who presses a key sees at once what it does. */
const LEAST_FPS = 20;

/** Resolves once the terminal is as it was. */
export async function watch({ source, store, fps, colour, signal }: Watching): Promise<Left> {
  if (signal.aborted) return "ended";
  if (!colour) chalk.level = 0;
  let left: Left | undefined;
  const terminal = await takeTerminal();
  const screen = screenOf(process.stdout);
  const leave = (how: Left) => {
    left ??= how;
    instance?.unmount();
  };
  const frame = () => (
    <>
      <OnCtrlC leave={() => leave("interrupted")} />
      <App
        source={source}
        store={store}
        columns={screen.columns}
        rows={screen.rows}
        quit={() => leave("quit")}
        colour={colour}
      />
    </>
  );
  const resized = () => screen.resize(() => instance?.rerender(frame()));
  const aborted = () => leave("ended");
  let instance: ReturnType<typeof render> | undefined;
  try {
    instance = render(frame(), {
      stdout: screen.stream,
      exitOnCtrlC: false,
      patchConsole: true,
      maxFps: Math.max(LEAST_FPS, fps),
    });
    process.stdout.on("resize", resized);
    signal.addEventListener("abort", aborted, { once: true });
    if (left !== undefined || signal.aborted) leave("ended");
    await instance.waitUntilExit();
    return left ?? "ended";
  } finally {
    process.stdout.off("resize", resized);
    signal.removeEventListener("abort", aborted);
    instance?.unmount();
    await terminal.giveBack();
  }
}

/** Stands before the views, so that Ctrl-C is known as that whatever they make of it. */
function OnCtrlC({ leave }: { leave: () => void }) {
  useInput((input, key) => {
    if (key.ctrl && input === "c") leave();
  });
  return null;
}

interface Screen {
  /** What Ink takes for the terminal. */
  stream: NodeJS.WriteStream;
  columns: number;
  rows: number;
  /** After the terminal has got another size: draws everything anew, `draw` with the new size. */
  resize(draw: () => void): void;
}

/** Terminals that do not tell. */
const [COLUMNS, ROWS] = [80, 24];
/** By then Ink has drawn what it has to draw. */
const DRAWN_MS = 150;

/**
 * Ink believes to write below what was there, and erases its lines before it writes them again. Here it has the whole screen: of
 * each frame only the lines that changed are written, each to its place, so nothing flickers and nothing depends on where the
 * cursor is.
 */
function screenOf(terminal: NodeJS.WriteStream): Screen {
  const painter = createPainter();
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => void terminal.write(painter.paint(chunk), () => done()),
  });
  // Views never draw as many lines as there are rows. On a screen that is full Ink would clear also what can be scrolled back to.
  const size = { isTTY: true, columns: terminal.columns || COLUMNS, rows: Infinity };
  const screen: Screen = {
    stream: Object.assign(stream, size) as unknown as NodeJS.WriteStream,
    columns: size.columns,
    rows: terminal.rows || ROWS,
    resize(draw) {
      screen.columns = terminal.columns || COLUMNS;
      screen.rows = terminal.rows || ROWS;
      screen.stream.columns = screen.columns;
      terminal.write(painter.forget());
      draw();
      // What is the same at the new size Ink does not write again.
      setTimeout(() => terminal.write(painter.again()), DRAWN_MS).unref();
    },
  };
  return screen;
}
