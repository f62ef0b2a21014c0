// The embedded runtime as a table: for every role, how a node of it becomes a child process and how it shows that it lives.
// A role without an entry does not compile; one that cannot be provided says why.
import fs from "node:fs";
import net from "node:net";
import { gatewayConfig } from "../../gateway/route.ts";
import { withAddresses } from "../../model/address.ts";
import { LINKS, type StackPlace } from "../../model/cluster.ts";
import { crossingsOf, type LinkConfig } from "../../model/link.ts";
import { StackError } from "../../model/problem.ts";
import { nodeNamed, type NodeSpec, type Role, type Topology } from "../../model/topology.ts";
import { insertPasswords } from "../addresses.ts";
import { LAYOUT, markOf } from "./directory.ts";
import { postgresUser } from "./home.ts";
import type { Http } from "./http.ts";
import { crossingName, zonesCalling } from "./links.ts";
import type { Ports } from "./ports.ts";
import {
  answersQueries,
  clearAfterKill,
  createData,
  databaseOf,
  postgresLaunch,
  releaseMemory,
  type Tools,
} from "./postgres.ts";
import { postgresBinaries } from "./postgres-binaries.ts";
import { seedsOf, templateFor } from "./postgres-template.ts";
import type { ProgramName } from "./programs.ts";
import type { Launch } from "./spawn.ts";

/** A stack as its nodes see it. */
export interface Site {
  place: StackPlace;
  topology: Topology;
  ports: Ports;
  /** Passwords of databases, by node, and tokens of control ports (controlSecret). */
  secrets: ReadonlyMap<string, string>;
  program(name: ProgramName): string;
}

/** "ready" is what a start waits for; "answers" is a process that speaks its protocol but misses something it needs. */
export type Readiness = "silent" | "answers" | "ready";

/** Of a program of ours, beside what it serves; only from this machine, and only with the token. */
export interface ControlPort {
  /** "127.0.0.1:21035" */
  address: string;
  token: string;
}

export interface Recipe {
  /** Its listeners by name; the first is where the observer goes. */
  listeners(spec: NodeSpec, topology: Topology): readonly string[];
  /** Why this node cannot be provided; asked before anything starts. */
  unavailable?(spec: NodeSpec, site: Pick<Site, "program" | "topology">): string | undefined;
  /** Makes its disk ready for a start; called when none of its processes lives. */
  prepare(spec: NodeSpec, site: Site, signal?: AbortSignal): Promise<void>;
  launch(spec: NodeSpec, site: Site): Promise<Launch>;
  /** Never throws. */
  probe(spec: NodeSpec, site: Site, http: Http, timeoutMs: number): Promise<Readiness>;
  /** Where it can be told what to do to itself; undefined where this stack has no such port. */
  control?(spec: NodeSpec, site: Site): ControlPort | undefined;
  /** What a client connects to. */
  url(spec: NodeSpec, site: Site): string;
  /** What asks it to end in good order. */
  stopSignal: NodeJS.Signals;
  /** Takes back what a kill left in the system; called when none of its processes lives. */
  release?(spec: NodeSpec, site: Site): Promise<void>;
}

