// A region: how it does, its nodes, what its clients see, how far it is behind. As a column beside the others while there is
// room, otherwise as two lines, or one.
import { WINDOW_MS, type NodePicture, type RegionPicture } from "../picture.ts";
import { isChosen, nodesIn, type Selection } from "../selection.ts";
import type { Picture } from "../picture.ts";
import { type State, statePiece } from "./paint.ts";
import { age, bars, figure, lagged, milliseconds } from "./say.ts";
import {
  cutRow,
  fixed,
  leftAndRight,
  packed,
  padEnd,
  padStart,
  type Piece,
  plainText,
  rowWidth,
  type Row,
  toned,
  widthOf,
} from "./text.ts";

/** What a view of one region needs of a picture. */
export interface RegionView {
  region: RegionPicture;
  nodes: readonly NodePicture[];
  /** Only where it is in this region. */
  chosen?: Selection;
  now: number;
}

export function regionViews(picture: Picture, chosen: Selection | undefined): readonly RegionView[] {
  return picture.regions.map((region) => {
    const nodes = nodesIn(picture, region.name);
    const own = isChosen(chosen, "region", region.name) || nodes.some(({ name }) => isChosen(chosen, "node", name));
    return { region, nodes, chosen: own ? chosen : undefined, now: picture.at };
  });
}

export const MARK = "› ";
export const marked = (isMarked: boolean): Piece => (isMarked ? toned("strong", MARK) : "  ");

const name = (text: string, isMarked: boolean): Piece => toned(isMarked ? "strong" : undefined, text);

export function healthPiece({ healthy, since }: RegionPicture, now: number, isShort = false): Piece {
  if (healthy === null) return toned("dim", "no word yet");
  if (healthy && isShort) return toned("good", "healthy");
  const soLong = since === null ? "" : ` for ${age(now - since)}`;
  return healthy ? toned("good", `healthy${soLong}`) : toned("bad", `NOT HEALTHY${soLong}`);
}

/** "up 12 s", "DOWN 3 s, unasked". */
export function stateRow({ state, since, unasked }: NodePicture, now: number): Row {
  const said = statePiece(state as State);
  return [said, ` ${age(now - since)}`, ...(unasked && state !== "up" ? [toned("notice", ", unasked")] : [])];
}

// --- side by side ---

/** How figures stand below the nodes: in two columns; in one, and none left out; or in as few lines as there may be. */
export type Figures = "roomy" | "tall" | "tight";
/** Columns that are as wide as this have room for two of figures, each with its word. */
export const ROOMY = 36;
const FIGURE_ROWS: Readonly<Record<Figures, number>> = { roomy: 4, tall: 5, tight: 3 };

/** Title, nodes, figures. */
export const columnHeight = (nodes: number, figures: Figures) => 1 + nodes + FIGURE_ROWS[figures];

/** Figures stand at its foot: beside a region with more nodes they are still in one line with that one's. */
export function columnRows(
  { region, nodes, chosen, now }: RegionView,
  columns: number,
  height: number,
  figures: Figures,
): readonly Row[] {
  const isMarked = isChosen(chosen, "region", region.name);
  const inside = columns - MARK.length;
  const health = healthPiece(region, now, widthOf(region.name) + rowWidth([healthPiece(region, now)]) >= inside);
  return [
    leftAndRight([marked(isMarked), toned("strong", region.name)], [health], columns),
    ...nodes.map((node) => nodeRow(node, isChosen(chosen, "node", node.name), now, columns)),
    ...Array.from({ length: height - columnHeight(nodes.length, figures) }, (): Row => []),
    ...[...FIGURES[figures](region, inside), lagRow(region, now, inside)].map((row) => ["  ", ...row]),
  ];
}

/** How long it has been up is what one can do without where its name needs the room. */
function nodeRow(node: NodePicture, isMarked: boolean, now: number, columns: number): Row {
  const whole = stateRow(node, now);
  const isShort = node.state === "up" && MARK.length + widthOf(node.name) + rowWidth(whole) >= columns;
  return leftAndRight([marked(isMarked), name(node.name, isMarked)], isShort ? whole.slice(0, 1) : whole, columns);
}

/** From here on a cell has room for "conflicts 123, +45/min". */
const WIDE_CELL = 23;

