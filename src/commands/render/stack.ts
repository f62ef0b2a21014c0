// A stack that is up, as one Compose file: on Docker what the engine says of its containers, networks and volumes, not what
// was asked of it. Passwords and tokens are masked, so that it can be shown to others.
import type Docker from "dockerode";
import { stringify } from "yaml";
import { StackError } from "../../model/problem.ts";
import { connect } from "../../runtimes/docker/engine.ts";
import { filterOf, LABEL, networkName, readSecrets } from "../../runtimes/docker/site.ts";
import { look, type Stack, stackFlag, type Surroundings } from "../../stack.ts";
import { composeOf, dollarsTwice } from "./topology.ts";

export async function renderStack(around: Surroundings, name: string, withSecrets: boolean): Promise<string> {
  const stack = await look(around, name, new AbortController().signal);
  try {
    const { runtime, id } = stack.record;
    const place = { name, id, directory: stack.directory };
    const mask = withSecrets ? noMask : maskOf([...readSecrets(place).values()]);
    const file = runtime === "docker" ? await dockerFile(stack, mask) : processesFile(stack, mask);
    return `${HEADS[runtime](name)}${withSecrets ? "" : MASKED}${stringify(file, dollarsTwice, { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" })}`;
  } finally {
    stack.leave();
  }
}

const HEADS: Readonly<Record<Stack["record"]["runtime"], (name: string) => string>> = {
  docker: (name) =>
    `# Stack "${name}" as the Docker engine has it. What was copied into its containers (programs, configuration, seeds) is not in here.\n`,
  embedded: (name) =>
    `# Stack "${name}" runs embedded: its nodes are processes, reached at these ports of this machine.\n`,
};
const MASKED = "# Passwords and tokens are masked; --secrets shows them.\n";

/** Its topology with the ports that its nodes really have. */
function processesFile({ topology, cluster }: Stack, mask: Mask): object {
  const portOf = new Map(cluster.nodes.map(({ spec, address }) => [spec.name, Number(address.split(":").at(-1))]));
  const nodes = topology.nodes.map((node) => ({ ...node, publish: portOf.get(node.name) }));
  const file = composeOf({ ...topology, nodes });
  return { ...file, services: withMask(file.services, mask) };
}

async function dockerFile(stack: Stack, mask: Mask): Promise<object> {
  const { record, topology, directory } = stack;
  const { docker } = await connect();
  const place = { name: record.name, id: record.id, directory };
  const filters = filterOf(place);
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  if (containers.length === 0)
    throw new StackError(
      `the Docker engine has no container of stack "${record.name}"`,
      `Somebody removed them: "regionctl down${stackFlag(record.name)}" removes the rest.`,
    );
  const inspected = await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).inspect()));
  const images = await imagesOf(docker, inspected);
  const order = topology.nodes.map((node) => node.name);
  const nameOf = ({ Config }: Docker.ContainerInspectInfo) => Config.Labels[LABEL.node] ?? "";
  const sorted = inspected.toSorted((a, b) => rank(order, nameOf(a)) - rank(order, nameOf(b)));
  const before = networkName(place, ""); // every name that we give begins so
  const short = (name: string) => (name.startsWith(before) ? name.slice(before.length) : name);
  const outside = (names: readonly string[]) =>
    Object.fromEntries(names.toSorted().map((name) => [short(name), { name, external: true }]));
  const volumes = (Volumes ?? []).map(({ Name }) => Name);
  return {
    name: `regionctl-${record.name}`,
    services: Object.fromEntries(
      sorted.map((one) => [nameOf(one), serviceOf(one, images.get(one.Image), { mask, short })]),
    ),
    networks: outside(networks.map(({ Name }) => Name)),
    ...(volumes.length > 0 && { volumes: outside(volumes) }),
    "x-regionctl": {
      stack: record.name,
      id: record.id,
      gateway: record.gateway,
      ...composeOf(topology)["x-regionctl"],
    },
  };
}

/** What the topology does not name (the link program) comes last. */
function rank(order: readonly string[], name: string): number {
  const index = order.indexOf(name);
  return index < 0 ? order.length : index;
}

/** Each once; one that was removed since is left out. */
async function imagesOf(
  docker: Docker,
  containers: readonly Docker.ContainerInspectInfo[],
): Promise<ReadonlyMap<string, Docker.ImageInspectInfo>> {
  const ids = [...new Set(containers.map(({ Image }) => Image))];
  const found = await Promise.all(
    ids.map(async (id) => {
      try {
        return [[id, await docker.getImage(id).inspect()] as const];
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return [];
        throw error;
      }
    }),
  );
  return new Map(found.flat());
}

