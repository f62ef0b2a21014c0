// What Ink writes, painted: a screen of the test's own shows the newest frame, whatever was on it, and unchanged lines are not
// written again.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPainter } from "../../src/dashboard/painter.ts";

/** As Ink's log-update does it. */
const eraseLines = (count: number) =>
  count === 0 ? "" : `${Array.from({ length: count }, () => "\u001b[2K").join("\u001b[1A")}\u001b[G`;

/** A terminal that knows the few sequences a painter writes. */
function terminal() {
  let rows: string[] = [];
  let row = 0;
  return {
    write(text: string) {
      // oxlint-disable-next-line no-control-regex -- escape sequences are what is read
      for (const [, sequence, plain] of text.matchAll(/(\u001b\[\??[\d;]*[A-Za-z])|([^\u001b]+)/g)) {
        if (plain !== undefined) rows[row] = (rows[row] ?? "") + plain;
        else if (sequence!.endsWith("H")) row = Number(/\[(\d*)/.exec(sequence!)![1] || 1) - 1;
        else if (sequence === "\u001b[2K") rows[row] = "";
        else if (sequence === "\u001b[J") rows = rows.slice(0, row);
        else if (sequence === "\u001b[2J") rows = [];
        else if (!sequence!.startsWith("\u001b[?")) throw new Error(`unknown sequence ${JSON.stringify(sequence)}`);
      }
    },
    shows: () => Array.from(rows, (line) => line ?? ""),
  };
}

const frameOf = (lines: readonly string[]) => `${lines.join("\n")}\n`;

describe("the painter", () => {
  it("shows the newest frame, however many lines came before it", () => {
    const line = fc.constantFrom("", "a", "b", "a longer line", "…│ wide 界");
    fc.assert(
      fc.property(fc.array(fc.array(line, { minLength: 1, maxLength: 6 }), { maxLength: 12 }), (frames) => {
        const painter = createPainter();
        const screen = terminal();
        let before = 0;
        for (const lines of frames) {
          screen.write(painter.paint(eraseLines(before) + frameOf(lines)));
          before = lines.length + 1;
          expect(screen.shows()).toEqual(lines);
        }
      }),
    );
  });

  it("writes only lines that changed", () => {
    const painter = createPainter();
    painter.paint(frameOf(["one", "two", "three"]));
    expect(painter.paint(eraseLines(4) + frameOf(["one", "TWO", "three"]))).toBe("\u001b[2;1H\u001b[2KTWO");
    expect(painter.paint(eraseLines(4) + frameOf(["one", "TWO", "three"]))).toBe("");
  });

  it("leaves alone what is no frame: the cursor, and the frames' begins and ends", () => {
    const painter = createPainter();
    for (const chunk of ["", "\u001b[?25l", "\u001b[?2026h", "\u001b[?2026l"]) expect(painter.paint(chunk)).toBe(chunk);
  });

  it("after a new size has an empty screen, then the next frame whole, or the last one when none comes", () => {
    const painter = createPainter();
    const screen = terminal();
    screen.write(painter.paint(frameOf(["one", "two"])));
    screen.write(painter.forget());
    expect(screen.shows()).toEqual([]);
    screen.write(painter.paint(eraseLines(3) + frameOf(["one", "2"])));
    expect(screen.shows()).toEqual(["one", "2"]);
    expect(painter.again()).toBe("");
    screen.write(painter.forget());
    screen.write(painter.again());
    expect(screen.shows()).toEqual(["one", "2"]);
  });
});
