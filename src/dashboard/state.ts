// Everything a dashboard knows: events are folded, one after the other, into one picture. Pure, and bounded however long it goes on.
import { wanted } from "../faults/wanted.ts";
import { LINKS } from "../model/cluster.ts";
import type { Event, FaultEvent, Happening } from "../model/event.ts";
import type { Fault } from "../model/fault.ts";
import { crossingsOf } from "../model/link.ts";
import { EDGE, type Topology } from "../model/topology.ts";
import { healthLine, lineOf } from "./lines.ts";
import { linksOf } from "./links.ts";
import {
  type FaultPicture,
  type Line,
  MOST_FAULTS,
  MOST_LEFTOVERS,
  MOST_LINES,
  MOST_STEPS,
  type NodePicture,
  type Picture,
  type RunPicture,
  type StepPicture,
} from "./picture.ts";
import { countingAnew, sampled, unheardRegion } from "./regions.ts";

/** Before the first event. */
export const EMPTY: Picture = {
  at: 0,
  regions: [],
  nodes: [],
  links: [],
  faults: [],
  lines: [],
  acknowledged: 0,
};

export function fold(picture: Picture, event: Event): Picture {
  const at = Math.max(picture.at, event.at);
  const change = CHANGES[event.type] as Change | undefined;
  if (change === undefined) return { ...picture, at };
  const changed = change({ ...picture, at }, event as never);
  // What came of it is told where it is made; and what changed nothing is no news.
  return changed === undefined ? { ...picture, at } : told(changed, lineOf(event));
}

/** The same as folding one by one. Of most events only the time counts: these cost next to nothing. */
export function foldAll(picture: Picture, events: readonly Event[]): Picture {
  let now = picture;
  let at = picture.at;
  for (const event of events) {
    if (CHANGES[event.type] === undefined) {
      if (event.at > at) at = event.at;
      continue;
    }
    now = fold(at > now.at ? { ...now, at } : now, event);
    at = now.at;
  }
  return at > now.at ? { ...now, at } : now;
}

/** The picture has the time of the event already; undefined: it says nothing that was not known. */
type Change<E = never> = (picture: Picture, event: E) => Picture | undefined;
type Changes = {
  readonly [T in Happening["type"]]?: Change<Extract<Event, { type: T }>>;
};

const CHANGES: Changes = {
  stack: (_, { name, runtime, gateway, topology, faults, at }) =>
    begun(topology, faults, { name, runtime, gateway }, at),

  run(picture, { id, scenario, topology, runtime, at }) {
    const known = isSame(picture.topology, topology)
      ? { ...picture, acknowledged: 0 }
      : begun(topology, [], { name: topology.name, runtime }, at);
    const regions = known.regions.map((region) => countingAnew(region, at));
    return { ...known, regions, run: { id, scenario, began: at, steps: {} } };
  },

  sample(picture, event) {
    const { regions, acknowledged, at } = event;
    const said = (name: string) => (Object.hasOwn(regions, name) ? regions[name] : undefined);
    const changed = picture.regions.flatMap(({ name, healthy }) => {
      const now = said(name)?.healthy;
      const isNews = now !== undefined && now !== healthy && (healthy !== null || !now);
      return isNews ? [healthLine(event, name, now)] : [];
    });
    const next: Picture = {
      ...picture,
      acknowledged,
      regions: picture.regions.map((region) => {
        const sample = said(region.name);
        return sample === undefined ? region : sampled(region, sample, at);
      }),
    };
    return changed.reduce(told, next);
  },

  node(picture, { node, state, expected, at }) {
    const before = picture.nodes.find(({ name }) => name === node);
    const unasked = !expected;
    if (before === undefined) return picture; // of a stack that has not said yet what it is: only a line
    if (before.state === state && before.unasked === unasked) return undefined;
    const since = before.state === state ? before.since : at;
    return { ...picture, nodes: replaced(picture.nodes, { ...before, state, since, unasked }) };
  },

  fault: (picture, event) => FAULT_PHASES[event.phase](picture, event as never),

  step(picture, event) {
    if (picture.run === undefined) return picture;
    const { steps } = picture.run;
    const { path, at } = event;
    const known = Object.hasOwn(steps, path) ? steps[path] : undefined;
    if (known === undefined && Object.keys(steps).length >= MOST_STEPS) return picture;
    const detail = event.phase === "end" && event.detail !== undefined ? { detail: event.detail } : {};
    const step: StepPicture =
      event.phase === "begin"
        ? { path, state: "running", text: event.text, begun: at }
        : { path, state: event.verdict, ...textOf(known), begun: known?.begun ?? at, ended: at, ...detail };
    return inRun(picture, () => ({ steps: { ...steps, [path]: step } }));
  },

  healed: (picture, { quiet, at }) =>
    inRun(picture, () => ({ settling: { since: at, quiet, rounds: 0, differing: null } })),

  round: (picture, { differing, at }) =>
    inRun(picture, ({ settling = { since: at, quiet: false, rounds: 0 } }) => ({
      settling: { ...settling, rounds: settling.rounds + 1, differing: differing.length },
    })),

  leftovers: (picture, { found }) => inRun(picture, () => ({ leftovers: found.slice(0, MOST_LEFTOVERS) })),

  end: (picture, { reason, error }) =>
    inRun(picture, () => ({ ended: { reason, ...(error === undefined ? {} : { error }) } })),

  // Figures of them come with the samples: these are only told.
  conflict: (picture) => picture,
  log: (picture) => picture,
};

