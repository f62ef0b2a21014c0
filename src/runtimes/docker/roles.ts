// The Docker runtime as a table: for every role, how a node of it becomes a container and how it shows that it lives. Images
// are chosen in images.ts. A role without an entry does not compile; one that cannot be provided says why.
import fs from "node:fs";
import { gatewayConfig } from "../../gateway/route.ts";
import { withAddresses } from "../../model/address.ts";
import { LINKS } from "../../model/cluster.ts";
import { frontDoors, type NodeSpec, type Role, type Topology } from "../../model/topology.ts";
import { insertPasswords } from "../addresses.ts";
import type { Http } from "../embedded/http.ts";
import { answersQueries, databaseOf } from "../embedded/postgres.ts";
import type { ProgramName } from "../embedded/programs.ts";
import { CONTROL, type ControlPort, type Readiness } from "../embedded/roles.ts";
import { copiesOf, inArchive } from "./copies.ts";
import { nginxOf } from "./gateway.ts";
import { kafkaEnvironment, OBSERVER_PORT } from "./kafka.ts";
import { connects, hasBrokers, status } from "./probes.ts";
import { CONTROL_PORT, linkConfig, published, reach, secretOf, type Site, tokenOf } from "./site.ts";
import type { TarFile } from "./tar.ts";

export interface Recipe {
  /** What the observer is given a port for, and where that is inside; the first is its way to the node. */
  listeners(spec: NodeSpec): readonly { name: string; inside: number }[];
  /** Why this node cannot be provided; asked before anything starts. */
  unavailable?(spec: NodeSpec, site: Pick<Site, "program" | "topology">): string | undefined;
  container(spec: NodeSpec, site: Site): Inside;
  /** Nodes whose containers must have started (not: answer) before this one's does. */
  startsAfter?(spec: NodeSpec, topology: Topology): readonly string[];
  /** Nodes that must answer before it starts. */
  waitsFor?(spec: NodeSpec): readonly string[];
  /** Never throws. */
  probe(spec: NodeSpec, site: Site, http: Http, timeoutMs: number): Promise<Readiness>;
  control?(spec: NodeSpec, site: Site): ControlPort | undefined;
  /** What a client connects to. */
  url(spec: NodeSpec, site: Site): string;
}

/** What runs inside, and what it may. */
export interface Inside {
  /** Absent: the image's own. */
  user?: string;
  entrypoint?: readonly string[];
  command?: readonly string[];
  environment: Readonly<Record<string, string>>;
  files: readonly TarFile[];
  /** Directories that it writes and that nobody misses. */
  scratch?: readonly string[];
  memoryMiB: number;
  /** None: what runs as an ordinary user needs none. "image": a user's own image may count on Docker's usual ones. */
  capabilities: "none" | "image";
  /** What asks it to end in good order. */
  stopSignal: NodeJS.Signals;
}

/** Where our own programs and what we write stand inside. */
const OURS = "/regionctl";

