// Which backends may answer a request, and in which order. The embedded gateway and NGINX's configuration both come from here.
import { UsageError } from "../model/problem.ts";
import { frontDoors } from "../model/topology.ts";
import type { NodeSpec, Topology } from "../model/topology.ts";

/** The first word after the prefix: what a region says of itself, so another region's answer would be a lie. */
export const DIAGNOSTICS: readonly string[] = ["replication-lag", "conflicts", "metrics"];

/** Methods without an effect: asking twice, or somewhere else, is harmless. */
export const READS: readonly string[] = ["GET", "HEAD", "OPTIONS"];

export interface Upstream {
  node: string;
  /** host:port */
  address: string;
}

export interface GatewayConfig {
  /** Path prefix -> the region it prefers: {"/us": "us"}. */
  routes: Readonly<Record<string, string>>;
  upstreams: Readonly<Record<string, readonly Upstream[]>>;
  /** Regions: who is asked after the home region. */
  order: readonly string[];
}

export interface Candidate extends Upstream {
  region: string;
}

export interface Routed {
  /** Home region first, then the others in order; the home region alone without failover. */
  candidates: readonly Candidate[];
  kind: "read" | "write";
  failover: boolean;
}

/** undefined: no region is at this path. `path` may carry a query. */
export function route(config: GatewayConfig, method: string, path: string): Routed | undefined {
  const clean = normalised(path);
  const prefix = prefixesOf(config).find((prefix) => clean === prefix || clean?.startsWith(`${prefix}/`));
  if (clean === undefined || prefix === undefined) return undefined;
  const word = clean.slice(prefix.length + 1).split("/", 1)[0]!;
  const failover = !DIAGNOSTICS.includes(word);
  const regions = regionsFrom(config, homeOf(config, prefix), failover);
  return {
    candidates: regions.flatMap((region) => upstreamsOf(config, region).map((upstream) => ({ ...upstream, region }))),
    kind: READS.includes(method) ? "read" : "write",
    failover,
  };
}

/** A topology's gateway. `addressOf` says where a node is reached from the edge: directly, or through a link. */
export function gatewayConfig(topology: Topology, addressOf: (node: NodeSpec) => string): GatewayConfig {
  const upstreams: Record<string, readonly Upstream[]> = {};
  for (const region of topology.regions) {
    const doors = frontDoors(topology, region);
    if (doors.length > 0) upstreams[region] = doors.map((node) => ({ node: node.name, address: addressOf(node) }));
  }
  for (const [prefix, region] of Object.entries(topology.routes)) {
    if (upstreams[region] !== undefined) continue;
    throw new UsageError(
      `${topology.file}: route ${prefix} leads to region "${region}", which has no backend and no service. ` +
        `Give a service of it the labels regionctl.region: ${region} and regionctl.role: backend.`,
    );
  }
  return { routes: topology.routes, upstreams, order: topology.regions.filter((region) => region in upstreams) };
}

/** Without trailing slashes, the longest first: /us/inner wins over /us. */
export function prefixesOf(config: GatewayConfig): readonly string[] {
  return Object.keys(config.routes)
    .map((prefix) => prefix.replace(/\/+$/, ""))
    .toSorted((a, b) => b.length - a.length);
}

export function homeOf(config: GatewayConfig, prefix: string): string {
  const [, region] = Object.entries(config.routes).find(([written]) => written.replace(/\/+$/, "") === prefix)!;
  return region;
}

export function regionsFrom(config: GatewayConfig, home: string, failover: boolean): readonly string[] {
  return failover ? [home, ...config.order.filter((region) => region !== home)] : [home];
}

export function upstreamsOf(config: GatewayConfig, region: string): readonly Upstream[] {
  return config.upstreams[region] ?? [];
}

/** As NGINX reads a path: decoded, slashes merged, dots resolved; or /us/x/../metrics would fail over. */
function normalised(path: string): string | undefined {
  const plain = decoded(path.split(/[?#]/, 1)[0]!);
  if (plain === undefined || !plain.startsWith("/")) return undefined;
  const kept: string[] = [];
  for (const segment of plain.split("/")) {
    if (segment === "..") {
      if (kept.pop() === undefined) return undefined;
    } else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}`;
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return plain.includes("\0") ? undefined : plain;
  } catch {
    return undefined;
  }
}