const FAULT_PHASES: {
  readonly [P in FaultEvent["phase"]]: Change<Extract<FaultEvent, { phase: P }> & { at: number }>;
} = {
  begun(picture, { fault, at }) {
    const others = picture.faults.filter((known) => known.fault.id !== fault.id);
    const next = withFaults(picture, [...others, { fault }].slice(-MOST_FAULTS));
    const broken = inRun(next, () => ({ settling: undefined }));
    return { ...broken, nodes: asWanted(broken, fault.targets, at, () => false) };
  },
  proved(picture, { id, effective, measured, at }) {
    const known = picture.faults.find(({ fault }) => fault.id === id);
    if (known === undefined) return picture;
    const faults = picture.faults.map((each) => (each === known ? { ...known, effective, measured } : each));
    const next = { ...picture, faults };
    return effective ? { ...next, nodes: asWanted(next, known.fault.targets, at, () => false) } : next;
  },
  ended(picture, { id, targets, at }) {
    const known = picture.faults.find(({ fault }) => fault.id === id);
    if (known === undefined) return picture;
    const left = known.fault.targets.filter((target) => !targets.includes(target));
    const rest: readonly FaultPicture[] =
      left.length === 0 ? [] : [{ ...known, fault: { ...known.fault, targets: left } }];
    const next = withFaults(
      picture,
      picture.faults.flatMap((each) => (each === known ? rest : [each])),
    );
    // One that died by itself meanwhile, or is starting, is what was said of it last.
    return { ...next, nodes: asWanted(next, targets, at, ({ state, unasked }) => !unasked && state !== "starting") };
  },
};

/** What a stack is before anything is heard of it but the faults on it. */
function begun(topology: Topology, faults: readonly Fault[], stack: Picture["stack"], at: number): Picture {
  const active = faults.slice(-MOST_FAULTS);
  const states = wanted(topology, active).nodes;
  const node = ({ name, role, region }: Pick<NodePicture, "name" | "role" | "region">): NodePicture => {
    const state = states.get(name) ?? "up";
    const own = active.filter(({ targets }) => targets.includes(name));
    // Nobody tells how long one has been up; since the stack has, unless something happened to it before it was watched.
    const since = state === "up" ? 0 : Math.min(at, ...own.map((fault) => fault.since));
    return { name, role, region, state, since, unasked: false };
  };
  const links = crossingsOf(topology).length === 0 ? [] : [{ name: LINKS, role: "link" as const, region: EDGE }];
  return {
    ...EMPTY,
    at,
    stack,
    topology,
    regions: topology.regions.map(unheardRegion),
    nodes: [...topology.nodes, ...links].map(node),
    links: linksOf(topology, active),
    faults: active.map((fault) => ({ fault })),
  };
}

/** A run on a stack that is watched already: by what makes it the same to whoever looks at it. */
function isSame(known: Topology | undefined, topology: Topology): boolean {
  return known !== undefined && face(known) === face(topology);
}

const face = ({ name, regions, nodes, links }: Topology) =>
  JSON.stringify([
    name,
    regions,
    nodes.map((node) => [node.name, node.role, node.region]),
    links.map(({ between, rttMs, jitterMs }) => [between, rttMs, jitterMs]),
  ]);

function withFaults(picture: Picture, faults: readonly FaultPicture[]): Picture {
  const { topology } = picture;
  const active = faults.map(({ fault }) => fault);
  return { ...picture, faults, links: topology === undefined ? [] : linksOf(topology, active) };
}

/**
 * What the active faults make of these nodes: known at once, before anybody has looked. A stop asks first, and may take its time:
 * it counts once it took effect. Which nodes are up then is for the caller to say.
 */
function asWanted(
  { topology, faults, nodes }: Picture,
  targets: readonly string[],
  at: number,
  mayRise: (node: NodePicture) => boolean,
): readonly NodePicture[] {
  if (topology === undefined) return nodes;
  const [stops, counting] = [faults.filter(isAsking), faults.filter((each) => !isAsking(each))];
  const states = wanted(
    topology,
    counting.map(({ fault }) => fault),
  ).nodes;
  const isStopped = (name: string) => stops.some(({ fault }) => fault.targets.includes(name));
  return nodes.map((node) => {
    const state = states.get(node.name);
    if (state === undefined || !targets.includes(node.name)) return node;
    if (state === "up" && (isStopped(node.name) || !mayRise(node))) return node;
    if (node.state === state) return node.unasked ? { ...node, unasked: false } : node;
    return { ...node, state, since: at, unasked: false };
  });
}

const isAsking = ({ fault, effective }: FaultPicture) => fault.kind === "stop" && effective !== true;

const replaced = (nodes: readonly NodePicture[], node: NodePicture) =>
  nodes.map((each) => (each.name === node.name ? node : each));

const textOf = (step: StepPicture | undefined) => (step?.text === undefined ? {} : { text: step.text });

/** Steps and the like on a stack that is not seen running any scenario are told, and change nothing. */
function inRun(picture: Picture, how: (run: RunPicture) => Partial<RunPicture>): Picture {
  return picture.run === undefined ? picture : { ...picture, run: { ...picture.run, ...how(picture.run) } };
}

function told(picture: Picture, line: Line | undefined): Picture {
  if (line === undefined) return picture;
  const { lines } = picture;
  // What comes again and again, such as one conflict in each region, may come in turns: nothing else is pushed out by it.
  const single = line.kind === undefined ? lines.length - 1 : lines.findLastIndex(({ kind }) => kind === undefined);
  const same = lines.findLastIndex(({ kind }, i) => i > single && kind === line.kind);
  if (same === -1) return { ...picture, lines: [...lines, line].slice(-MOST_LINES) };
  const newest = { ...line, times: (lines[same]!.times ?? 1) + 1 };
  return { ...picture, lines: [...lines.slice(0, same), ...lines.slice(same + 1), newest] };
}