export const ROLES_DOCKER: Readonly<Record<Role, Recipe | { refused: string }>> = {
  gateway: {
    listeners: main,
    url: httpUrl,
    unavailable(_spec, { topology }) {
      gatewayConfig(topology, () => "127.0.0.1:1"); // a route that leads nowhere shows before anything starts
      return undefined;
    },
    // NGINX looks names up when it starts, and ends when it finds one of them unknown.
    startsAfter: (spec, topology) => [
      LINKS,
      ...topology.regions.flatMap((region) =>
        frontDoors(topology, region).flatMap(({ name, region }) => (region === spec.region ? [name] : [])),
      ),
    ],
    container: (spec, { topology }) => ({
      user: "101:101", // the image's nginx
      entrypoint: ["nginx"],
      command: ["-c", `${OURS}/nginx.conf`, "-g", "daemon off; pid /tmp/nginx.pid;"],
      environment: {},
      files: [
        {
          name: inArchive(`${OURS}/nginx.conf`),
          content: nginxOf(topology, spec.port, (to) => reach(topology, to, spec.region)),
        },
      ],
      scratch: ["/var/cache/nginx", "/var/lib/nginx", "/tmp"],
      memoryMiB: 128,
      capabilities: "none",
      stopSignal: "SIGQUIT", // lets requests end
    }),
    // Its own answer to a path that no route has: asking for a route would disturb what it knows of its backends.
    probe: async (_spec, _site, http, timeoutMs) => ((await status(http, "/", timeoutMs)) ? "ready" : "silent"),
  },
  backend: {
    listeners: (spec) => [...main(spec), { name: CONTROL, inside: CONTROL_PORT }],
    url: httpUrl,
    unavailable: isBuilt("backend"),
    control: (spec, site) => ({ address: observed(spec, site, CONTROL), token: tokenOf(site.secrets, spec.name) }),
    container: (spec, site) => ({
      ...program("backend", spec, site),
      environment: {
        ...resolved(spec, site),
        TZ: "UTC",
        NODE_ENV: "production",
        HOST: "0.0.0.0",
        PORT: String(spec.port),
        REGION: spec.region,
        REGIONS: site.topology.regions.join(","),
        NODE_NAME: spec.name,
        CONFLICTS: site.topology.conflicts,
        CONTROL_HOST: "0.0.0.0", // published on this machine's loopback only
        CONTROL_PORT: String(CONTROL_PORT),
        CONTROL_TOKEN: tokenOf(site.secrets, spec.name),
      },
    }),
    probe: probeSteady,
  },
  postgres: {
    listeners: main,
    container: (spec, site) => ({
      user: "postgres",
      command: [
        "postgres",
        ...Object.entries({ ...POSTGRES, port: String(spec.port) }).flatMap(([name, value]) => [
          "-c",
          `${name}=${value}`,
        ]),
      ],
      environment: { ...spec.environment, TZ: "UTC", POSTGRES_PASSWORD: secretOf(site.secrets, spec.name) },
      files: spec.files.flatMap(copiesOf),
      memoryMiB: 512,
      capabilities: "none",
      stopSignal: "SIGINT", // "fast": ends connections. SIGTERM would wait for clients to leave
    }),
    async probe(spec, site, _http, timeoutMs) {
      const login = { ...databaseOf(spec), password: secretOf(site.secrets, spec.name) };
      const { port } = published(site, spec.name);
      return (await answersQueries({ ...login, port }, timeoutMs)) ? "ready" : "silent";
    },
    url(spec, site) {
      const { user, database } = databaseOf(spec);
      const [name, password] = [user, secretOf(site.secrets, spec.name)].map(encodeURIComponent);
      return `postgres://${name}:${password}@${observed(spec, site)}/${encodeURIComponent(database)}`;
    },
  },
  kafka: {
    listeners: () => [{ name: "main", inside: OBSERVER_PORT }],
    container: (spec, site) => ({
      environment: kafkaEnvironment(spec, site),
      files: [],
      memoryMiB: 768,
      capabilities: "none",
      stopSignal: "SIGTERM",
    }),
    probe: async (spec, site, _http, timeoutMs) =>
      (await hasBrokers(published(site, spec.name), timeoutMs)) ? "ready" : "silent",
    url: (spec, site) => observed(spec, site),
  },
  link: {
    listeners: () => [{ name: CONTROL, inside: CONTROL_PORT }],
    url: httpUrl,
    unavailable: isBuilt("links"),
    container: (spec, site) => ({
      ...program("links", spec, site),
      environment: { TZ: "UTC", NODE_ENV: "production", LINK_CONFIG: JSON.stringify(linkConfig(site)) },
    }),
    async probe(spec, site, http, timeoutMs) {
      const headers = { authorization: `Bearer ${tokenOf(site.secrets, spec.name)}` };
      return (await status(http, "/state", timeoutMs, { headers })) === 200 ? "ready" : "silent";
    },
  },
  service: {
    listeners: main,
    url: httpUrl,
    waitsFor: (spec) => spec.needs,
    container: (spec, site) => ({
      ...(spec.command && { command: commandOf(spec.command, spec, site) }),
      environment: resolved(spec, site),
      files: spec.files.flatMap(copiesOf),
      memoryMiB: 2_048,
      capabilities: "image",
      stopSignal: "SIGTERM",
    }),
    async probe(spec, site, http, timeoutMs) {
      // What answers for its region is asked what a healthy region answers; of a worker nothing is known but its port.
      if (frontDoors(site.topology, spec.region).includes(spec)) return probeSteady(spec, site, http, timeoutMs);
      return (await connects(published(site, spec.name), timeoutMs)) ? "ready" : "silent";
    },
  },
  rabbitmq: { refused: "RabbitMQ does not run on the Docker runtime yet" },
  redis: { refused: "Redis does not run on the Docker runtime yet" },
  mirror: { refused: "Kafka MirrorMaker does not run on the Docker runtime yet" },
};

