// What a key does to what is chosen: a table of steps of the scenario language. Pressed again on what it broke, a key mends it. A key
// that cannot do anything here says why, and which one can.
import { stringify } from "yaml";
import type { Fault, FaultKind } from "../model/fault.ts";
import { LINKS } from "../model/cluster.ts";
import { EDGE } from "../model/topology.ts";
import type { Deed } from "./hands.ts";
import type { FaultPicture, LinkPicture, NodePicture, Picture } from "./picture.ts";
import { linkName, linkOf, nodeOf, nodesIn, type Selection } from "./selection.ts";

export interface Refused {
  refused: string;
}

/** What `l` adds, one way. */
export const ADDED_LATENCY = "80ms";

type Do = (selection: Selection, picture: Picture) => Deed | Refused;

export const DEEDS = {
  k: onNodes("kill", "kill", {
    hits: ({ state }) => state !== "down",
    otherwise: "is DOWN already: s starts it",
  }),
  s: onNodes("start", "start", {
    hits: ({ state }) => state === "down",
    otherwise: "is not DOWN: there is nothing to start",
    hints: { paused: "is PAUSED: z resumes it", up: "is up: k kills it" },
  }),
  z: (selection, picture) => {
    const resumes = nodesOf(selection, picture).some(({ state }) => state === "paused");
    return (resumes ? resume : pause)(selection, picture);
  },
  x: onLinks("partition", "partition", "cut", {}),
  l: onLinks("latency", "latency", "delay", { add: ADDED_LATENCY }),
  o: outage,
  h: (_selection, picture) => {
    const well = picture.faults.length === 0 && picture.nodes.every(({ state }) => state === "up");
    return well
      ? { refused: "no fault is active and every node is up: there is nothing to heal" }
      : deed(picture, "heal");
  },
} as const satisfies Readonly<Record<string, Do>>;

export type DeedKey = keyof typeof DEEDS;
export const isDeedKey = (key: string): key is DeedKey => Object.hasOwn(DEEDS, key);

export function deedFor(key: DeedKey, selection: Selection | undefined, picture: Picture): Deed | Refused {
  if (selection === undefined) return { refused: "nothing is there yet that could be chosen" };
  return DEEDS[key](selection, picture);
}

/** A step as one would write it, on one line: "- kill: backend-us", "- { latency: us | eu, add: 80ms }". */
export function yamlOf(step: unknown): string {
  const values = typeof step === "object" && step !== null ? Object.values(step) : [];
  const isShort = values.length < 2 && values.every((value) => typeof value !== "object");
  const text = stringify(step, {
    collectionStyle: isShort ? "any" : "flow",
    lineWidth: 0,
    flowCollectionPadding: true,
  });
  return `- ${text.trim().replace(/\s*\n\s*/g, " ")}`;
}

// --- what lies behind the keys ---

interface OnNodes {
  /** The nodes that it would change. */
  hits(node: NodePicture): boolean;
  /** Said of a node, or of a whole region, that it would not change. */
  otherwise: string;
  hints?: Partial<Readonly<Record<NodePicture["state"], string>>>;
}

function onNodes(verb: string, command: string, { hits, otherwise, hints = {} }: OnNodes): Do {
  return (selection, picture) => {
    if (selection.type === "link") {
      const name = linkName(selection.between);
      return { refused: `${name} is a link: x cuts it, l makes it slow; ${command} is for nodes and regions` };
    }
    const nodes = nodesOf(selection, picture);
    const program = nodes.find(isLinkProgram);
    if (program !== undefined)
      return { refused: `${program.name} is what faults are made with: no fault can be on it` };
    if (!nodes.some(hits)) {
      const [first] = nodes;
      const own = selection.type === "node" && first !== undefined ? hints[first.state] : undefined;
      const all = selection.type === "region" ? `all of ${selection.name}` : selection.name;
      return { refused: nodes.length === 0 ? `${selection.name} has no nodes` : `${all} ${own ?? otherwise}` };
    }
    return deed(picture, verb, selection.name, [selection.name]);
  };
}

const pause = onNodes("pause", "pause", {
  hits: ({ state }) => state === "up",
  otherwise: "is not up: there is nothing to pause",
  hints: { down: "is DOWN: s starts it", starting: "is starting: wait until it is up" },
});
const resume = onNodes("resume", "resume", {
  hits: ({ state }) => state === "paused",
  otherwise: "is not PAUSED: there is nothing to resume",
});

function nodesOf(selection: Selection, picture: Picture): readonly NodePicture[] {
  if (selection.type === "region") return nodesIn(picture, selection.name);
  const node = selection.type === "node" ? nodeOf(picture, selection.name) : undefined;
  return node === undefined ? [] : [node];
}

