// Where what runs came to is told: on the terminal, as JSON or Markdown, in files, to GitHub. Files of several runs are written
// anew after every one, so they are there however the command ends: a run that failed is what they are for.
import fs from "node:fs";
import path from "node:path";
import { Option } from "commander";
import { UsageError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import { json } from "../reporters/json.ts";
import { junit } from "../reporters/junit.ts";
import { markdown } from "../reporters/markdown.ts";
import { columnsOfStdout, paintFor } from "../reporters/paint.ts";
import { terminal } from "../reporters/terminal.ts";
import { explainError } from "./trouble.ts";
import { writePage } from "./reports/page.ts";
import { addSummary, annotations, onGithub } from "./reports/summary.ts";
import { writing } from "./reports/writing.ts";

/** One --reporter as it was asked for. */
interface Reporter {
  name: keyof typeof REPORTERS;
  file?: string;
}

/** Whether a reporter writes a file. */
const REPORTERS = {
  terminal: { file: "never" },
  json: { file: "never" },
  junit: { file: "always" },
  html: { file: "maybe" },
  markdown: { file: "maybe" },
  github: { file: "never" },
} as const;

/** What can have stdout for itself; without any of them the terminal's report stands there. */
const FOR_STDOUT = ["terminal", "json", "markdown"] as const;

export interface ReportOptions {
  reporter?: readonly Reporter[];
  json?: boolean;
}

export interface Reports {
  /** stdout is for programs, and nothing else is said. */
  json: boolean;
  /** stdout is read by somebody, as it comes. */
  forPeople: boolean;
  /** Throws StackError when a file cannot be written, as the others do. `shown`: what to call it, instead of its directory. */
  add(run: Run, shown?: string): void;
  /** A run that was broken off: files tell of it, or who reads them takes what they hold for all there was. */
  addInterrupted(run: Run): void;
  /** A scenario that could not be played; why is for others to print. */
  addUnplayed(run: Run): void;
  /** After the last one. */
  end(): void;
}

const WORDS = "terminal, json, markdown, markdown=FILE, junit=FILE, html, html=FILE, github";

export const reporterOption = () =>
  new Option("--reporter <reporter>", `${WORDS}; may be given several times`).argParser(
    (text: string, before: readonly Reporter[] | undefined) => [...(before ?? []), parse(text)],
  );

function parse(text: string): Reporter {
  const [, name = "", file] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const known = Object.hasOwn(REPORTERS, name) ? (name as keyof typeof REPORTERS) : undefined;
  if (known === undefined) throw new UsageError(`there is no reporter "${name}". Reporters are ${WORDS}.`);
  const writes = REPORTERS[known].file;
  if (writes === "always" && !file) throw new UsageError(`reporter ${name} writes a file: --reporter ${name}=FILE.`);
  if (writes === "never" && file !== undefined)
    throw new UsageError(`reporter ${name} writes to stdout, and not to a file.`);
  if (file === "") throw new UsageError(`--reporter ${name}= lacks the name of its file.`);
  return { name: known, file };
}

export interface Opening {
  /** How many runs there will be. */
  runs: number;
  /** Just now: then each gets its report.html, asked or not. */
  played: boolean;
}

/** Throws UsageError when what is asked cannot be, StackError when a file has no place: before anything is played. */
export function openReports(
  { reporter = [], json: asJson = false }: ReportOptions,
  { runs: expected, played }: Opening = { runs: 1, played: false },
): Reports {
  const asked = (name: Reporter["name"]) => reporter.filter((one) => one.name === name);
  const filesOf = (name: Reporter["name"]) =>
    asked(name).flatMap(({ file }) => (file === undefined ? [] : [path.resolve(file)]));
  const toStdout = FOR_STDOUT.filter(
    (name) => asked(name).some(({ file }) => file === undefined) || (name === "json" && asJson),
  );
  if (toStdout.length > 1)
    throw new UsageError(`stdout is for one reporter: ${toStdout.join(" or ")}, not ${SAY_BOTH[toStdout.length]}.`);
  const [stdout = "terminal"] = toStdout;
  const annotates = asked("github").length > 0;
  if (annotates && stdout !== "terminal")
    throw new UsageError(`reporter github writes its commands to stdout, and ${stdout} wants that for itself.`);
  // Where GitHub plays it, it is told without being asked, unless stdout is meant for something else.
  const tellsGithub = annotates || (onGithub() && stdout === "terminal");
  if (expected > 1 && filesOf("html").length > 0)
    throw new UsageError(
      "--reporter html=FILE holds one run, and these are several. Each has its report.html in its own directory.",
    );
  const files = reporter.flatMap(({ file }) => (file === undefined ? [] : [path.resolve(file)]));
  for (const file of files) writing(file, () => fs.mkdirSync(path.dirname(file), { recursive: true }));

  const runs: Run[] = [];
  const save = () => {
    for (const file of filesOf("junit")) writing(file, () => fs.writeFileSync(file, junit(runs)));
    for (const file of filesOf("markdown")) writing(file, () => fs.writeFileSync(file, markdown(runs)));
  };
  const keep = (run: Run) => {
    runs.push(run);
    save();
  };
  const page = (run: Run) => {
    for (const file of filesOf("html")) writePage(run, file);
    if (asked("html").some(({ file }) => file === undefined)) writePage(run);
    else if (played) writeUnasked(run);
  };
  const print = (run: Run, shown: string) => {
    if (stdout === "json") process.stdout.write(`${json(run)}\n`);
    if (stdout === "terminal")
      process.stdout.write(`${played ? "\n" : ""}${terminal(run, paintFor("stdout"), shown, columnsOfStdout())}`);
  };
  return {
    json: stdout === "json",
    forPeople: stdout === "terminal",
    add(run, shown = shownPath(run.directory)) {
      page(run); // first: the others say where it is
      print(run, shown);
      keep(run);
    },
    addInterrupted: keep,
    addUnplayed(run) {
      if (run.directory !== "") page(run);
      keep(run);
    },
    end() {
      if (runs.length === 0) save(); // a CI that collects the file finds it, also of a shard without scenarios
      if (stdout === "markdown") process.stdout.write(markdown(runs));
      if (!tellsGithub) return;
      process.stdout.write(annotations(runs)); // all at once: it shows so many of a whole step
      addSummary(runs);
    },
  };
}

/** A run is worth more than its picture: without one it still has its verdict. */
function writeUnasked(run: Run): void {
  try {
    writePage(run);
  } catch (error) {
    explainError(error, false);
  }
}

const SAY_BOTH: Readonly<Record<number, string>> = { 2: "both", 3: "all of them" };

/** A directory as a person would write its path from here. */
function shownPath(directory: string): string {
  const relative = path.relative(process.cwd(), directory) || ".";
  return relative.startsWith("..") ? directory : relative;
}
