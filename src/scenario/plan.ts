// What a scenario will do, said without doing it: who is hit, which keys are used, and how long it takes at least. Draws
// are made as the run makes them, with the same functions and the same names for the streams of chance.
import { drawsOf } from "../faults/draws.ts";
import { checkTargets, resolveTargets } from "../faults/targets.ts";
import { type Random, seeded } from "../model/random.ts";
import type { Expectation, Scenario, Step, TrafficSpec } from "../model/scenario.ts";
import { EDGE, nodesOf, type Role, type Topology } from "../model/topology.ts";
import type { Vocabulary } from "../model/vocabulary.ts";
import { dealClients, drawKeys, streamOf } from "../traffic/arrivals.ts";
import { trafficSpec, type TrafficArgs } from "./traffic-spec.ts";

export interface Plan {
  topology: {
    name: string;
    file: string;
    conflicts: Topology["conflicts"];
    /** The edge, then the regions; with where they lie (--wan) and their nodes. */
    places: readonly { place: string; at?: string; nodes: readonly { name: string; role: Role }[] }[];
    links: readonly { between: readonly [string, string]; rttMs: number; jitterMs: number }[];
  };
  traffic: readonly PlannedTraffic[];
  steps: readonly PlannedStep[];
  expect: readonly PlannedExpectation[];
  /** From the first step on, when every condition holds at once and every answer comes at once. */
  atLeastMs: number;
}

export interface PlannedTraffic {
  workload: string;
  /** The step that begins it, or goes on with it after a settle; absent: from before the first step on. */
  step?: string;
  regions: readonly { region: string; clients: number; ratePerSecond: number }[];
  spec: TrafficSpec;
  range: { from: number; to: number };
  /** As the seed draws them; every region uses the same. */
  keys: readonly string[];
}

export interface PlannedStep extends Step {
  /** It begins not before this long after the first step. */
  earliestMs: number;
  /** The nodes that it means, as the seed draws them; absent where it is not about nodes. */
  targets?: readonly string[];
  /** Steps inside it. */
  steps?: readonly PlannedStep[];
}

export interface PlannedExpectation extends Expectation {
  meaning: string;
}

export function planOf(scenario: Scenario, topology: Topology, { expectations }: Vocabulary): Plan {
  const { steps, endMs } = planSteps(scenario.steps, { topology, random: seeded(scenario.seed) });
  return {
    topology: {
      name: topology.name,
      file: topology.file,
      conflicts: topology.conflicts,
      places: [EDGE, ...topology.regions]
        .map((place) => ({
          place,
          ...(topology.places?.[place] === undefined ? {} : { at: topology.places[place] }),
          nodes: nodesOf(topology, place).map(({ name, role }) => ({ name, role })),
        }))
        .filter(({ nodes }) => nodes.length > 0),
      links: topology.links,
    },
    traffic: planTraffic(scenario, topology),
    steps,
    expect: scenario.expect.map((one) => ({ ...one, meaning: expectations[one.name]?.summary ?? "" })),
    atLeastMs: endMs,
  };
}

/** Of a stream that goes on and on; nobody reads more. */
const MAX_STREAMS = 100;

/** Numbers the streams as the run does: by their beginning, and anew when they go on after a settle. */
function planTraffic(scenario: Scenario, topology: Topology): readonly PlannedTraffic[] {
  const planned: PlannedTraffic[] = [];
  const streams: { spec: TrafficSpec; label: string; endless: boolean }[] = [];
  const go = ({ spec, label }: { spec: TrafficSpec; label: string }, step?: string) => {
    const workload = topology.workloads[spec.workload]!;
    const teams = dealClients(spec);
    planned.push({
      workload: spec.workload,
      ...(step === undefined ? {} : { step }),
      regions: teams.map(({ region, clients }) => ({
        region,
        clients: clients.length,
        ratePerSecond: spec.ratePerSecond / teams.length,
      })),
      spec,
      range: workload.keys,
      keys: drawKeys(spec, workload, streamOf(scenario.seed, label, planned.length + 1)),
    });
  };
  const begin = (spec: TrafficSpec, endless: boolean, step?: string) => {
    const stream = { spec, label: `traffic ${streams.length + 1}`, endless };
    streams.push(stream);
    go(stream, step);
  };
  for (const spec of scenario.traffic) begin(spec, true);
  const last = scenario.steps.at(-1);
  for (const step of performed(scenario.steps)) {
    if (planned.length >= MAX_STREAMS) break;
    if (step.verb === "traffic") {
      begin(trafficSpec(step.args as TrafficArgs, topology), step.forMs === undefined, step.path);
    } else if (step.verb === "settle" && step !== last) {
      for (const stream of streams.filter(({ endless }) => endless)) go(stream, step.path);
    }
  }
  return planned;
}

