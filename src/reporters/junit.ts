// JUnit's XML, which every CI reads: a test suite per run, a test case per expectation, and one for what is asked of every run.
// failed = failure; errored and inconclusive = error; a known gap that is still open = skipped.
import { runOf } from "../model/event.ts";
import type { Run } from "../model/run.ts";
import { consequence, worst } from "../model/verdict.ts";
import type { RunVerdict, Verdict } from "../model/verdict.ts";
import { checkAgain, lineOf, sayBreakdown, sayVerdict, storyOf } from "./said.ts";

const ASKED = "what is asked of every run";

/** All runs of one command as one document. */
export function junit(runs: readonly Run[]): string {
  const suites = runs.map(suiteOf);
  const cases = suites.flatMap((suite) => suite.cases);
  const seconds = suites.reduce((total, suite) => total + suite.seconds, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: "regionctl", ...tally(cases), time: time(seconds) })}>`,
    ...suites.flatMap(suiteLines),
    "</testsuites>",
    "",
  ].join("\n");
}

interface Case {
  name: string;
  /** The whole time of a run stands at what is asked of every run: expectations are judged after it. */
  seconds: number;
  /** None: it passed. */
  result?: { element: "failure" | "error" | "skipped"; type: string; message: string; more: readonly string[] };
}

interface Suite {
  name: string;
  startedAt: string;
  seconds: number;
  properties: Readonly<Record<string, string>>;
  cases: readonly Case[];
}

function suiteOf(run: Run): Suite {
  const { scenario, topology, runtime, startedAt } = runOf(run.history);
  const seconds = Math.max(0, run.history.at(-1)!.at - run.history[0]!.at) / 1_000;
  const written = run.verdicts.filter((verdict) => verdict.line !== undefined);
  const asked = run.verdicts.filter((verdict) => verdict.line === undefined);
  const names = uniqueNames(written);
  const expectations = written.map((verdict, i) => ({ name: names[i]!, seconds: 0, result: resultOf(verdict, run) }));
  return {
    name: scenario.name,
    startedAt,
    seconds,
    properties: {
      file: scenario.file,
      topology: topology.name,
      runtime,
      seed: String(scenario.seed),
      run: run.id,
      directory: run.directory,
      verdict: run.interrupted ? "interrupted" : run.verdict,
    },
    cases: [...expectations, { name: ASKED, seconds, result: askedResult(run, asked) }],
  };
}

/** The same expectation twice is told apart by its line: a CI keeps a history per name. */
function uniqueNames(verdicts: readonly Verdict[]): readonly string[] {
  const texts = verdicts.map(({ text }) => text);
  return verdicts.map(({ text, line }) =>
    texts.indexOf(text) === texts.lastIndexOf(text) ? text : `${text} (line ${line})`,
  );
}

const ELEMENTS: Readonly<Record<Exclude<RunVerdict, "passed">, "failure" | "error">> = {
  failed: "failure",
  errored: "error",
  inconclusive: "error",
};

function resultOf(verdict: Verdict, run: Run): Case["result"] {
  const comes = consequence(verdict);
  const { knownGap, summary } = verdict;
  const more = [...sayMore(verdict), ...sayWhere(run, verdict.line)];
  if (comes === "passed") {
    if (knownGap === undefined) return undefined;
    return { element: "skipped", type: "known-gap", message: `known gap: ${knownGap}; ${summary}`, more };
  }
  return { element: ELEMENTS[comes], type: comes, message: sayVerdict(verdict), more };
}

/** All questions are one test case: the worst answer decides, and every bad one is told. */
function askedResult(run: Run, asked: readonly Verdict[]): Case["result"] {
  if (run.interrupted)
    return { element: "error", type: "interrupted", message: "the run was interrupted", more: sayWhere(run) };
  if (run.verdicts.length === 0)
    return { element: "error", type: "inconclusive", message: "nothing was judged", more: sayWhere(run) };
  const comes = worst(asked.map(consequence));
  if (comes === "passed") return undefined;
  const bad = asked.filter((verdict) => consequence(verdict) !== "passed");
  const first = bad.find((verdict) => consequence(verdict) === comes)!;
  const sorted = [first, ...bad.filter((verdict) => verdict !== first)];
  return {
    element: ELEMENTS[comes],
    type: comes,
    // What is asked is a sentence that says how it should be.
    message: sorted.map(({ text, summary }) => `not so: ${text}: ${summary}`).join("; "),
    more: [...sorted.flatMap(sayMore), ...sayWhere(run, lineOf(first, run.history))],
  };
}

function sayMore(verdict: Verdict): readonly string[] {
  const { evidence } = verdict;
  const events = evidence.length === 0 ? [] : [`Events ${evidence.map((seq) => `#${seq}`).join(" ")}`];
  return [...storyOf(verdict), ...sayBreakdown(verdict), ...events];
}

function sayWhere(run: Run, line?: number): readonly string[] {
  const { file } = runOf(run.history).scenario;
  const again = run.directory === "" ? [] : [checkAgain(run.directory)]; // one that was never played has none
  return [`${file}${line === undefined ? "" : `:${line}`}`, ...again];
}

function tally(cases: readonly Case[]): Readonly<Record<string, string>> {
  const of = (element: string) => String(cases.filter(({ result }) => result?.element === element).length);
  return { tests: String(cases.length), failures: of("failure"), errors: of("error"), skipped: of("skipped") };
}

function suiteLines({ name, startedAt, seconds, properties, cases }: Suite): readonly string[] {
  const timestamp = startedAt.replace(/(\.\d+)?Z$/, "");
  return [
    `  <testsuite ${attributes({ name, ...tally(cases), time: time(seconds), timestamp })}>`,
    "    <properties>",
    ...Object.entries(properties).map(([name, value]) => `      <property ${attributes({ name, value })}/>`),
    "    </properties>",
    ...cases.flatMap((one) => caseLines(one, name)),
    "  </testsuite>",
  ];
}

function caseLines({ name, seconds, result }: Case, classname: string): readonly string[] {
  const head = `    <testcase ${attributes({ classname, name, time: time(seconds) })}`;
  if (result === undefined) return [`${head}/>`];
  const { element, type, message, more } = result;
  // Some readers show the attribute only, some the text only.
  const text = escapeText([message, ...more].join("\n"));
  return [`${head}>`, `      <${element} ${attributes({ message, type })}>${text}</${element}>`, "    </testcase>"];
}

const time = (seconds: number): string => seconds.toFixed(3);

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeAttribute(value)}"`)
    .join(" ");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** A carriage return would be read as a line end. */
function escapeText(text: string): string {
  return writable(text).replace(/[&<>\r]/g, (one) => ENTITIES[one] ?? `&#${one.charCodeAt(0)};`);
}

/** White space in an attribute would be read as a blank. */
function escapeAttribute(text: string): string {
  return writable(text).replace(/[&<>"\t\n\r]/g, (one) => ENTITIES[one] ?? `&#${one.charCodeAt(0)};`);
}

/** What XML 1.0 cannot hold, not even escaped (control characters, halves of surrogate pairs), is written as \u001b. */
function writable(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
