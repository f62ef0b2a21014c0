// What a stack is on the engine: a network per zone, a container per node, a volume per place where its image keeps data.
// All of it is made here, and all of it is taken away here, found by its labels.
import type Docker from "dockerode";
import type { StackPlace } from "../../model/cluster.ts";
import { StackError } from "../../model/problem.ts";
import { zonesOf } from "../../model/link.ts";
import type { NodeSpec, Topology } from "../../model/topology.ts";
import { nodesOfStack } from "../embedded/links.ts";
import { type Inside, recipeOf } from "./roles.ts";
import {
  aliasesOf,
  containerName,
  filterOf,
  LABEL,
  labelsOf,
  networkName,
  published,
  type Site,
  volumeName,
} from "./site.ts";
import { tar } from "./tar.ts";
import { asked, type EngineError, explained, isGone, isSoAlready } from "./trouble.ts";

/** Zones in which a node lives, be it the link program; that one is in all of them. */
export function zonesInUse(topology: Topology): readonly string[] {
  const nodes = nodesOfStack(topology);
  return zonesOf(topology).filter((zone) => nodes.some((node) => node.region === zone));
}

/**
 * Bridges: the engine lets nothing pass from one to another, by name or by address. They are not `internal`, because such a
 * network publishes no ports, and the observer's come to 127.0.0.1 of this machine.
 */
export async function createNetworks(
  engine: Docker,
  { place, topology }: Site,
  zones: readonly string[] = zonesInUse(topology),
): Promise<void> {
  await all(
    zones.map((zone) =>
      asked(`make the network of ${zone}`, () =>
        engine.createNetwork({
          Name: networkName(place, zone),
          Driver: "bridge",
          Labels: labelsOf(place),
          CheckDuplicate: true, // older engines would make two of one name
        }),
      ),
    ),
  );
}

/** Makes the container of a node with everything that it needs inside; starts nothing. */
export async function createContainer(engine: Docker, spec: NodeSpec, image: string, site: Site): Promise<void> {
  await asked(`make the container of ${spec.name}`, async () => {
    const inside = recipeOf(spec).container(spec, site);
    const volumes = await volumesOf(engine, image);
    const container = await engine.createContainer(optionsOf(spec, image, inside, volumes, site));
    await all([
      inside.files.length > 0 ? container.putArchive(tar(inside.files), { path: "/" }) : undefined,
      spec.role === "link" ? joinAll(engine, spec, site) : undefined,
    ]);
  });
}

/** The one container that is in every network: whatever crosses from one to another goes through it. */
async function joinAll(engine: Docker, spec: NodeSpec, { place, topology }: Site): Promise<void> {
  const Container = containerName(place, spec.name);
  // One after the other: the engine changes one container at a time.
  for (const zone of zonesInUse(topology).filter((each) => each !== spec.region)) {
    const network = engine.getNetwork(networkName(place, zone));
    await network.connect({ Container, EndpointConfig: { Aliases: aliasesOf(spec, zone) } });
  }
}

/** Where an image keeps data. Its volumes are named, so that they carry our labels and survive their container. */
export async function volumesOf(engine: Docker, image: string): Promise<readonly string[]> {
  const { Config } = await engine.getImage(image).inspect();
  return Object.keys((Config.Volumes as Readonly<Record<string, unknown>> | null) ?? {}).toSorted();
}

const MEBIBYTE = 2 ** 20;
const MOST_PROCESSES = 512;
const LOG_LIMIT = { "max-size": "32m", "max-file": "2" };

