// regionctl scenario explain: what a scenario will do, without doing it.
import { Command } from "commander";
import { type Step } from "../model/scenario.ts";
import { formatDuration } from "../model/units.ts";
import { type Plan, type PlannedStep, type PlannedTraffic, planOf } from "../scenario/plan.ts";
import { DEFAULT_SETTLE_MS } from "../verbs/settle.ts";
import { DEFAULT_WITHIN_MS } from "../verbs/wait.ts";
import {
  type LoadedScenario,
  loadScenariosOrThrow,
  regionsOption,
  vocabulary,
  wanOption,
  type WithRegions,
} from "./files.ts";
import { print, table } from "./print.ts";
import { seedOption } from "./select.ts";

interface Options extends WithRegions {
  seed?: number;
  json?: boolean;
}

export function explain(): Command {
  return new Command("explain")
    .description("Print what a scenario will do, without doing it: who is hit, what clients do, what must hold.")
    .argument("<scenario>", "a file, or the name of a scenario")
    .addOption(regionsOption())
    .addOption(wanOption())
    .addOption(seedOption())
    .option("--json", "print the plan as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl scenario explain failover\n  regionctl scenario explain chaos --seed 3\n  regionctl scenario explain failover --wan",
    )
    .action((reference: string, options: Options) => {
      const [loaded] = loadScenariosOrThrow([reference], options.seed, options);
      const { scenario, topology, warnings } = loaded!;
      const plan = planOf(scenario, topology, vocabulary);
      const { name, about, file, seed, tags, timeoutMs } = scenario;
      print(options.json, { name, about, file, seed, tags, timeoutMs, ...plan }, () => [
        ...warnings.flatMap((warning) => [warning, ""]),
        ...lines(loaded!, plan),
        "",
        `next: regionctl scenario run ${reference}`,
      ]);
    });
}

function lines({ scenario }: LoadedScenario, plan: Plan): readonly string[] {
  const { topology, atLeastMs } = plan;
  const tags = scenario.tags.length === 0 ? "" : `, tags ${scenario.tags.join(", ")}`;
  return [
    `${scenario.name}: ${scenario.about ?? "no description"}`,
    `  seed ${scenario.seed}, timeout ${formatDuration(scenario.timeoutMs)}${tags}`,
    "",
    `topology ${topology.name}, conflicts by ${topology.conflicts}`,
    ...table(
      topology.places.map(({ place, at, nodes }) => [
        `  ${place}${at === undefined ? "" : ` at ${at}`}`,
        nodes.map(({ name }) => name).join(", "),
      ]),
    ),
    ...table(topology.links.map(linkCells)),
    "",
    ...(plan.traffic.length === 0 ? ["no traffic"] : ["traffic"]),
    ...plan.traffic.flatMap(trafficLines),
    "",
    "steps, each with when it can begin at the earliest",
    ...stepLines(plan.steps),
    "",
    ...(plan.expect.length === 0 ? ["nothing is expected"] : ["expected, judged afterwards"]),
    ...plan.expect.flatMap(({ text, meaning, knownGap }) => [
      `  ${text}`,
      `    ${meaning}`,
      ...(knownGap === undefined ? [] : [`    known gap: ${knownGap}; failing does not fail the run, passing does`]),
    ]),
    "",
    `takes at least ${formatDuration(atLeastMs)} once the stack stands, if no condition has to be waited for`,
    ...(atLeastMs < scenario.timeoutMs
      ? []
      : [`its timeout is ${formatDuration(scenario.timeoutMs)}: it cannot end well`]),
  ];
}

/** Topologies speak of round trips, faults of what they add one way. */
function linkCells({ between, rttMs, jitterMs }: Plan["topology"]["links"][number]): readonly string[] {
  const jitter = jitterMs === 0 ? "" : `, jitter ${formatDuration(jitterMs)}`;
  const rtt = rttMs === 0 ? "no added latency" : `rtt ${formatDuration(rttMs)} (${halfOf(rttMs)} one way)`;
  return [`  ${between.join(" | ")}`, `${rtt}${jitter}`];
}

/** 69 -> "34.5 ms": halves would not add up again if they were rounded. */
const halfOf = (ms: number) => (ms < 1_000 ? `${ms / 2} ms` : formatDuration(ms / 2));

const KEYS_SHOWN = 12;

