// What the keys act on: a region, a node or a link, and where the arrows lead from it. Regions stand side by side, each above its
// own nodes; below them all are the nodes of the edge in a row, and the links in another:
//
//   us            eu
//   backend-us    backend-eu
//   db-us         db-eu
//   gateway   links
//   us | eu   edge | us   edge | eu
import { EDGE } from "../model/topology.ts";
import type { LinkPicture, NodePicture, Picture } from "./picture.ts";

export type Selection = Place & {
  /** The region that the arrows came from, so that they lead back to it. */
  from?: string;
};

type Place =
  | { type: "region"; name: string }
  | { type: "node"; name: string }
  | { type: "link"; between: readonly [string, string] };

export const DIRECTIONS = ["up", "down", "left", "right"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Is it this one? */
export function isChosen(selection: Selection | undefined, type: Selection["type"], name: string): boolean {
  return selection?.type === type && nameOf(selection) === name;
}

/** How a person calls it: "us", "backend-us", "us | eu". */
export const nameOf = (selection: Selection) =>
  selection.type === "link" ? linkName(selection.between) : selection.name;

export const linkName = ([one, other]: readonly [string, string]) => `${one} | ${other}`;

export const nodesIn = (picture: Picture, zone: string): readonly NodePicture[] =>
  picture.nodes.filter(({ region }) => region === zone);

export const nodeOf = (picture: Picture, name: string) => picture.nodes.find((node) => node.name === name);

export const linkOf = (picture: Picture, between: readonly [string, string]): LinkPicture | undefined =>
  picture.links.find((link) => linkName(link.between) === linkName(between));

/** Those between regions first: they are what a system of many regions is about. */
export const linksInOrder = ({ links }: Picture): readonly LinkPicture[] => [
  ...links.filter(({ between }) => !between.includes(EDGE)),
  ...links.filter(({ between }) => between.includes(EDGE)),
];

/** What is chosen once the picture has changed: the same where it is still there, and otherwise the first node. */
export function nowChosen(selection: Selection | undefined, picture: Picture): Selection | undefined {
  if (selection !== undefined && isThere(selection, picture)) return selection;
  const { columns, rows } = gridOf(picture);
  return columns[0]?.[1] ?? columns[0]?.[0] ?? rows[0]?.[0];
}

function isThere(selection: Selection, picture: Picture): boolean {
  if (selection.type === "region") return picture.regions.some(({ name }) => name === selection.name);
  if (selection.type === "node") return nodeOf(picture, selection.name) !== undefined;
  return linkOf(picture, selection.between) !== undefined;
}

/** Where an arrow leads; where nothing lies that way, it stays. */
export function moved(selection: Selection | undefined, direction: Direction, picture: Picture): Selection | undefined {
  const here = nowChosen(selection, picture);
  if (here === undefined) return undefined;
  const grid = gridOf(picture);
  const column = grid.columns.findIndex((places) => indexIn(places, here) !== -1);
  if (column !== -1) return movedInColumn(grid, column, indexIn(grid.columns[column]!, here), direction);
  const row = grid.rows.findIndex((places) => indexIn(places, here) !== -1);
  return movedInRow(grid, row, here, direction);
}

interface Grid {
  /** Per region: itself, then its nodes. */
  columns: readonly (readonly Selection[])[];
  /** The nodes of the edge, and the links; a row that has none is not there. */
  rows: readonly (readonly Selection[])[];
}

function gridOf(picture: Picture): Grid {
  const node = ({ name }: NodePicture): Selection => ({ type: "node", name });
  const known = new Set(picture.regions.map(({ name }) => name));
  // What lives in no region stands with the edge: nothing may be out of reach.
  const edge = picture.nodes.filter(({ region }) => !known.has(region) || region === EDGE);
  return {
    columns: picture.regions.map(({ name }) => [{ type: "region", name }, ...nodesIn(picture, name).map(node)]),
    rows: [edge.map(node), linksInOrder(picture).map(({ between }): Selection => ({ type: "link", between }))].filter(
      (places) => places.length > 0,
    ),
  };
}

const indexIn = (places: readonly Selection[], here: Selection) =>
  places.findIndex((place) => isChosen(here, place.type, nameOf(place)));

function movedInColumn(grid: Grid, column: number, index: number, direction: Direction): Selection {
  const places = grid.columns[column]!;
  const here = places[index]!;
  if (direction === "up") return places[Math.max(0, index - 1)]!;
  if (direction === "down") {
    const region = nameOf(places[0]!);
    return places[index + 1] ?? entered(grid.rows[0], region) ?? here;
  }
  const beside = grid.columns[column + (direction === "left" ? -1 : 1)];
  return beside === undefined ? here : beside[Math.min(index, beside.length - 1)]!;
}

function movedInRow(grid: Grid, row: number, here: Selection, direction: Direction): Selection {
  const places = grid.rows[row]!;
  const index = indexIn(places, here);
  const { from } = here;
  if (direction === "left" || direction === "right") {
    const beside = places[index + (direction === "left" ? -1 : 1)];
    return beside === undefined ? here : { ...beside, from };
  }
  if (direction === "down") return entered(grid.rows[row + 1], from) ?? here;
  if (row > 0) return entered(grid.rows[row - 1], from) ?? here;
  const column = grid.columns.find(([region]) => region !== undefined && nameOf(region) === from) ?? grid.columns[0];
  return column?.at(-1) ?? here;
}

/** Where one comes into a row: at what has to do with the region that one comes from. */
function entered(places: readonly Selection[] | undefined, from: string | undefined): Selection | undefined {
  const own = places?.find((place) => place.type === "link" && from !== undefined && place.between.includes(from));
  const place = own ?? places?.[0];
  return place === undefined ? undefined : { ...place, from };
}
