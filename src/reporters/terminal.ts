// The report for a tired reader: the verdict first, one line per expectation, failures with their story, the next command last.
import type { ChalkInstance } from "chalk";
import { type Event, runOf } from "../model/event.ts";
import type { Run } from "../model/run.ts";
import { formatDuration } from "../model/units.ts";
import { consequence, type RunVerdict, type Verdict } from "../model/verdict.ts";
import { MARK, pad, plain } from "./paint.ts";

const MAX_EVIDENCE = 4;
const ASKED = "asked of every run";
const ASKED_WIDTH = 100;

export function terminal(run: Run, paint: ChalkInstance = plain, shownDirectory = run.directory): string {
  const { scenario } = runOf(run.history);
  if (run.interrupted) return `${paint.yellow("INTERRUPTED")}  ${scenario.name}\n`;
  const written = run.verdicts.filter((verdict) => verdict.line !== undefined);
  const asked = run.verdicts.filter((verdict) => verdict.line === undefined);
  const bad = asked.filter((verdict) => consequence(verdict) !== "passed");
  const good = asked.filter((verdict) => consequence(verdict) === "passed");
  const labels = [...[...written, ...bad].map((verdict) => verdict.text), ...(good.length > 0 ? [ASKED] : [])];
  const width = Math.min(44, Math.max(0, ...labels.map((label) => label.length)));
  const lines = [
    `${title(run.verdict, paint)}  ${paint.bold(scenario.name)}  ${facts(run)}`,
    "",
    ...written.flatMap((verdict) => verdictLines(verdict, width, paint)),
    ...askedLines(good, width, paint),
    ...bad.flatMap((verdict) => verdictLines(verdict, width, paint)),
    "",
    paint.dim(`judge it again: regionctl check ${quoted(shownDirectory)}`),
  ];
  return `${lines.join("\n")}\n`;
}

const COLOUR: Readonly<Record<RunVerdict, "green" | "red" | "yellow">> = {
  passed: "green",
  failed: "red",
  errored: "red",
  inconclusive: "yellow",
};

function title(verdict: RunVerdict, paint: ChalkInstance): string {
  return paint.bold[COLOUR[verdict]](verdict.toUpperCase());
}

/** "9.8 s, 2,013 operations, 934 writes acknowledged, seed 42". */
function facts(run: Run): string {
  const first = run.history[0]!;
  const took = run.history.at(-1)!.at - first.at;
  const invokes = run.history.filter((event) => event.type === "invoke");
  const writes = new Map(
    invokes.filter((event) => event.kind === "write").map((event) => [event.op, event.id ?? event.op]),
  );
  // A write that was sent again with its id is one write.
  const acknowledged = new Set(
    run.history.flatMap((event) =>
      event.type === "complete" && event.outcome.type === "ok" ? (writes.get(event.op) ?? []) : [],
    ),
  );
  const { seed } = runOf(run.history).scenario;
  return [
    formatDuration(took),
    count(invokes.length, "operation"),
    `${count(acknowledged.size, "write")} acknowledged`,
    `seed ${seed}`,
  ].join(", ");
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

function verdictLines(verdict: Verdict, width: number, paint: ChalkInstance): readonly string[] {
  const comes = consequence(verdict);
  const numbers = verdict.evidence.slice(0, MAX_EVIDENCE).map((number) => `#${number}`);
  const gap =
    verdict.knownGap === undefined
      ? ""
      : paint.yellow(
          `; known gap: ${verdict.knownGap}${comes === "failed" ? "; but it holds now: remove known-gap" : ""}`,
        );
  // A known gap that fails does not fail the run, but it did not pass either.
  const gapOpen = verdict.knownGap !== undefined && comes === "passed";
  const sign = gapOpen ? paint.yellow(MARK.skipped) : mark(comes, paint);
  const head = `  ${sign} ${pad(verdict.text, width)}  ${verdict.summary}${gap}  ${paint.dim(numbers.join(" "))}`;
  const story = comes === "passed" && verdict.knownGap === undefined ? [] : (verdict.story ?? []);
  return [head.trimEnd(), ...story.map((sentence) => `      ${sentence}`)];
}

/** What is asked of every run stands together when all is well, wrapped; and a line each for what is not. */
function askedLines(good: readonly Verdict[], width: number, paint: ChalkInstance): readonly string[] {
  const rows: string[] = [];
  for (const { summary } of good) {
    const joined = rows.length === 0 ? summary : `${rows.at(-1)} · ${summary}`;
    if (rows.length === 0 || joined.length > ASKED_WIDTH) rows.push(summary);
    else rows[rows.length - 1] = joined;
  }
  return rows.map((row, i) =>
    i === 0 ? `  ${mark("passed", paint)} ${pad(ASKED, width)}  ${row}` : `    ${pad("", width)}  ${row}`,
  );
}

/** As a shell takes it for one word. */
function quoted(path: string): string {
  return /^[\w./~+:@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
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
        return `${time}  ${event.path.padStart(3)}  ${event.text}${event.lateMs !== undefined && event.lateMs > 50 ? paint.yellow(` (late by ${event.lateMs} ms)`) : ""}`;
      if (event.verdict === "passed" || event.verdict === "skipped") return undefined;
      return `${time}  ${event.path.padStart(3)}  ${mark(event.verdict, paint)} ${event.verdict}: ${event.detail ?? ""}`;
    case "fault":
      if (event.phase === "proved")
        return `${time}       ${paint.dim(event.effective ? `took effect: ${event.measured}` : `NO EFFECT: ${event.measured}`)}`;
      if (event.phase === "ended" && event.by === "time") return `${time}       ${paint.dim(`${event.id} ended`)}`;
      return undefined;
    case "node":
      return event.expected
        ? undefined
        : `${time}       ${paint.red(`${event.node} is ${event.state}, and nobody asked for it${event.detail ? ` (${event.detail})` : ""}`)}`;
    case "log":
      return event.level === "info" ? undefined : `${time}       ${paint.yellow(event.text)}`;
    case "end":
      return event.reason === "errored" || event.reason === "timeout"
        ? `${time}       ${paint.red(event.error ?? event.reason)}`
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
