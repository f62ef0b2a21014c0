// What the gateway program is told by its environment, checked by hand: a schema library would double the time it takes to start.
import type { GatewayConfig } from "./route.ts";

export interface Settings {
  host: string;
  port: number;
  config: GatewayConfig;
}

/** The settings, or one readable line about what is wrong. */
export function settingsFrom(environment: Readonly<Record<string, string | undefined>>): Settings | string {
  const { HOST: host = "0.0.0.0", PORT: port = "8080", GATEWAY_CONFIG: text } = environment;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return `PORT must be a number from 0 to 65535, not "${port}"`;
  if (text === undefined) return `GATEWAY_CONFIG is missing: ${EXPECTED}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `GATEWAY_CONFIG is not JSON (${(error as Error).message}): ${EXPECTED}`;
  }
  const problem = configProblem(value);
  if (problem !== undefined) return `GATEWAY_CONFIG: ${problem}`;
  return { host, port: Number(port), config: value as GatewayConfig };
}

const EXPECTED =
  'expected {"routes": {"/us": "us"}, "upstreams": {"us": [{"node": "backend-us", "address": "127.0.0.1:8000"}]}, "order": ["us"]}';

/** The first thing wrong with a configuration. What passes is safe to print into NGINX's configuration as it is. */
export function configProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return EXPECTED;
  const { routes, upstreams, order } = value;
  if (!isRecord(routes) || Object.keys(routes).length === 0) return `routes must name at least one prefix; ${EXPECTED}`;
  if (!isRecord(upstreams)) return `upstreams must be a map of regions; ${EXPECTED}`;
  if (!Array.isArray(order)) return `order must be a list of regions; ${EXPECTED}`;
  return upstreamsProblem(upstreams) ?? orderProblem(order, upstreams) ?? routesProblem(routes, upstreams);
}

function upstreamsProblem(upstreams: Record<string, unknown>): string | undefined {
  for (const [region, list] of Object.entries(upstreams)) {
    if (!isName(region)) return `"${region}" is not a name of a region (letters, digits, - and _)`;
    if (!Array.isArray(list) || list.length === 0) return `upstreams.${region} must list at least one node`;
    for (const [index, upstream] of list.entries()) {
      const where = `upstreams.${region}[${index}]`;
      if (!isRecord(upstream)) return `${where} must be {"node": ..., "address": "host:port"}`;
      if (!isName(upstream["node"])) return `${where}.node must be a name (letters, digits, - and _)`;
      if (!isAddress(upstream["address"]))
        return `${where}.address must be host:port, not ${said(upstream["address"])}`;
    }
  }
  return undefined;
}

function orderProblem(order: readonly unknown[], upstreams: Record<string, unknown>): string | undefined {
  for (const region of order) if (!isRegionOf(upstreams, region)) return unknownRegion("order", region, upstreams);
  if (new Set(order).size !== order.length) return `order names a region twice: ${order.join(", ")}`;
  const missing = Object.keys(upstreams).find((region) => !order.includes(region));
  return missing === undefined ? undefined : `order lacks region "${missing}"`;
}

function routesProblem(routes: Record<string, unknown>, upstreams: Record<string, unknown>): string | undefined {
  const seen = new Set<string>();
  for (const [prefix, region] of Object.entries(routes)) {
    if (!/^\/$|^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+\/?$/.test(prefix))
      return `route "${prefix}" is not a path prefix such as /us`;
    const trimmed = prefix.replace(/\/$/, "");
    if (seen.has(trimmed)) return `route "${prefix}" is there twice`;
    seen.add(trimmed);
    if (!isRegionOf(upstreams, region)) return unknownRegion(`route ${prefix}`, region, upstreams);
  }
  return undefined;
}

const unknownRegion = (where: string, region: unknown, upstreams: Record<string, unknown>) =>
  `${where} names ${said(region)}, which has no upstreams; those with some: ${Object.keys(upstreams).join(", ") || "none"}`;

const said = (value: unknown) => JSON.stringify(value) ?? "nothing";
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isRegionOf = (upstreams: Record<string, unknown>, region: unknown) =>
  typeof region === "string" && Object.hasOwn(upstreams, region);
const isName = (value: unknown) => typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(value);

function isAddress(value: unknown): boolean {
  const match =
    typeof value === "string" && /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(value);
  return match !== false && match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535;
}