function optionsOf(
  spec: NodeSpec,
  image: string,
  inside: Inside,
  volumes: readonly string[],
  site: Site,
): Docker.ContainerCreateOptions {
  const { place } = site;
  const Labels = labelsOf(place, spec.name);
  const listeners = recipeOf(spec)
    .listeners(spec)
    .map(({ name, inside }) => [`${inside}/tcp`, published(site, spec.name, name)] as const);
  return {
    name: containerName(place, spec.name),
    Image: image,
    Hostname: spec.name,
    Labels,
    ...(inside.user !== undefined && { User: inside.user }),
    ...(inside.entrypoint && { Entrypoint: [...inside.entrypoint] }),
    ...(inside.command && { Cmd: [...inside.command] }),
    Env: Object.entries(inside.environment).map(([name, value]) => `${name}=${value}`),
    StopSignal: inside.stopSignal,
    Healthcheck: { Test: ["NONE"] }, // we ask ourselves, and sooner
    ExposedPorts: Object.fromEntries(listeners.map(([port]) => [port, {}])),
    NetworkingConfig: {
      EndpointsConfig: { [networkName(place, spec.region)]: { Aliases: aliasesOf(spec, spec.region) } },
    },
    HostConfig: {
      NetworkMode: networkName(place, spec.region),
      // A name that nobody has (any more) shall be unknown at once, also where the machine's own name server is far away.
      DnsOptions: ["timeout:1", "attempts:1"],
      PortBindings: Object.fromEntries(
        listeners.map(([port, { host, port: on }]) => [port, [{ HostIp: host, HostPort: String(on) }]]),
      ),
      Mounts: volumes.map((target, index) => ({
        Type: "volume" as const,
        Source: volumeName(place, spec.name, index),
        Target: target,
        VolumeOptions: { NoCopy: false, Labels, DriverConfig: { Name: "local", Options: {} } },
      })),
      ...(inside.scratch && { Tmpfs: Object.fromEntries(inside.scratch.map((one) => [one, tmpfs(inside.user)])) }),
      Init: true, // reaps what it leaves, and hands signals on
      RestartPolicy: { Name: "no" }, // a kill is a kill
      LogConfig: { Type: "json-file", Config: LOG_LIMIT },
      Memory: inside.memoryMiB * MEBIBYTE,
      PidsLimit: MOST_PROCESSES,
      SecurityOpt: ["no-new-privileges"],
      ...(inside.capabilities === "none" && { CapDrop: ["ALL"] }),
    },
  };
}

/** A directory in memory of this user ("101:101"): where the image has one already, its mode stays but its owner would not. */
function tmpfs(user = "0:0"): string {
  const [uid, gid] = user.split(":");
  return `rw,uid=${uid},gid=${gid ?? uid},mode=1777,size=64m`;
}

/** Everything at once. Rejects with the first error, once nothing is under way any more. */
async function all(work: readonly unknown[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}

const GONE_WITHIN_MS = 60_000;
const AGAIN_AFTER_MS = 100;

/** Removes everything that carries the label of this stack, whatever state it is in. Twice is harmless. */
export async function removeAll(engine: Docker, place: StackPlace): Promise<void> {
  const filters = filterOf(place);
  let refused: unknown;
  const tries = (work: readonly Promise<unknown>[]) =>
    Promise.all(
      work.map((one) =>
        one.catch((error: unknown) => {
          // Somebody else removes it, or a container is only just leaving its network: the next round sees.
          if (!isGone(error)) refused = error;
        }),
      ),
    );
  for (const began = performance.now(); ; await pause(AGAIN_AFTER_MS)) {
    refused = undefined;
    // What a command that was killed had asked for may appear between two looks: only a look that finds nothing is the last.
    const containers = await asked("list containers", () => engine.listContainers({ all: true, filters }));
    await tries(containers.map(({ Id }) => engine.getContainer(Id).remove({ force: true, v: true })));
    const [networks, { Volumes }] = await asked("list networks and volumes", () =>
      Promise.all([engine.listNetworks({ filters }), engine.listVolumes({ filters })]),
    );
    await tries([
      ...networks.map(({ Id }) => engine.getNetwork(Id).remove()),
      ...(Volumes ?? []).map(({ Name }) => engine.getVolume(Name).remove()),
    ]);
    if (containers.length + networks.length + (Volumes ?? []).length === 0) return;
    const isLasting = refused !== undefined && !isSoAlready(refused) && (refused as EngineError).statusCode !== 403;
    if (!isLasting && performance.now() - began < GONE_WITHIN_MS) continue;
    if (refused !== undefined) throw explained(refused, `remove stack "${place.name}"`);
    throw new StackError(
      `the Docker engine still has parts of stack "${place.name}" after ${GONE_WITHIN_MS / 1_000} s`,
      `Look with: docker ps -a --filter label=${LABEL.stack}=${place.id}`,
    );
  }
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve();
    }
  });
}
