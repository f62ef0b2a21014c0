// Text as a terminal shows it: harmless, measured in columns, cut and padded to them. A row is a list of pieces, each with
// the tone that colour may add; nothing here knows a colour.
import { isPlain } from "../clean.ts";

export { clean } from "../clean.ts";

export type Tone = "good" | "bad" | "notice" | "dim" | "strong";
export interface Toned {
  text: string;
  tone: Tone;
}
export type Piece = string | Toned;
/** One line of a screen. Its text is clean: no control characters. */
export type Row = readonly Piece[];

export const toned = (tone: Tone | undefined, text: string): Piece => (tone === undefined ? text : { tone, text });

export const textOf = (piece: Piece) => (typeof piece === "string" ? piece : piece.text);

export const plainText = (row: Row) => row.map(textOf).join("");

/** Columns that clean text takes. Where terminals differ it is the most: a line that is short does no harm, a long one wraps. */
export function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1d300}-\u{1d37f}\u{1f180}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;
const NONE = /[\p{Mn}\p{Me}]/u;

function columnsOf(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x300 || (code >= 0x2500 && code < 0x25a0)) return 1; // letters, lines and bars: nearly everything
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

const ELLIPSIS = "…";

/** At most this many columns; what was left out is shown by an ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return width <= 0 ? "" : headOf(text, width - 1) + ELLIPSIS;
}

/** As many whole characters as have room. */
function headOf(text: string, width: number): string {
  let end = 0;
  let taken = 0;
  for (const character of text) {
    taken += columnsOf(character);
    if (taken > width) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** Text in lines of at most so many columns, broken at blanks where there are any; the last one of too many is cut. */
export function wrapped(text: string, width: number, most: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (widthOf(rest) > width && lines.length < most - 1) {
    const { length } = headOf(rest, width);
    if (length === 0) break;
    const blank = rest.lastIndexOf(" ", length);
    const end = blank > length / 4 ? blank : length; // rather a broken word than a line that is nearly empty
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, cut(rest, width)];
}

export const padEnd = (text: string, width: number) => text + " ".repeat(Math.max(0, width - widthOf(text)));
export const padStart = (text: string, width: number) => " ".repeat(Math.max(0, width - widthOf(text))) + text;

/** Exactly this many columns. */
export const fixed = (text: string, width: number) => padEnd(cut(text, width), width);

export function rowWidth(row: Row): number {
  let width = 0;
  for (const piece of row) width += widthOf(textOf(piece));
  return width;
}

export function cutRow(row: Row, width: number): Row {
  if (rowWidth(row) <= width) return row;
  const kept: Piece[] = [];
  let left = width;
  for (const piece of row) {
    const text = textOf(piece);
    const taken = widthOf(text);
    // The piece that ends at the last column is cut as well where more follows, or nobody would know.
    const last = taken >= left;
    const short = last ? cut(`${text}${ELLIPSIS}`, left) : text;
    kept.push(typeof piece === "string" ? short : { ...piece, text: short });
    if (last) break;
    left -= taken;
  }
  return kept;
}

/** What is left, and what is right at the end of the row; the left gives way. */
export function leftAndRight(left: Row, right: Row, width: number): Row {
  const taken = rowWidth(right);
  if (taken === 0) return cutRow(left, width);
  if (taken + 2 > width) return cutRow([...left, " ", ...right], width);
  const kept = cutRow(left, width - taken - 1);
  return [...kept, " ".repeat(width - taken - rowWidth(kept)), ...right];
}

/** Cells one after the other, in as many rows as they need; what does not fit into `most` rows is left out. */
export function flowed(cells: readonly Row[], width: number, most = Infinity, gap = 2): readonly Row[] {
  const rows: Piece[][] = [];
  let taken = 0;
  for (const cell of cells) {
    const wide = Math.min(width, rowWidth(cell));
    const row = rows.at(-1);
    if (row !== undefined && taken + gap + wide <= width) {
      row.push(" ".repeat(gap), ...cell);
      taken += gap + wide;
    } else if (rows.length < most) {
      rows.push([...cutRow(cell, width)]);
      taken = wide;
    }
  }
  return rows;
}

/** Cells in one row: those that fit, the first ones first; a later and shorter one may still fit. */
export function packed(cells: readonly Row[], width: number, gap = 2): Row {
  const row: Piece[] = [];
  let taken = 0;
  for (const cell of cells) {
    const wide = rowWidth(cell) + (taken === 0 ? 0 : gap);
    if (taken > 0 && taken + wide > width) continue;
    if (taken > 0) row.push(" ".repeat(gap));
    row.push(...cell);
    taken += wide;
  }
  return cutRow(row, width);
}

/** Columns that the word before a section takes, with the blank after it. */
const LABEL = 8;

export const besideLabel = (columns: number) => (columns < 40 ? columns : columns - LABEL);

/** Rows with their word before the first. Rows fit `besideLabel(columns)`. */
export function labelled(label: string, rows: readonly Row[], columns: number): readonly Row[] {
  if (columns < 40) return rows;
  return rows.map((row, i) => [i === 0 ? { tone: "dim", text: label.padEnd(LABEL) } : " ".repeat(LABEL), ...row]);
}
