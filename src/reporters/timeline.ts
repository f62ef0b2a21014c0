// A run on one screen: faults as bars over what the clients of each region saw, on one axis of time. It is plain text, so that it
// can stand on a terminal, in a summary of a CI and in a README.
//
//                      ╷0 s    ╷2 s    ╷4 s    ╷6 s
//   partition us | eu            ━━━━━━━━━━━━━━━━━━        5.01 s
//
//   us  requests      ▅▆▆▅▆▅▆▆▅▆▅▅▆▅▅▆▅▆▅▆▆▅▅▆▅▆▅▆▅▅▆▅▆   30/s
//       errors        ·································   none
//       slowest       ▁▁▁▁▁▁▁▁▁▁▁▁▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁   31 ms
//       lag           ··············▁▂▂▃▄▄▅▆▆▇███······   4.8 s
import type { ChalkInstance } from "chalk";
import { dueOperations } from "../checkers/due.ts";
import type { Due } from "../checkers/due.ts";
import { faultsOf, sayFault } from "../checkers/faults.ts";
import type { FaultWindow } from "../checkers/faults.ts";
import { factsOf } from "../checkers/history.ts";
import type { Facts } from "../checkers/history.ts";
import type { Event } from "../model/event.ts";
import { formatDuration } from "../model/units.ts";
import { plain } from "./paint.ts";
import { fit, visible, widthOf } from "./text.ts";

/** More faults than these share the last line. */
const MOST_FAULTS = 6;
/** More columns than these tell the eye nothing new. */
const MOST_CELLS = 96;
/** Fewer, and the figures beside them have to go. */
const FEWEST_CELLS = 20;
/** Operations come at random, so their rate is taken over at least this long. */
const OPERATIONS_MS = 750;
/** Samples are taken every 250 ms, and one may be left out. */
const SAMPLES_MS = 600;
/** Below these nothing is worth a high bar. */
const SLOW_MS = 100;
const BEHIND_S = 1;
/** Of a name, when the screen is narrow. */
const LABEL_SHARE = 0.42;
const INDENT = "  ";

/** Lines that are at most `columns` wide. None when there was neither traffic nor a fault. */
export function timeline(history: readonly Event[], columns: number, paint: ChalkInstance = plain): readonly string[] {
  const facts = factsOf(history);
  const faults = faultsOf(history);
  const span = { from: history[0]!.at, to: Math.max(history.at(-1)!.at, history[0]!.at + 1) };
  if (facts.operations.length + facts.missed.length + faults.length === 0) return [];
  const at = placing(span, columns, [...faultLabels(faults), ...regionLabels(facts)]);
  const regions = facts.run.topology.regions.map((region) => regionRows(facts, region, at.cells));
  const blocks = [[axis(at), ...faultRows(faults, at.cells)], ...regions.filter((rows) => rows.length > 0)];
  return blocks.flatMap((rows, i) => [...(i === 0 ? [] : [""]), ...rows.map((row) => drawn(row, at, paint))]);
}

interface Row {
  label: string;
  text: string;
  /** The figure at the end. */
  figure: string;
  colour: "cyan" | "red" | "yellow" | "magenta" | "dim";
}

/** The columns of the picture: what time each stands for. */
interface Cells {
  count: number;
  from: number;
  to: number;
  /** Milliseconds of one. */
  ms: number;
}

interface Place {
  cells: Cells;
  labelWidth: number;
  /** 0: there is no room. */
  figureWidth: number;
}

const FIGURE_WIDTH = 10;

function placing(span: { from: number; to: number }, columns: number, labels: readonly string[]): Place {
  const most = Math.max(10, Math.floor((columns - INDENT.length) * LABEL_SHARE));
  const labelWidth = Math.min(most, Math.max(0, ...labels.map(widthOf)));
  const room = columns - INDENT.length - labelWidth - 2;
  const figureWidth = room - FIGURE_WIDTH - 2 >= FEWEST_CELLS ? FIGURE_WIDTH : 0;
  const free = room - (figureWidth === 0 ? 0 : figureWidth + 2);
  const count = Math.max(1, Math.min(MOST_CELLS, free));
  return { cells: { count, ...span, ms: (span.to - span.from) / count }, labelWidth, figureWidth };
}

