// JSON text as plain values that still know where they stand, so that what is wrong with one is drawn with a caret, as in YAML.
// Histories are too long to keep the place of every value: a place is looked for when something has to be said about it.
import type { Problem } from "../model/problem.ts";
import { idOf, type Path, type Source } from "../topology/source.ts";

/** JSON of an honest tool is flat; what is nested deeper than this is refused before anything walks it. */
const MAX_DEPTH = 40;

/** The value is undefined, and a problem is said, when the text is no JSON. */
export function openJson(file: string, text: string): Source {
  const problems: Problem[] = [];
  const find = finder(text);

  const rangeOf = (path: Path, wantsKey: boolean): Range => {
    for (let end = path.length; end >= 0; end--) {
      const place = find(path.slice(0, end));
      if (place === undefined) continue;
      return wantsKey && end === path.length ? (place.key ?? place.value) : place.value;
    }
    return [0, 1];
  };
  const report = (range: Range, message: string, hint?: string, severity: Problem["severity"] = "error") => {
    problems.push({ file, ...spanOf(text, range), message, hint, severity });
  };

  const source: Source = {
    file,
    text,
    value: undefined,
    problems,
    say(spot, message, hint, severity) {
      const { path, key = false, word } = "path" in spot ? spot : { path: spot };
      const [from, to] = rangeOf(path, key);
      const inside = word === undefined || key ? -1 : text.slice(from, to).indexOf(word);
      const range: Range = inside === -1 ? [from, to] : [from + inside, from + inside + word!.length];
      const where = sayPath(key ? path.slice(0, -1) : path);
      report(range, where === "" ? message : `${where}: ${message}`, hint, severity);
    },
    lineOf: (path) => spanOf(text, rangeOf(path, true)).line,
  };
  try {
    source.value = JSON.parse(text);
  } catch (error) {
    // The parser does not always say where; the walk below stops at the same place.
    const torn = tornAt(text);
    report([torn?.at ?? 0, (torn?.at ?? 0) + 1], `this is not JSON: ${torn?.message ?? (error as Error).message}`);
    return source;
  }
  const deep = tooDeep(source.value);
  if (deep) {
    report([0, 1], `this is nested more than ${MAX_DEPTH} levels deep`);
    source.value = undefined;
  }
  return source;
}

/** ["operations", 17, "outcome"] -> "operations[17].outcome". */
export function sayPath(path: Path): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

type Range = readonly [from: number, to: number];

interface Place {
  key?: Range;
  value: Range;
}

class Torn extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

function tornAt(text: string): Torn | undefined {
  try {
    const end = skipBlank(text, skipValue(text, skipBlank(text, 0), 0));
    return end < text.length ? new Torn(end, "something follows after its end") : undefined;
  } catch (error) {
    if (error instanceof Torn) return error;
    throw error;
  }
}

function tooDeep(value: unknown): boolean {
  const left: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    if (typeof one.value !== "object" || one.value === null) continue;
    if (one.depth >= MAX_DEPTH) return true;
    const { depth } = one;
    for (const inner of Object.values(one.value))
      if (typeof inner === "object") left.push({ value: inner, depth: depth + 1 });
  }
  return false;
}

/**
 * Where values stand. In a long list the search goes on from the entry that was asked for last, and a map, which may hold such a
 * list, is walked once for a key.
 */
