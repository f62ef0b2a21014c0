// Who gets how much of the screen. Every line has to be fought for: what tells that something is wrong comes before what
// explains it, and the events take what is left.
import { columnHeight, type Figures, ROOMY } from "./region.ts";

export interface Size {
  columns: number;
  rows: number;
}

/** The last line of a terminal stays empty: a screen that is filled to its end scrolls. */
export const heightOf = ({ rows }: Size) => Math.max(1, rows - 1);

/** The lines at the edges of the screen, which are there whatever stands between them. */
export interface Frame {
  header: number;
  notice: number;
  keys: number;
  /** What is between. */
  body: number;
}

/** `notice`: the lines that say what the last key did; 0 where nobody steers. */
export function frameOf(size: Size, notice: number): Frame {
  const height = heightOf(size);
  const header = 1;
  const keys = notice > 0 && height >= 9 ? 1 : 0;
  return { header, notice, keys, body: height - header - notice - keys };
}

/** As many as there are while nothing long has to be told: the regions are laid out for these, so that no key moves them. */
export const usualNotice = (size: Size) => Math.min(2, mostNotice(size));

/** A command and a step that are long are worth the lines: they are read, typed, and put into a file. */
export function mostNotice(size: Size): number {
  const height = heightOf(size);
  if (height < 20) return height < 3 ? 0 : 1;
  return Math.max(2, Math.floor(height / 4));
}

// --- regions ---

export type RegionForm =
  /** So many side by side, in one band or more. */
  | { type: "columns"; perBand: number; columns: number; figures: Figures; height: number }
  /** One below the other, each on a line, or on two: its nodes have the second. */
  | { type: "rows"; withNodes: boolean; height: number };

/** Between two columns: a blank, a line, a blank. */
export const GAP = 3;
/** How narrow columns may be for which figures, and which share of the lines that there are may then go to them: the best first. */
const FORMS: readonly (readonly [Figures, number, number])[] = [
  ["roomy", ROOMY, 0.6],
  ["tall", 22, 0.6],
  ["tight", 28, 0.7],
  ["tight", 22, 1],
];
/** A name and its state that stand further apart than this do not look as if they belonged together. */
const WIDEST = 64;
/** Narrower lines have no room for what would stand on the second one. */
const TWO_LINES = 60;

/** The first form that fits into so many lines; the last one does anyhow, with those regions that have room. */
export function regionForm(nodes: readonly number[], columns: number, most: number): RegionForm {
  const count = nodes.length;
  for (const [figures, narrowest, share] of FORMS) {
    for (let bands = 1; bands <= count; bands++) {
      const form = sideBySide(nodes, columns, Math.ceil(count / bands), figures);
      if (form.columns >= narrowest && form.height <= most * share) return form;
    }
  }
  const withNodes = columns >= TWO_LINES && 2 * count <= most;
  return { type: "rows", withNodes, height: Math.max(0, Math.min(withNodes ? 2 * count : count, most)) };
}

function sideBySide(
  nodes: readonly number[],
  columns: number,
  perBand: number,
  asked: Figures,
): RegionForm & { type: "columns" } {
  const width = Math.min(WIDEST, Math.floor((columns - GAP * (perBand - 1)) / perBand));
  const figures = width >= ROOMY ? "roomy" : asked;
  let height = 0;
  for (const band of bandsOf(nodes, perBand)) height += columnHeight(Math.max(...band), figures);
  return { type: "columns", perBand, columns: width, figures, height };
}

export const bandsOf = <T>(items: readonly T[], perBand: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / perBand) }, (_, i) => items.slice(i * perBand, (i + 1) * perBand));

// --- what stands below them ---

export const SECTIONS = ["edge", "links", "faults", "steps", "expect", "events"] as const;
export type SectionName = (typeof SECTIONS)[number];
export type Heights = Readonly<Record<SectionName, number>>;

/** Who has to do with less first, last. */
const FIRST: readonly SectionName[] = ["faults", "events", "steps", "links", "edge", "expect"];
/** In which order they get what they could use beyond the least; the events take the rest. */
const MORE: readonly SectionName[] = ["links", "edge", "faults", "steps", "expect"];

const LEAST: Heights = { edge: 1, links: 1, faults: 1, steps: 2, expect: 1, events: 1 };
/** More of these would take the place of the events. */
const MOST: Heights = { edge: 4, links: 6, faults: 6, steps: 9, expect: 8, events: Infinity };
/** So many events are enough to spend lines on empty ones between the sections. */
const ENOUGH_EVENTS = 8;

export interface Plan {
  sections: Heights;
  /** Empty lines between the sections. */
  gaps: boolean;
}

/** The lines that sections must have; `wanted` says how many rows each has. */
export const leastOf = (wanted: Heights) =>
  SECTIONS.reduce((total, name) => total + Math.min(wanted[name], LEAST[name]), 0);

/** The regions above these sections. */
export function formAbove(wanted: Heights, nodes: readonly number[], columns: number, body: number): RegionForm {
  const most = Math.max(Math.min(nodes.length, Math.max(1, body - 2)), body - leastOf(wanted));
  return regionForm(nodes, columns, Math.min(body, most));
}

/** How many lines each section gets below the regions. */
export function planOf(regions: RegionForm, wanted: Heights, body: number): Plan {
  let left = Math.max(0, body - regions.height);
  const given: Record<SectionName, number> = heights(() => 0);
  const give = (name: SectionName, upTo: number) => {
    const more = Math.max(0, Math.min(left, upTo - given[name]));
    given[name] += more;
    left -= more;
  };
  for (const name of FIRST) give(name, Math.min(wanted[name], LEAST[name]));
  for (const name of MORE) give(name, Math.min(wanted[name], MOST[name]));
  const between = SECTIONS.filter((name) => given[name] > 0).length;
  const gaps = left >= between + ENOUGH_EVENTS;
  if (gaps) left -= between;
  give("events", Infinity);
  return { sections: given, gaps };
}

const heights = (of: (name: SectionName) => number) =>
  Object.fromEntries(SECTIONS.map((name) => [name, of(name)])) as Record<SectionName, number>;
