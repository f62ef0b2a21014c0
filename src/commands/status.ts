// regionctl status: what is up, what is broken and for how long, and the links between the regions.
import { Command } from "commander";
import { formatDuration } from "../model/units.ts";
import { type Links, LINKS } from "../model/cluster.ts";
import type { LinksState, TimedRule } from "../model/link.ts";
import { StackError } from "../model/problem.ts";
import { inForce, sayDifferences } from "../faults/rules.ts";
import { wanted } from "../faults/wanted.ts";
import { connect, type Listed, list, look, type Stack, stackFlag } from "../stack.ts";
import { askLag } from "../traffic/sampler.ts";
import { print, table } from "./print.ts";
import { wanLines, wanOf } from "./status/wan.ts";
import { optionalStack, stackName, surroundings } from "./surroundings.ts";

export function status(): Command {
  return new Command("status")
    .description("Show the stacks that are up, their nodes, links, lag and active faults.")
    .addOption(optionalStack("all of them"))
    .option("--json", "print the facts as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl status\n  regionctl status --stack default --json")
    .action(async (options: { stack?: string; json?: boolean }) => {
      const around = surroundings();
      const named = options.stack === undefined ? undefined : stackName(options.stack);
      const found = list(around).filter((stack) => named === undefined || stack.name === named);
      if (named !== undefined && found.length === 0) await connect(around, named, new AbortController().signal); // says what there is
      const facts = await Promise.all(found.map(factsOf));
      print(options.json, facts, () =>
        facts.length === 0 ? ["nothing is up", "", "next: regionctl up"] : facts.flatMap(lines),
      );
    });
}

/** What there is to say of a stack that is not up, or cannot be looked at. */
interface Short {
  stack: string;
  state: "starting" | "stopping" | "orphaned" | "in trouble";
  trouble?: string;
  next?: string;
}

async function factsOf({ name, record, orphaned, trouble }: Listed): Promise<Facts> {
  if (trouble !== undefined) return { stack: name, state: "in trouble", trouble };
  if (orphaned) return { stack: name, state: "orphaned", trouble: "its process is gone", next: "regionctl down" };
  if (record?.state !== "up") return { stack: name, state: record?.state ?? "starting" };
  try {
    return await standing(name);
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    return { stack: name, state: "in trouble", trouble: error.message, next: error.hint };
  }
}

type Lag = Awaited<ReturnType<typeof askLag>>;
type Facts = Awaited<ReturnType<typeof standing>> | Short;

async function standing(name: string) {
  const stack = await look(surroundings(), name, new AbortController().signal);
  // A node that cannot be started again is no reason to show nothing.
  const trouble = await stack.faults.expire().then(
    () => undefined,
    (error: Error) => error.message,
  );
  const world = await stack.cluster.observe();
  const now = stack.clock.now();
  const should = wanted(stack.topology, stack.faults.active());
  const nodes = await Promise.all(
    stack.cluster.nodes.map(async (node) => ({
      node: node.spec.name,
      region: node.spec.region,
      role: node.spec.role,
      state: world.nodes.get(node.spec.name) ?? "down",
      wanted: should.nodes.get(node.spec.name) ?? "up",
      answers: await node.answers(),
      address: node.address,
    })),
  );
  const lag: Record<string, Lag> = {};
  if (stack.topology.observe.lag !== undefined) {
    for (const region of stack.topology.regions) {
      lag[region] = await askLag(stack.topology, stack.cluster, region);
    }
  }
  const faults = stack.faults
    .active()
    .map((fault) => ({ ...fault, endsInMs: fault.until === undefined ? null : Math.round(fault.until - now) }));
  const links = stack.cluster.links && (await linksOf(stack, stack.cluster.links, should.links));
  stack.leave();
  return {
    stack: name,
    state: "up",
    runtime: stack.record.runtime,
    gateway: stack.record.gateway,
    upForMs: Math.round(now),
    topology: stack.topology.name,
    places: stack.topology.places,
    owner: stack.record.owner?.pid ?? null,
    nodes,
    lag,
    faults,
    links,
    ...(trouble === undefined ? {} : { trouble }),
  };
}