export const ROLES_EMBEDDED: Readonly<Record<Role, Recipe | { refused: string }>> = {
  gateway: {
    ...program("gateway"),
    url: (spec, site) => `http://${reach(site, spec, spec.region)}`,
    unavailable(_spec, site) {
      site.program("gateway");
      gatewayConfig(site.topology, () => "127.0.0.1:1"); // a route that leads nowhere shows before anything starts
      return undefined;
    },
    launch: async (spec, site) =>
      node("gateway", spec, site, {
        GATEWAY_CONFIG: JSON.stringify(gatewayConfig(site.topology, (to) => reach(site, to, spec.region))),
      }),
    // Its own answer to a path that no route has: asking for a route would disturb what it knows of its backends.
    probe: async (_spec, _site, http, timeoutMs) => ((await status(http, "/", timeoutMs)) ? "ready" : "silent"),
  },
  backend: {
    ...program("backend"),
    listeners: () => ["main", CONTROL],
    control: controlOf,
    url: (spec, site) => `http://${reach(site, spec, spec.region)}`,
    launch: async (spec, site) =>
      node("backend", spec, site, {
        REGION: spec.region,
        REGIONS: site.topology.regions.join(","),
        NODE_NAME: spec.name,
        CONFLICTS: site.topology.conflicts,
        ...controlEnvironment(controlOf(spec, site)),
      }),
    async probe(spec, site, http, timeoutMs) {
      const steady = site.topology.steady.find((request) => request.region === spec.region);
      const answer = await status(http, steady?.path ?? "/", timeoutMs, steady?.method);
      if (answer === undefined) return "silent";
      return steady === undefined || answer === 200 ? "ready" : "answers";
    },
  },
  postgres: {
    listeners: () => ["main"],
    unavailable(spec) {
      seedsOf(spec);
      postgresUser();
      return undefined;
    },
    async prepare(spec, site, signal) {
      const data = LAYOUT.data(site.place, spec.name);
      const tools = await postgresTools(site);
      if (fs.existsSync(data)) return clearAfterKill(data);
      const mark = markOf(site.place, spec.name);
      const template = await templateFor(spec, tools, LAYOUT.home(site.place), mark, signal);
      await createData(tools, template, data, { user: databaseOf(spec).user, password: secret(site, spec) }, signal);
    },
    launch: async (spec, site) =>
      postgresLaunch(
        await postgresTools(site),
        LAYOUT.data(site.place, spec.name),
        port(site, spec),
        markOf(site.place, spec.name),
      ),
    async probe(spec, site, _http, timeoutMs) {
      const login = { ...databaseOf(spec), password: secret(site, spec), port: port(site, spec) };
      return (await answersQueries(login, timeoutMs)) ? "ready" : "silent";
    },
    url(spec, site) {
      const { user, database } = databaseOf(spec);
      const [name, password] = [user, secret(site, spec)].map(encodeURIComponent);
      return `postgres://${name}:${password}@${reach(site, spec, spec.region)}/${encodeURIComponent(database)}`;
    },
    stopSignal: "SIGINT", // "fast": ends connections. SIGTERM would wait for clients to leave
    release: async (spec, site) => releaseMemory(await postgresTools(site), LAYOUT.data(site.place, spec.name)),
  },
  kafka: {
    ...program("broker"),
    url: (spec, site) => reach(site, spec, spec.region),
    // The home region's comes first. Clients reconnect to what the broker advertises, so each zone that calls has its own,
    // which advertises the link of that zone.
    listeners: (spec, topology) => [spec.region, ...zonesCalling(spec.name, topology)],
    launch: async (spec, site) => {
      const zones = recipeOf(spec).listeners(spec, site.topology);
      const listeners = (address: (zone: string) => string) =>
        zones.map((zone) => `${zone.toUpperCase()}://${address(zone)}`).join(",");
      return node("broker", spec, site, {
        KAFKA_LISTENERS: listeners((zone) => `127.0.0.1:${port(site, spec, zone)}`),
        KAFKA_ADVERTISED_LISTENERS: listeners((zone) => reach(site, spec, zone)),
        KAFKA_LOG_DIRS: LAYOUT.data(site.place, spec.name),
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS:
          spec.environment["KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS"] ?? REBALANCE_DELAY_MS,
      });
    },
    probe: async (spec, site, _http, timeoutMs) =>
      (await answersApiVersions(port(site, spec), timeoutMs)) ? "ready" : "silent",
  },
  link: {
    ...program("links"),
    // The control port comes first: nobody but the observer speaks to this node itself.
    listeners: (_spec, topology) => [CONTROL, ...crossingsOf(topology).map(crossingName)],
    url: (spec, site) => `http://${reach(site, spec, spec.region)}`,
    launch: async (spec, site) => node("links", spec, site, { LINK_CONFIG: JSON.stringify(linkConfig(spec, site)) }),
    async probe(spec, site, http, timeoutMs) {
      const token = site.secrets.get(controlSecret(spec.name));
      return (await status(http, "/state", timeoutMs, "GET", { authorization: `Bearer ${token}` })) === 200
        ? "ready"
        : "silent";
    },
  },
  rabbitmq: { refused: "RabbitMQ does not run on the embedded runtime" },
  redis: { refused: "Redis does not run on the embedded runtime" },
  mirror: { refused: "Kafka MirrorMaker does not run on the embedded runtime" },
  service: { refused: "an image that regionctl does not know does not run on the embedded runtime" },
};

/** Apache Kafka waits 3 s for more members; one machine has them all at once. */
const REBALANCE_DELAY_MS = "100";

/** A listener's name that no region can have. What has one has a token. */
export const CONTROL = "control port";

/** The name of the token of a node's control port among the secrets; no node can be called so. */
export const controlSecret = (node: string) => `${node} control`;

function controlOf(spec: NodeSpec, site: Site): ControlPort | undefined {
  const [port, token] = [site.ports[spec.name]?.[CONTROL], site.secrets.get(controlSecret(spec.name))];
  return port === undefined || token === undefined ? undefined : { address: `127.0.0.1:${port}`, token };
}

function controlEnvironment(control: ControlPort | undefined): Readonly<Record<string, string>> {
  if (control === undefined) return {};
  return { CONTROL_PORT: control.address.split(":")[1]!, CONTROL_TOKEN: control.token };
}

/** The recipe of a node; call only for what `refusal` lets pass. */
export function recipeOf(spec: NodeSpec): Recipe {
  const entry = ROLES_EMBEDDED[spec.role];
  if ("refused" in entry) throw new Error(entry.refused);
  return entry;
}

export function refusal(spec: NodeSpec): string | undefined {
  const entry = ROLES_EMBEDDED[spec.role];
  return "refused" in entry ? entry.refused : undefined;
}

