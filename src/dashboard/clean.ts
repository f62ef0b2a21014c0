// Text that somebody else wrote (a log, an error, a file), made harmless before it reaches a terminal or a program.

/** Everything that a program sends to move a cursor, colour a line or name a window, as far as the end of it can be known. */
const ESCAPES =
  // oxlint-disable-next-line no-control-regex -- escape codes are what it looks for
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/g;

/**
 * What is not seen and would be acted on: control characters, marks that turn the direction of writing, and those that join
 * or change what stands beside them, which every terminal measures in its own way.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufe00-\ufe0f]+/gu;

/** On one line, and without a way to act on the terminal. */
export function clean(text: string): string {
  if (isPlain(text)) return text;
  return text
    .replace(ESCAPES, "")
    .replace(/[\t\r\n\v\f]+/g, " ")
    .replace(UNSEEN, "")
    .normalize("NFC");
}

/** Nothing but what every terminal shows in one column. */
export const isPlain = (text: string) => /^[ -~]*$/.test(text);

/** The same without blanks that say nothing, and no longer than may be kept. */
export function printable(text: string, most = Infinity): string {
  const flat = clean(text).replaceAll(/\s+/g, " ").trim();
  return flat.length > most ? `${clean(flat.slice(0, most - 1))}…` : flat; // the cut may have halved a character
}
