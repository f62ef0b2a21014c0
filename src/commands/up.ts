// regionctl up: starts a stack and leaves it up.
import { Command } from "commander";
import { formatDuration } from "../model/units.ts";
import { up as startStack } from "../stack.ts";
import { interruptSignal } from "./interrupt.ts";
import { loadTopologyOrThrow } from "./files.ts";
import { print, progress } from "./print.ts";
import { chooseRuntime, type RuntimeChoice, runtimeOption, stackOption, surroundings } from "./surroundings.ts";

interface Options extends RuntimeChoice {
  stack: string;
  topology: string;
  json?: boolean;
}

export function up(): Command {
  return new Command("up")
    .description("Start a stack and leave it up; clients reach it through its gateway.")
    .addOption(stackOption())
    .addOption(runtimeOption())
    .option("-t, --topology <name|file>", "a Compose file, or the name of one in compose/", "property")
    .option("--json", "print the facts as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl up\n  regionctl up --stack second\n  regionctl up --topology compose/property.yaml --json",
    )
    .action(async (options: Options) => {
      const around = surroundings();
      const topology = loadTopologyOrThrow(options.topology);
      const runtime = await chooseRuntime(around, topology, options);
      const say = progress(options.json);
      say(runtime.why);
      say(`starting ${topology.nodes.length} nodes in ${topology.regions.length} regions ...`);
      const began = performance.now();
      const stack = await startStack(around, {
        name: options.stack,
        topology,
        runtime: runtime.name,
        signal: interruptSignal(),
      });
      stack.leave();
      const tookMs = Math.round(performance.now() - began);
      const { gateway } = stack.record;
      print(options.json, { stack: options.stack, gateway, runtime: runtime.name, tookMs }, () => [
        `stack "${options.stack}" is up at ${gateway} (${formatDuration(tookMs)})`,
        "",
        ...topology.steady.map((request) => `  curl ${gateway}${request.path}`),
        "",
        `next: regionctl status${suffix(options.stack)}   regionctl kill backend-${topology.regions[0]}${suffix(options.stack)} --for 10s   regionctl down${suffix(options.stack)}`,
      ]);
      process.exit(0);
    });
}

const suffix = (name: string) => (name === "default" ? "" : ` --stack ${name}`);
