// regionctl render: what regionctl makes of a topology, or a stack as it really is, as the files that other tools read.
import { Command } from "commander";
import { UsageError } from "../model/problem.ts";
import type { Topology } from "../model/topology.ts";
import { nginxOf } from "../runtimes/docker/gateway.ts";
import { loadTopologyOrThrow, regionsOption, wanOption, type WithRegions } from "./files.ts";
import { renderStack } from "./render/stack.ts";
import { renderCompose } from "./render/topology.ts";
import { optionalStack, stackName, surroundings } from "./surroundings.ts";

interface ComposeOptions extends WithRegions {
  stack?: string;
  secrets?: boolean;
}

const TOPOLOGY = "a Compose file, or the name of one in compose/";
const OTHERWISE = "property";

export function render(): Command {
  return new Command("render")
    .description("Print what regionctl makes of a topology, for other tools.")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl render nginx compose/property.yaml > compose/property.nginx.conf\n  regionctl render compose --regions us,eu,ap\n  regionctl render compose --stack default",
    )
    .addCommand(
      new Command("nginx")
        .argument("[topology]", TOPOLOGY, OTHERWISE)
        .addOption(regionsOption())
        .description(
          "The gateway's configuration for NGINX, from the routes; services are found by name, as in Compose.",
        )
        .action((reference: string, options: WithRegions) => {
          process.stdout.write(renderNginxOf(loadTopologyOrThrow(reference, options)));
        }),
    )
    .addCommand(
      new Command("compose")
        .argument("[topology]", `${TOPOLOGY} (otherwise "${OTHERWISE}")`)
        .addOption(regionsOption())
        .addOption(wanOption())
        .addOption(optionalStack("a file's topology"))
        .option("--secrets", "with --stack: show passwords and tokens")
        .description(
          "As one Compose file: a topology as it is resolved, variables filled in and regions added; or a stack as it really is.",
        )
        .action(async (reference: string | undefined, options: ComposeOptions) => {
          refuseMixed(reference, options);
          process.stdout.write(
            options.stack === undefined
              ? renderCompose(loadTopologyOrThrow(reference ?? OTHERWISE, options))
              : await renderStack(surroundings(), stackName(options.stack), options.secrets ?? false),
          );
        }),
    );
}

/** A stack has the topology that it was started with. */
function refuseMixed(reference: string | undefined, { stack, regions, wan, secrets }: ComposeOptions): void {
  if (stack === undefined) {
    if (secrets) throw new UsageError("--secrets goes with --stack: nothing of a file is masked.");
    return;
  }
  const other = reference ?? (regions && "--regions") ?? (wan && "--wan");
  if (other !== undefined)
    throw new UsageError(`--stack ${stack} prints the stack as it is, so ${other} cannot be asked for as well.`);
}

export function renderNginxOf(topology: Topology): string {
  const gateway = topology.nodes.find(({ role }) => role === "gateway");
  if (gateway !== undefined) return nginxOf(topology, gateway.port);
  throw new UsageError(
    `${topology.file} has no gateway. A service with an image of nginx is one, or one with the label regionctl.role: gateway.`,
  );
}
