// regionctl up: starts a stack and leaves it up.
import { Command } from "commander";
import type { Topology } from "../model/topology.ts";
import { formatDuration } from "../model/units.ts";
import { AlreadyUp, type Stack, stackFlag, up as startStack } from "../stack.ts";
import { interruptSignal } from "./interrupt.ts";
import { loadTopologyOrThrow, regionsOption, wanOption, type WithRegions } from "./files.ts";
import { print, progress } from "./print.ts";
import { refuseAnother } from "./same.ts";
import {
  chooseRuntime,
  imageOption,
  type RuntimeChoice,
  runtimeOption,
  stackName,
  stackOption,
  surroundings,
} from "./surroundings.ts";

interface Options extends RuntimeChoice, WithRegions {
  stack: string;
  topology: string;
  image?: readonly string[];
  json?: boolean;
}

export function up(): Command {
  return new Command("up")
    .description("Start a stack and leave it up; clients reach it through its gateway.")
    .addOption(stackOption())
    .addOption(runtimeOption())
    .option("-t, --topology <name|file>", "a Compose file, or the name of one in compose/", "property")
    .addOption(regionsOption())
    .addOption(wanOption())
    .addOption(imageOption())
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl up\n  regionctl up --stack second\n  regionctl up --regions us,eu,ap\n  regionctl up --wan us-east-1,eu-west-1\n  regionctl up --topology compose/property.yaml --json",
    )
    .action(async (options: Options) => {
      const around = surroundings(options.image);
      const name = stackName(options.stack);
      const topology = loadTopologyOrThrow(options.topology, options);
      const runtime = await chooseRuntime(around, topology, options);
      const say = progress(options.json);
      const began = performance.now();
      const facts = (gateway: string, already: boolean) => ({
        stack: name,
        gateway,
        runtime: runtime.name,
        topology: topology.name,
        ...(topology.places === undefined ? {} : { places: topology.places }),
        already,
        tookMs: Math.round(performance.now() - began),
      });
      const signal = interruptSignal();
      try {
        const stack = await startStack(around, {
          name,
          topology,
          runtime: runtime.name,
          signal,
          onEvent: once(() => {
            say(runtime.why);
            for (const line of wanLines(topology)) say(line);
            say(`starting ${topology.nodes.length} nodes in ${topology.regions.length} regions ...`);
          }),
        });
        stack.leave();
        const { gateway } = stack.record;
        print(options.json, facts(gateway, false), () => [
          `stack "${name}" is up at ${gateway}${otherPort(stack)} (${formatDuration(performance.now() - began)})`,
          ...next(name, topology, gateway),
        ]);
      } catch (error) {
        if (!(error instanceof AlreadyUp) || error.record.state !== "up") throw error;
        refuseAnother(topology, error.record, "asked for");
        const { gateway } = error.record;
        print(options.json, facts(gateway, true), () => [error.message, ...next(name, topology, gateway)]);
      }
    });
}

/** What the places of its regions make of its links. */
function wanLines({ places, links }: Topology): readonly string[] {
  if (places === undefined) return [];
  const lie = Object.entries(places).map(([region, place]) => `${region} at ${place}`);
  const slow = links.filter(({ rttMs }) => rttMs > 0);
  const trips = slow.map(({ between, rttMs }) => `${between.join(" | ")} ${formatDuration(rttMs)}`);
  return [`wan: ${lie.join(", ")}; round trips ${trips.join(", ")}`];
}

/** With the first event the name is ours and the start has begun. */
function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

/** Why the default stack is not where its file wants it. */
function otherPort({ record, topology }: Stack): string {
  const wish = topology.nodes.find((node) => node.role === "gateway")?.publish;
  if (record.name !== "default" || wish === undefined || new URL(record.gateway).port === String(wish)) return "";
  return `, because port ${wish} is in use`;
}

function next(name: string, topology: Topology, gateway: string): readonly string[] {
  const flag = stackFlag(name);
  const backend = topology.nodes.find((node) => node.role === "backend")?.name ?? topology.nodes[0]!.name;
  return [
    "",
    ...topology.steady.map((request) => `  curl ${gateway}${request.path}`),
    "",
    `next: regionctl status${flag}   regionctl kill ${backend}${flag} --for 10s   regionctl down${flag}`,
  ];
}
