// A scenario file -> a scenario and its topology, or everything that is wrong with them at once, each with line and caret.
// What can be said (verbs, expectations) comes in as tables.
import path from "node:path";
import { z } from "zod";
import type { Problem } from "../model/problem.ts";
import type { Scenario, TrafficSpec } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { Vocabulary } from "../model/vocabulary.ts";
import { parseAt, parseWith } from "../topology/issues.ts";
import { loadTopology, type TopologyOptions } from "../topology/load.ts";
import { atPlaces, countProblem, wanWritten } from "../topology/places.ts";
import { regionsProblem } from "../topology/regions.ts";
import { inOrder, isMap, openSource, type Path, readText, type Source } from "../topology/source.ts";
import { didYouMean } from "../topology/words.ts";
import { expectationsOf } from "./expectations.ts";
import { type Found, lookUpTopology } from "./find.ts";
import { hintAtRegions } from "./missing-regions.ts";
import { duration } from "./modifiers.ts";
import { sayComplaints, stepsOf } from "./steps.ts";
import { checkTraffic, trafficEntry, trafficSpec } from "./traffic-spec.ts";
import { warn } from "./warnings.ts";

export interface ScenarioOptions extends Pick<TopologyOptions, "env" | "generate" | "regions" | "wan"> {
  /** Where a topology's name leads, `from` the scenario's folder; otherwise by the rules of find.ts. */
  findTopology?(reference: string, from: string): Found;
}

export interface LoadedScenario {
  /** Absent, as is the topology, when any problem is an error. */
  scenario?: Scenario;
  topology?: Topology;
  problems: readonly Problem[];
}

export const DEFAULT_TIMEOUT_MS = 120_000;
export const MAX_TRAFFIC = 16;

export function loadScenario(file: string, vocabulary: Vocabulary, options: ScenarioOptions): LoadedScenario {
  const absolute = path.resolve(file);
  const read = readText(absolute, "a scenario");
  return "problem" in read ? { problems: [read.problem] } : parseScenario(read.text, absolute, vocabulary, options);
}

/** `file` is where the text stands: absolute; paths in it are relative to its folder. */
export function parseScenario(
  text: string,
  file: string,
  vocabulary: Vocabulary,
  options: ScenarioOptions,
): LoadedScenario {
  const source = openSource(file, text);
  const found = source.value === undefined ? undefined : scenarioOf(source, vocabulary, options);
  const own = found?.topology ? hintAtRegions(source.problems, found.topology, found.written) : source.problems;
  const problems = inOrder([...own, ...(found?.topologyProblems ?? [])], file);
  if (problems.some((problem) => problem.severity === "error")) return { problems };
  return { scenario: found?.scenario, topology: found?.topology, problems };
}

const nameWords = "expected a name of lower-case letters, digits and dashes, e.g. split-brain";
const tagWords = "expected words, e.g. [ci]";

export const HEAD = {
  name: z.string({ error: nameWords }).regex(/^[a-z0-9][a-z0-9-]{0,59}$/, nameWords),
  about: z.string({ error: "expected a sentence" }).optional(),
  seed: z.int({ error: "expected a whole number" }).min(0, "expected a whole number, 0 or more").default(1),
  tags: z
    .array(z.string({ error: tagWords }).regex(/^[\w.-]+$/, tagWords), { error: tagWords })
    .max(20)
    .default([]),
  timeout: duration(1).default(DEFAULT_TIMEOUT_MS),
} as const;

const topologyWords =
  "expected the name of a topology or a path, e.g. property, or { file: property, conflicts: wall-clock, regions: [us, eu, ap], wan: true }";
const regionsWords = "expected all regions that are wanted, e.g. [us, eu, ap]";
const regionList = z.array(z.string({ error: regionsWords }), { error: regionsWords }).superRefine((value, context) => {
  const message = regionsProblem(value);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});
export const topologyReference = z
  .union(
    [
      z.string().min(1),
      z.strictObject({
        file: z.string({ error: "expected the name of a topology or a path" }).min(1),
        conflicts: z.enum(["hybrid-clock", "wall-clock"]).optional(),
        regions: regionList.optional(),
        wan: wanWritten.optional(),
      }),
    ],
    { error: topologyWords },
  )
  .transform((value) => (typeof value === "string" ? { file: value } : value));

const KEYS = ["name", "about", "topology", "seed", "tags", "timeout", "traffic", "steps", "expect"];

interface Read {
  scenario: Scenario | undefined;
  topology: Topology | undefined;
  topologyProblems: readonly Problem[];
  /** The topology as the scenario names it. */
  written: string;
}

