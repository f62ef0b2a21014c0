// What GitHub Actions shows beside a job: annotations on the lines of scenario files, and a summary in Markdown.
import fs from "node:fs";
import type { Run } from "../../model/run.ts";
import { github } from "../../reporters/github.ts";
import { markdown } from "../../reporters/markdown.ts";
import { writing } from "./writing.ts";

/** GitHub refuses the whole summary of a step that has more. */
export const MOST_SUMMARY_BYTES = 1024 * 1024;
const CUT = "\n\nThis summary was cut: GitHub shows no more than 1 MiB of a step.\n";

export const onGithub = (): boolean => process.env["GITHUB_ACTIONS"] === "true";

/** Workflow commands, for stdout. */
export const annotations = (runs: readonly Run[]): string =>
  github(runs, process.env["GITHUB_WORKSPACE"] ?? process.cwd());

/** Appends it to the summary of this step, where there is one. Throws StackError when it cannot be written. */
export function addSummary(runs: readonly Run[]): void {
  const file = process.env["GITHUB_STEP_SUMMARY"];
  if (file === undefined || file === "" || runs.length === 0) return;
  writing(file, () => {
    const taken = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    fs.appendFileSync(file, cutTo(MOST_SUMMARY_BYTES - taken, `${markdown(runs).trimEnd()}\n\n`));
  });
}

/** As many whole lines as fit, in bytes of UTF-8, and a word on the rest. */
export function cutTo(bytes: number, text: string): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const room = bytes - Buffer.byteLength(CUT);
  if (room <= 0) return "";
  const start = Buffer.from(text).subarray(0, room);
  return start.subarray(0, start.lastIndexOf("\n") + 1).toString() + CUT;
}
