// Frames as Ink writes them (its last lines erased, then all lines anew) -> what has to be written to a screen that shows the
// last frame from its first row on: the lines that are others than before, each to its place. Pure but for what it remembers.

export interface Painter {
  /** What to write in place of this chunk. */
  paint(chunk: string): string;
  /** The screen is cleared: nothing of the last frame is on it. */
  forget(): string;
  /** The last frame, where it was forgotten and no other came since. */
  again(): string;
}

const ESC = "\u001b[";
/** Lines erased upwards, and back to the first column. */
// oxlint-disable-next-line no-control-regex -- escape sequences are what is looked for
const ERASED = /^(?:\u001b\[2K|\u001b\[1A|\u001b\[G)*/;
/** The cursor hidden or shown, a frame begun or ended. */
// oxlint-disable-next-line no-control-regex -- as above
const MODES = /^(?:\u001b\[\?\d+[hl])*$/;

const at = (row: number) => `${ESC}${row + 1};1H`;

export function createPainter(): Painter {
  let shown: readonly string[] = [];
  let last: readonly string[] = [];
  let isForgotten = false;

  const show = (lines: readonly string[]): string => {
    const changed = lines.flatMap((line, row) => (line === shown[row] ? [] : [`${at(row)}${ESC}2K${line}`]));
    const rest = lines.length < shown.length ? `${at(lines.length)}${ESC}J` : "";
    shown = lines;
    return changed.join("") + rest;
  };

  return {
    paint(chunk) {
      if (MODES.test(chunk)) return chunk;
      const text = chunk.replace(ERASED, "");
      last = text === "" ? [] : text.replace(/\n$/, "").split("\n");
      isForgotten = false;
      return show(last);
    },
    forget() {
      shown = [];
      isForgotten = true;
      return `${ESC}2J${ESC}H`;
    },
    again() {
      if (!isForgotten) return "";
      isForgotten = false;
      return show(last);
    },
  };
}
