// The two sides of a fault of the network as a user writes them: `us | eu`, `us, eu | ap`, `us -> eu`, `edge | us`. A side is
// made of zones and of nodes; a node stands for its own connections. What lies between two sides are directions of links.
import { z } from "zod";
import { type Crossing, crossingsOf, type Direction, zonesOf } from "../model/link.ts";
import { EDGE, nodeNamed, type Topology } from "../model/topology.ts";
import type { Complaint } from "../model/vocabulary.ts";
import { didYouMean } from "../topology/words.ts";
import { openedIn, sayDirection } from "./rules.ts";

export interface Sides {
  left: readonly string[];
  right: readonly string[];
  /** Only bytes from left to right. */
  oneWay: boolean;
}

const expected = "expected two sides, e.g. us | eu, or us -> eu for one direction";

export const sides = z.string({ error: expected }).transform((text, context): Sides => {
  const [, left, sign, right] = /^([^|>]*?)(\||->)([^|>]*)$/.exec(text) ?? [];
  const words = (side = "") => side.split(",").map((word) => word.trim());
  const both = { left: words(left), right: words(right), oneWay: sign === "->" };
  if ([...both.left, ...both.right].every((word) => /^\S+$/.test(word))) return both;
  context.addIssue({ code: "custom", message: expected });
  return z.NEVER;
});

/** "us, eu | ap" */
export function saySides({ left, right, oneWay }: Sides): string {
  return `${left.join(", ")} ${oneWay ? "->" : "|"} ${right.join(", ")}`;
}

/** What lies between two sides, and the regions that they touch. */
export interface Between {
  links: readonly Direction[];
  regions: readonly string[];
}

export interface Asked {
  /** What is done to the link: "cutting", for whoever is told that it would change nothing. */
  doing: string;
  /** It acts on connections by the side that opens them: directions in which nobody does are left out. */
  opened?: boolean;
}

/** Of pairs that nothing crosses nothing comes. Call it with what `checkSides` had nothing against. */
export function between(sides: Sides, topology: Topology, { opened = false }: Partial<Asked> = {}): Between {
  const crossings = crossingsOf(topology);
  const [left, right] = [placesOf(sides.left, topology), placesOf(sides.right, topology)];
  const there = left.flatMap((a) => right.flatMap((b) => directions(a, b, crossings)));
  const back = sides.oneWay ? [] : right.flatMap((a) => left.flatMap((b) => directions(a, b, crossings)));
  const links = [...new Map([...there, ...back].map((one) => [sayDirection(one), one])).values()];
  const touched = new Set([...left, ...right].map(({ zone }) => zone));
  return {
    links: opened ? links.filter((link) => crossings.some((crossing) => openedIn(link, crossing))) : links,
    regions: topology.regions.filter((region) => touched.has(region)),
  };
}

export function checkSides(sides: Sides, topology: Topology, asked: Asked): readonly Complaint[] {
  const { left, right } = sides;
  const unknown = [...left, ...right].flatMap((word) =>
    isPlace(word, topology) ? [] : [unknownPlace(word, topology)],
  );
  if (unknown.length > 0) return unknown;
  const pairs = placesOf(left, topology).flatMap((a) => placesOf(right, topology).map((b) => [a, b] as const));
  const near = pairs.flatMap(([a, b]) => tooNear(a, b));
  if (near.length > 0) return near;
  const crossings = crossingsOf(topology);
  const shared = [
    ...callersShared(left, right, topology, crossings),
    ...callersShared(right, left, topology, crossings),
  ];
  if (shared.length > 0) return shared;
  if (between(sides, topology).links.length === 0) return [nothingBetween(sides, crossings, asked.doing)];
  if (between(sides, topology, asked).links.length === 0) return [nobodyOpens(sides, crossings)];
  return [];
}

/** A zone, or a node in it. */
export interface Place {
  zone: string;
  node?: string;
}

export const isPlace = (word: string, topology: Topology) =>
  zonesOf(topology).includes(word) || nodeNamed(topology, word) !== undefined;

/** A node of a zone that is named as well adds nothing to it. */
export function placesOf(words: readonly string[], topology: Topology): readonly Place[] {
  return [...new Set(words)].flatMap((word): Place[] => {
    if (zonesOf(topology).includes(word)) return [{ zone: word }];
    const node = nodeNamed(topology, word);
    return node === undefined || words.includes(node.region) ? [] : [{ zone: node.region, node: node.name }];
  });
}

