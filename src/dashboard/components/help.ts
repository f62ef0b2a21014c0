// Every key that means something here, and how to read the screen.
import type { Source } from "../hands.ts";
import { KEYS } from "../keys.ts";
import { fixed, type Row, toned } from "./text.ts";

const READING: readonly string[] = [
  "us ══ 80 ms ══ eu: a link and its round trip. ✂ is a cut, → or ← one direction.",
  "▁▂▃ is the worst lag of the last minute, now at the right; a gap: nobody knows.",
  "What a key did is shown as a command, and as a step of a scenario.",
  "Any key closes this help.",
];

const KEY_WIDTH = 8;
/** In two columns where one has no room. */
const HALF = 58;

export function helpRows(mode: Source["mode"], columns: number, height: number): readonly Row[] {
  const keys = KEYS[mode].slice(1).map(({ keys, about }): Row => [toned("strong", keys.padEnd(KEY_WIDTH)), about]);
  const reading = READING.map((line): Row => [toned("dim", line)]);
  const all: Row[] = [...keys, [], ...reading];
  if (all.length <= height) return all;
  if (columns >= 2 * HALF)
    return [...inTwo(KEYS[mode].slice(1), Math.floor(columns / 2)), [], ...reading].slice(0, height);
  return keys.slice(0, height);
}

function inTwo(keys: (typeof KEYS)[Source["mode"]], width: number): readonly Row[] {
  const half = Math.ceil(keys.length / 2);
  return keys.slice(0, half).map((left, i): Row => {
    const right = keys[half + i];
    const cell = ({ keys, about }: (typeof KEYS)["run"][number]): Row => [
      toned("strong", keys.padEnd(KEY_WIDTH)),
      fixed(about, width - KEY_WIDTH - 2),
      "  ",
    ];
    return [...cell(left), ...(right === undefined ? [] : cell(right))];
  });
}
