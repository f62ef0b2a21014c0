// One Compose service -> one node: its role, its region, its port, its files.
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { EDGE, type NodeSpec, ROLES, type Role } from "../model/topology.ts";
import { LINKS } from "../model/cluster.ts";
import { type Address, addressesIn, namedIn } from "../model/address.ts";
import { wordsOf } from "./command.ts";
import { mount, needs, pairs, port, text } from "./forms.ts";
import { parseWith } from "./issues.ts";
import { isMap, type Path, type Source, type Spot } from "./source.ts";
import type { Variables } from "./variables.ts";
import { didYouMean, listed } from "./words.ts";

const seconds = z.union([z.string(), z.number()]);

/** The keys of Compose that regionctl honours. */
const service = z.strictObject({
  image: text.optional(),
  build: z.union([text, z.record(z.string(), z.unknown())], { error: "expected a folder or a map" }).optional(),
  command: z
    .union([z.string(), z.array(z.string()), z.null()], { error: "expected a text or a list of texts" })
    .optional(),
  ports: z.array(port).max(16).default([]),
  volumes: z.array(mount).max(16).default([]),
  environment: pairs.default({}),
  labels: pairs.default({}),
  depends_on: needs.default([]),
  healthcheck: z
    .strictObject({
      test: z.union([text, z.array(z.string())]).optional(),
      interval: seconds.optional(),
      timeout: seconds.optional(),
      retries: seconds.optional(),
      start_period: seconds.optional(),
      start_interval: seconds.optional(),
      disable: z.boolean().optional(),
    })
    .optional(),
});
type Service = z.infer<typeof service>;

const HONOURED = Object.keys(service.shape);

/** Keys of Compose that mean something, only not here: why, and what to do instead. */
const NOT_HONOURED: Readonly<Record<string, string>> = {
  cap_add: "Nodes run without privileges.",
  container_name: "A node is called as its service is; several stacks can run side by side.",
  deploy: "One service is one node; write a second service for a second one.",
  entrypoint: "",
  env_file: 'Write the variables under "environment"; .env beside this file is read.',
  expose: 'The port is taken from "ports", from the role, or from the label regionctl.port.',
  extends: "Use an anchor and a merge key (<<: *name).",
  hostname: "A node is called as its service is.",
  links: 'Order comes from "depends_on", addresses from "environment".',
  network_mode: "Every region is a network of its own already.",
  networks: "Every region is a network of its own already; set the label regionctl.region.",
  privileged: "Nodes run without privileges.",
  profiles: "Write a topology of its own.",
  restart: "A node that dies stays down, so that the scenario shows it; start it with the verb start.",
  scale: "One service is one node; write a second service for a second one.",
  secrets: 'Write it under "environment"; passwords are generated for each stack.',
  stop_grace_period: "The verb stop has a grace.",
  user: "",
  working_dir: "",
};

/** An image's name without registry and tag -> its role. */
const IMAGES: Readonly<Record<string, Role>> = {
  postgres: "postgres",
  nginx: "gateway",
  "apache/kafka": "kafka",
  rabbitmq: "rabbitmq",
  redis: "redis",
  "regionctl/backend": "backend",
  // Those of compose/images, which stand for the official ones.
  "regionctl/postgres": "postgres",
  "regionctl/nginx": "gateway",
  "regionctl/kafka": "kafka",
};

const LABELS = ["regionctl.region", "regionctl.role", "regionctl.port"];
const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

export interface Surroundings {
  source: Source;
  regions: readonly string[];
  variables: Variables;
}

/** A node, and the ports under which others may write its name (undefined: any). */
export interface ServiceNode {
  spec: NodeSpec;
  ports: readonly number[] | undefined;
}

export function nodeOf(name: string, value: unknown, around: Surroundings): ServiceNode | undefined {
  const { source } = around;
  const at: Path = ["services", name];
  checkName(name, around);
  if (!isMap(value)) {
    source.say(at, `service "${name}" has nothing in it`, "It needs an image at least.");
    return undefined;
  }
  const known = refuseKeys(source, at, value);
  const partly = parseWith(source, known, service, (inner) => [...at, ...inner]);
  if (partly === undefined) return undefined;
  const { value: parsed, wrong } = partly;
  if (known["image"] === undefined && known["build"] === undefined) {
    source.say({ path: at, key: true }, `service "${name}" has neither an image nor a build`);
  }
  const labels = labelsOf(parsed, source, at);
  const region = regionOf(name, labels, around, at);
  const role = roleOf(parsed, labels, source, at);
  if (role === undefined) return undefined;
  const files = filesOf(parsed, wrong.has("image") || wrong.has("labels") ? undefined : role, source, at);
  // What the rest depends on is wrong in itself, and that was said.
  if (wrong.size > 0) return undefined;
  const command = commandOf(parsed, role, source, at);
  const environment = environmentOf(parsed.environment, around.variables);
  const ports = portsOf(name, role, parsed, labels, environment, source);
  if (region === undefined || ports === undefined) return undefined;
  const published = parsed.ports.find((one) => one.published !== undefined)?.published;
  return {
    spec: {
      name,
      role,
      region,
      image: parsed.image,
      needs: parsed.depends_on,
      environment,
      port: ports.own,
      ...(published === undefined ? {} : { publish: published }),
      files,
      ...(command === undefined ? {} : { command }),
    },
    ports: ports.all,
  };
}