function scenarioOf(source: Source, vocabulary: Vocabulary, options: ScenarioOptions): Read | undefined {
  const { value } = source;
  if (!isMap(value)) {
    source.say(
      [],
      value === null ? "this scenario is empty" : "a scenario is a map",
      `Its keys are ${KEYS.join(", ")}.`,
    );
    return undefined;
  }
  const strangers = Object.keys(value).filter((key) => !KEYS.includes(key));
  for (const key of strangers) {
    source.say({ path: [key], key: true }, `a scenario has no "${key}"`, didYouMean(key, KEYS, "Its keys are"));
  }
  const named = topologyNamed(source, value["topology"], options);
  const topology = named?.topology;
  const language = { vocabulary, topology };
  const head = {
    name: field(source, value, "name"),
    about: field(source, value, "about"),
    seed: field(source, value, "seed"),
    tags: field(source, value, "tags"),
    timeout: field(source, value, "timeout"),
  };
  const traffic = trafficOf(source, value["traffic"], topology);
  const steps = stepsOf(source, language);
  const expect = expectationsOf(source, language);
  // Beside errors they would be guesses: what is wrong may be what they miss.
  if (source.problems.length === 0 && topology !== undefined) warn(source, steps, traffic, expect);
  const scenario: Scenario | undefined =
    head.name === undefined || named === undefined || head.seed === undefined || head.tags === undefined
      ? undefined
      : {
          name: head.name,
          ...(head.about === undefined ? {} : { about: head.about }),
          file: source.file,
          topology: named.reference,
          seed: head.seed,
          tags: head.tags,
          timeoutMs: head.timeout ?? DEFAULT_TIMEOUT_MS,
          traffic,
          steps: steps.map(({ step }) => step),
          expect,
        };
  return { scenario, topology, topologyProblems: named?.problems ?? [], written: named?.written ?? "" };
}

function field<N extends keyof typeof HEAD>(
  source: Source,
  value: Readonly<Record<string, unknown>>,
  name: N,
): z.infer<(typeof HEAD)[N]> | undefined {
  const given = Object.hasOwn(value, name) ? { [name]: value[name] } : {};
  const parsed = parseWith<Record<string, unknown>>(source, given, z.object({ [name]: HEAD[name] }), (inner) => inner);
  return parsed?.value[name] as z.infer<(typeof HEAD)[N]> | undefined;
}

interface Named {
  reference: Scenario["topology"];
  topology: Topology | undefined;
  problems: readonly Problem[];
  written: string;
}

function topologyNamed(source: Source, value: unknown, options: ScenarioOptions): Named | undefined {
  if (value === undefined) {
    source.say({ path: ["topology"], key: true }, `"topology" is missing: ${topologyWords}`);
    return undefined;
  }
  const reference = parseAt(source, ["topology"], value, topologyReference);
  if (reference === undefined) return undefined;
  const find = options.findTopology ?? lookUpTopology;
  const found = find(reference.file, path.dirname(source.file));
  if ("message" in found) {
    const at = isMap(value) ? ["topology", "file"] : ["topology"];
    source.say(at, found.message, found.hint);
    return undefined;
  }
  const { conflicts, regions, wan } = reference as Pick<TopologyOptions, "conflicts" | "regions" | "wan">;
  // What is asked on the command line comes first.
  const asked = options.wan ?? wan;
  const own = options.wan === undefined && Array.isArray(wan) ? (wan as readonly string[]) : undefined;
  const { topology, problems } = loadTopology(found.file, {
    ...options,
    conflicts,
    regions: options.regions ?? regions,
    wan: own === undefined ? asked : undefined,
  });
  return {
    reference: {
      file: found.file,
      ...(conflicts === undefined ? {} : { conflicts }),
      ...(asked === undefined ? {} : { wan: asked }),
    },
    topology: topology && own ? placed(source, topology, own) : topology,
    problems,
    written: reference.file,
  };
}

/** At the places that the scenario lists: there must be one for every region. */
function placed(source: Source, topology: Topology, places: readonly string[]): Topology {
  const wrong = countProblem(places, topology.regions);
  if (wrong === undefined) return atPlaces(topology, places);
  source.say(["topology", "wan"], wrong, "What --wan says on the command line comes first.");
  return topology;
}

function trafficOf(source: Source, value: unknown, topology: Topology | undefined): readonly TrafficSpec[] {
  if (value === undefined) return [];
  const spot = { path: ["traffic"], key: true };
  if (!Array.isArray(value)) {
    source.say(spot, "expected a list, e.g. - workload: edit-properties");
    return [];
  }
  if (value.length > MAX_TRAFFIC) source.say(spot, `a scenario has ${MAX_TRAFFIC} kinds of traffic at most`);
  return value.slice(0, MAX_TRAFFIC).flatMap((written: unknown, i) => {
    const path: Path = ["traffic", i];
    if (!isMap(written)) {
      source.say(path, "expected a map, e.g. - workload: edit-properties");
      return [];
    }
    const parsed = parseWith(source, written, trafficEntry, (inner) => [...path, ...inner]);
    if (parsed === undefined || topology === undefined) return [];
    // The verb `traffic` has its workload as target; here it has a name of its own.
    const placeOf = (inner: Path): Path => [...path, ...inner.map((part) => (part === "target" ? "workload" : part))];
    sayComplaints(source, checkTraffic(parsed.value, topology), parsed.wrong, placeOf);
    return [trafficSpec(parsed.value, topology)];
  });
}