function trafficLines({ workload, step, regions, spec, range, keys }: PlannedTraffic): readonly string[] {
  const begins = step === undefined ? "from before the first step on" : `from step ${step} on`;
  const rest = keys.length - KEYS_SHOWN;
  const roaming = spec.roam === undefined ? "" : `, ${percent(spec.roam.share)} asked of another region`;
  return [
    `  ${workload}, ${begins}: ${percent(spec.reads)} reads, ${percent(spec.repeats)} of the writes sent again${roaming}`,
    ...table(
      regions.map(({ region, clients, ratePerSecond }) => [
        `    ${region}`,
        `${clients} clients`,
        `${Number(ratePerSecond.toFixed(1))}/s`,
      ]),
    ),
    `    ${keys.length} keys of ${range.from}..${range.to}, the same in every region: ${keys.slice(0, KEYS_SHOWN).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`,
  ];
}

const percent = (share: number) => `${Number((share * 100).toFixed(2))}%`;

function stepLines(steps: readonly PlannedStep[]): readonly string[] {
  const all = flattened(steps);
  const heads = table(all.map((step) => [`  ${step.path}`, formatDuration(step.earliestMs), step.text]));
  return all.flatMap((step, i) => [heads[i]!, ...notesOf(step).map((note) => `      ${note}`)]);
}

const DRAWS_SHOWN = 12;

const flattened = (steps: readonly PlannedStep[]): readonly PlannedStep[] =>
  steps.flatMap((step) => [
    step,
    ...flattened((step.steps ?? []).slice(0, step.verb === "chaos" ? DRAWS_SHOWN : undefined)),
  ]);

/** What its line does not say. */
function notesOf(step: PlannedStep): readonly string[] {
  const { targets, id, atMs, when, withinMs, save, args } = step;
  const bound = formatDuration(withinMs ?? DEFAULT_WITHIN_MS);
  const notes = [
    targets && `hits ${targets.join(", ")}`,
    atMs === undefined ? undefined : `not before ${formatDuration(atMs)} after the first step`,
    when && `waits up to ${bound} for ${when.text}; the run is inconclusive when that never comes`,
    NOTES[step.verb]?.(step, args as Args),
    save && `keeps ${inline(save)}`,
    id && `is called ${id}`,
  ];
  return notes.filter((note) => note !== undefined);
}

interface Args {
  target?: { condition?: Step["when"] };
  to?: string;
  headers?: object;
  body?: unknown;
  expect?: unknown;
  grace?: number;
  add?: number;
  times?: number;
}

type Note = (step: PlannedStep, args: Args) => string | undefined;

const grace: Note = (_step, args) => `SIGTERM, and SIGKILL after ${formatDuration(args.grace ?? 0)}`;

/** Per verb, what its parameters mean. */
const NOTES: Readonly<Record<string, Note>> = {
  request({ withinMs }, { to, headers = {}, body, expect }) {
    const words = [
      to === undefined ? undefined : `asks ${to} itself`,
      Object.keys(headers).length === 0 ? undefined : `with ${inline(headers)}`,
      body === undefined ? undefined : `sends ${inline(body)}`,
      expect === undefined ? undefined : `expects ${inline(expect)}`,
      withinMs === undefined ? undefined : `asks again for up to ${formatDuration(withinMs)}`,
    ];
    return words.filter((word) => word !== undefined).join("; ") || undefined;
  },
  stop: grace,
  restart: grace,
  latency({ text }, { add = 0 }) {
    const there = formatDuration(add);
    return text.includes("->")
      ? `adds ${there} one way, and so ${there} to a round trip`
      : `adds ${there} one way: ${formatDuration(2 * add)} to a round trip`;
  },
  wait: ({ withinMs }, { target }) =>
    target?.condition === undefined
      ? undefined
      : `waits up to ${formatDuration(withinMs ?? DEFAULT_WITHIN_MS)}; the run is inconclusive when it never comes`,
  repeat: (_step, { times }) => `shown is the first of ${times} rounds; the others draw anew`,
  chaos: ({ steps = [], forMs }) =>
    `shown is what it draws, ${steps.length > DRAWS_SHOWN ? `the first ${DRAWS_SHOWN}` : `${steps.length} at most`}${forMs === undefined ? ", until heal" : ""}; each waits for the nodes of the one before`,
  settle: ({ withinMs }) =>
    `waits for every "for", then at most ${formatDuration(withinMs ?? DEFAULT_SETTLE_MS)} until the regions are equal`,
};

/** As it would be written in YAML. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${key}: ${inline(one)}`)
    .join(", ")} }`;
}