function checkName(name: string, { source, regions }: Surroundings): void {
  const spot = { path: ["services", name], key: true };
  if (!NAME.test(name)) {
    source.say(spot, "a service is called with lower-case letters, digits, - and _, beginning with a letter");
  } else if (name === LINKS) {
    source.say(spot, `"${LINKS}" is the program that all traffic between regions passes: regionctl starts it itself`);
  } else if (name === EDGE || regions.includes(name)) {
    source.say(spot, `"${name}" is the name of a region already, so a scenario could not tell them apart`);
  }
}

/** The service without what it may not say; that is refused by name and line. */
function refuseKeys(source: Source, at: Path, value: Readonly<Record<string, unknown>>) {
  const kept = Object.entries(value).filter(([key]) => {
    if (key.startsWith("x-")) return false;
    if (HONOURED.includes(key)) return true;
    const reason = Object.hasOwn(NOT_HONOURED, key) ? NOT_HONOURED[key]! : undefined;
    const listing = "Of a service, regionctl honours";
    source.say(
      { path: [...at, key], key: true },
      reason === undefined ? `regionctl does not know "${key}" of a service` : `regionctl does not honour "${key}"`,
      reason || didYouMean(key, HONOURED, listing),
    );
    return false;
  });
  return Object.fromEntries(kept);
}

type Labels = Readonly<Record<string, string | null>>;

function labelsOf(parsed: Service, source: Source, at: Path): Labels {
  for (const label of Object.keys(parsed.labels)) {
    if (!label.startsWith("regionctl.") || LABELS.includes(label)) continue;
    const spot = { path: [...at, "labels", label], key: true, word: label };
    source.say(spot, `there is no label "${label}"`, didYouMean(label, LABELS, "Possible are"));
  }
  return parsed.labels;
}

function roleOf(parsed: Service, labels: Labels, source: Source, at: Path): Role | undefined {
  const label = labels["regionctl.role"];
  if (label === undefined) return (parsed.image && IMAGES[bareImage(parsed.image)]) || "service";
  if (label !== null && (ROLES as readonly string[]).includes(label)) return label as Role;
  const spot = { path: [...at, "labels", "regionctl.role"], word: label ?? "" };
  source.say(spot, `there is no role "${label ?? ""}"`, didYouMean(label ?? "", ROLES, "Roles are"));
  return undefined;
}

/** "registry.example.com:5000/library/postgres:18@sha256:..." -> "postgres". */
function bareImage(image: string): string {
  const [name] = image.split("@");
  const parts = name!.replace(/:[^/:]*$/, "").split("/");
  if (parts.length > 1 && /[.:]|^localhost$/.test(parts[0]!)) parts.shift();
  if (parts.length > 1 && parts[0] === "library") parts.shift();
  return parts.join("/");
}

function regionOf(name: string, labels: Labels, { source, regions }: Surroundings, at: Path): string | undefined {
  const label = labels["regionctl.region"];
  if (label === undefined) {
    const suffixed = regions.filter((region) => name.endsWith(`-${region}`) || name.endsWith(`_${region}`));
    return suffixed.toSorted((a, b) => b.length - a.length)[0] ?? EDGE; // "eu-west" before "west"
  }
  if (label === EDGE || (label !== null && regions.includes(label))) return label;
  const spot = { path: [...at, "labels", "regionctl.region"], word: label ?? "" };
  source.say(spot, `there is no region "${label ?? ""}"`, didYouMean(label ?? "", [...regions, EDGE], "Regions are"));
  return undefined;
}

/** A user's own image runs what its file says; what we know how to run, we start ourselves. */
function commandOf(parsed: Service, role: Role, source: Source, at: Path): NodeSpec["command"] {
  const path = [...at, "command"];
  if (role === "service")
    return wordsOf(parsed.command, ({ word, message, hint }) => source.say({ path, word }, message, hint));
  if (parsed.command === undefined || parsed.command === null) return undefined;
  const message = `regionctl starts a ${role} with a command of its own, so "command" is not honoured here`;
  source.say({ path, key: true }, message, "Remove it, or configure it by environment or files.");
  return undefined;
}

