// A history file -> a run that can be judged, or everything that is wrong with it. As JSON it is one object; as NDJSON, which
// is written while something goes on, the first line is everything but the operations, and every other line is one of those.
import fs from "node:fs";
import path from "node:path";
import { judgeExpected, verdictOf } from "../checkers/index.ts";
import type { Event } from "../model/event.ts";
import { type Problem, UsageError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import type { Expectation } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { Vocabulary } from "../model/vocabulary.ts";
import { drawProblem } from "../scenario/caret.ts";
import { expectationsOf } from "../scenario/expectations.ts";
import { parseAt } from "../topology/issues.ts";
import { isMap, type Path, type Source } from "../topology/source.ts";
import { complaintsOfHead, complaintsOfOperation } from "./history-check.ts";
import { type Draft, eventsOf, eventsOfOperation, topologyOf } from "./history-events.ts";
import {
  FORMAT,
  head as headSchema,
  headInWhole as headInWholeSchema,
  type HistoryHead,
  type HistoryOperation,
  MOST_OPERATIONS,
} from "./history-format.ts";
import { operation as operationSchema } from "./history-format.ts";
import { openJson } from "./json-source.ts";

/** What a text in memory can be. */
const MAX_BYTES = 500 * 1024 * 1024;
/** More than this many tell nobody more; a long history may be wrong in every line. */
const MAX_PROBLEMS = 20;
/** Longer lines are not drawn: the path inside tells the place. */
const LONGEST_DRAWN = 5_000;
const LINES = /\.(ndjson|jsonl)$/;

export interface HistoryOptions {
  vocabulary: Vocabulary;
  /** What is asked in place of what the file expects; undefined: nothing else is asked. */
  asked?(topology: Topology): readonly Expectation[] | undefined;
  /** Problems are drawn with colour. */
  colour?: boolean;
}

export interface LoadedHistory {
  run: Run;
  /** Where an event stands in the file: "operations[5]", "line 6"; undefined for what is in no file. */
  placeOf(seq: number): string | undefined;
}

/** Throws UsageError with everything that is wrong. */
export function loadHistory(file: string, options: HistoryOptions): LoadedHistory {
  const absolute = path.resolve(file);
  const stat = fs.statSync(absolute, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new UsageError(`there is no file ${file}.`);
  if (stat.size > MAX_BYTES) {
    throw new UsageError(
      `${file} is larger than ${MAX_BYTES / 2 ** 20} MiB. Judge a part of it: some keys, or a shorter time.`,
    );
  }
  // Some editors and tools begin a text with a byte order mark, which nobody sees.
  const text = fs.readFileSync(absolute, "utf8").replace(/^\ufeff/, "");
  const { inLines, head, operations, source } = readHistory(absolute, text, options);
  const topology = topologyOf(head.regions, absolute);
  const asked = options.asked?.(topology) ?? expected(source, head, topology, options);
  if (asked.length === 0) {
    throw new UsageError(
      `${file} does not say what is expected of it. Ask with --expect, e.g. --expect no-lost-writes, or in the file with "expect".\n${canBeAsked(options.vocabulary)}`,
    );
  }
  refuseUnseen(asked);
  const writtenAt = stat.mtime.toISOString();
  const history = eventsOf({ file: absolute, head, operations, expect: asked, writtenAt });
  return { run: judgedHistory(absolute, history), placeOf: placesIn(history, inLines) };
}

/** Whether everything was healthy at first, or every fault took effect, no such file can say. */
function judgedHistory(file: string, history: readonly Event[]): Run {
  const verdicts = judgeExpected(history);
  // It has no directory: there is nothing beside it.
  return {
    id: path.basename(file),
    directory: "",
    history,
    verdicts,
    verdict: verdictOf(verdicts),
    interrupted: false,
  };
}

/** Expectation -> what it is judged by and no history of clients holds. */
const NOT_SEEN_BY_CLIENTS: Readonly<Record<string, string>> = {
  lag: "samples of the replication lag",
  recovers: "the probes of a run",
  rpo: "what the surviving regions held while a fault lasted",
};

export function canBeAsked({ expectations }: Vocabulary): string {
  const rows = Object.values(expectations).filter(({ name }) => !Object.hasOwn(NOT_SEEN_BY_CLIENTS, name));
  const width = Math.max(...rows.map(({ name }) => name.length));
  return ["It can be asked for:", ...rows.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)].join("\n");
}

function refuseUnseen(expect: readonly Expectation[]): void {
  const unseen = expect.filter(({ name }) => Object.hasOwn(NOT_SEEN_BY_CLIENTS, name));
  if (unseen.length === 0) return;
  throw new UsageError(
    unseen
      .map(
        ({ name }) =>
          `"${name}" is judged by ${NOT_SEEN_BY_CLIENTS[name]}, which a history of this format does not hold.`,
      )
      .join("\n"),
  );
}

interface Read {
  inLines: boolean;
  head: HistoryHead;
  operations: readonly Draft[];
  /** Where the head stands. */
  source: Source;
}

function readHistory(file: string, text: string, { colour }: HistoryOptions): Read {
  const inLines = LINES.test(file);
  const problems: Problem[] = [];
  const read = inLines ? fromLines(file, text, problems) : fromJson(file, text, problems);
  if (read === undefined || problems.length > 0) throw new UsageError(drawn(problems, text, colour));
  return { inLines, ...read };
}

function fromJson(file: string, text: string, problems: Problem[]): Omit<Read, "inLines"> | undefined {
  const source = openJson(file, text);
  const read = isMap(source.value) ? wholeOf(source, source.value) : undefined;
  if (read === undefined && source.problems.length === 0) {
    source.say([], `a history is a map: { "format": "${FORMAT}", ... }`);
  }
  problems.push(...source.problems);
  return read;
}

function wholeOf(source: Source, whole: Readonly<Record<string, unknown>>): Omit<Read, "inLines"> | undefined {
  const { operations: list, ...rest } = whole;
  const head = headOf(source, rest, headInWholeSchema);
  const operations = operationsIn(source, list, head);
  if (head === undefined || operations === undefined) return undefined;
  return { head, operations, source: { ...source, value: rest } }; // a million operations are not kept twice
}

function headOf(
  source: Source,
  rest: Readonly<Record<string, unknown>>,
  schema: typeof headSchema | typeof headInWholeSchema,
): HistoryHead | undefined {
  if (rest["type"] === "run" && "scenario" in rest) {
    source.say([], "this is the event log of a run", "Give the directory of the run: regionctl check RUN.");
    return undefined;
  }
  const head = parseAt<HistoryHead>(source, [], rest, schema);
  if (head !== undefined) {
    for (const { path, message, hint } of complaintsOfHead(head)) source.say(path, message, hint);
  }
  return head;
}

function operationsIn(source: Source, value: unknown, head: HistoryHead | undefined): Draft[] | undefined {
  if (!Array.isArray(value)) {
    const spot = { path: ["operations"], key: true };
    const expected = "expected a list of what the clients did";
    source.say(spot, value === undefined ? `"operations" is missing: ${expected}` : `"operations": ${expected}`);
    return undefined;
  }
  if (tooMany(value.length)) {
    source.say(["operations"], tooMany(value.length)!);
    return undefined;
  }
  const regions = head && new Set(head.regions);
  const found: Draft[] = [];
  for (const [i, written] of value.entries()) {
    const one = operationOf(written, regions, () => source, ["operations", i]);
    if (one !== undefined) found.push(...eventsOfOperation(one, i));
    if (source.problems.length >= MAX_PROBLEMS) return undefined;
  }
  return found;
}

const tooMany = (count: number): string | undefined =>
  count > MOST_OPERATIONS
    ? `a history has ${MOST_OPERATIONS.toLocaleString("en")} operations at most, and this one has ${count.toLocaleString("en")}`
    : undefined;

/** `open` only when something is wrong: most histories are right, and long. */
function operationOf(
  written: unknown,
  regions: ReadonlySet<string> | undefined,
  open: () => Source,
  path: Path,
): HistoryOperation | undefined {
  const parsed = operationSchema.safeParse(written);
  if (!parsed.success) return parseAt(open(), path, written, operationSchema);
  const complaints = regions === undefined ? [] : complaintsOfOperation(parsed.data, regions);
  if (complaints.length === 0) return parsed.data;
  const source = open();
  for (const { path: inner, message, hint } of complaints) source.say([...path, ...inner], message, hint);
  return undefined;
}

function fromLines(file: string, text: string, problems: Problem[]): Omit<Read, "inLines"> | undefined {
  let head: HistoryHead | undefined;
  let first: Source | undefined;
  let regions: ReadonlySet<string> | undefined;
  const operations: Draft[] = [];
  let count = 0;
  let number = 0;
  for (let from = 0; from < text.length && problems.length < MAX_PROBLEMS;) {
    const newline = text.indexOf("\n", from);
    const line = text.slice(from, newline === -1 ? text.length : newline);
    from = newline === -1 ? text.length : newline + 1;
    number++;
    if (line.trim() === "") continue;
    if (first === undefined) {
      first = openJson(file, line);
      if (isMap(first.value)) head = headOf(first, first.value, headSchema);
      else if (first.value !== undefined) first.say([], `the first line is a map: { "format": "${FORMAT}", ... }`);
      regions = head && new Set(head.regions);
      problems.push(...first.problems.map((problem) => ({ ...problem, line: number })));
      continue;
    }
    const source = { opened: undefined as Source | undefined };
    const one = lineOf(line, regions, () => (source.opened ??= openJson(file, line)));
    if (one !== undefined) operations.push(...eventsOfOperation(one, count++));
    for (const problem of source.opened?.problems ?? []) problems.push({ ...problem, line: number });
    if (count > MOST_OPERATIONS) throw new UsageError(`${file}: ${tooMany(count)}.`);
  }
  if (first === undefined)
    throw new UsageError(`${file} is empty. Its first line is { "format": "${FORMAT}", "regions": [...] }.`);
  return head === undefined ? undefined : { head, operations, source: first };
}

function lineOf(
  line: string,
  regions: ReadonlySet<string> | undefined,
  open: () => Source,
): HistoryOperation | undefined {
  let written: unknown;
  try {
    written = JSON.parse(line);
  } catch {
    return void open(); // it says why
  }
  return operationOf(written, regions, open, []);
}

/** What the file itself expects, by the words of a scenario. */
function expected(
  source: Source,
  head: HistoryHead,
  topology: Topology,
  { vocabulary, colour }: HistoryOptions,
): readonly Expectation[] {
  if (head.expect === undefined) return [];
  const expect = expectationsOf(source, { vocabulary, topology });
  if (source.problems.length > 0) throw new UsageError(drawn(source.problems, source.text, colour));
  return expect;
}

function drawn(problems: readonly Problem[], text: string, colour = false): string {
  const lines = new Map<number, string>();
  const wanted = new Set(problems.map(({ line }) => line));
  let number = 1;
  for (let from = 0; from <= text.length && lines.size < wanted.size; number++) {
    const newline = text.indexOf("\n", from);
    const end = newline === -1 ? text.length : newline;
    if (wanted.has(number)) lines.set(number, end - from > LONGEST_DRAWN ? "" : text.slice(from, end));
    from = end + 1;
  }
  const shown = problems.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, MAX_PROBLEMS);
  const more = problems.length >= MAX_PROBLEMS ? ["There may be more: these are the first."] : [];
  return [
    ...shown.map((problem) => {
      const line = lines.get(problem.line) ?? "";
      // The caret is drawn in a text of that one line: a long history is not cut into its lines for it.
      const only = line === "" ? "" : "\n".repeat(problem.line - 1) + line;
      return drawProblem(problem, only, { colour });
    }),
    ...more,
  ].join("\n\n");
}

function placesIn(history: readonly Event[], inLines: boolean): LoadedHistory["placeOf"] {
  return (seq) => {
    const event = history[seq - 1];
    if (event?.type !== "invoke" && event?.type !== "complete") return undefined;
    return inLines ? `operation ${event.op}` : `operations[${event.op - 1}]`;
  };
}
