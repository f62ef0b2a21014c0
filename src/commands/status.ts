// regionctl status: what is up, what is broken and for how long.
import { Command } from "commander";
import { formatDuration } from "../model/units.ts";
import { connect, list } from "../stack.ts";
import { askLag } from "../traffic/sampler.ts";
import { print, table } from "./print.ts";
import { stackOption, surroundings } from "./surroundings.ts";

export function status(): Command {
  return new Command("status")
    .description("Show the stacks that are up, their nodes, lag and active faults.")
    .addOption(stackOption().default(undefined, "all of them"))
    .option("--json", "print the facts as JSON")
    .addHelpText("after", "\nExamples:\n  regionctl status\n  regionctl status --stack default --json")
    .action(async (options: { stack?: string; json?: boolean }) => {
      const around = surroundings();
      const found = list(around).filter((stack) => options.stack === undefined || stack.name === options.stack);
      const facts: Facts[] = [];
      for (const { name, record, orphaned, trouble } of found) {
        if (trouble !== undefined) facts.push({ stack: name, state: `in trouble: ${trouble}` });
        else if (orphaned || record?.state !== "up")
          facts.push({ stack: name, state: orphaned ? "orphaned" : (record?.state ?? "starting") });
        else facts.push(await standing(name));
      }
      if (options.stack !== undefined && found.length === 0)
        await connect(around, options.stack, AbortSignal.timeout(0)); // says what there is
      print(options.json, facts, () =>
        facts.length === 0 ? ["nothing is up", "", "next: regionctl up"] : facts.flatMap(lines),
      );
      process.exit(0);
    });
}

type Lag = Awaited<ReturnType<typeof askLag>>;
type Facts = Awaited<ReturnType<typeof standing>> | { stack: string; state: string };

async function standing(name: string) {
  const stack = await connect(surroundings(), name, new AbortController().signal);
  const world = await stack.cluster.observe();
  const now = stack.clock.now();
  const nodes = await Promise.all(
    stack.cluster.nodes.map(async (node) => ({
      node: node.spec.name,
      region: node.spec.region,
      role: node.spec.role,
      state: world.nodes.get(node.spec.name) ?? "down",
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
  stack.leave();
  return {
    stack: name,
    state: "up",
    runtime: stack.record.runtime,
    gateway: stack.record.gateway,
    upForMs: Math.round(now),
    topology: stack.topology.name,
    nodes,
    lag,
    faults,
  };
}

function lines(facts: Facts): readonly string[] {
  if (!("nodes" in facts)) {
    const next = facts.state === "orphaned" ? "; its process is gone: regionctl down removes it" : "";
    return [`${facts.stack}: ${facts.state}${next}`, ""];
  }
  const rows = facts.nodes.map((node) => [
    `  ${node.node}`,
    node.region,
    node.state,
    node.state === "up" ? (node.answers ? "answers" : "DOES NOT ANSWER") : "",
    node.address,
  ]);
  const lag = Object.entries(facts.lag).map(([region, { lagSeconds, pending }]) => {
    const behind = lagSeconds === null ? "unknown" : `${Math.max(0, ...Object.values(lagSeconds)).toFixed(1)} s`;
    return `${region} ${behind}, ${pending ?? "?"} pending`;
  });
  return [
    `${facts.stack}: ${facts.topology} on ${facts.runtime}, ${facts.gateway}, up for ${formatDuration(facts.upForMs)}`,
    ...table(rows),
    ...(lag.length > 0 ? [`  lag: ${lag.join("; ")}`] : []),
    ...(facts.faults.length === 0
      ? ["  no active faults"]
      : facts.faults.map(
          (fault) =>
            `  fault: ${fault.id}${fault.endsInMs === null ? ", until healed" : `, ends in ${formatDuration(Math.max(0, fault.endsInMs))}`}`,
        )),
    "",
  ];
}
