// The report for a tired reader: the verdict first, one line per expectation, failures with their story, the run on one screen,
// the next command last. Plain lines while it goes on.
import fs from "node:fs";
import path from "node:path";
import type { ChalkInstance } from "chalk";
import { type Event, runOf } from "../model/event.ts";
import type { Run } from "../model/run.ts";
import { consequence, type RunVerdict, type Verdict } from "../model/verdict.ts";
import { sayCounts } from "./counts.ts";
import { MARK, plain } from "./paint.ts";
import { checkAgain, isOpenGap, quoted, sayBreakdown, sayGap, storyOf, watchAgain } from "./said.ts";
import { fit, type Painted, visible, widthOf, wrap, wrapPainted } from "./text.ts";
import { timeline } from "./timeline.ts";

const MAX_EVIDENCE = 4;
const ASKED = "asked of every run";
/** Of all columns. */
const LABEL_SHARE = 0.45;
/** With less room than this beside the label, the summary stands below it. */
const NARROWEST_SUMMARY = 44;
const INDENT = "      ";

/** No line is wider than `columns`, but for the commands at its end, which are there to be copied. */
export function terminal(
  run: Run,
  paint: ChalkInstance = plain,
  shownDirectory = run.directory,
  columns = 100,
): string {
  const { scenario } = runOf(run.history);
  const name = visible(scenario.name);
  if (run.interrupted) return `${paint.yellow("INTERRUPTED")}  ${name}\n`;
  const written = run.verdicts.filter((verdict) => verdict.line !== undefined);
  const asked = run.verdicts.filter((verdict) => verdict.line === undefined);
  const bad = asked.filter((verdict) => consequence(verdict) !== "passed");
  const good = asked.filter((verdict) => consequence(verdict) === "passed");
  const labels = [...[...written, ...bad].map(({ text }) => visible(text)), ...(good.length > 0 ? [ASKED] : [])];
  const columnsOfText: Columns = {
    all: columns,
    label: Math.min(Math.floor(columns * LABEL_SHARE), Math.max(0, ...labels.map(widthOf))),
  };
  const draw = (verdict: Verdict) => verdictLines(verdict, columnsOfText, paint);
  const picture = timeline(run.history, columns, paint);
  const lines = [
    ...headLines(run, name, columns, paint),
    "",
    ...written.flatMap(draw),
    ...goodLines(good, columnsOfText, paint),
    ...bad.flatMap(draw),
    "",
    ...(picture.length === 0 ? [] : [...picture, ""]),
    ...nextLines(run, shownDirectory).map((line) => paint.dim(line)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

interface Columns {
  all: number;
  label: number;
}

const COLOUR: Readonly<Record<RunVerdict, "green" | "red" | "yellow">> = {
  passed: "green",
  failed: "red",
  errored: "red",
  inconclusive: "yellow",
};

function headLines(run: Run, name: string, columns: number, paint: ChalkInstance): readonly string[] {
  const word = run.verdict.toUpperCase();
  const title = paint.bold[COLOUR[run.verdict]](word);
  const counts = sayCounts(run.history);
  const beside = `${word}  ${name}  ${counts}`;
  if (widthOf(beside) <= columns) return [`${title}  ${paint.bold(name)}  ${counts}`];
  const [first = "", ...more] = wrap(name, Math.max(1, columns - word.length - 2));
  return [`${title}  ${paint.bold(first)}`, ...more.map((line) => paint.bold(line)), ...wrap(counts, columns)];
}

function verdictLines(verdict: Verdict, columns: Columns, paint: ChalkInstance): readonly string[] {
  const comes = consequence(verdict);
  const sign = isOpenGap(verdict) ? paint.yellow(MARK.skipped) : mark(comes, paint);
  const gap = visible(sayGap(verdict));
  const numbers = verdict.evidence.slice(0, MAX_EVIDENCE).map((number) => `#${number}`);
  const sentence: readonly Painted[] = [
    { text: `${visible(verdict.summary)}${gap === "" ? "" : ";"}`, paint: (text) => text },
    ...(gap === "" ? [] : [{ text: gap, paint: paint.yellow }]),
    ...(numbers.length === 0 ? [] : [{ text: ` ${numbers.join(" ")}`, paint: paint.dim }]),
  ];
  const head = labelled(sign, visible(verdict.text), columns, (width) => wrapPainted(sentence, width));
  if (comes === "passed" && verdict.knownGap === undefined) return head;
  const story = storyOf(verdict).flatMap((sentence) => wrap(visible(sentence), columns.all - INDENT.length));
  // Rows stay rows: what does not fit is cut.
  const rows = sayBreakdown(verdict).map((row) => fit(row, columns.all - INDENT.length).trimEnd());
  return [...head, ...story.map((line) => INDENT + line), ...rows.map((row) => paint.dim(INDENT + row))];
}

/** A mark, a label, and beside it (or below, where there is no room) what is said of it, in lines of the width that there is. */
function labelled(
  sign: string,
  label: string,
  columns: Columns,
  said: (width: number) => readonly string[],
): readonly string[] {
  const beside = columns.all - columns.label - 6;
  if (beside >= NARROWEST_SUMMARY && widthOf(label) <= columns.label) {
    const [first = "", ...more] = said(beside);
    const room = " ".repeat(columns.label + 6);
    return [`  ${sign} ${fit(label, columns.label)}  ${first}`.trimEnd(), ...more.map((line) => room + line)];
  }
  const [first = "", ...more] = wrap(label, columns.all - 4);
  const below = said(columns.all - INDENT.length).filter((line) => line !== "");
  return [`  ${sign} ${first}`, ...more.map((line) => `    ${line}`), ...below.map((line) => INDENT + line)];
}

/** What is asked of every run stands together when all is well; and a line each for what is not. */
function goodLines(good: readonly Verdict[], columns: Columns, paint: ChalkInstance): readonly string[] {
  if (good.length === 0) return [];
  const summaries = good.map(({ summary }) => visible(summary));
  return labelled(mark("passed", paint), ASKED, columns, (width) => packed(summaries, width));
}

/** As many on a line as fit. */
function packed(texts: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const joined = lines.length === 0 ? text : `${lines.pop()} · ${text}`;
    const fits = widthOf(joined) <= width;
    lines.push(...(fits || joined === text ? [joined] : [joined.slice(0, -text.length - 3), text]));
  }
  return lines.flatMap((line) => wrap(line, width));
}

/** What to do next, whatever is there. */
function nextLines({ directory }: Run, shown: string): readonly string[] {
  if (directory === "") return [];
  const report = "report.html";
  const lines = [`judge it again: ${checkAgain(shown)}`, `watch it again: ${watchAgain(shown)}`];
  const looks = fs.existsSync(path.join(directory, report));
  return looks ? [...lines, `look at it:     ${quoted(path.join(shown, report))}`] : lines;
}

function mark(verdict: RunVerdict, paint: ChalkInstance): string {
  return paint[COLOUR[verdict]](MARK[verdict]);
}

/** Events as the run goes on -> a line to print, or nothing. */
export function progressLine(event: Event, paint: ChalkInstance = plain): string | undefined {
  const time = paint.dim(`${(event.at / 1000).toFixed(1).padStart(6)}s`);
  switch (event.type) {
    case "step":
      if (event.phase === "begin")
        return `${time}  ${event.path.padStart(3)}  ${visible(event.text)}${event.lateMs !== undefined && event.lateMs > 50 ? paint.yellow(` (late by ${event.lateMs} ms)`) : ""}`;
      if (event.verdict === "passed" || event.verdict === "skipped") return undefined;
      return `${time}  ${event.path.padStart(3)}  ${mark(event.verdict, paint)} ${event.verdict}: ${visible(event.detail ?? "")}`;
    case "fault":
      if (event.phase === "proved")
        return `${time}       ${paint.dim(event.effective ? `took effect: ${visible(event.measured)}` : `NO EFFECT: ${visible(event.measured)}`)}`;
      if (event.phase === "ended" && event.by === "time")
        return `${time}       ${paint.dim(`${visible(event.id)} ended`)}`;
      return undefined;
    case "node":
      return event.expected
        ? undefined
        : `${time}       ${paint.red(`${event.node} is ${event.state}, and nobody asked for it${event.detail ? ` (${visible(event.detail)})` : ""}`)}`;
    case "log":
      return event.level === "info" ? undefined : `${time}       ${paint.yellow(visible(event.text))}`;
    case "end":
      return event.reason === "errored" || event.reason === "timeout"
        ? `${time}       ${paint.red(visible(event.error ?? event.reason))}`
        : undefined;
    default:
      return undefined;
  }
}

/** One line of numbers for a terminal's last line, from the newest sample. */
export function statusLine(event: Event): string | undefined {
  if (event.type !== "sample") return undefined;
  const regions = Object.entries(event.regions).map(([name, region]) => {
    const lag = region.lagSeconds === null ? "?" : `${Math.max(0, ...Object.values(region.lagSeconds)).toFixed(1)}s`;
    return `${name} ${region.healthy ? "healthy" : "DOWN   "} ${String(region.requests).padStart(3)}/s lag ${lag}`;
  });
  return `${(event.at / 1000).toFixed(1).padStart(6)}s  ${regions.join("   ")}   ${event.acknowledged} acknowledged`;
}
