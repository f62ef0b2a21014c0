// report.html of a run: beside its history, or wherever it was asked for.
import fs from "node:fs";
import path from "node:path";
import { runOf } from "../../model/event.ts";
import { UsageError } from "../../model/problem.ts";
import type { Run } from "../../model/run.ts";
import { html } from "../../reporters/html.ts";
import { writing } from "./writing.ts";

const PAGE = "report.html";

/** Throws StackError when it cannot be written. Answers where it stands. */
export function writePage(run: Run, asked?: string): string {
  if (asked === undefined && run.directory === "")
    throw new UsageError("This is no run directory, so --reporter html needs a file: --reporter html=FILE.");
  const file = asked ?? path.join(run.directory, PAGE);
  const page = html(run, sourcesOf(run));
  writing(file, () => fs.writeFileSync(file, page));
  return file;
}

/** The files as they ran, which a run keeps. A history of another system has none; one of a run that was never played, its own. */
function sourcesOf({ directory, history }: Run): { scenario: string; topology: string } {
  const { scenario, topology } = runOf(history);
  const read = (kept: string, own: string) => {
    const file = directory === "" ? own : path.join(directory, kept);
    return /\.ya?ml$/.test(file) && fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  };
  return { scenario: read("scenario.yaml", scenario.file), topology: read("topology.yaml", topology.file) };
}
