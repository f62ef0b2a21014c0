// For a summary in a CI or a pull request: a table of all runs, then each with its expectations, the stories of failures folded
// away, and its timeline. Nothing of a run's words becomes markup, a link or a mention, and the whole has a bound.
import { runOf } from "../model/event.ts";
import { formatDuration } from "../model/units.ts";
import type { Run } from "../model/run.ts";
import { consequence, type RunVerdict, type Verdict } from "../model/verdict.ts";
import { count, countsOf } from "./counts.ts";
import { checkAgain, isOpenGap, sayBreakdown, sayVerdict, storyOf } from "./said.ts";
import { visible } from "./text.ts";
import { timeline } from "./timeline.ts";

/** GitHub takes a summary of 1 MiB and drops the whole of a longer one. */
const MOST_BYTES = 900 * 1024;
/** Kept for what says that something was left out. */
const RESERVED_BYTES = 1024;
const MOST_TEXT = 600;
const MOST_STORY = 40;
const TIMELINE_COLUMNS = 100;

type Word = RunVerdict | "interrupted";
const SIGNS: Readonly<Record<Word | "gap", string>> = {
  passed: "✅",
  failed: "❌",
  errored: "💥",
  inconclusive: "❔",
  interrupted: "⏹️",
  gap: "🕳️",
};
const WORST_FIRST: readonly Word[] = ["errored", "failed", "inconclusive", "interrupted", "passed"];

/** What a piece is worth: the first kinds go in first, and none takes the room of all others. */
const KINDS = ["row", "expectations", "details", "timeline"] as const;
type Kind = (typeof KINDS)[number];
const UP_TO_SHARE: Readonly<Record<Kind, number>> = { row: 1 / 3, expectations: 2 / 3, details: 1, timeline: 1 };
const PLURALS: Readonly<Record<Kind, readonly [string, string]>> = {
  row: ["run", "runs"],
  expectations: ["table of expectations", "tables of expectations"],
  details: ["story", "stories"],
  timeline: ["timeline", "timelines"],
};

/** All runs of one command, at most 900 KiB; the worst first. */
export function markdown(runs: readonly Run[]): string {
  const ordered = runs.toSorted((a, b) => WORST_FIRST.indexOf(wordOf(a)) - WORST_FIRST.indexOf(wordOf(b)));
  const all = ordered.map(piecesOf);
  const begin = head(runs);
  const { kept, leftOut } = within(all, MOST_BYTES - RESERVED_BYTES - Buffer.byteLength(begin));
  const of = (pieces: Pieces, kind: Kind) => (kept[kind].has(pieces) ? [pieces[kind]] : []);
  const rows = all.flatMap((pieces) => of(pieces, "row"));
  const sections = all.flatMap((pieces) => KINDS.slice(1).flatMap((kind) => of(pieces, kind)));
  const said =
    leftOut.length === 0 ? [] : [`_Left out to stay below ${MOST_BYTES / 1024} KiB: ${leftOut.join(", ")}._`];
  return `${[[begin, ...rows].join("\n"), ...sections, ...said].join("\n\n")}\n`;
}

type Pieces = Readonly<Record<Kind, string>>;

/** What fits. */
function within(all: readonly Pieces[], mostBytes: number) {
  const kept: Record<Kind, Set<Pieces>> = {
    row: new Set(),
    expectations: new Set(),
    details: new Set(),
    timeline: new Set(),
  };
  const leftOut: string[] = [];
  let bytes = 0;
  for (const kind of KINDS) {
    const asked = all.filter((pieces) => pieces[kind] !== "");
    for (const pieces of asked) {
      const more = Buffer.byteLength(pieces[kind]) + 2; // two line ends
      if (bytes + more > mostBytes * UP_TO_SHARE[kind]) continue;
      bytes += more;
      kept[kind].add(pieces);
    }
    const dropped = asked.length - kept[kind].size;
    if (dropped > 0) leftOut.push(`${dropped.toLocaleString("en")} ${PLURALS[kind][dropped === 1 ? 0 : 1]}`);
  }
  return { kept, leftOut };
}

const wordOf = (run: Run): Word => (run.interrupted ? "interrupted" : run.verdict);