const isLinkProgram = ({ role, name }: NodePicture) => role === "link" || name === LINKS;

/** Of one link, or of all that lie between a region and the others; again heals what it began there. */
function onLinks(
  kind: FaultKind,
  command: string,
  effect: "cut" | "delay",
  parameters: Readonly<Record<string, string>>,
): Do {
  return (selection, picture) => {
    if (selection.type === "node") {
      const { region } = nodeOf(picture, selection.name)!;
      const where = region === EDGE ? "a link" : `a link, or ${region}`;
      return { refused: `${selection.name} is a node, and ${command} is for links: choose ${where} with the arrows` };
    }
    const links = linksOf(selection, picture);
    if (links.length === 0)
      return { refused: `nothing crosses a link between ${nameIn(selection)} and another region` };
    const faults = faultsOn(links, effect, picture);
    const own = faults.findLast(({ fault }) => fault.kind === kind || fault.kind === "isolate");
    if (own !== undefined) return heal(picture, own.fault);
    const outage = effect === "cut" ? faults.at(-1)?.fault : undefined;
    if (outage?.kind === "region-outage") {
      const region = outageRegion(outage, picture);
      return { refused: `${nameIn(selection)} is cut by the outage of ${region ?? "a region"}: o ends that` };
    }
    const [left, right] = sidesOf(selection, links);
    const words = [left, right.join(",")];
    const options = Object.entries(parameters).flatMap(([name, value]) => [`--${name}`, value]);
    return deed(picture, kind, `${left} | ${right.join(", ")}`, [...words, ...options], parameters);
  };
}

const nameIn = (selection: Selection) => (selection.type === "link" ? linkName(selection.between) : selection.name);

/** Of a region those to other regions: clients still reach it. */
function linksOf(selection: Selection, picture: Picture): readonly LinkPicture[] {
  if (selection.type === "link") return [linkOf(picture, selection.between)!];
  return picture.links.filter(({ between }) => between.includes(selection.name as never) && !between.includes(EDGE));
}

function sidesOf(selection: Selection, links: readonly LinkPicture[]): readonly [string, readonly string[]] {
  if (selection.type === "link") return [selection.between[0], [selection.between[1]]];
  const here = selection.name;
  return [here, links.map(({ between: [one, other] }) => (one === here ? other : one))];
}

/** The oldest first. */
function faultsOn(links: readonly LinkPicture[], effect: "cut" | "delay", picture: Picture): readonly FaultPicture[] {
  const ids = new Set(
    links.flatMap(({ done }) => done.filter((one) => one.effect.type === effect).map((one) => one.fault)),
  );
  return picture.faults.filter(({ fault }) => ids.has(fault.id));
}

function outage(selection: Selection, picture: Picture): Deed | Refused {
  const region = selection.type === "region" ? selection.name : regionOf(selection, picture);
  if (region === undefined) {
    return { refused: `${nameIn(selection)} is in no region: choose a region, or a node in one, for an outage` };
  }
  const active = picture.faults.some(
    ({ fault }) => fault.kind === "region-outage" && outageRegion(fault, picture) === region,
  );
  // start ends an outage as well as heal does, and has a name that one can remember.
  return active ? deed(picture, "start", region, [region]) : deed(picture, "region-outage", region, [region]);
}

function regionOf(selection: Selection, picture: Picture): string | undefined {
  const region = selection.type === "node" ? nodeOf(picture, selection.name)?.region : undefined;
  return picture.regions.some(({ name }) => name === region) ? region : undefined;
}

/** The region that an outage is of: its targets live there. */
function outageRegion({ targets, regions }: Fault, picture: Picture): string | undefined {
  return picture.nodes.find(({ name }) => targets.includes(name))?.region ?? regions?.[0];
}

const heal = (picture: Picture, { id }: Fault) => deed(picture, "heal", id, [id]);

function deed(
  { stack }: Picture,
  verb: string,
  target?: string,
  words: readonly string[] = [],
  parameters: Readonly<Record<string, string>> = {},
): Deed {
  const flag = stack === undefined || stack.name === "default" ? [] : ["--stack", stack.name];
  return {
    command: ["regionctl", verb, ...words.map(quoted), ...flag].join(" "),
    step: target === undefined ? verb : { [verb]: target, ...parameters },
  };
}

/** As a shell wants it. */
const quoted = (word: string) => (/^[\w.,:/-]+$/.test(word) ? word : `"${word.replaceAll(/["\\$`]/g, "\\$&")}"`);
