// A YAML file as plain values that still know where they stand, so that whatever is wrong with one can be drawn with a caret.
// Aliases and merge keys (`<<`) are followed, with limits: a few lines of YAML can otherwise unfold into gigabytes.
import fs from "node:fs";
import YAML from "yaml";
import type { Problem } from "../model/problem.ts";

export type Path = readonly (string | number)[];

/** Where a caret goes: a value, its key, or one word inside the value. */
export interface Spot {
  path: Path;
  /** The key instead of the value. */
  key?: boolean;
  /** Underline only this part of the value. */
  word?: string;
}

export interface Source {
  file: string;
  text: string;
  /** Maps, lists, texts, numbers, booleans and nulls; undefined when the file is no YAML at all. */
  value: unknown;
  /** Everything that was found wrong so far. */
  problems: Problem[];
  say(spot: Spot | Path, message: string, hint?: string, severity?: Problem["severity"]): void;
  /** Line of a value, from 1. */
  lineOf(path: Path): number;
}

/** What becomes of each text before anybody looks at it (`${VAR}` in Compose files). */
export type Rewrite = (text: string, path: Path) => { text: string; complaints: readonly RewriteComplaint[] };
export interface RewriteComplaint {
  word: string;
  message: string;
  hint?: string;
  severity?: Problem["severity"];
}

/** What becomes of the whole before anybody looks at it (`--regions`). */
export type Reshape = (value: unknown) => Reshaped;
export interface Reshaped {
  value: unknown;
  /** By the place of what is new (idOf): where it was copied from, and where its mistakes are drawn. */
  origins: ReadonlyMap<string, Path>;
  /** Why it cannot be done; places are those of the file. */
  complaints: readonly { spot: Spot; message: string; hint?: string }[];
}

export const MAX_FILE_BYTES = 1024 * 1024;
const MAX_ALIASES = 100;
const MAX_VALUES = 50_000;
const MAX_DEPTH = 64;
const MAX_PROBLEMS = 100;

/** The text of a file, or why it cannot be read. */
export function readText(file: string, what: string): { text: string } | { problem: Problem } {
  const problem = (message: string, hint?: string) => ({
    problem: { file, line: 1, column: 1, length: 1, message, hint, severity: "error" as const },
  });
  try {
    const stat = fs.statSync(file);
    if (!stat.isFile()) return problem(`${what} must be a file, and this is none`);
    if (stat.size > MAX_FILE_BYTES) {
      return problem(
        `${what} may have 1 MiB at most; this one has ${Math.ceil((stat.size / MAX_FILE_BYTES) * 100) / 100}`,
      );
    }
    return { text: fs.readFileSync(file, "utf8") };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return problem(`there is no such file`);
    return problem(`${what} cannot be read: ${code ?? (error as Error).message}`);
  }
}