function head(runs: readonly Run[]): string {
  const passed = runs.filter((run) => wordOf(run) === "passed").length;
  return [
    `### regionctl: ${passed} of ${count(runs.length, "run")} passed`,
    "",
    "| | scenario | verdict | took | operations | acknowledged writes |",
    "|---|---|---|---:|---:|---:|",
  ].join("\n");
}

function piecesOf(run: Run): Pieces {
  return {
    row: row(run),
    expectations: expectations(run),
    details: details(run),
    timeline: picture(run),
  };
}

function row(run: Run): string {
  const word = wordOf(run);
  const { tookMs, operations, acknowledged } = countsOf(run.history);
  const figures = [formatDuration(tookMs), operations.toLocaleString("en"), acknowledged.toLocaleString("en")];
  return `| ${[SIGNS[word], inline(nameOf(run)), word, ...figures].join(" | ")} |`;
}

const nameOf = (run: Run) => runOf(run.history).scenario.name;

function expectations(run: Run): string {
  const word = wordOf(run);
  const title = `#### ${SIGNS[word]} ${inline(nameOf(run))}: ${word}`;
  const rows = run.verdicts
    .filter((verdict) => verdict.line !== undefined || consequence(verdict) !== "passed")
    .map((verdict) => `| ${signOf(verdict)} | ${inline(verdict.text)} | ${inline(sayVerdict(verdict))} |`);
  const table = rows.length === 0 ? [] : [["| | expected | seen |", "|---|---|---|", ...rows].join("\n")];
  const again = run.directory === "" ? [] : [`Judge it again: ${code(checkAgain(run.directory))}`];
  return [title, ...table, ...again].join("\n\n");
}

const signOf = (verdict: Verdict) => SIGNS[isOpenGap(verdict) ? "gap" : consequence(verdict)];

/** Why, folded away: one for each that did not hold. */
function details(run: Run): string {
  return run.verdicts
    .filter((verdict) => consequence(verdict) !== "passed" || isOpenGap(verdict))
    .map(story)
    .filter((text) => text !== "")
    .join("\n\n");
}

function story(verdict: Verdict): string {
  const told = storyOf(verdict);
  const sentences = told.slice(0, MOST_STORY).map((sentence) => `- ${inline(sentence)}`);
  const more = told.length > MOST_STORY ? [`- and ${count(told.length - MOST_STORY, "more sentence")}`] : [];
  const events = verdict.evidence.length === 0 ? [] : [`- events ${verdict.evidence.join(", ")}`];
  const list = [...sentences, ...more, ...events].join("\n");
  const rows = sayBreakdown(verdict);
  if (list === "" && rows.length === 0) return "";
  return [
    `<details><summary>${inline(verdict.text)}</summary>`,
    ...(list === "" ? [] : [list]),
    ...(rows.length === 0 ? [] : [block(rows)]),
    "</details>",
  ].join("\n\n");
}

function picture(run: Run): string {
  const lines = timeline(run.history, TIMELINE_COLUMNS);
  if (lines.length === 0) return "";
  return [`<details><summary>timeline of ${inline(nameOf(run))}</summary>`, block(lines), "</details>"].join("\n\n");
}

/** Preformatted. The fence is longer than any that stands in it. */
function block(lines: readonly string[]): string {
  const safe = lines.map((line) => clip(line.replace(/[\r\n]/g, " ")));
  const longest = Math.max(2, ...safe.flatMap((line) => [...line.matchAll(/`+/g)].map(([ticks]) => ticks.length)));
  const fence = "`".repeat(longest + 1);
  return [`${fence}text`, ...safe, fence].join("\n");
}

/** To be copied. */
const code = (text: string) => `<code>${escaped(visible(text))}</code>`;

/** What is said, and nothing more: neither markup, nor HTML, nor the end of a cell, nor a link, nor a mention of somebody. */
const inline = (text: string) => escaped(clip(visible(text)));

const clip = (text: string) => (text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 1)}…`);

/** People, issues and addresses are looked for after all markup was read: something unseen keeps them apart. */
const UNSEEN = "\u200b";

function escaped(text: string): string {
  return text
    .replace(/[@#](?=\w)|GH-(?=\d)|(?:https?|ftp|mailto|xmpp)(?=:)|www(?=\.)/gi, `$&${UNSEEN}`)
    .replace(/[&<>"'`\\*_[\]|~$^]/g, (one) => `&#${one.charCodeAt(0)};`);
}