function serviceOf(
  { Name, Image, Config, HostConfig, NetworkSettings, Mounts, State }: Docker.ContainerInspectInfo,
  image: Docker.ImageInspectInfo | undefined,
  { mask, short }: { mask: Mask; short: (name: string) => string },
): object {
  const own = new Set(image?.Config.Env ?? []);
  const environment = Config.Env.filter((line) => !own.has(line)).map((line) => {
    const equals = line.indexOf("=");
    return [line.slice(0, equals), line.slice(equals + 1)] as const;
  });
  const entrypoint = differing(listOf(Config.Entrypoint), listOf(image?.Config.Entrypoint));
  const command = differing(listOf(Config.Cmd), listOf(image?.Config.Cmd));
  const ports = Object.entries(HostConfig.PortBindings as Record<string, readonly Binding[] | null>).flatMap(
    ([inside, bindings]) => (bindings ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}:${inside}`),
  );
  const volumes = Mounts.filter(({ Type }) => Type === "volume");
  return {
    image: Image,
    "x-image": Config.Image,
    "x-state": State.Status,
    container_name: Name.replace(/^\//, ""),
    hostname: Config.Hostname,
    ...(Config.User !== "" && { user: Config.User }),
    ...(entrypoint && { entrypoint: entrypoint.map((word) => mask(word)) }),
    ...(command && { command: command.map((word) => mask(word)) }),
    ...(environment.length > 0 && {
      environment: Object.fromEntries(environment.map(([name, value]) => [name, mask(value, name)])),
    }),
    ...(ports.length > 0 && { ports }),
    networks: Object.fromEntries(
      Object.entries(NetworkSettings.Networks)
        .toSorted(([a], [b]) => a.localeCompare(b))
        .map(([name, { IPAddress, Aliases }]) => [
          short(name),
          { ...(IPAddress !== "" && { ipv4_address: IPAddress }), aliases: namesOnly(Aliases, Config.Hostname) },
        ]),
    ),
    ...(volumes.length > 0 && { volumes: volumes.map((one) => `${short(one.Name ?? "")}:${one.Destination}`) }),
    ...(HostConfig.Tmpfs && {
      tmpfs: Object.entries(HostConfig.Tmpfs as Record<string, string>).map(([where, how]) => `${where}:${how}`),
    }),
    init: HostConfig.Init ?? false,
    restart: HostConfig.RestartPolicy?.Name || "no",
    stop_signal: (Config as { StopSignal?: string }).StopSignal,
    mem_limit: HostConfig.Memory,
    pids_limit: HostConfig.PidsLimit,
    security_opt: HostConfig.SecurityOpt as readonly string[] | undefined,
    ...(HostConfig.CapDrop && { cap_drop: HostConfig.CapDrop as readonly string[] }),
    logging: { driver: HostConfig.LogConfig?.Type, options: HostConfig.LogConfig?.Config as unknown },
    labels: Config.Labels,
  };
}

interface Binding {
  HostIp: string;
  HostPort: string;
}

/** The engine gives every container its own id as a name, too. */
function namesOnly(aliases: readonly string[] | null | undefined, hostname: string): readonly string[] {
  const names = (aliases ?? []).filter((alias) => !/^[0-9a-f]{12}$/.test(alias));
  return names.length > 0 ? [...new Set(names)] : [hostname];
}

const listOf = (value: string | readonly string[] | null | undefined): readonly string[] =>
  value === null || value === undefined ? [] : typeof value === "string" ? [value] : value;

function differing(own: readonly string[], image: readonly string[]): readonly string[] | undefined {
  return own.length === image.length && own.every((word, i) => word === image[i]) ? undefined : own;
}

/** A text without its secrets; `name`: it is the value of this variable. */
type Mask = (text: string, name?: string) => string;

const noMask: Mask = (text) => text;
const HIDDEN = "***";
const SECRET_NAME = /PASSW|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_?KEY/i;
/** "://user:" of a URL, and the password that follows. */
const CREDENTIALS = /(:\/\/[^:@/\s]*:)[^@/\s]+(?=@)/g;
/** Nothing as short as this was generated, and it would stand everywhere. */
const SHORTEST = 8;

export function maskOf(secrets: readonly string[]): Mask {
  const known = secrets.flatMap((secret) => (secret.length < SHORTEST ? [] : [secret, encodeURIComponent(secret)]));
  return (text, name) => {
    if (name !== undefined && SECRET_NAME.test(name)) return HIDDEN;
    const without = known.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
    return without.replace(CREDENTIALS, `$1${HIDDEN}`);
  };
}

/** Every text below a value. */
function withMask(value: unknown, mask: Mask, name?: string): unknown {
  if (typeof value === "string") return mask(value, name);
  if (Array.isArray(value)) return value.map((each) => withMask(each, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withMask(each, mask, key)]));
}