export function openSource(
  file: string,
  text: string,
  { rewrite, reshape }: { rewrite?: Rewrite; reshape?: Reshape } = {},
): Source {
  const lines = lineStarts(text);
  const places = new Map<string, { key?: Range; value?: Range }>();
  let origins: Reshaped["origins"] = new Map();
  const placeOf = (path: Path) => {
    const id = idOf(path);
    const origin = origins.get(id);
    return places.get(origin === undefined ? id : idOf(origin));
  };
  const problems: Problem[] = [];
  const report = (range: Range, message: string, hint?: string, severity: Problem["severity"] = "error") => {
    problems.push({ file, ...spanOf(text, lines, range), message, hint, severity });
  };

  /** The nearest thing that stands in the file: the value, its key, or what it should have been in. */
  const rangeOf = (path: Path, wantsKey: boolean): Range => {
    for (let end = path.length; end >= 0; end--) {
      const place = placeOf(path.slice(0, end));
      if (place === undefined) continue;
      const { key, value } = place;
      const first = wantsKey || end < path.length || isBig(text, value) ? (key ?? value) : (value ?? key);
      if (first) return first;
    }
    return [0, Math.min(1, text.length)];
  };

  /** The value of a path, or of the nearest thing around it: a list may hold what is asked for as a map. */
  const valueAround = (path: Path): Range => {
    for (let end = path.length; end > 0; end--) {
      const value = places.get(idOf(path.slice(0, end)))?.value;
      if (value) return value;
    }
    return [0, 0];
  };

  const source: Source = {
    file,
    text,
    value: undefined,
    problems,
    say(spot, message, hint, severity) {
      const { path, key = false, word } = "path" in spot ? spot : { path: spot };
      const inside = word === undefined || key ? undefined : findWord(text, valueAround(path), word);
      report(inside ?? rangeOf(path, key), message, hint, severity);
    },
    lineOf: (path) => spanOf(text, lines, rangeOf(path, true)).line,
  };

  try {
    const document = YAML.parseDocument(text, { prettyErrors: false, strict: true, uniqueKeys: true });
    for (const error of [...document.errors, ...document.warnings].slice(0, MAX_PROBLEMS)) {
      report(error.pos, wordingOf(error), HINTS[error.code]);
    }
    if (document.errors.some((error) => error.code !== "DUPLICATE_KEY")) return source;
    const plain = toPlain(document, places, report);
    const reshaped = reshape?.(plain) ?? { value: plain, origins, complaints: [] };
    for (const { spot, message, hint } of reshaped.complaints) source.say(spot, message, hint);
    if (reshaped.complaints.length > 0) return source;
    origins = reshaped.origins;
    source.value = rewrite === undefined ? reshaped.value : rewritten(reshaped.value, [], rewrite, source);
  } catch (error) {
    if (error instanceof TooMuch) report(error.range, error.message);
    else if (error instanceof RangeError) report([0, 1], "this is nested too deeply to be read");
    else throw error;
  }
  return source;
}

/** Problems in the order of the lines, each once, and not more than somebody can read. */
export function inOrder(problems: readonly Problem[], first: string): readonly Problem[] {
  const seen = new Set<string>();
  const rank = (problem: Problem) => (problem.file === first ? 0 : 1);
  return problems
    .filter((problem) => {
      const id = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
      return !seen.has(id) && seen.add(id);
    })
    .toSorted((a, b) => rank(a) - rank(b) || a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column)
    .slice(0, MAX_PROBLEMS);
}

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Range = readonly [number, number];

class TooMuch extends Error {
  constructor(
    readonly range: Range,
    message: string,
  ) {
    super(message);
  }
}

type Report = (range: Range, message: string, hint?: string, severity?: Problem["severity"]) => void;

function toPlain(
  document: YAML.Document.Parsed,
  places: Map<string, { key?: Range; value?: Range }>,
  report: Report,
): unknown {
  let aliases = 0;
  let values = 0;

  const visit = (node: unknown, path: Path, depth: number): unknown => {
    if (!YAML.isNode(node)) return null;
    const range = rangeOfNode(node);
    if (++values > MAX_VALUES) throw new TooMuch(range, `a file may hold ${MAX_VALUES} values at most`);
    if (depth > MAX_DEPTH) throw new TooMuch(range, `this is nested more than ${MAX_DEPTH} levels deep`);
    const id = idOf(path);
    places.set(id, { ...places.get(id), value: range[0] === range[1] ? undefined : range });
    if (YAML.isAlias(node)) {
      if (++aliases > MAX_ALIASES) throw new TooMuch(range, `a file may use ${MAX_ALIASES} aliases (*name) at most`);
      const target = node.resolve(document);
      if (target !== undefined) return visit(target, path, depth + 1);
      report(range, `there is no anchor &${node.source} before this`);
      return null;
    }
    if (YAML.isSeq(node)) return node.items.map((item, i) => visit(item, [...path, i], depth + 1));
    if (YAML.isMap(node)) return visitMap(node, path, depth);
    return YAML.isScalar(node) ? node.value : null;
  };

  const visitMap = (map: YAML.YAMLMap, path: Path, depth: number): Record<string, unknown> => {
    const plain: Record<string, unknown> = {};
    const isMerge = (pair: YAML.Pair) => YAML.isScalar(pair.key) && pair.key.value === "<<";
    for (const pair of map.items.filter(isMerge)) {
      const merged = YAML.isSeq(pair.value) ? pair.value.items.toReversed() : [pair.value];
      for (const one of merged) {
        const value = visit(one, path, depth + 1);
        if (isMap(value)) Object.assign(plain, value);
        else report(rangeOfNode(pair.key as YAML.Node), "`<<` merges maps, and this is none");
      }
    }
    for (const pair of map.items) {
      if (isMerge(pair)) continue;
      const range = YAML.isNode(pair.key) ? rangeOfNode(pair.key) : rangeOfNode(map);
      const key = YAML.isScalar(pair.key) ? String(pair.key.value) : undefined;
      if (key === undefined || key === "__proto__") {
        report(range, "a key must be a word");
        continue;
      }
      const inner = [...path, key];
      places.set(idOf(inner), { key: range });
      plain[key] = visit(pair.value, inner, depth + 1);
    }
    // Merged maps were visited under this path; the place that counts is that of the map itself.
    places.set(idOf(path), { ...places.get(idOf(path)), value: rangeOfNode(map) });
    return plain;
  };

  return visit(document.contents, [], 0);
}