/** Every step in its order, also those inside of others, as often as they are done. */
function* performed(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    for (let round = 1; round <= timesOf(step); round++) yield* performed(innerSteps(step));
  }
}

interface Drawing {
  topology: Topology;
  random: Random;
}

interface Planned {
  steps: readonly PlannedStep[];
  endMs: number;
}

/** One after the other. What goes on beside them (a `for`, traffic) counts where a settle waits for it: `running`. */
function planSteps(steps: readonly Step[], drawing: Drawing, begin = 0, running: number[] = []): Planned {
  let now = begin;
  const planned = steps.map((step) => {
    now = Math.max(now, step.atMs ?? 0);
    const one = { ...step, earliestMs: now, ...targetsOf(step, drawing) };
    const inside = WITHIN[step.verb]?.(step, drawing, now, running);
    now = inside === undefined ? endOf(step, now, running) : inside.endMs;
    return inside === undefined ? one : { ...one, steps: inside.steps };
  });
  return { steps: planned, endMs: now };
}

type Inside = (step: Step, drawing: Drawing, begin: number, running: number[]) => Planned;

/** Verbs whose target is a list of steps. */
const WITHIN: Readonly<Record<string, Inside>> = {
  together(step, drawing, begin, running) {
    const each = innerSteps(step).map((one) => planSteps([one], drawing, begin, running));
    return { steps: each.flatMap((one) => one.steps), endMs: Math.max(begin, ...each.map(({ endMs }) => endMs)) };
  },
  /** The first round is shown; the others draw anew. */
  repeat(step, drawing, begin, running) {
    const first = planSteps(innerSteps(step), drawing, begin, running);
    return { steps: first.steps, endMs: begin + (first.endMs - begin) * timesOf(step) };
  },
  /** Beside the steps that follow; shown are the draws. */
  chaos(step, { topology, random }, begin, running) {
    if (step.forMs !== undefined) running.push(begin + step.forMs);
    const { every } = step.args as { every: number };
    const count = Math.min(MAX_DRAWS, Math.ceil((step.forMs ?? Infinity) / every));
    const draws = drawsOf(random, step.path, innerSteps(step));
    const steps = Array.from({ length: count }, (_, i) => {
      const { fault, random } = draws.next().value;
      return planSteps([fault], { topology, random }, begin + i * every).steps[0]!;
    });
    return { steps, endMs: begin };
  },
};

/** Of chaos that goes on and on; nobody reads more. */
const MAX_DRAWS = 100;

function endOf(step: Step, now: number, running: number[]): number {
  if (step.verb === "settle") return Math.max(now, ...running.splice(0));
  if (step.verb === "wait") return now + waitOf(step);
  if (step.forMs === undefined) return now;
  if (step.verb === "expect") return now + step.forMs;
  running.push(now + step.forMs);
  return now;
}

function waitOf({ args }: Step): number {
  const { target } = args as { target: { ms?: number } };
  return target.ms ?? 0;
}

const timesOf = ({ args }: Step) => (args as { times?: number }).times ?? 1;

function innerSteps({ verb, args }: Step): readonly Step[] {
  return Object.hasOwn(WITHIN, verb) ? (args as { target: readonly Step[] }).target : [];
}

/** The nodes that a step is about, drawn with what the run draws them with. */
function targetsOf({ args, path }: Step, { topology, random }: Drawing): { targets?: readonly string[] } {
  const target: unknown = (args as { target?: unknown } | undefined)?.target;
  if (!Array.isArray(target) || target.length === 0) return {};
  const patterns = target.filter((one) => typeof one === "string");
  if (patterns.length < target.length || checkTargets(patterns, topology).length > 0) return {};
  return { targets: resolveTargets(patterns, topology, random.fork(path)) };
}
