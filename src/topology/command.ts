// A service's command as the list of words that its container runs. Compose splits a text as a shell does, but no shell ever
// reads it: what only a shell understands, Compose drops or passes on as it stands. Here that is refused.

export interface Complaint {
  /** The part of the text that is wrong. */
  word?: string;
  message: string;
  hint: string;
}

const SHELL = 'Quote it, or ask for a shell: ["sh", "-c", "..."].';
const FORMS = 'Write it as a list, one text for each word: ["node", "server.js"].';
const MAX_WORDS = 256;

/** The words of a command; none where the file has none: then the image's own counts. */
export function wordsOf(
  written: string | readonly string[] | null | undefined,
  complain: (complaint: Complaint) => void,
): readonly string[] | undefined {
  if (written === undefined || written === null) return undefined;
  const words = typeof written === "string" ? split(written) : written;
  const wrong = "message" in words ? words : reasonAgainst(words);
  if (wrong === undefined) return words as readonly string[];
  complain(wrong);
  return undefined;
}

function reasonAgainst(words: readonly string[]): Complaint | undefined {
  if (words.length === 0)
    return { message: "a command has one word at least", hint: "Remove it: the image has its own." };
  if (words.length > MAX_WORDS) return { message: `a command has ${MAX_WORDS} words at most`, hint: FORMS };
  return undefined;
}

/**
 *   node server.js --greeting "hello there"  ->  node, server.js, --greeting, hello there
 *
 * Blanks part words. Quotes keep them together; a backslash stands before a character that is meant as such, except
 * between single quotes.
 */
function split(text: string): readonly string[] | Complaint {
  const words: string[] = [];
  let word: string | undefined; // "" is a word as well, where it is quoted
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "\\" && quote !== "'") {
      const next = text[++at];
      if (next === undefined) return { message: "nothing follows the last backslash", hint: FORMS };
      word = (word ?? "") + next;
    } else if (quote === character) {
      quote = undefined;
    } else if (quote !== undefined) {
      word += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (";&|<>()`".includes(character)) {
      return {
        word: character,
        message: `no shell reads this command, so ${character} means nothing in it`,
        hint: SHELL,
      };
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== undefined) return { word: quote, message: `this ${quote} is not closed`, hint: FORMS };
  return word === undefined ? words : [...words, word];
}