function finder(text: string): (path: Path) => Place | undefined {
  const members = new Map<string, Member | undefined>();
  const memberAt = (start: number, name: string): Member | undefined => {
    const id = `${start} ${name}`;
    if (!members.has(id)) members.set(id, memberOf(text, start, name));
    return members.get(id);
  };
  const reached = new Map<string, { index: number; at: number }>();

  const entryOf = (list: Path, wanted: number, start: number): number | undefined => {
    const id = idOf(list);
    const known = reached.get(id);
    let { index, at } =
      known !== undefined && known.index <= wanted ? known : { index: 0, at: skipBlank(text, start + 1) };
    if (text[at] === "]") return undefined;
    for (; index < wanted; index++) {
      at = skipBlank(text, skipValue(text, at, 0));
      if (text[at] !== ",") return undefined;
      at = skipBlank(text, at + 1);
    }
    reached.set(id, { index, at });
    return at;
  };

  return (path) => {
    let at = skipBlank(text, 0);
    let key: Range | undefined;
    for (const [i, part] of path.entries()) {
      if (typeof part === "number") {
        const entry = text[at] === "[" ? entryOf(path.slice(0, i), part, at) : undefined;
        if (entry === undefined) return undefined;
        [at, key] = [entry, undefined];
      } else {
        const member = text[at] === "{" ? memberAt(at, part) : undefined;
        if (member === undefined) return undefined;
        [at, key] = [member.at, member.key];
      }
    }
    return { key, value: [at, skipValue(text, at, 0)] };
  };
}

interface Member {
  key: Range;
  at: number;
}

/** Of a key that stands there twice the last one counts, as it does for JSON.parse. */
function memberOf(text: string, start: number, name: string): Member | undefined {
  let found: Member | undefined;
  let at = skipBlank(text, start + 1);
  while (text[at] === '"') {
    const end = skipText(text, at);
    const value = skipBlank(text, skipBlank(text, end) + 1);
    if (JSON.parse(text.slice(at, end)) === name) found = { key: [at, end], at: value };
    at = skipBlank(text, skipValue(text, value, 0));
    if (text[at] !== ",") break;
    at = skipBlank(text, at + 1);
  }
  return found;
}

/** The place after a value. Throws Torn where the text stops being JSON. */
function skipValue(text: string, at: number, depth: number): number {
  const first = text[at];
  if (first === undefined) throw new Torn(Math.max(0, text.length - 1), "it ends too early");
  if (depth > MAX_DEPTH) throw new Torn(at, `it is nested more than ${MAX_DEPTH} levels deep`);
  if (first === '"') return skipText(text, at);
  if (first === "{" || first === "[") return skipInside(text, at, depth, first === "{");
  const word = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y;
  word.lastIndex = at;
  if (!word.test(text)) throw new Torn(at, "a value is expected here");
  return word.lastIndex;
}

function skipInside(text: string, start: number, depth: number, isMap: boolean): number {
  const close = isMap ? "}" : "]";
  let at = skipBlank(text, start + 1);
  if (text[at] === close) return at + 1;
  for (;;) {
    if (isMap) {
      if (text[at] !== '"') throw new Torn(Math.min(at, text.length - 1), 'a key in "..." is expected here');
      at = skipBlank(text, skipText(text, at));
      if (text[at] !== ":") throw new Torn(Math.min(at, text.length - 1), 'a ":" is expected here');
      at = skipBlank(text, at + 1);
    }
    at = skipBlank(text, skipValue(text, at, depth + 1));
    if (text[at] === close) return at + 1;
    if (text[at] !== ",") throw new Torn(Math.min(at, text.length - 1), `"," or "${close}" is expected here`);
    at = skipBlank(text, at + 1);
  }
}

function skipText(text: string, at: number): number {
  // oxlint-disable-next-line no-control-regex -- JSON allows none of them in a text
  const quoted = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
  quoted.lastIndex = at;
  if (!quoted.test(text)) throw new Torn(at, "this text is not closed, or holds a character that must be escaped");
  return quoted.lastIndex;
}

function skipBlank(text: string, at: number): number {
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at++;
  }
}

/** Where a range stands, cut at the end of its first line. */
function spanOf(text: string, [from, to]: Range): Pick<Problem, "line" | "column" | "length"> {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf("\n"); end !== -1 && end < from; end = text.indexOf("\n", end + 1)) {
    line++;
    start = end + 1;
  }
  const newline = text.indexOf("\n", from);
  const until = Math.min(to, newline === -1 ? text.length : newline);
  return { line, column: from - start + 1, length: Math.max(1, until - from) };
}
