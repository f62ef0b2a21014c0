// The Docker engine for tests. Where none can be used they are left out, and say so; with REGIONCTL_TEST_DOCKER=required (as in
// CI) they fail instead, so that nobody takes silence for success.
import dns from "node:dns";
import fs from "node:fs";
import path from "node:path";
import { describe, it } from "vitest";
import { LINKS, type StackPlace } from "../../../src/model/cluster.ts";
import type { Topology } from "../../../src/model/topology.ts";
import { docker } from "../../../src/runtimes/docker/cluster.ts";
import type { Engine } from "../../../src/runtimes/docker/engine.ts";
import { linesOf } from "../../../src/runtimes/docker/log.ts";
import { containerName, filterOf, networkName } from "../../../src/runtimes/docker/site.ts";

/** Runs `body` where an engine has every image of the topology. */
export async function withDocker(what: string, topology: Topology, body: () => void): Promise<void> {
  const reason = await docker().unavailable(topology);
  if (reason === undefined) return body();
  if (process.env["REGIONCTL_TEST_DOCKER"] === "required")
    describe(what, () =>
      it("finds an engine with every image", () => {
        throw new Error(reason);
      }),
    );
  else describe.skip(`${what} (left out: ${reason})`, body); // all of them, so that it shows how many
}

let stacks = 0;

/** A place for a stack that no other has. */
export function placeIn(home: string, name: string): StackPlace {
  const directory = path.join(home, "stacks", name);
  fs.mkdirSync(directory, { recursive: true });
  return { name, id: `test${process.pid}x${++stacks}`, directory };
}

/** Everything on the engine that carries the mark of this stack, as readable lines. */
export async function leftoversOf({ docker }: Engine, place: StackPlace): Promise<readonly string[]> {
  const filters = filterOf(place);
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return [
    ...containers.map(({ Names }) => `container ${Names.join()}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
  ];
}

/** The environment that a container was made with. */
export async function environmentIn({ docker }: Engine, place: StackPlace, node: string) {
  const { Config } = await docker.getContainer(containerName(place, node)).inspect();
  return Object.fromEntries(
    Config.Env.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
  );
}

/** Where a container is in the network of a zone. The machine of the engine can go there; only on Linux that is this one. */
export async function addressIn({ docker }: Engine, place: StackPlace, node: string, zone: string): Promise<string> {
  const { NetworkSettings } = await docker.getContainer(containerName(place, node)).inspect();
  const address = NetworkSettings.Networks[networkName(place, zone)]?.IPAddress;
  if (address === undefined || address === "") throw new Error(`${node} is not in the network of ${zone}`);
  return address;
}

/** For one test file: this process finds the name "links" as a container of this zone does. */
export function asIn(engine: Engine, place: StackPlace, zone: string): () => void {
  const real = dns.lookup;
  dns.lookup = ((hostname: string, options: dns.LookupOptions, callback: (...answer: readonly unknown[]) => void) => {
    if (hostname !== LINKS) return real(hostname, options, callback);
    addressIn(engine, place, LINKS, zone).then(
      (address) => (options.all === true ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)),
      (error: unknown) => callback(error),
    );
  }) as typeof dns.lookup;
  return () => {
    dns.lookup = real;
  };
}

/** What a Node.js program prints that is run inside a node's container, beside what runs there already. */
export async function runIn({ docker }: Engine, place: StackPlace, node: string, program: string): Promise<string> {
  const container = docker.getContainer(containerName(place, node));
  const exec = await container.exec({ Cmd: ["node", "-e", program], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return linesOf(Buffer.concat(parts)).join("\n");
}