function environmentOf(pairs: Labels, variables: Variables): Readonly<Record<string, string>> {
  const entries = Object.entries(pairs).map(([name, value]) => [name, value ?? variables.get(name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Apache Kafka's own default is 9092; the property system's listener inside its network is 29092. */
const KAFKA_PORTS = [29_092, 9_092];

function portsOf(
  name: string,
  role: Role,
  parsed: Service,
  labels: Labels,
  environment: Readonly<Record<string, string>>,
  source: Source,
): { own: number; all: readonly number[] | undefined } | undefined {
  const at: Path = ["services", name];
  const label = labels["regionctl.port"];
  const only = (own: number) => ({ own, all: [...new Set([own, ...parsed.ports.map((one) => one.container)])] });
  if (label !== undefined) {
    const own = portNumber(label ?? "");
    if (own !== undefined) return only(own);
    source.say({ path: [...at, "labels", "regionctl.port"], word: label ?? "" }, "expected a port, 1 to 65535");
    return undefined;
  }
  const first = parsed.ports[0]?.container;
  if (role === "postgres") return only(5_432);
  if (role === "redis") return only(6_379);
  if (role === "rabbitmq") return only(5_672);
  if (role === "mirror") return only(first ?? 8_083);
  if (role === "gateway") return only(first ?? 8_080);
  if (role === "kafka") {
    const listeners = `${environment["KAFKA_LISTENERS"] ?? ""},${environment["KAFKA_ADVERTISED_LISTENERS"] ?? ""}`;
    const listening = [...listeners.matchAll(/:(\d{1,5})(?=,|$)/g)].map((match) => Number(match[1]));
    const own = KAFKA_PORTS.find((one) => listening.includes(one)) ?? 9_092;
    return { own, all: [...new Set([own, ...listening])] };
  }
  const written = environment["PORT"];
  if (written !== undefined) {
    const own = portNumber(written);
    if (own !== undefined) return role === "service" ? { own, all: undefined } : only(own);
    source.say({ path: [...at, "environment", "PORT"], word: written }, `PORT must be a port, 1 to 65535`);
    return undefined;
  }
  if (role === "backend") return only(8_000);
  if (first !== undefined) return { own: first, all: undefined };
  const hint = 'Say it with the label regionctl.port: "8000", or under "ports".';
  source.say({ path: at, key: true }, `regionctl does not know which port "${name}" serves`, hint);
  return undefined;
}

function portNumber(written: string): number | undefined {
  const value = Number(written);
  return /^\d{1,5}$/.test(written) && value >= 1 && value <= 65_535 ? value : undefined;
}

const SEEDS = "/docker-entrypoint-initdb.d/";

function filesOf(parsed: Service, role: Role | undefined, source: Source, at: Path): NodeSpec["files"] {
  return parsed.volumes.map(({ source: written, target }, i) => {
    const spot = { path: [...at, "volumes", i], word: written };
    const file = path.resolve(path.dirname(source.file), written);
    const wrong = whyNoFile(file);
    if (wrong !== undefined) source.say(spot, wrong);
    if (role === "postgres" && !(target.startsWith(SEEDS) && /^[^/]+\.sql$/.test(target.slice(SEEDS.length)))) {
      const message = `a postgres takes files as ${SEEDS}*.sql only`;
      source.say(
        { path: spot.path, word: target },
        message,
        "They are run in the order of their names when its disk is new.",
      );
    }
    return { source: file, target };
  });
}

function whyNoFile(file: string): string | undefined {
  try {
    return fs.statSync(file).isFile() ? undefined : "regionctl mounts single files, and this is a folder";
  } catch {
    return `there is no file ${file}`;
  }
}

/** Addresses that lead nowhere: what a runtime could only leave as it is, and a node could only fail at. */
export function checkAddresses(nodes: readonly ServiceNode[], source: Source): void {
  const names = nodes.map(({ spec }) => spec.name);
  for (const { spec } of nodes) {
    for (const [variable, value] of Object.entries(spec.environment)) {
      for (const address of addressesIn(value)) {
        if (address.name === "localhost" || address.name === spec.name) continue;
        const spot = { path: ["services", spec.name, "environment", variable], word: address.text };
        const to = nodes.find((node) => node.spec.name === address.name);
        if (to !== undefined) {
          checkPort(address, to, spot, source);
          continue;
        }
        const hint = didYouMean(address.name, names, "Services are");
        source.say(spot, `${variable} names "${address.name}", and there is no such service`, hint);
      }
    }
    checkCommand(spec, nodes, source);
  }
}

/** The same for a command; there much that looks like an address is none, so only those of services count. */
function checkCommand(spec: NodeSpec, nodes: readonly ServiceNode[], source: Source): void {
  const linked = namedIn(
    spec.environment,
    nodes.map((node) => node.spec),
  );
  for (const [i, word] of (spec.command ?? []).entries()) {
    for (const address of addressesIn(word)) {
      const to = nodes.find((node) => node.spec.name === address.name && node.spec.name !== spec.name);
      if (to === undefined) continue;
      const spot = { path: ["services", spec.name, "command", i], word: address.text };
      checkPort(address, to, spot, source);
      // Links are made for what environments name.
      if (to.spec.region === spec.region || linked.includes(to.spec)) continue;
      const message = `${address.name} is in another region, and "command" alone makes no link to it`;
      source.say(spot, message, `Name it under "environment" too, e.g. PEER: ${address.name}:${to.spec.port}.`);
    }
  }
}

function checkPort(address: Address, to: ServiceNode, spot: Spot, source: Source): void {
  if (to.ports === undefined || to.ports.includes(address.port)) return;
  const hint = `Write ${address.name}:${to.spec.port}, or set the label regionctl.port of ${address.name}.`;
  source.say(spot, `${address.name} serves ${listed(to.ports.map(String))}, not ${address.port}`, hint);
}