function roomyFigures(region: RegionPicture, columns: number): readonly Row[] {
  const half = Math.floor((columns - 3) / 2);
  const cell = (word: string, ...value: Row): [Row, Row] => [[toned("dim", word)], value];
  const beside = (left: [Row, Row], right: [Row, Row]): Row => [
    ...leftAndRight(...left, half),
    "   ",
    ...leftAndRight(...right, columns - half - 3),
  ];
  return [
    beside(cell("requests", `${figure(region.requestsPerSecond)}/s`), cell("p50", milliseconds(region.p50Ms))),
    beside(cell("errors", errorsPiece(region)), cell("p99", milliseconds(region.p99Ms))),
    half >= WIDE_CELL
      ? beside(cell("pending", pendingOf(region)), cell("conflicts", ...conflictsOf(region)))
      : leftAndRight(
          [toned("dim", "pending "), pendingOf(region)],
          [toned("dim", "conflicts "), ...conflictsOf(region)],
          columns,
        ),
  ];
}

function tallFigures(region: RegionPicture, columns: number): readonly Row[] {
  const [rate, errors, p99, p50, conflicts, pending] = figureCells(region);
  return [[rate, errors], [p99, p50], [pending], [conflicts]].map((cells) => packed(cells, columns));
}

function tightFigures(region: RegionPicture, columns: number): readonly Row[] {
  const [rate, errors, p99, p50, conflicts, pending] = figureCells(region);
  return [
    [rate, errors, p99, p50],
    [conflicts, pending],
  ].map((cells) => packed(cells, columns));
}

const FIGURES: Readonly<Record<Figures, (region: RegionPicture, columns: number) => readonly Row[]>> = {
  roomy: roomyFigures,
  tall: tallFigures,
  tight: tightFigures,
};

function figureCells(region: RegionPicture): readonly [Row, Row, Row, Row, Row, Row] {
  return [
    [`${figure(region.requestsPerSecond)}/s`],
    [errorsPiece(region, " errors")],
    [toned("dim", "p99 "), milliseconds(region.p99Ms)],
    [toned("dim", "p50 "), milliseconds(region.p50Ms)],
    [toned("dim", "conflicts "), ...conflictsOf(region)],
    [toned("dim", "pending "), pendingOf(region)],
  ];
}

const errorsPiece = ({ errorsPerSecond }: RegionPicture, word = ""): Piece =>
  toned(errorsPerSecond > 0 ? "bad" : undefined, `${figure(errorsPerSecond)}${word}/s`);

const pendingOf = ({ pending }: RegionPicture) => (pending === null ? "?" : figure(pending));

/** "12, +3/min": in all, and in the last minute. */
function conflictsOf({ conflicts, conflictsLastMinute }: RegionPicture): Row {
  if (conflicts === null) return ["?"];
  const lately = conflictsLastMinute ?? 0;
  return [figure(conflicts), toned(lately > 0 ? "notice" : undefined, `, +${figure(lately)}/min`)];
}

const FEWEST_BARS = 8;

/** "lag eu 0.04 s ▁▂▂": every source, or the worst, or only how much that is: whichever leaves room for the bars. */
export function lagRow(region: RegionPicture, now: number, columns: number): Row {
  const said =
    lagsSaid(region).find((one) => 4 + rowWidth(one) + 1 + FEWEST_BARS <= columns) ?? lagsSaid(region).at(-1)!;
  const head: Row = [toned("dim", "lag "), ...said];
  // Figures come and go in width; bars that begin at the same place can be followed.
  const start = Math.max(rowWidth(head), Math.min(4 + 16, columns - FEWEST_BARS - 1)) + 1;
  const room = Math.min(MOST_BARS, columns - start);
  if (room < 3) return cutRow(head, columns);
  return [...head, " ".repeat(start - rowWidth(head)), bars(region.lagHistory, now, WINDOW_MS, room)];
}

function lagsSaid(region: RegionPicture): readonly Row[] {
  const sources = Object.entries(region.lagSeconds ?? {});
  const worst = worstSource(region);
  if (worst === undefined) return [[region.lagSeconds === null ? "not known" : "no source"]];
  const cells = sources.map(([source, seconds]): Row => [toned("dim", `${source} `), lagPiece(seconds)]);
  return [
    packed(cells, Infinity),
    [toned("dim", `${worst.source} `), lagPiece(worst.seconds)],
    [lagPiece(worst.seconds)],
  ];
}