function drawn({ label, text, figure, colour }: Row, { labelWidth, figureWidth, cells }: Place, paint: ChalkInstance) {
  const end = figureWidth === 0 || figure === "" ? "" : `  ${fit(figure, figureWidth)}`;
  const middle = end === "" ? text.trimEnd() : fit(text, cells.count);
  return `${INDENT}${fit(label, labelWidth)}  ${paint[colour](middle)}${paint.dim(end.trimEnd())}`.trimEnd();
}

const cellOf = (at: number, { from, ms, count }: Cells) =>
  Math.min(count - 1, Math.max(0, Math.floor((at - from) / ms)));

// ---- time ----

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 20e3, 30e3, 60e3, 120e3, 300e3, 600e3, 1800e3, 3600e3,
] as const;
/** Between two marks. */
const MARK_WIDTH = 8;

/** On the clock of the history, so that a moment in the story of a failure can be found. */
function axis({ cells }: Place): Row {
  const step = STEPS_MS.find((step) => step / cells.ms >= MARK_WIDTH) ?? (cells.to - cells.from) / 2;
  let text = "";
  for (let at = Math.ceil(cells.from / step) * step; at <= cells.to; at += step) {
    const mark = `╷${clock(at, cells.to, step)}`;
    const place = cellOf(at, cells);
    if (place < text.length || place + mark.length > cells.count) continue;
    text = text.padEnd(place) + mark;
  }
  return { label: "", text, figure: "", colour: "dim" };
}

/** "2 s", "40 ms" where tenths of a second are the same, and "8:20" where seconds would be many. */
function clock(at: number, last: number, step: number): string {
  if (step < 100) return `${Math.round(at).toLocaleString("en")} ms`;
  const seconds = Number((at / 1_000).toFixed(1));
  if (last < 180_000) return `${seconds} s`;
  const rest = Number((seconds % 60).toFixed(1));
  return `${Math.floor(seconds / 60)}:${rest < 10 ? "0" : ""}${rest}`;
}

// ---- faults ----

/** What a person calls it by, without the number of its event. */
const nameOf = (window: FaultWindow) => visible(sayFault(window).replace(/ \(event \d+\)$/, ""));

function faultLabels(faults: readonly FaultWindow[]): readonly string[] {
  return groups(faults).map(({ label }) => label);
}

function groups(faults: readonly FaultWindow[]): readonly { label: string; windows: readonly FaultWindow[] }[] {
  const byName = new Map<string, FaultWindow[]>();
  for (const one of faults) byName.set(nameOf(one), [...(byName.get(nameOf(one)) ?? []), one]);
  const all = [...byName].map(([label, windows]) => ({ label, windows }));
  if (all.length <= MOST_FAULTS) return all;
  const others = all.slice(MOST_FAULTS - 1);
  const windows = others.flatMap((group) => group.windows);
  return [...all.slice(0, MOST_FAULTS - 1), { label: `${windows.length} more faults`, windows }];
}

/** A line per fault; one that came again is drawn again on the same line. */
function faultRows(faults: readonly FaultWindow[], cells: Cells): readonly Row[] {
  return groups(faults).map(({ label, windows }): Row => {
    const bar = Array.from({ length: cells.count }, () => " ");
    for (const { from, to } of windows) bar.fill("━", cellOf(from, cells), cellOf(Math.max(from, to - 1), cells) + 1);
    return { label, text: bar.join(""), figure: sayLength(windows), colour: "magenta" };
  });
}

function sayLength(windows: readonly FaultWindow[]): string {
  const [first] = windows;
  if (windows.length > 1) return `${windows.length} times`;
  return first!.to === Infinity ? "to the end" : formatDuration(first!.to - first!.from);
}

// ---- regions ----

const ROWS = ["requests", "errors", "slowest", "lag"] as const;

function regionLabels({ run }: Facts): readonly string[] {
  return run.topology.regions.map((region) => `${visible(region)}  ${ROWS[0]}`);
}

/** A region's figures; those of which nothing is known are left out. */
function regionRows(facts: Facts, region: string, cells: Cells): readonly Row[] {
  const due = dueOperations(facts, region);
  const rows = [...(due.length === 0 ? [] : traffic(due, cells)), ...lag(facts, region, cells)];
  const name = visible(region);
  return rows.map((row, i) => ({ ...row, label: `${i === 0 ? name : " ".repeat(widthOf(name))}  ${row.label}` }));
}