type LinkFacts = Awaited<ReturnType<typeof linksOf>>;

/** `state` is null when the link program does not answer. */
async function linksOf({ topology, clock }: Stack, links: Links, should: readonly TimedRule[]) {
  const own = wanted(topology, []).links.map(({ id }) => id);
  let state: LinksState;
  try {
    state = await links.state();
  } catch (error) {
    return { state: null, own, wan: [], wrong: [], trouble: (error as Error).message };
  }
  const wrong = sayDifferences(state.rules, should.filter(inForce(clock.now())));
  return { state, own, wan: wanOf(topology, state, new Set(own)), wrong };
}

const placesLine = (places: Readonly<Record<string, string>>) =>
  Object.entries(places)
    .map(([region, place]) => `${region} at ${place}`)
    .join(", ");

function linkLines({ state, own, wan, wrong }: LinkFacts, stack: string): readonly string[] {
  const heal = `next: regionctl heal${stackFlag(stack)}`;
  if (state === null) {
    return [`  links: no answer, so nothing passes between zones; ${heal}`];
  }
  return [...wanLines(wan, state, new Set(own)), ...wrong.map((line) => `  ${line}; ${heal}`)];
}

function lines(facts: Facts): readonly string[] {
  if (!("nodes" in facts)) {
    const { stack, state, trouble, next } = facts;
    return [
      `${stack}: ${state}${trouble === undefined ? "" : `: ${trouble}`}`,
      ...(next === undefined ? [] : [`  next: ${next}`]),
      "",
    ];
  }
  const rows = facts.nodes.map((node) => [
    `  ${node.node}`,
    node.region,
    node.state,
    node.state === "up" ? (node.answers ? "answers" : "DOES NOT ANSWER") : node.state === node.wanted ? "" : "UNASKED",
    node.address,
  ]);
  const unasked = facts.nodes.filter(
    (node) => node.state === "down" && node.wanted === "up" && node.node !== LINKS, // of the links more is to be said
  );
  const lag = Object.entries(facts.lag).map(([region, { lagSeconds, pending }]) => {
    const behind = lagSeconds === null ? "unknown" : `${Math.max(0, ...Object.values(lagSeconds)).toFixed(1)} s`;
    return `${region} ${behind}, ${pending ?? "?"} pending`;
  });
  return [
    `${facts.stack}: ${facts.topology} on ${facts.runtime}, ${facts.gateway}, up for ${formatDuration(facts.upForMs)}${
      facts.owner === null ? "" : `, a scenario of process ${facts.owner}`
    }`,
    ...table(rows),
    ...(facts.places === undefined ? [] : [`  ${placesLine(facts.places)}`]),
    ...(facts.links === undefined ? [] : linkLines(facts.links, facts.stack)),
    ...(lag.length > 0 ? [`  lag: ${lag.join("; ")}`] : []),
    ...(facts.faults.length === 0
      ? ["  no active faults"]
      : facts.faults.map(
          (fault) =>
            `  fault: ${faultName(fault)}${fault.endsInMs === null ? ", until healed" : `, ends in ${formatDuration(Math.max(0, fault.endsInMs))}`}`,
        )),
    ...(facts.trouble === undefined ? [] : [`  ${facts.trouble}`]),
    ...(unasked.length === 0
      ? []
      : [
          `  ${unasked.map(({ node }) => node).join(", ")}: down, and no fault asked for it; next: regionctl logs ${unasked[0]!.node}${stackFlag(facts.stack)}, regionctl heal${stackFlag(facts.stack)}`,
        ]),
    "",
  ];
}

/** One that was given a name of its own says what it is. */
const faultName = ({ id, kind }: { id: string; kind: string }) => (id.startsWith(kind) ? id : `${id} (${kind})`);