/** A second of the last minute each: more would say no more. */
const MOST_BARS = 60;

/** From here on somebody reads what is not true any more. */
const LATE_SECONDS = 1;

export const lagPiece = (seconds: number): Piece =>
  toned(seconds >= LATE_SECONDS ? "notice" : undefined, lagged(seconds));

function worstSource({ lagSeconds }: RegionPicture): { source: string; seconds: number } | undefined {
  const sources = Object.entries(lagSeconds ?? {}).map(([source, seconds]) => ({ source, seconds }));
  return sources.reduce<(typeof sources)[number] | undefined>(
    (worst, one) => (worst === undefined || one.seconds > worst.seconds ? one : worst),
    undefined,
  );
}

// --- one below the other ---

/** A line for the region, and where there is room another one for its nodes. */
export function shortRows(
  { region, nodes, chosen, now }: RegionView,
  columns: number,
  nameWidth: number,
  withNodes: boolean,
): readonly Row[] {
  const isMarked = isChosen(chosen, "region", region.name) || (chosen !== undefined && !withNodes);
  const head: Row = [marked(isMarked), toned("strong", fixed(region.name, nameWidth)), " "];
  const health = healthPiece(region, now);
  const padding = columns < ALIGNED ? "" : " ".repeat(Math.max(0, 18 - rowWidth([health])));
  const cells = [[health, padding], ...(withNodes ? [] : nodeCells(nodes, chosen)), ...shortFigures(region)];
  const first = [...head, ...packed(cells, columns - rowWidth(head))];
  const room = Math.min(MOST_BARS, columns - rowWidth(first) - 2);
  const tail = room < FEWEST_BARS ? "" : `  ${bars(region.lagHistory, now, WINDOW_MS, room)}`;
  return [[...first, tail], ...(withNodes ? [["    ", ...nodeLine(nodes, chosen, now, columns - 4)]] : [])];
}

/** In narrower lines every blank is needed. */
const ALIGNED = 56;

function shortFigures(region: RegionPicture): readonly Row[] {
  const worst = worstSource(region);
  const lag = worst === undefined ? "?" : lagPiece(worst.seconds);
  return [
    [padStart(`${figure(region.requestsPerSecond)}/s`, 6)],
    [errorsPiece(region, " errors")],
    [toned("dim", "lag "), lag, " ".repeat(Math.max(0, 6 - rowWidth([lag])))],
    [toned("dim", "p99 "), padEnd(milliseconds(region.p99Ms), 6)],
    [toned("dim", "conflicts "), ...conflictsOf(region)],
    [toned("dim", "p50 "), padEnd(milliseconds(region.p50Ms), 6)],
    [toned("dim", "pending "), pendingOf(region)],
  ];
}

/** Without a line of their own: the chosen one, those that are not up, and how many are. */
function nodeCells(nodes: readonly NodePicture[], chosen: Selection | undefined): readonly Row[] {
  const one = nodes.filter((node) => isChosen(chosen, "node", node.name));
  const shown = [...one, ...nodes.filter((node) => node.state !== "up" && !one.includes(node))];
  const up = nodes.filter(({ state }) => state === "up").length;
  const cells = shown.map((node): Row => [name(node.name, one.includes(node)), " ", statePiece(node.state as State)]);
  return [...cells, [toned("dim", `${up}/${nodes.length} up`)]];
}

/** Those before the chosen one are left out where it would not be seen. */
function nodeLine(nodes: readonly NodePicture[], chosen: Selection | undefined, now: number, columns: number): Row {
  const cells = nodes.map((node): Row => {
    const isMarked = isChosen(chosen, "node", node.name);
    return [...(isMarked ? [marked(true)] : []), name(node.name, isMarked), " ", ...stateRow(node, now)];
  });
  const at = Math.max(
    0,
    nodes.findIndex((node) => isChosen(chosen, "node", node.name)),
  );
  const whole = packed(cells.slice(0, at + 1), columns);
  const isSeen = widthOf(plainText(whole)) === sumWidth(cells.slice(0, at + 1));
  return packed(isSeen ? cells : cells.slice(at), columns);
}

const sumWidth = (cells: readonly Row[]) =>
  cells.reduce((total, cell) => total + rowWidth(cell), 0) + 2 * Math.max(0, cells.length - 1);
