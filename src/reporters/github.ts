// What GitHub shows in a pull request, on the line of the scenario file that it is about: workflow commands, a line each.
//
//   ::error file=scenarios/failover.yaml,line=38,title=no-lost-writes::2 of 934 acknowledged writes are lost
import path from "node:path";
import { runOf } from "../model/event.ts";
import type { Run } from "../model/run.ts";
import { consequence, type RunVerdict, type Verdict } from "../model/verdict.ts";
import { count } from "./counts.ts";
import { checkAgain, isOpenGap, lineOf, sayBreakdown, sayVerdict, storyOf } from "./said.ts";
import { visible } from "./text.ts";

/** GitHub shows no more of a kind for one step. */
const MOST = 10;
/** It cuts titles at 255 characters and messages at 64 KB. */
const MOST_TITLE = 200;
const MOST_MESSAGE = 8_000;

type Level = "error" | "warning" | "notice";

interface Annotation {
  level: Level;
  /** Of the scenario file; its first one for what stands nowhere in it. */
  line: number;
  title: string;
  /** Lines. */
  message: readonly string[];
}

const LEVELS: Readonly<Record<Exclude<RunVerdict, "passed">, Level>> = {
  errored: "error",
  failed: "error",
  inconclusive: "warning",
};
const WORST_FIRST: readonly RunVerdict[] = ["errored", "failed", "inconclusive", "passed"];

/** `root` is the repository's: GitHub names files from there. Empty when the run passed without known gaps. */
export function github(run: Run, root: string): string {
  const { scenario } = runOf(run.history);
  const file = relativeTo(root, scenario.file);
  const all = annotationsOf(run);
  const shown = all.slice(0, MOST).map((one) => command(one, file, scenario.file));
  const rest = all.slice(MOST);
  const notice: Annotation = { level: "notice", line: 1, title: scenario.name, message: [sayRest(run, rest)] };
  const lines = rest.length === 0 ? shown : [...shown, command(notice, file, scenario.file)];
  return lines.map((line) => `${line}\n`).join("");
}

function annotationsOf(run: Run): readonly Annotation[] {
  const { scenario } = runOf(run.history);
  if (run.interrupted)
    return [{ level: "warning", line: 1, title: scenario.name, message: ["the run was interrupted"] }];
  if (run.verdicts.length === 0)
    return [{ level: "warning", line: 1, title: scenario.name, message: ["nothing was judged"] }];
  return run.verdicts
    .filter((verdict) => consequence(verdict) !== "passed" || isOpenGap(verdict))
    .toSorted((a, b) => WORST_FIRST.indexOf(consequence(a)) - WORST_FIRST.indexOf(consequence(b)))
    .map((verdict): Annotation => {
      const comes = consequence(verdict);
      return {
        level: comes === "passed" ? "notice" : LEVELS[comes],
        line: lineOf(verdict, run.history) ?? 1,
        // What is asked of every run is a sentence that says how it should be.
        title: `${scenario.name}: ${verdict.line === undefined ? `not so: ${verdict.text}` : verdict.text}`,
        message: messageOf(verdict, run),
      };
    });
}

function messageOf(verdict: Verdict, run: Run): readonly string[] {
  const again = run.directory === "" ? [] : [checkAgain(run.directory)];
  return [sayVerdict(verdict), ...storyOf(verdict), ...sayBreakdown(verdict), ...again];
}

function sayRest(run: Run, rest: readonly Annotation[]): string {
  const gaps = rest.filter(({ level }) => level === "notice").length;
  const kinds = [
    ...(rest.length > gaps ? [`${rest.length - gaps} more that did not hold`] : []),
    ...(gaps > 0 ? [count(gaps, "more known gap")] : []),
  ];
  return `${kinds.join(" and ")}: ${run.directory === "" ? "in the log" : checkAgain(run.directory)}`;
}

/** undefined for a file outside: GitHub could not show it. */
function relativeTo(root: string, file: string): string | undefined {
  const relative = path.relative(path.resolve(root), path.resolve(file)).split(path.sep).join("/");
  return relative === "" || relative.startsWith("../") || path.isAbsolute(relative) ? undefined : relative;
}

function command({ level, line, title, message }: Annotation, file: string | undefined, absolute: string): string {
  const place = file === undefined ? [] : [`file=${property(file)}`, `line=${line}`];
  const properties = [...place, `title=${property(clip(visible(title), MOST_TITLE))}`].join(",");
  const where = file === undefined ? [`${absolute}:${line}`] : [];
  const text = clip([...message, ...where].map(visible).join("\n"), MOST_MESSAGE);
  return `::${level} ${properties}::${data(text)}`;
}

const clip = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** As GitHub's own toolkit writes them: nothing that comes from a run can end a command or begin one. */
const data = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
