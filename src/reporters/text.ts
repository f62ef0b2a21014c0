// Text that comes from a run, made safe for a terminal and as wide as it may be. A run's words are not ours: a value can hold an
// escape code, a line end, or what a CI takes for a command.

/** Control characters, and those that turn the direction of writing: a terminal would obey them. Halves of surrogate pairs. */
const UNSEEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** On one line, with everything to be seen. "##[" is how a CI marks a command, wherever it stands. */
export function visible(text: string): string {
  return shown(text.replace(/\s+/g, " ")).replaceAll("##[", "## [");
}

/** The same of several lines, which stay as they are laid out. */
export const harmless = (text: string): string =>
  text
    .split("\n")
    .map((line) =>
      shown(line)
        .replaceAll("##[", "## [")
        .replace(/^(\s*)::/, "$1.."),
    )
    .join("\n");

const shown = (text: string) =>
  text.replace(UNSEEN, (one) => (one === "\t" ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`));

/** What takes two columns: East Asian wide and full-width forms, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** What stands on the character before it. */
const ON_TOP = /[\p{Mn}\p{Me}\u200b-\u200d]/u;

/** How many columns it takes. */
export function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const one of text) width += columnsOf(one);
  return width;
}

const isPlain = (text: string) => /^[ -~]*$/.test(text);
const columnsOf = (one: string) => (isPlain(one) ? 1 : ON_TOP.test(one) ? 0 : WIDE.test(one) ? 2 : 1);

/** Pads to a width, and cuts what is longer. */
export function fit(text: string, width: number): string {
  const seen = widthOf(text);
  if (seen <= width) return text + " ".repeat(width - seen);
  const [first = ""] = cut(text, Math.max(1, width - 1));
  return `${first}…${" ".repeat(Math.max(0, width - widthOf(first) - 1))}`;
}

/** Lines of at most that width, broken between words; a word that is longer than a line is broken too. */
export function wrap(text: string, width: number): readonly string[] {
  return wrapPainted([{ text, paint: (word) => word }], width);
}

/** A part of a sentence, and its colour. */
export interface Painted {
  text: string;
  paint(text: string): string;
}

/** Wraps them as one sentence. Widths are of what is seen: colours come last. */
export function wrapPainted(parts: readonly Painted[], width: number): readonly string[] {
  const words = parts.flatMap(({ text, paint }) =>
    text.split(" ").flatMap((word) => cut(word, width).map((piece) => ({ text: piece, paint }))),
  );
  const lines: Painted[][] = [[]];
  let seen = 0;
  for (const word of words) {
    const columns = widthOf(word.text);
    const line = lines.at(-1)!;
    if (line.length > 0 && seen + 1 + columns > width) {
      if (line.at(-1)!.text === "") line.pop(); // no blank at the end of a line, or at its beginning
      lines.push(columns === 0 ? [] : [word]);
      seen = columns;
    } else if (line.length > 0 || columns > 0) {
      seen += columns + (line.length > 0 ? 1 : 0);
      line.push(word);
    }
  }
  return lines.map((line) => {
    const [first, ...more] = line;
    if (first === undefined) return "";
    return [first.paint(noCommand(first.text)), ...more.map(({ text, paint }) => paint(text))].join(" ");
  });
}

/** A CI takes a line that begins with two colons for a command. */
const noCommand = (word: string) => (word.startsWith("::") ? `..${word.slice(2)}` : word);

/** In pieces of at most that width. */
function cut(word: string, width: number): readonly string[] {
  if (widthOf(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = "";
  let seen = 0;
  for (const one of word) {
    const columns = columnsOf(one);
    if (seen + columns > width && piece !== "") {
      pieces.push(piece);
      piece = "";
      seen = 0;
    }
    piece += one;
    seen += columns;
  }
  return [...pieces, piece];
}