/** The slowest first. */
export const START_ORDER: readonly Role[] = ["kafka", "postgres", "service", "link", "backend", "gateway"];

/** The recipe of a node; call only for what `refusal` lets pass. */
export function recipeOf(spec: NodeSpec): Recipe {
  const entry = ROLES_DOCKER[spec.role];
  if ("refused" in entry) throw new Error(entry.refused);
  return entry;
}

export function refusal(spec: NodeSpec): string | undefined {
  const entry = ROLES_DOCKER[spec.role];
  return "refused" in entry ? entry.refused : undefined;
}

/**
 * As embedded, with what every version since 13 understands. fsync is off: what nodes lose here are processes, never the
 * machine, and what was written survives a SIGKILL in the page cache.
 */
const POSTGRES: Readonly<Record<string, string>> = {
  max_connections: "60",
  shared_buffers: "32MB",
  fsync: "off",
  synchronous_commit: "on",
  full_page_writes: "on",
  jit: "off",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  max_wal_size: "256MB",
  log_line_prefix: "%m [%p] ",
  log_checkpoints: "off",
  log_timezone: "UTC",
  timezone: "UTC",
};

function main(spec: NodeSpec): readonly { name: string; inside: number }[] {
  return [{ name: "main", inside: spec.port }];
}

function observed(spec: NodeSpec, site: Site, listener?: string): string {
  const { host, port } = published(site, spec.name, listener);
  return `${host}:${port}`;
}

function httpUrl(spec: NodeSpec, site: Site): string {
  return `http://${observed(spec, site)}`;
}

function isBuilt(name: ProgramName): Recipe["unavailable"] {
  return (_spec, site) => {
    site.program(name);
    return undefined;
  };
}

/** A program of ours: one file, copied into a stock image of Node.js. The argument is ignored; it shows in `docker top`. */
function program(name: ProgramName, spec: NodeSpec, site: Site) {
  const file = `${OURS}/${name}.cjs`;
  return {
    user: "1000:1000", // the image's node
    entrypoint: ["node"],
    command: [file, `--node=${spec.name}`],
    files: [{ name: inArchive(file), content: fs.readFileSync(site.program(name)) }],
    memoryMiB: 256,
    capabilities: "none",
    stopSignal: "SIGTERM",
  } as const;
}

function resolved(
  spec: NodeSpec,
  { topology, secrets }: Site,
  environment = spec.environment,
): Readonly<Record<string, string>> {
  const withPasswords = insertPasswords(environment, secrets);
  return withAddresses(withPasswords, topology.nodes, (to) => reach(topology, to, spec.region));
}

/** Word for word; each may hold addresses, as the values of an environment do. */
function commandOf(words: readonly string[], spec: NodeSpec, site: Site): readonly string[] {
  return Object.values(resolved(spec, site, Object.fromEntries(words.entries())));
}

/** Asks what a healthy region answers; a process that answers anything else still misses something. */
async function probeSteady(spec: NodeSpec, site: Site, http: Http, timeoutMs: number): Promise<Readiness> {
  const steady = site.topology.steady.find((request) => request.region === spec.region);
  const answer = await status(http, steady?.path ?? "/", timeoutMs, { method: steady?.method });
  if (answer === undefined) return "silent";
  return steady === undefined || answer === 200 ? "ready" : "answers";
}
