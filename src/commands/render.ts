// regionctl render: what regionctl makes of a topology, as the files that other tools read.
import { Command } from "commander";
import { stringify } from "yaml";
import { UsageError } from "../model/problem.ts";
import type { NodeSpec, RequestTemplate, Topology, Workload } from "../model/topology.ts";
import { nginxOf } from "../runtimes/docker/gateway.ts";
import { loadTopologyOrThrow, regionsOption, wanOption, type WithRegions } from "./files.ts";

export function render(): Command {
  const topology = (command: Command) =>
    command
      .argument("[topology]", "a Compose file, or the name of one in compose/", "property")
      .addOption(regionsOption());
  return new Command("render")
    .description("Print what regionctl makes of a topology, for other tools.")
    .addHelpText(
      "after",
      "\nExamples:\n  regionctl render nginx compose/property.yaml > compose/property.nginx.conf\n  regionctl render compose --regions us,eu,ap",
    )
    .addCommand(
      topology(new Command("nginx"))
        .description(
          "The gateway's configuration for NGINX, from the routes; services are found by name, as in Compose.",
        )
        .action((reference: string, options: WithRegions) => {
          process.stdout.write(renderNginxOf(loadTopologyOrThrow(reference, options)));
        }),
    )
    .addCommand(
      topology(new Command("compose"))
        .addOption(wanOption())
        .description("The topology as it is resolved: variables filled in, regions added, as one Compose file.")
        .action((reference: string, options: WithRegions) => {
          process.stdout.write(renderCompose(loadTopologyOrThrow(reference, options)));
        }),
    );
}

export function renderNginxOf(topology: Topology): string {
  const gateway = topology.nodes.find(({ role }) => role === "gateway");
  if (gateway !== undefined) return nginxOf(topology, gateway.port);
  throw new UsageError(
    `${topology.file} has no gateway. A service with an image of nginx is one, or one with the label regionctl.role: gateway.`,
  );
}

/** A Compose file of which regionctl reads the same topology again. */
export function renderCompose(topology: Topology): string {
  const { name, regions, places, links, routes, steady, observe, conflicts, workloads } = topology;
  const file = {
    name,
    services: Object.fromEntries(topology.nodes.map((node) => [node.name, serviceOf(node)])),
    "x-regionctl": {
      regions: Object.fromEntries(
        regions.map((region) => [region, places?.[region] === undefined ? {} : { at: places[region] }]),
      ),
      links: Object.fromEntries(
        links.map(({ between, rttMs, jitterMs }) => [
          between.join(" | "),
          { rtt: `${rttMs}ms`, jitter: `${jitterMs}ms` },
        ]),
      ),
      routes,
      steady: steady.map(({ method, path }) => `${method} ${path}`),
      observe,
      conflicts,
      workloads: Object.fromEntries(Object.entries(workloads).map(([key, workload]) => [key, workloadOf(workload)])),
    },
  };
  // Compose fills in ${...} wherever it stands, so a dollar is written twice.
  return stringify(
    file,
    (_key, value: unknown) => (typeof value === "string" ? value.replaceAll("$", "$$$$") : value),
    {
      lineWidth: 0,
      aliasDuplicateObjects: false,
    },
  );
}

function serviceOf(node: NodeSpec): object {
  const { image, role, region, port, publish, environment, files, needs } = node;
  return {
    ...(image !== undefined && { image }),
    ...(publish !== undefined && { ports: [`127.0.0.1:${publish}:${port}`] }),
    ...(files.length > 0 && { volumes: files.map(({ source, target }) => `${source}:${target}:ro`) }),
    ...(Object.keys(environment).length > 0 && { environment }),
    labels: { "regionctl.region": region, "regionctl.role": role, "regionctl.port": String(port) },
    ...(needs.length > 0 && { depends_on: needs }),
  };
}

function workloadOf({ kind, keys, read, write }: Workload): object {
  const requestOf = ({ method, path, headers, body }: RequestTemplate) => ({
    request: `${method} ${path}`,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(body !== undefined && { body }),
  });
  const { value, state, version } = read;
  return {
    kind,
    keys: `${keys.from}..${keys.to}`,
    read: {
      ...requestOf(read.request),
      value,
      ...(state !== undefined && { state }),
      ...(version !== undefined && { version }),
    },
    write: { ...requestOf(write.request), refused: write.refused, done: write.done },
  };
}