/** Where a node is reached from a zone: from its own directly, from another one through the link of that crossing. */
export function reach(site: Site, to: NodeSpec | string, fromZone: string): string {
  const spec = typeof to === "string" ? nodeNamed(site.topology, to) : to;
  if (spec === undefined) throw new Error(`topology "${site.topology.name}" has no node "${String(to)}"`);
  if (spec.region === fromZone) return `127.0.0.1:${port(site, spec)}`;
  const link = site.ports[LINKS]?.[crossingName({ from: fromZone, to: spec.name })];
  if (link !== undefined) return `127.0.0.1:${link}`;
  // Never directly: that would be a way around the links.
  throw new StackError(
    `stack "${site.place.name}" has no link from ${fromZone} to ${spec.name}`,
    "It was started by another version of regionctl: regionctl down, regionctl up.",
  );
}

/** What the link program is told: for every crossing where to listen, and where its node is reached directly. */
function linkConfig(spec: NodeSpec, site: Site): LinkConfig {
  return {
    listeners: crossingsOf(site.topology).map(({ from, to, toZone }) => ({
      from,
      to,
      toZone,
      listen: loopback(port(site, spec, crossingName({ from, to }))),
      upstream: loopback(port(site, nodeNamed(site.topology, to)!, from)),
    })),
    control: { ...loopback(port(site, spec, CONTROL)), token: site.secrets.get(controlSecret(spec.name))! },
  };
}

const loopback = (port: number) => ({ host: "127.0.0.1", port });

/** A listener of a node: the one of that name, or the first, which is the observer's. */
function port(site: Site, spec: NodeSpec, listener?: string): number {
  const names = recipeOf(spec).listeners(spec, site.topology);
  const name = listener !== undefined && names.includes(listener) ? listener : names[0]!;
  const port = site.ports[spec.name]?.[name];
  if (port === undefined) throw new Error(`ports.json of stack "${site.place.name}" has no port for ${spec.name}`);
  return port;
}

/** What our own programs have in common: Node.js, one file, one listener. */
function program(name: ProgramName): Pick<Recipe, "listeners" | "unavailable" | "prepare" | "stopSignal"> {
  return {
    listeners: () => ["main"],
    unavailable(_spec, site) {
      site.program(name);
      return undefined;
    },
    async prepare(spec, site) {
      fs.mkdirSync(LAYOUT.data(site.place, spec.name), { recursive: true, mode: 0o700 });
    },
    stopSignal: "SIGTERM",
  };
}

function node(name: ProgramName, spec: NodeSpec, site: Site, own: Readonly<Record<string, string>>): Launch {
  const data = LAYOUT.data(site.place, spec.name);
  const withPasswords = insertPasswords(spec.environment, site.secrets);
  const resolved = withAddresses(withPasswords, site.topology.nodes, (to) => reach(site, to, spec.region));
  return {
    command: process.execPath,
    args: [site.program(name), `--node=${markOf(site.place, spec.name)}`],
    environment: {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      TZ: "UTC",
      NODE_ENV: "production",
      ...resolved,
      HOME: data,
      HOST: "127.0.0.1",
      PORT: String(port(site, spec)),
      ...own,
    },
    workingDirectory: data,
  };
}

async function postgresTools(site: Site): Promise<Tools> {
  const user = postgresUser();
  return { binaries: await postgresBinaries(LAYOUT.home(site.place), user), user };
}

function secret(site: Site, spec: NodeSpec): string {
  const password = site.secrets.get(spec.name);
  if (password === undefined) throw new Error(`secrets.json of stack "${site.place.name}" has none for ${spec.name}`);
  return password;
}

/** The status of any HTTP answer. */
async function status(
  http: Http,
  path: string,
  timeoutMs: number,
  method?: string,
  headers?: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  try {
    return (await http.request(path, { method, headers, timeoutMs })).status;
  } catch {
    return undefined; // nobody answers
  }
}

const API_VERSIONS = 18;
const CORRELATION = 7;

/** Asks a broker, in its own protocol, what it can do: ApiVersions 0, which every broker understands. */
function answersApiVersions(port: number, timeoutMs: number): Promise<boolean> {
  const client = Buffer.from("regionctl");
  const request = Buffer.alloc(4 + 8 + 2 + client.length);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(API_VERSIONS, 4);
  request.writeInt16BE(0, 6);
  request.writeInt32BE(CORRELATION, 8);
  request.writeInt16BE(client.length, 12);
  client.copy(request, 14);
  return new Promise((resolve) => {
    const socket = net.connect({ host: "127.0.0.1", port, timeout: timeoutMs });
    let answer = Buffer.alloc(0);
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => socket.write(request));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      // Length, our number, error code 0.
      if (answer.length >= 10) done(answer.readInt32BE(4) === CORRELATION && answer.readInt16BE(8) === 0);
    });
    socket.on("timeout", () => done(false));
    socket.on("error", () => done(false));
    socket.on("close", () => done(false));
  });
}
