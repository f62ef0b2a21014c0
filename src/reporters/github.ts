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

/** GitHub shows no more of a kind for one step, whatever the number of its runs. */
const MOST = 10;
/** It cuts titles at 255 characters and messages at 64 KB. */
const MOST_TITLE = 200;
const MOST_MESSAGE = 8_000;

type Level = "error" | "warning" | "notice";

interface Annotation {
  level: Level;
  /** Of the scenario; absolute. */
  file: string;
  /** Its first one for what stands nowhere in it. */
  line: number;
  title: string;
  /** Lines. */
  message: readonly string[];
}

/** An annotation, and what its rank among all others is decided by. */
interface Ranked extends Annotation {
  run: Run;
  comes: RunVerdict;
  /** Its place among those of its run. */
  place: number;
}

const LEVELS: Readonly<Record<RunVerdict, Level>> = {
  errored: "error",
  failed: "error",
  inconclusive: "warning",
  passed: "notice",
};
const WORST_FIRST: readonly RunVerdict[] = ["errored", "failed", "inconclusive", "passed"];

/** `root` is the repository's: GitHub names files from there. Empty when all runs passed without known gaps. */
export function github(runs: readonly Run[], root: string): string {
  const all = runs.flatMap(annotationsOf).toSorted(byRank);
  const rest = all.slice(MOST);
  const shown: readonly Annotation[] = rest.length === 0 ? all : [...all.slice(0, MOST), noticeOf(rest)];
  return shown.map((one) => `${command(one, root)}\n`).join("");
}

/** The worst first; of equally bad ones the first of every run, then the second: no run takes the room of all others. */
const byRank = (a: Ranked, b: Ranked) =>
  WORST_FIRST.indexOf(a.comes) - WORST_FIRST.indexOf(b.comes) || a.place - b.place;

function annotationsOf(run: Run): readonly Ranked[] {
  const { name, file } = runOf(run.history).scenario;
  const whole = (text: string): readonly Ranked[] => [
    { level: "warning", file, line: 1, title: name, message: [text], run, comes: "inconclusive", place: 0 },
  ];
  if (run.interrupted) return whole("the run was interrupted");
  if (run.verdicts.length === 0) return whole("nothing was judged");
  return run.verdicts
    .filter((verdict) => consequence(verdict) !== "passed" || isOpenGap(verdict))
    .map((verdict, place): Ranked => {
      const comes = consequence(verdict);
      return {
        level: LEVELS[comes],
        file,
        line: lineOf(verdict, run.history) ?? 1,
        // What is asked of every run is a sentence that says how it should be.
        title: `${name}: ${verdict.line === undefined ? `not so: ${verdict.text}` : verdict.text}`,
        message: messageOf(verdict, run),
        run,
        comes,
        place,
      };
    });
}

function messageOf(verdict: Verdict, run: Run): readonly string[] {
  const again = run.directory === "" ? [] : [checkAgain(run.directory)];
  return [sayVerdict(verdict), ...storyOf(verdict), ...sayBreakdown(verdict), ...again];
}

/** Of what there is no room for. */
function noticeOf(rest: readonly Ranked[]): Annotation {
  const [{ run }] = rest as readonly [Ranked];
  const { name, file } = runOf(run.history).scenario;
  const isOfOne = rest.every((one) => one.run === run);
  const gaps = rest.filter(({ level }) => level === "notice").length;
  const kinds = [
    ...(rest.length > gaps ? [`${rest.length - gaps} more that did not hold`] : []),
    ...(gaps > 0 ? [count(gaps, "more known gap")] : []),
  ];
  const where = isOfOne && run.directory !== "" ? checkAgain(run.directory) : "in the log";
  const message = [`${kinds.join(" and ")}: ${where}`];
  return { level: "notice", file, line: 1, title: isOfOne ? name : "regionctl", message };
}

/** undefined for a file outside: GitHub could not show it. */
function relativeTo(root: string, file: string): string | undefined {
  const relative = path.relative(path.resolve(root), path.resolve(file)).split(path.sep).join("/");
  return relative === "" || relative.startsWith("../") || path.isAbsolute(relative) ? undefined : relative;
}

function command({ level, file, line, title, message }: Annotation, root: string): string {
  const shown = relativeTo(root, file);
  const place = shown === undefined ? [] : [`file=${property(shown)}`, `line=${line}`];
  const properties = [...place, `title=${property(clip(visible(title), MOST_TITLE))}`].join(",");
  const where = shown === undefined ? [`${file}:${line}`] : [];
  const text = clip([...message, ...where].map(visible).join("\n"), MOST_MESSAGE);
  return `::${level} ${properties}::${data(text)}`;
}

const clip = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** As GitHub's own toolkit writes them: nothing that comes from a run can end a command or begin one. */
const data = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
