// A stack as its containers see it: what they are called, where each is reached from each zone, and its secrets.
//
//   us network:  backend-us --(db-us:5432)--> db-us          a node of the same zone by its name
//                    |
//                 links:20002                                another zone's through the link container, which is in every
//                    |                                       network under the name "links" and has a port per crossing,
//   eu network:    kafka:30002                               in the network of that zone alone
//
// The observer comes from outside: every node publishes a port on 127.0.0.1, chosen once and kept (ports.json).
import { randomBytes } from "node:crypto";
import { LINKS, type StackPlace } from "../../model/cluster.ts";
import { type CrossingId, crossingsOf, type HostPort, type LinkConfig } from "../../model/link.ts";
import { nodeNamed, type NodeSpec, type Topology } from "../../model/topology.ts";
import { LAYOUT, readJson, writeJson } from "../embedded/directory.ts";
import { nodesOfStack } from "../embedded/links.ts";
import type { Ports } from "../embedded/ports.ts";
import type { ProgramName } from "../embedded/programs.ts";
import { CONTROL, controlSecret } from "../embedded/roles.ts";

export interface Site {
  place: StackPlace;
  topology: Topology;
  /** The observer's, on 127.0.0.1 of this machine. */
  ports: Ports;
  /** Passwords of databases, by node, and tokens of control ports (controlSecret). */
  secrets: ReadonlyMap<string, string>;
  /** Where a program's file is on this machine. */
  program(name: ProgramName): string;
}

/** On everything that is created, so that every shell finds all of it, and nothing else. */
export const LABEL = {
  stack: "regionctl.stack",
  name: "regionctl.name",
  node: "regionctl.node",
  directory: "regionctl.directory",
} as const;

export function labelsOf({ id, name, directory }: StackPlace, node?: string): Record<string, string> {
  const labels = { [LABEL.stack]: id, [LABEL.name]: name, [LABEL.directory]: directory };
  return node === undefined ? labels : { ...labels, [LABEL.node]: node };
}

export const filterOf = ({ id }: StackPlace) => ({ label: [`${LABEL.stack}=${id}`] });

const prefix = ({ name, id }: StackPlace) => `regionctl-${name}-${id}`;
export const containerName = (place: StackPlace, node: string) => `${prefix(place)}-${node}`;
export const networkName = (place: StackPlace, zone: string) => `${prefix(place)}-${zone}`;
export const volumeName = (place: StackPlace, node: string, index: number) => `${prefix(place)}-${node}-${index + 1}`;

/** What a program of ours listens on inside its container, beside what it serves. */
export const CONTROL_PORT = 20_000;
const FIRST_CROSSING_PORT = CONTROL_PORT + 1;
/** A broker has a listener for each zone that calls it: clients connect again to what it advertises, and that is a link of their zone. */
const FIRST_ZONE_PORT = 30_001;

/** The zones that reach a node through a link, in a fixed order. */
export function zonesCalling(topology: Topology, node: string): readonly string[] {
  return crossingsOf(topology).flatMap(({ from, to }) => (to === node ? [from] : []));
}

/** Where a node is reached from a zone, inside the networks. */
export function reach(topology: Topology, to: NodeSpec, fromZone: string): string {
  if (to.region === fromZone) return `${to.name}:${to.port}`;
  return `${LINKS}:${crossingPort(topology, { from: fromZone, to: to.name })}`;
}

/**
 * What the link container is called in one network only, so that it finds out its own address there: a port that was open in
 * every network would be a way around cuts for whoever tries ports.
 */
export const linksIn = (zone: string) => `${LINKS}.${zone}`;

/** What a node is called in the network of a zone. */
export const aliasesOf = ({ name, role }: NodeSpec, zone: string) => (role === "link" ? [name, linksIn(zone)] : [name]);

function crossingPort(topology: Topology, { from, to }: CrossingId): number {
  const index = crossingsOf(topology).findIndex((crossing) => crossing.from === from && crossing.to === to);
  // Never directly: that would be a way around the links.
  if (index < 0) throw new Error(`topology "${topology.name}" has no crossing from ${from} to ${to}`);
  return FIRST_CROSSING_PORT + index;
}

/** The port of a broker's listener for a zone that calls it through a link. */
export function zonePort(topology: Topology, broker: string, zone: string): number {
  return FIRST_ZONE_PORT + zonesCalling(topology, broker).indexOf(zone);
}

/** What the link program is told: for every crossing where to listen, and where its node is reached directly. */
export function linkConfig({ topology, secrets }: Site): LinkConfig {
  const upstream = (to: NodeSpec, from: string): HostPort => ({
    host: to.name,
    port: to.role === "kafka" ? zonePort(topology, to.name, from) : to.port,
  });
  return {
    listeners: crossingsOf(topology).map(({ from, to, toZone }) => ({
      from,
      to,
      toZone,
      listen: { host: linksIn(from), port: crossingPort(topology, { from, to }) },
      upstream: upstream(nodeNamed(topology, to)!, from),
    })),
    control: { host: "0.0.0.0", port: CONTROL_PORT, token: tokenOf(secrets, LINKS) },
  };
}

export function tokenOf(secrets: Site["secrets"], node: string): string {
  return secretOf(secrets, controlSecret(node));
}

export function secretOf(secrets: Site["secrets"], name: string): string {
  const secret = secrets.get(name);
  if (secret === undefined) throw new Error(`secrets.json of this stack has none for ${name}`);
  return secret;
}

/** A password per database and a token per control port, made once per stack. */
export function makeSecrets(place: StackPlace, topology: Topology, listenersOf: (node: NodeSpec) => readonly string[]) {
  const known = readJson<Record<string, string>>(LAYOUT.secrets(place)) ?? {};
  const names = nodesOfStack(topology).flatMap((node) => [
    ...(node.role === "postgres" ? [node.name] : []),
    ...(listenersOf(node).includes(CONTROL) ? [controlSecret(node.name)] : []),
  ]);
  writeJson(
    LAYOUT.secrets(place),
    Object.fromEntries(names.map((name) => [name, known[name] ?? randomBytes(16).toString("hex")])),
  );
  return readSecrets(place);
}

export function readSecrets(place: StackPlace): ReadonlyMap<string, string> {
  return new Map(Object.entries(readJson<Record<string, string>>(LAYOUT.secrets(place)) ?? {}));
}

/** The observer's address of a node's listener; the first one by default. */
export function published({ ports, place }: Pick<Site, "ports" | "place">, node: string, listener?: string): HostPort {
  const own = ports[node] ?? {};
  const port = listener === undefined ? Object.values(own)[0] : own[listener];
  if (port === undefined) throw new Error(`ports.json of stack "${place.name}" has no port for ${node}`);
  return { host: "127.0.0.1", port };
}
