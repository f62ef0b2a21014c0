// A small vocabulary of the tests' own, so that the loader is tested as what it is: it knows no verb by itself.
import path from "node:path";
import { z } from "zod";
import type { Problem } from "../../src/model/problem.ts";
import type { Topology } from "../../src/model/topology.ts";
import { parseDuration } from "../../src/model/units.ts";
import type { Complaint, ExpectationWords, VerbWords, Vocabulary } from "../../src/model/vocabulary.ts";
import { drawProblem } from "../../src/scenario/caret.ts";
import { parseCondition } from "../../src/scenario/conditions.ts";
import { type LoadedScenario, parseScenario } from "../../src/scenario/load.ts";
import { checkTraffic, type TrafficArgs, trafficArgs } from "../../src/scenario/traffic-spec.ts";
import { didYouMean } from "../../src/topology/words.ts";

export const ROOT = path.resolve(import.meta.dirname, "../..");
export const FILE = path.join(ROOT, "scenarios/story.yaml");

const duration = z.string({ error: "expected a duration with its unit, e.g. 5s" }).transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: "custom", message: "expected a duration with its unit, e.g. 5s" });
  return z.NEVER;
});

const nodes = z.union([z.string(), z.array(z.string()).min(1)], { error: "expected nodes, e.g. backend-us" });

function unknownNodes(target: string | readonly string[], topology: Topology): readonly Complaint[] {
  const names = topology.nodes.map((node) => node.name);
  return [target]
    .flat()
    .filter((name) => !names.includes(name) && !topology.regions.includes(name))
    .map((word) => ({
      path: ["target"],
      word,
      message: `topology "${topology.name}" has no node "${word}"`,
      hint: didYouMean(word, names, "Its nodes are"),
    }));
}

function unknownRegion({ region }: { region: string }, { name, regions }: Topology): readonly Complaint[] {
  if (regions.includes(region)) return [];
  return [{ path: ["region"], word: region, message: `topology "${name}" has no region "${region}"` }];
}

function verb<A>(words: Omit<VerbWords<A>, "summary" | "example">): VerbWords {
  return { summary: `${words.name}.`, example: `- ${words.name}`, ...words } as unknown as VerbWords;
}

const kill = verb({
  name: "kill",
  synonyms: ["crash"],
  args: z.strictObject({ target: nodes }),
  modifiers: ["for"],
  check: (args, topology) => unknownNodes(args.target, topology),
});
const pause = verb({
  name: "pause",
  synonyms: ["freeze"],
  args: z.strictObject({ target: nodes }),
  modifiers: ["for"],
});
const replication = verb({
  name: "replication",
  args: z.strictObject({ target: z.string(), pause: z.literal(true).optional(), delay: duration.optional() }),
  modifiers: ["for"],
  say: (args) => `replication ${args.target}${args.pause ? " pause" : ""}`,
});
const latency = verb({
  name: "latency",
  synonyms: ["delay"],
  args: z.strictObject({ target: z.string(), add: duration }),
  modifiers: ["for"],
});
const request = verb({
  name: "request",
  args: z.strictObject({
    target: z.string().regex(/^[A-Z]+ \/\S*$/, "expected a method and a path, e.g. GET /us/health"),
    body: z.unknown().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    to: z.string().optional(),
    expect: z.strictObject({ status: z.int().optional(), body: z.unknown().optional() }).optional(),
  }),
  modifiers: ["within", "save"],
  check: (args, topology) =>
    (args.to === undefined ? [] : unknownNodes(args.to, topology)).map((one) => ({ ...one, path: ["to"] })),
});
const wait = verb({
  name: "wait",
  args: z.strictObject({ target: z.string() }),
  modifiers: ["within"],
  conditions: ({ target }) => {
    const parsed = parseCondition(target);
    return "condition" in parsed ? [parsed.condition] : [];
  },
});
const traffic = verb<TrafficArgs & Record<string, unknown>>({
  name: "traffic",
  args: trafficArgs,
  modifiers: ["for"],
  check: checkTraffic,
});
const start = verb({ name: "start", args: z.strictObject({ target: nodes }), modifiers: [] });
const settle = verb({ name: "settle", args: z.strictObject({}), modifiers: ["within"] });
const heal = verb({
  name: "heal",
  synonyms: ["repair"],
  args: z.strictObject({ target: z.string().optional() }),
  modifiers: [],
});

function expectation(name: string, args: z.ZodType, check?: ExpectationWords["check"]): ExpectationWords {
  const words = {
    name,
    summary: `${name}.`,
    example: `- ${name}`,
    args,
    check,
    judge: () => ({ valid: "unknown", summary: "", evidence: [] }),
  };
  return words as unknown as ExpectationWords;
}

export const vocabulary: Vocabulary = {
  verbs: { request, traffic, kill, pause, replication, latency, start, wait, settle, heal },
  expectations: {
    available: expectation("available", z.strictObject({ region: z.string(), "at-least": z.string().optional() })),
    recovers: expectation("recovers", z.strictObject({ region: z.string(), rto: duration }), unknownRegion),
    converges: expectation("converges", z.strictObject({ within: duration.optional() })),
    "no-lost-writes": expectation("no-lost-writes", z.strictObject({ losers: z.enum(["refused"]).optional() })),
  },
};

export function parse(text: string): LoadedScenario {
  return parseScenario(text, FILE, vocabulary, { env: {} });
}

/** Everything that is wrong with a file, as a person sees it. */
export function drawn(text: string): string {
  return drawAll(parse(text).problems, text);
}

export function drawAll(problems: readonly Problem[], text: string): string {
  return problems.map((problem) => drawProblem(problem, text, { folder: ROOT })).join("\n");
}

/** A scenario that is right, with these steps. */
export function withSteps(steps: string): string {
  return `name: story\ntopology: property\ntraffic:\n  - workload: edit-properties\nsteps:\n${steps}\nexpect:\n  - no-lost-writes\n`;
}
