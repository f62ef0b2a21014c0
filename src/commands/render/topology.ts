// A topology as it is resolved (variables filled in, regions added), as one Compose file: regionctl reads the same one from it.
import { stringify } from "yaml";
import type { NodeSpec, RequestTemplate, Topology, Workload } from "../../model/topology.ts";

/** A Compose file of which regionctl reads the same topology again. */
export function renderCompose(topology: Topology): string {
  return stringify(composeOf(topology), dollarsTwice, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Compose fills in ${...} wherever it stands, so a dollar is written twice. */
export function dollarsTwice(_key: unknown, value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("$", "$$$$") : value;
}

export function composeOf(topology: Topology) {
  const { name, regions, places, links, routes, steady, observe, conflicts, workloads } = topology;
  return {
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
}

function serviceOf(node: NodeSpec): object {
  const { image, role, region, port, publish, environment, files, needs, command } = node;
  return {
    ...(image !== undefined && { image }),
    ...(command !== undefined && { command }),
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
