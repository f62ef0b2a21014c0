// Text that others wrote is made harmless, and is measured as terminals do: nothing wraps, nothing acts.
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import {
  clean,
  cut,
  cutRow,
  flowed,
  labelled,
  leftAndRight,
  packed,
  padEnd,
  plainText,
  rowWidth,
  widthOf,
  wrapped,
} from "../../../src/dashboard/components/text.ts";

const inkRequire = createRequire(createRequire(import.meta.url).resolve("ink"));
const { default: inkWidth } = (await import(inkRequire.resolve("string-width"))) as {
  default: (text: string) => number;
};

describe("text of others", () => {
  it("loses what a terminal would act on, and keeps what is read", () => {
    expect(clean("\u001b[31mred\u001b[0m and \u001b[1;4mbold\u001b[m")).toBe("red and bold");
    expect(clean("\u001b]0;a title\u0007after \u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\")).toBe("after link");
    expect(clean("\u001bP1$r0m\u001b\\x \u001b[2J\u001b[H\u001b(B\u001bc.")).toBe("x .");
    expect(clean("\u009b2Jeight bits")).toBe("eight bits");
    expect(clean("one\ttwo\r\nthree\u0000\u0007\u0008!")).toBe("one two three!");
    expect(clean("世界 żółw ünï 👍")).toBe("世界 żółw ünï 👍");
  });

  it("loses what turns the direction of writing or joins letters in ways that terminals measure differently", () => {
    expect(clean("safe\u202eevil\u2066x\u200b\u200f\ufeff")).toBe("safeevilx");
    expect(clean("👨\u200d👩\u200d👧 ❤\ufe0f")).toBe("👨👩👧 ❤");
    expect(clean("half \ud800 a pair")).toBe("half  a pair");
  });

  it("has nothing left that acts, whatever it was", () => {
    const letters = [
      "\u001b",
      "[",
      "]",
      "0",
      ";",
      "m",
      "\u0007",
      "\\",
      "P",
      "\u009b",
      "\n",
      "界",
      "a",
      "\u200d",
      "\u001b[",
    ];
    let seed = 1;
    for (let round = 0; round < 2_000; round++) {
      let text = "";
      for (let i = 0; i < 12; i++) {
        seed = (seed * 48_271) % 2_147_483_647;
        text += letters[seed % letters.length]!;
      }
      expect(clean(text), JSON.stringify(text)).toMatch(/^[\p{L}\p{N}\p{P}\p{S} ]*$/u);
    }
  });
});

describe("columns", () => {
  it("are never fewer than those that Ink counts: a line that is thought too short would wrap", () => {
    const letters = Array.from({ length: 0x20000 - 0x20 }, (_, i) => String.fromCodePoint(i + 0x20)).map(clean);
    const short = letters.filter((letter) => widthOf(letter) < inkWidth(letter));
    expect(short.map((letter) => letter.codePointAt(0)!.toString(16))).toEqual([]);
  });

  it("are the same as Ink's for what is written every day", () => {
    for (const text of [
      "backend-us",
      "us ══✂ cut (drop) ✂══ eu",
      "▁▂▃▄▅▆▇█ │ ✓ ✗ ▶ ‖ ●━─",
      "世界",
      "한국어",
      "日本語テキスト",
      "👍 ok",
      "é",
      "…·→←±",
    ]) {
      expect(widthOf(text), text).toBe(inkWidth(text));
    }
  });

  it("are kept when text is cut, and that it was cut is seen", () => {
    expect(cut("backend-us", 10)).toBe("backend-us");
    expect(cut("backend-us", 9)).toBe("backend-…");
    expect(cut("世界世界", 8)).toBe("世界世界");
    expect(cut("世界世界", 6)).toBe("世界…"); // a wide letter is not cut in half
    expect(cut("x", 0)).toBe("");
    expect(padEnd("世", 4)).toBe("世  ");
  });

  it("is broken into lines at blanks, and within words that are too long", () => {
    expect(wrapped("kill backend-us now", 12, 9)).toEqual(["kill", "backend-us", "now"]);
    expect(wrapped("abcdefgh", 3, 9)).toEqual(["abc", "def", "gh"]);
    expect(wrapped("世界世界", 5, 9)).toEqual(["世界", "世界"]);
    expect(wrapped("one two three four", 9, 2)).toEqual(["one two", "three fo…"]);
    expect(wrapped("fits", 4, 1)).toEqual(["fits"]);
  });

  it("are kept by rows of pieces", () => {
    const row = ["one ", { tone: "bad", text: "two" }, " three"] as const;
    expect(plainText(cutRow(row, 13))).toBe("one two three");
    expect(plainText(cutRow(row, 12))).toBe("one two thr…");
    expect(plainText(cutRow(row, 7))).toBe("one tw…");
    expect(plainText(leftAndRight(["a long name"], ["up"], 10))).toBe("a long… up");
    expect(plainText(leftAndRight(["name"], ["up"], 10))).toBe("name    up");
    expect(plainText(leftAndRight(["name"], ["NOT HEALTHY"], 6))).toBe("name …");
  });

  it("go to the cells that come first", () => {
    const cells = [["aaaa"], ["bbbb"], ["cc"]];
    expect(plainText(packed(cells, 14))).toBe("aaaa  bbbb  cc");
    expect(plainText(packed(cells, 9))).toBe("aaaa  cc");
    expect(flowed(cells, 10).map(plainText)).toEqual(["aaaa  bbbb", "cc"]);
    expect(flowed(cells, 10, 1).map(plainText)).toEqual(["aaaa  bbbb"]);
    expect(flowed(cells, 3).every((row) => rowWidth(row) <= 3)).toBe(true);
  });

  it("have the word of a section before its first row, unless there are too few", () => {
    expect(labelled("faults", [["a"], ["b"]], 40).map(plainText)).toEqual(["faults  a", "        b"]);
    expect(labelled("faults", [["a"]], 39).map(plainText)).toEqual(["a"]);
  });
});