function traffic(due: readonly Due[], cells: Cells): readonly Row[] {
  const wanted = zeros(cells);
  const failed = zeros(cells);
  const slowest: (number | undefined)[] = Array.from({ length: cells.count });
  for (const one of due) {
    const cell = cellOf(one.due, cells);
    wanted[cell]!++;
    if (one.why !== undefined) failed[cell]!++;
    else slowest[cell] = Math.max(slowest[cell] ?? 0, one.tookMs);
  }
  const rates = smoothed(wanted, cells);
  const errors = sum(failed);
  const worst = Math.max(0, ...slowest.filter((one) => one !== undefined));
  const lasted = Math.max(1_000, due.at(-1)!.due - due[0]!.due);
  return [
    {
      label: ROWS[0],
      text: sparkline(rates, Math.max(...rates)),
      figure: `${Math.round((due.length * 1_000) / lasted).toLocaleString("en")}/s`,
      colour: "cyan",
    },
    {
      // A whole bar: nobody got an answer.
      label: ROWS[1],
      text: sparkline(
        failed.map((n, i) => (wanted[i] === 0 ? 0 : n / wanted[i]!)),
        1,
      ),
      figure: errors === 0 ? "none" : errors.toLocaleString("en"),
      colour: errors === 0 ? "dim" : "red",
    },
    {
      label: ROWS[2],
      text: sparkline(
        holding(slowest, cells, OPERATIONS_MS / 2).map((ms) => ms ?? 0),
        Math.max(worst, SLOW_MS),
      ),
      figure: formatDuration(worst),
      colour: "cyan",
    },
  ];
}

/** Behind the worst source, as the samples say. */
function lag({ samples }: Facts, region: string, cells: Cells): readonly Row[] {
  const seconds: (number | undefined)[] = Array.from({ length: cells.count });
  for (const { at, regions } of samples) {
    const sources = Object.values(regions[region]?.lagSeconds ?? {});
    if (sources.length === 0) continue;
    const cell = cellOf(at, cells);
    seconds[cell] = Math.max(seconds[cell] ?? 0, ...sources);
  }
  const known = seconds.filter((one) => one !== undefined);
  if (known.length === 0) return [];
  const worst = Math.max(...known);
  const figure = worst === 0 ? "none" : formatDuration(worst * 1_000);
  const text = sparkline(holding(seconds, cells, SAMPLES_MS), Math.max(worst, BEHIND_S));
  return [{ label: ROWS[3], text, figure, colour: worst >= BEHIND_S ? "yellow" : "dim" }];
}

/** Where nothing was seen, what was seen last (or first) so long at most before (or after). */
function holding(values: readonly (number | undefined)[], { ms }: Cells, forMs: number): (number | undefined)[] {
  const most = Math.ceil(forMs / ms);
  return values.map((value, place) => {
    for (let away = 0; value === undefined && away <= most; away++) value = values[place - away];
    for (let away = 0; value === undefined && away <= most; away++) value = values[place + away];
    return value;
  });
}

const zeros = ({ count }: Cells): number[] => Array.from({ length: count }, () => 0);
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The mean of a cell and its neighbours, where one cell is too short to tell a rate. Where nothing was due there stays nothing. */
function smoothed(counts: readonly number[], { ms }: Cells): readonly number[] {
  const beside = Math.max(0, Math.round((OPERATIONS_MS / ms - 1) / 2));
  const first = counts.findIndex((n) => n > 0);
  const last = counts.findLastIndex((n) => n > 0);
  return counts.map((_, i) => {
    if (i < first || i > last) return 0;
    const near = counts.slice(Math.max(first, i - beside), Math.min(last, i + beside) + 1);
    return sum(near) / near.length;
  });
}

const BARS = "▁▂▃▄▅▆▇█";

/** A character each: a point for nothing, a question mark for what nobody knows. */
function sparkline(values: readonly (number | undefined)[], top: number): string {
  return values
    .map((value) => {
      if (value === undefined) return "?";
      if (value <= 0 || top <= 0) return "·";
      return BARS[Math.min(BARS.length - 1, Math.floor((value / top) * BARS.length))]!;
    })
    .join("");
}
