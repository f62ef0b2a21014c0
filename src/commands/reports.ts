// Where what runs came to is told: on the terminal, as JSON, or as JUnit in a file. The file is written anew after every
// run, so it is there however the command ends: a run that failed is what it is for.
import fs from "node:fs";
import path from "node:path";
import { Option } from "commander";
import { judged } from "../archive.ts";
import type { Happening } from "../model/event.ts";
import { StackError, UsageError } from "../model/problem.ts";
import type { Run } from "../model/run.ts";
import { json } from "../reporters/json.ts";
import { junit } from "../reporters/junit.ts";
import { paintFor } from "../reporters/paint.ts";
import { terminal } from "../reporters/terminal.ts";
import type { LoadedScenario } from "./files.ts";

/** One --reporter as it was asked for. */
interface Reporter {
  name: keyof typeof REPORTERS;
  file?: string;
}

const REPORTERS = {
  terminal: { toFile: false },
  json: { toFile: false },
  junit: { toFile: true },
} as const;

export interface ReportOptions {
  reporter?: readonly Reporter[];
  json?: boolean;
}

export interface Reports {
  /** stdout is for programs. */
  json: boolean;
  /** Throws StackError when a file cannot be written. */
  add(run: Run): void;
  /** A scenario that could not be played; the error itself is for others to print. */
  addUnplayed(loaded: LoadedScenario, error: unknown): void;
}

const WORDS = "terminal, json, or junit=FILE";

export const reporterOption = () =>
  new Option("--reporter <reporter>", `${WORDS}; may be given several times`).argParser(
    (text: string, before: readonly Reporter[] | undefined) => [...(before ?? []), parse(text)],
  );

function parse(text: string): Reporter {
  const [, name = "", file] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const known = Object.hasOwn(REPORTERS, name) ? (name as keyof typeof REPORTERS) : undefined;
  if (known === undefined) throw new UsageError(`there is no reporter "${name}". Reporters are ${WORDS}.`);
  const { toFile } = REPORTERS[known];
  if (toFile && !file) throw new UsageError(`reporter ${name} writes a file: --reporter ${name}=FILE.`);
  if (!toFile && file !== undefined) throw new UsageError(`reporter ${name} writes to stdout, and not to a file.`);
  return { name: known, file };
}

/** Throws UsageError when what is asked cannot be, StackError when a file has no place: before anything is played. */
export function openReports({ reporter = [], json: asJson = false }: ReportOptions): Reports {
  const wants = (name: Reporter["name"]) => reporter.some((one) => one.name === name);
  const toJson = asJson || wants("json");
  if (toJson && wants("terminal")) throw new UsageError("stdout is for one reporter: terminal or json, not both.");
  const files = reporter.flatMap(({ file }) => (file === undefined ? [] : [path.resolve(file)]));
  for (const file of files) writing(file, () => fs.mkdirSync(path.dirname(file), { recursive: true }));
  const runs: Run[] = [];
  const keep = (run: Run) => {
    runs.push(run);
    for (const file of files) writing(file, () => fs.writeFileSync(file, junit(runs)));
  };
  return {
    json: toJson,
    add(run) {
      process.stdout.write(toJson ? `${json(run)}\n` : `\n${terminal(run, paintFor("stdout"), shown(run.directory))}`);
      keep(run);
    },
    addUnplayed: (loaded, error) => keep(unplayed(loaded, error)),
  };
}

function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { message } = error as Error;
    throw new StackError(`cannot write the report ${file}: ${message}`, "Choose another place.", { cause: error });
  }
}

/** A directory as a person would write its path from here. */
function shown(directory: string): string {
  const relative = path.relative(process.cwd(), directory) || ".";
  return relative.startsWith("..") ? directory : relative;
}

/** A history of two events, that says why there is no more of it. */
function unplayed({ scenario, topology }: LoadedScenario, error: unknown): Run {
  const message = error instanceof Error ? error.message : String(error);
  const happenings: readonly Happening[] = [
    {
      type: "run",
      id: `${scenario.name}-unplayed`,
      scenario,
      topology,
      runtime: "none",
      versions: {},
      startedAt: new Date().toISOString(),
    },
    { type: "end", reason: "errored", error: message },
  ];
  const run = judged(
    "",
    happenings.map((happening, i) => ({ ...happening, seq: i + 1, at: 0 })),
  );
  // Of what was never played nothing else can be said.
  return { ...run, verdicts: run.verdicts.filter(({ name }) => name === "ended"), verdict: "errored" };
}