/** Every text rewritten; what is wrong with it is said where it stands. */
function rewritten(value: unknown, path: Path, rewrite: Rewrite, source: Source): unknown {
  if (Array.isArray(value)) return value.map((one, i) => rewritten(one, [...path, i], rewrite, source));
  if (isMap(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, rewritten(one, [...path, key], rewrite, source)]),
    );
  }
  if (typeof value !== "string") return value;
  const { text, complaints } = rewrite(value, path);
  for (const { word, message, hint, severity } of complaints) source.say({ path, word }, message, hint, severity);
  return text;
}

function rangeOfNode(node: YAML.Node): Range {
  return node.range ? [node.range[0], node.range[1]] : [0, 0];
}

/** A value that is more than a word or a flow collection on one line: its key says better what is meant. */
function isBig(text: string, value: Range | undefined): boolean {
  return value !== undefined && text.slice(value[0], value[1]).trimEnd().includes("\n");
}

/** A path as the key of a map; a number and its text are the same place. */
export function idOf(path: Path): string {
  return path.join("\u0000");
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}

/** Where a range stands, cut at the end of its first line; always inside the text. */
function spanOf(
  text: string,
  lines: readonly number[],
  [from, to]: Range,
): Pick<Problem, "line" | "column" | "length"> {
  let start = Math.min(from, text.length);
  // What is missing at the end of a line is missing after its last word.
  const newlineAfter = text.indexOf("\n", start);
  if (text.slice(start, newlineAfter === -1 ? text.length : newlineAfter).trim() === "") {
    start = Math.max(0, text.slice(0, start).trimEnd().length - 1);
  }
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (lines[middle]! <= start) low = middle;
    else high = middle - 1;
  }
  const lineStart = lines[low]!;
  const newline = text.indexOf("\n", start);
  const lineEnd = text.slice(0, newline === -1 ? text.length : newline).trimEnd().length;
  return { line: low + 1, column: start - lineStart + 1, length: Math.max(1, Math.min(to, lineEnd) - start) };
}

/** The word where it stands alone inside a range; otherwise wherever it stands. */
function findWord(text: string, [from, to]: Range, word: string): Range | undefined {
  if (word === "") return undefined;
  const slice = text.slice(from, to);
  for (let i = slice.indexOf(word); i !== -1; i = slice.indexOf(word, i + 1)) {
    const alone = !/[\w-]/.test(slice[i - 1] ?? " ") && !/[\w-]/.test(slice[i + word.length] ?? " ");
    if (alone) return [from + i, from + i + word.length];
  }
  const anywhere = slice.indexOf(word);
  return anywhere === -1 ? undefined : [from + anywhere, from + anywhere + word.length];
}

function wordingOf(error: { code: string; message: string }): string {
  if (/^Flow (map|sequence) in block/.test(error.message)) return "a { or [ that was opened above is not closed";
  return WORDING[error.code] ?? `this is not YAML: ${error.message.replace(/\s+/g, " ").trim()}`;
}

const WORDING: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands here twice",
  MULTIPLE_DOCS: "one file holds one document, and here a second one begins",
  TAB_AS_INDENT: "YAML is indented with spaces, and this is a tab",
  TAG_RESOLVE_FAILED: "tags (!name) are not used here",
  BLOCK_AS_IMPLICIT_KEY: "two `:` on one line: a map cannot begin inside a word",
};

const HINTS: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: "Put the text in quotes, or begin the map on a line of its own.",
  MISSING_CHAR: "Something is opened here and not closed, or a comma is missing.",
};