/** From a to b: of the whole link, or of those crossings of it that a named node has part in. */
export function directions(a: Place, b: Place, crossings: readonly Crossing[]): readonly Direction[] {
  const found = crossings.filter((one) => (opens(a, one) && isOpened(b, one)) || (opens(b, one) && isOpened(a, one)));
  const whole = { from: a.zone, to: b.zone };
  if (found.length === 0 || a.zone === b.zone) return [];
  if (a.node === undefined && b.node === undefined) return [whole];
  return found.map(({ from, to }) => ({ ...whole, crossing: { from, to } }));
}

const opens = ({ zone, node }: Place, { from, callers }: Crossing) =>
  from === zone && (node === undefined || callers.includes(node));
const isOpened = ({ zone, node }: Place, { to, toZone }: Crossing) =>
  toZone === zone && (node === undefined || to === node);

// --- what is said against them ---

export function unknownPlace(word: string, topology: Topology): Complaint {
  const places = [...zonesOf(topology), ...topology.nodes.map(({ name }) => name)];
  const message = `topology "${topology.name}" has no region or node "${word}"`;
  return { path: ["target"], word, message, hint: didYouMean(word, places, "There are") };
}

const said = ({ zone, node }: Place) => node ?? zone;

/** Two that no link lies between. */
function tooNear(a: Place, b: Place): readonly Complaint[] {
  if (a.zone !== b.zone) return [];
  const complaint = (message: string, hint: string) => [{ path: ["target"], word: said(b), message, hint }];
  if (said(a) === said(b))
    return complaint(`${said(a)} stands on both sides`, "Write two different sides, e.g. us | eu.");
  const node = b.node ?? a.node!;
  const where = `no link lies between ${said(a)} and ${said(b)}`;
  const why = a.node === undefined || b.node === undefined ? `${node} is in ${a.zone}` : `both are in ${a.zone}`;
  return complaint(
    `${where}: ${why}, and inside a ${a.zone === EDGE ? "zone" : "region"} everything is direct`,
    `Use pause or kill: ${node} instead.`,
  );
}

/** A node cannot be told from the others of its zone that open connections to the same node: they share that crossing. */
function callersShared(
  side: readonly string[],
  other: readonly string[],
  topology: Topology,
  crossings: readonly Crossing[],
): readonly Complaint[] {
  const far = placesOf(other, topology);
  return placesOf(side, topology).flatMap((place) => {
    const shared = crossings.find(
      (one) =>
        place.node !== undefined &&
        opens(place, one) &&
        far.some((to) => isOpened(to, one)) &&
        !one.callers.every((caller) => side.includes(caller)),
    );
    return shared === undefined ? [] : [notAlone(place.node!, shared)];
  });
}

export function notAlone(node: string, { from, to, toZone, callers }: Crossing): Complaint {
  const others = callers.filter((caller) => caller !== node);
  return {
    path: ["target"],
    word: node,
    message: `${node} shares its way to ${to} with ${others.join(", ")}, so it cannot be told from them on the link between ${from} and ${toZone}`,
    hint: `Name all of them (${callers.join(", ")}), name ${from}, or use pause or kill: ${node} instead.`,
  };
}

function nothingBetween(sides: Sides, crossings: readonly Crossing[], doing: string): Complaint {
  const message = `nothing crosses the link between ${sides.left.join(", ")} and ${sides.right.join(", ")}, so ${doing} it would change nothing`;
  return { path: ["target"], message, hint: crossedLinks(crossings) };
}

function nobodyOpens({ left, right }: Sides, crossings: readonly Crossing[]): Complaint {
  const message = `nobody in ${left.join(", ")} opens connections to ${right.join(", ")}, and only those that are opened from there are meant`;
  return { path: ["target"], message, hint: crossedLinks(crossings) };
}

/** "Connections are opened edge -> us, edge -> eu, eu -> us." */
function crossedLinks(crossings: readonly Crossing[]): string {
  const links = new Set(crossings.map(({ from, toZone }) => `${from} -> ${toZone}`));
  if (links.size === 0) return "In this topology nothing crosses any link.";
  return `Connections are opened ${[...links].join(", ")}.`;
}
