// The same containers as those of a stack, started in the same order and as parallel, but waited for as everybody does: by the
// health checks of the Compose file and the engine's events. What costs is the interval of a check.
import fs from "node:fs";
import type Docker from "dockerode";
import { parse } from "yaml";
import { parseDuration } from "../../../src/model/units.ts";
import { connect } from "../../../src/runtimes/docker/engine.ts";
import { filterOf, LABEL } from "../../../src/runtimes/docker/site.ts";
import { type Bench, TOPOLOGY_FILE } from "../bench.ts";
import { placeOf } from "./up.ts";

const REPOSITORY = "regionctl-bench";
const PATIENCE_MS = 60_000;

interface Check {
  test: string[];
  interval: string;
  timeout: string;
  retries: number;
}
interface Service {
  healthcheck?: Check;
}

/** One container of the stack, taken down to what makes another one. */
interface Mould {
  node: string;
  /** The first is its own; with the names that it has there. */
  networks: readonly { name: string; aliases: readonly string[] }[];
  options: Docker.ContainerCreateOptions;
}

/** The stack is up, and is taken down. Milliseconds of each start from nothing. */
export async function healthEventUps(bench: Bench, times: number): Promise<readonly number[]> {
  const { docker } = await connect();
  const { services } = parse(fs.readFileSync(TOPOLOGY_FILE, "utf8")) as { services: Readonly<Record<string, Service>> };
  const place = placeOf(bench.home);
  const containers = await docker.listContainers({ all: true, filters: filterOf(place) });
  const moulds: Mould[] = [];
  const taken: number[] = [];
  try {
    for (const { Id, Labels } of containers)
      moulds.push(await mouldOf(docker.getContainer(Id), Labels[LABEL.node]!, services));
    await bench.regionctl("down", "--json");
    for (let i = 0; i < times; i++) taken.push(await startOnce(docker, moulds));
    return taken;
  } finally {
    for (const { options } of moulds) await docker.getImage(options.Image!).remove({ force: true });
  }
}

/** What was copied into it becomes an image; what is in its volumes does not. */
async function mouldOf(
  container: Docker.Container,
  node: string,
  services: Readonly<Record<string, Service>>,
): Promise<Mould> {
  const { Config, HostConfig, NetworkSettings } = await container.inspect();
  const Image = `${REPOSITORY}/${node}:now`;
  await container.commit({ repo: `${REPOSITORY}/${node}`, tag: "now" });
  const check = services[node]?.healthcheck;
  return {
    node,
    networks: Object.entries(NetworkSettings.Networks)
      .map(([name, { Aliases }]) => ({ name, aliases: (Aliases as string[] | null) ?? [node] }))
      .toSorted((a, b) => Number(b.name === HostConfig.NetworkMode) - Number(a.name === HostConfig.NetworkMode)),
    options: {
      Image,
      Hostname: node,
      User: Config.User,
      Entrypoint: Config.Entrypoint,
      Cmd: Config.Cmd,
      Env: Config.Env,
      ExposedPorts: Config.ExposedPorts,
      Healthcheck: check && {
        Test: check.test.map((word) => word.replace(/\$\{\w+:-([^}]*)\}/g, "$1")),
        Interval: nanoseconds(check.interval),
        Timeout: nanoseconds(check.timeout),
        Retries: check.retries,
      },
      HostConfig: { ...HostConfig, Mounts: [] }, // new volumes each time
    },
  };
}

const nanoseconds = (text: string) => parseDuration(text)! * 1_000_000;

async function startOnce(docker: Docker, moulds: readonly Mould[]): Promise<number> {
  const began = performance.now();
  const networks = [...new Set(moulds.flatMap((mould) => mould.networks.map(({ name }) => name)))];
  const started = new Map<string, Docker.Container>();
  const healthy = new Set<string>();
  let look = () => {};
  const events = await docker.getEvents({ filters: { event: ["health_status"] } });
  events.on("data", (bytes: Buffer) => {
    for (const line of bytes.toString().split("\n").filter(Boolean)) {
      const { status, id } = JSON.parse(line) as { status: string; id: string };
      if (status === "health_status: healthy") healthy.add(id);
    }
    look();
  });
  try {
    await Promise.all(networks.map((Name) => docker.createNetwork({ Name, Driver: "bridge" })));
    const start = async ({ node, networks, options }: Mould) => {
      const [own, ...others] = networks;
      const container = await docker.createContainer({
        ...options,
        NetworkingConfig: { EndpointsConfig: { [own!.name]: { Aliases: [...own!.aliases] } } },
      });
      started.set(node, container);
      for (const { name, aliases } of others)
        await docker.getNetwork(name).connect({ Container: container.id, EndpointConfig: { Aliases: [...aliases] } });
      return container;
    };
    // NGINX ends when a name is unknown to it: it is the one that starts after the others.
    const gateway = moulds.find(({ node }) => node === "gateway")!;
    const rest = moulds.filter((mould) => mould !== gateway);
    const last = start(gateway);
    await Promise.all(rest.map(async (mould) => (await start(mould)).start()));
    await (await last).start();
    const awaited = moulds.filter(({ options }) => options.Healthcheck !== undefined);
    await new Promise<void>((resolve, reject) => {
      const late = () =>
        reject(
          new Error(
            `not healthy within ${PATIENCE_MS / 1_000} s: ${awaited
              .filter(({ node }) => !healthy.has(started.get(node)!.id))
              .map(({ node }) => node)
              .join(", ")}`,
          ),
        );
      const timer = setTimeout(late, PATIENCE_MS);
      look = () => {
        if (!awaited.every(({ node }) => healthy.has(started.get(node)!.id))) return;
        clearTimeout(timer);
        resolve();
      };
      look();
    });
    return performance.now() - began;
  } finally {
    (events as unknown as { destroy(): void }).destroy();
    await Promise.all([...started.values()].map((container) => container.remove({ force: true, v: true })));
    for (const name of networks) await docker.getNetwork(name).remove();
  }
}
