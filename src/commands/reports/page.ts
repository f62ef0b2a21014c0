// report.html of a run: beside its history, or wherever it was asked for.
import fs from "node:fs";
import path from "node:path";
import { UsageError } from "../../model/problem.ts";
import type { Run } from "../../model/run.ts";
import type { Sources } from "../../reporters/html/facts.ts";
import { html } from "../../reporters/html.ts";
import { writing } from "./writing.ts";

const PAGE = "report.html";

/** Throws StackError when it cannot be written. Answers where it stands. */
export function writePage(run: Run, asked?: string): string {
  if (asked === undefined && run.directory === "")
    throw new UsageError("This is no run directory, so --reporter html needs a file: --reporter html=FILE.");
  const file = asked ?? path.join(run.directory, PAGE);
  const page = html(run, sourcesOf(run));
  writing(file, () => {
    // A run directory can come from anywhere: a link that stands there is replaced, and not followed.
    if (asked === undefined) fs.rmSync(file, { force: true });
    fs.writeFileSync(file, page);
  });
  return file;
}

/** The files as they ran, which a run keeps. A history of another system has none. */
function sourcesOf({ directory }: Run): Sources {
  const read = (kept: string) => {
    const file = path.join(directory, kept);
    return directory !== "" && fs.lstatSync(file, { throwIfNoEntry: false })?.isFile()
      ? fs.readFileSync(file, "utf8")
      : "";
  };
  return { scenario: read("scenario.yaml"), topology: read("topology.yaml") };
}
