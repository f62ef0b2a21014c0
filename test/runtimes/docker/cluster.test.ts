// What a stack is on the engine: closed networks, containers that may little, and nothing left of it afterwards, whatever
// happened to it in between.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Cluster, LINKS, type Node, type StackPlace } from "../../../src/model/cluster.ts";
import type { LinkConfig } from "../../../src/model/link.ts";
import { NodeFailed } from "../../../src/model/problem.ts";
import type { Topology } from "../../../src/model/topology.ts";
import { docker } from "../../../src/runtimes/docker/cluster.ts";
import { connect, type Engine } from "../../../src/runtimes/docker/engine.ts";
import { imagesFor } from "../../../src/runtimes/docker/images.ts";
import { containerName, filterOf, networkName } from "../../../src/runtimes/docker/site.ts";
import { propertyTopology, spec } from "../../conformance/topology.ts";
import { temporaryHome } from "../children.ts";
import { addressIn, environmentIn, leftoversOf, placeIn, runIn, withDocker } from "./engine.ts";

const record = (happening: object) => ({ ...happening, seq: 0, at: 0 }) as never;
const never = () => new AbortController().signal;

/** One database: the smallest stack. */
function alone(more: Partial<Topology> = {}, seed?: string): Topology {
  const database = propertyTopology(seed).nodes.find(({ name }) => name === "db-us")!;
  return { ...propertyTopology(), regions: ["us"], nodes: [database], routes: {}, steady: [], links: [], ...more };
}

await withDocker("a stack on Docker", propertyTopology(), () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await connect();
  });

  /** Down and gone after the test, whatever came of it. */
  function place(name: string): StackPlace {
    const made = placeIn(temporaryHome(), name);
    onTestFinished(async () => (await docker().reconnect(made, alone())).down());
    return made;
  }

  describe("that is up", { timeout: 150_000 }, () => {
    let cluster: Cluster;
    let where: StackPlace;
    let removeHome = () => {};
    const node = (name: string): Node => cluster.nodes.find(({ spec }) => spec.name === name)!;
    const inspect = (name: string) => engine.docker.getContainer(containerName(where, name)).inspect();
    const containers = () => Promise.all(cluster.nodes.map(({ spec }) => inspect(spec.name)));

    beforeAll(async () => {
      where = placeIn(
        temporaryHome((remove) => (removeHome = remove)),
        "standing",
      );
      cluster = await docker().start(where, propertyTopology(), record, never());
    }, 120_000);
    afterAll(async () => {
      await cluster?.down();
      removeHome();
    });

    it("publishes ports on this machine alone", async () => {
      for (const { Name, HostConfig } of await containers()) {
        const bindings = Object.values(HostConfig.PortBindings as Record<string, readonly { HostIp: string }[]>).flat();
        expect(bindings.length, Name).toBeGreaterThan(0);
        expect(new Set(bindings.map(({ HostIp }) => HostIp)), Name).toEqual(new Set(["127.0.0.1"]));
      }
    });

    it("runs nothing as root, and nothing that could become it", async () => {
      for (const { Name, Config, HostConfig } of await containers()) {
        expect(HostConfig, Name).toMatchObject({
          Init: true,
          CapDrop: ["ALL"],
          SecurityOpt: ["no-new-privileges"],
          RestartPolicy: { Name: "no" },
          LogConfig: { Type: "json-file", Config: { "max-file": "2" } },
        });
        expect(HostConfig.Memory, Name).toBeGreaterThan(0);
        expect(HostConfig.Binds ?? [], Name).toEqual([]);
        expect(["", "0", "root"], Name).not.toContain(Config.User);
      }
      const ids = await runIn(
        engine,
        where,
        "backend-us",
        "console.log(process.getuid(), process.getgroups().includes(0))",
      );
      expect(ids).toBe("1000 false");
    });

    it("lets a node reach its own region by name and no other one, neither by name nor by address", async () => {
      const tried = async (host: string, port: number, patienceMs = 20_000) =>
        runIn(engine, where, "backend-us", tryTo(host, port, patienceMs));
      expect(await tried("db-us", 5432)).toBe("connected");
      expect(await tried("kafka", 29092)).toBe("connected");
      const away = [await addressIn(engine, where, "backend-eu", "eu"), await addressIn(engine, where, LINKS, "eu")];
      for (const address of away) expect(await tried(address, 8000, 700), address).toBe("nothing");
      expect(await tried("backend-eu", 8000)).toMatch(/ENOTFOUND|EAI_AGAIN/);
      expect(await tried("db-eu", 5432)).toMatch(/ENOTFOUND|EAI_AGAIN/);
    });

    it("opens a port of the link program to the zone whose crossing it is, and to no other", async () => {
      const { listeners, control } = JSON.parse(
        (await environmentIn(engine, where, LINKS))["LINK_CONFIG"]!,
      ) as LinkConfig;
      const openTo = async (node: string, zone: string) =>
        JSON.parse(
          await runIn(engine, where, node, tryAllPorts(await addressIn(engine, where, LINKS, zone))),
        ) as number[];
      const own = (zone: string) => listeners.filter(({ from }) => from === zone).map(({ listen }) => listen.port);
      expect(own("eu")).toHaveLength(1);
      for (const [node, zone] of [
        ["backend-us", "us"],
        ["backend-eu", "eu"],
      ] as const)
        // The control port is published, so it is open in every network; it does nothing without its token.
        expect(await openTo(node, zone), zone).toEqual([control!.port, ...own(zone)]);
      const asked = `fetch("http://links:${control!.port}/state").then(({ status }) => console.log(status))`;
      expect(await runIn(engine, where, "backend-us", asked)).toBe("401");
    });

    it("has one container that is in more than one network", async () => {
      const networks = Object.fromEntries(
        (await containers()).map(({ Config, NetworkSettings }) => [
          Config.Hostname,
          Object.keys(NetworkSettings.Networks).toSorted(),
        ]),
      );
      const of = (...zones: readonly string[]) => zones.map((zone) => networkName(where, zone)).toSorted();
      expect(networks).toEqual({
        gateway: of("edge"),
        links: of("edge", "eu", "us"),
        kafka: of("us"),
        "backend-us": of("us"),
        "db-us": of("us"),
        "backend-eu": of("eu"),
        "db-eu": of("eu"),
      });
    });

    it("tells each node where the others are for it: by name at home, through a link elsewhere", async () => {
      const broker = async (name: string) => (await environmentIn(engine, where, name))["KAFKA_BROKER"];
      expect(await broker("backend-us")).toBe("kafka:29092");
      expect(await broker("backend-eu")).toMatch(/^links:\d+$/);
      const { KAFKA_ADVERTISED_LISTENERS, DATABASE_URL } = {
        ...(await environmentIn(engine, where, "kafka")),
        ...(await environmentIn(engine, where, "backend-eu")),
      };
      expect(KAFKA_ADVERTISED_LISTENERS).toContain(`FROM_EU://${await broker("backend-eu")}`);
      expect(DATABASE_URL).not.toContain("written"); // the file's password is nobody's
    });

    it("leads the gateway to its regions again after the link program was away", async () => {
      await node(LINKS).kill();
      await node(LINKS).start();
      const servedBy = async () => (await node("gateway").request("/eu/health")).headers["x-served-by"];
      await expect.poll(servedBy, { timeout: 30_000 }).toBe("backend-eu");
    });

    it("comes back whole when every container has ended, all at the same time", async () => {
      await Promise.all(cluster.nodes.map((each) => each.kill()));
      expect(new Set((await cluster.observe()).nodes.values())).toEqual(new Set(["down"]));
      await Promise.all(cluster.nodes.map((each) => each.start()));
      // A backend that came before its database has answered that it misses it, and is as far up as it could be.
      const answers = () => Promise.all(cluster.nodes.map((each) => each.answers()));
      await expect.poll(answers, { timeout: 30_000 }).toEqual(cluster.nodes.map(() => true));
      const servedBy = async () => (await node("gateway").request("/us/health")).headers["x-served-by"];
      await expect.poll(servedBy, { timeout: 30_000 }).toBe("backend-us");
    });

    it("says that a port was taken meanwhile, and starts once it is free again", async () => {
      const port = Number(node("backend-eu").address.split(":")[1]);
      await node("backend-eu").kill();
      const squatter = net.createServer();
      await expect
        .poll(
          () =>
            new Promise<string>((resolve) => {
              squatter.once("error", (error: NodeJS.ErrnoException) => resolve(error.code!));
              squatter.listen(port, "127.0.0.1", () => resolve("taken"));
            }),
          { timeout: 30_000 }, // the engine gives it back when it comes to it
        )
        .toBe("taken");
      onTestFinished(() => void squatter.close());
      const failure = await node("backend-eu")
        .start()
        .catch((error: unknown) => error as NodeFailed);
      expect(failure).toBeInstanceOf(NodeFailed);
      expect(failure).toMatchObject({ node: "backend-eu", hint: expect.stringContaining("regionctl down") as string });
      expect((failure as NodeFailed).message).toContain(`port ${port} on 127.0.0.1 was taken`);
      await new Promise((resolve) => squatter.close(resolve));
      await node("backend-eu").start();
      expect(await node("backend-eu").answers()).toBe(true);
    });
  });

  describe("that comes and goes", { timeout: 150_000 }, () => {
    it("stands beside another one, and is taken down without it", async () => {
      const [one, two] = [place("one"), place("two")];
      const clusters = await Promise.all([one, two].map((where) => docker().start(where, alone(), record, never())));
      expect(clusters[0]!.nodes[0]!.address).not.toBe(clusters[1]!.nodes[0]!.address);
      await clusters[0]!.down();
      expect(await leftoversOf(engine, one)).toEqual([]);
      expect(await leftoversOf(engine, two)).toHaveLength(3); // its network, its container, its volume
      expect(await clusters[1]!.nodes[0]!.answers()).toBe(true);
    });

    it("leaves nothing when a node does not come up, and says why with its log", async () => {
      const where = place("broken");
      const seed = path.join(temporaryHome(), "broken.sql");
      fs.writeFileSync(seed, "SELECT nonsense FROM nowhere;\n");
      const failure = await docker()
        .start(where, alone({}, seed), record, never())
        .catch((error: unknown) => error as NodeFailed);
      expect(failure).toBeInstanceOf(NodeFailed);
      expect((failure as NodeFailed).message).toMatch(/^db-us exited with code \d+ while it was starting$/);
      expect((failure as NodeFailed).logLines.join("\n")).toContain('relation "nowhere" does not exist');
      expect(await leftoversOf(engine, where)).toEqual([]);
    });

    it("leaves nothing when it is interrupted while it starts, at any moment", async () => {
      const where = place("interrupted");
      for (const moment of ["starting", "a container", "running"]) {
        const interrupt = new AbortController();
        const starting = docker().start(where, propertyTopology(), record, interrupt.signal);
        starting.catch(() => {});
        const filters = filterOf(where);
        const reached = async () => {
          if (moment === "starting") return true;
          const found = await engine.docker.listContainers({ all: moment === "a container", filters });
          return found.length > 0;
        };
        await expect.poll(reached, { interval: 5, timeout: 60_000 }).toBe(true);
        interrupt.abort(new Error("interrupted"));
        await expect(starting, moment).rejects.toThrow("interrupted");
        expect(await leftoversOf(engine, where), moment).toEqual([]);
      }
    });

    it("is taken down also when half of it is gone, or was only made and never started", async () => {
      const where = place("half");
      const cluster = await docker().start(where, alone(), record, never());
      await engine.docker.getContainer(containerName(where, "db-us")).remove({ force: true });
      // Not just any that there is: another test may be about to remove its own.
      const image = (await imagesFor(engine.docker, alone())).get("db-us")!;
      const labels = { "regionctl.stack": where.id };
      await engine.docker.createContainer({ Image: image, Cmd: ["true"], Labels: labels });
      await engine.docker.createNetwork({ Name: networkName(where, "ap"), Labels: labels });
      expect((await leftoversOf(engine, where)).length).toBeGreaterThan(2);
      await cluster.down();
      expect(await leftoversOf(engine, where)).toEqual([]);
      await cluster.down();
    });

    it("runs a user's own image as it is, with its files and with addresses of its zone", async () => {
      const where = place("own");
      const page = path.join(temporaryHome(), "site.conf");
      fs.writeFileSync(page, 'events {}\nhttp { server { listen 80; location / { return 200 "mine"; } } }\n');
      const image = (await imagesFor(engine.docker, propertyTopology())).get("gateway")!;
      const web = (region: string, other: string) =>
        spec({
          name: `web-${region}`,
          role: "service",
          region,
          port: 80,
          image,
          environment: { PEER: `http://web-${other}:80/`, SELF: `web-${region}:80` },
          files: [{ source: page, target: "/etc/nginx/nginx.conf" }],
        });
      const topology = alone({ regions: ["us", "eu"], nodes: [web("us", "eu"), web("eu", "us")] });
      const cluster = await docker().start(where, topology, record, never());
      const us = cluster.nodes.find(({ spec }) => spec.name === "web-us")!;
      expect((await us.request("/")).body).toBe("mine");
      const environment = await environmentIn(engine, where, "web-us");
      expect(environment["SELF"]).toBe("web-us:80");
      expect(environment["PEER"]).toMatch(/^http:\/\/links:\d+\/$/);
      await us.kill();
      expect(await us.connects()).toBe(false);
      await us.start();
      expect(await us.connects()).toBe(true);
    });
  });

  describe("that cannot be", () => {
    it("says which image is missing and how to get it", async () => {
      const reason = await docker({ images: { kafka: "nobody/nothing:1" } }).unavailable(propertyTopology());
      expect(reason).toContain("nobody/nothing:1 (kafka)");
      expect(reason).toContain("regionctl images");
    });

    it("leaves nothing behind when it is asked for all the same", async () => {
      const where = place("missing");
      const images = { postgres: "nobody/nothing:1" };
      await expect(docker({ images }).start(where, alone(), record, never())).rejects.toThrow("nobody/nothing:1");
      expect(await leftoversOf(engine, where)).toEqual([]);
    });
  });
});

describe("the Docker runtime without an engine", () => {
  const nowhere = { engine: () => connect({ DOCKER_HOST: "unix:///nowhere/docker.sock" }) };

  it("says that Docker is not running, and what to do", async () => {
    const reason = await docker(nowhere).unavailable(propertyTopology());
    expect(reason).toContain("Docker is not running");
    expect(reason).toContain("--runtime embedded");
  });

  it("refuses by name what it does not run, and what it cannot name, before it asks any engine", async () => {
    const queue = spec({ name: "queue", role: "rabbitmq", region: "us", port: 5672 });
    expect(await docker(nowhere).unavailable(alone({ nodes: [queue] }))).toMatch(/^queue: RabbitMQ does not run/);
    const own = spec({ name: LINKS, role: "service", region: "us", port: 80 });
    expect(await docker(nowhere).unavailable(alone({ nodes: [own] }))).toMatch(
      /^links: .* give that service another name$/,
    );
  });

  it("refuses an engine of another machine, whose ports are not here", async () => {
    const far = async () => ({ ...({} as Engine), address: "tcp://10.0.0.5:2376", local: false });
    expect(await docker({ engine: far }).unavailable(propertyTopology())).toContain("on another machine");
  });
});

/** A program that says "connected", "nothing" after a while, or the error's code. */
function tryTo(host: string, port: number, patienceMs: number): string {
  return `const socket = require("net").connect({ host: ${JSON.stringify(host)}, port: ${port}, timeout: ${patienceMs} });
    const say = (word) => { console.log(word); process.exit(0); };
    socket.on("connect", () => say("connected")).on("timeout", () => say("nothing")).on("error", (e) => say(e.code));`;
}

/** A program that says which ports of a host take connections. */
function tryAllPorts(host: string): string {
  return `const open = []; let next = 1, left = 65535;
    const one = () => {
      if (next > 65535) return;
      const port = next++;
      const socket = require("net").connect({ host: ${JSON.stringify(host)}, port });
      const done = () => { socket.destroy(); if (--left === 0) console.log(JSON.stringify(open.sort((a, b) => a - b))); else one(); };
      socket.on("connect", () => { open.push(port); done(); }).on("error", done);
    };
    for (let i = 0; i < 200; i++) one();`;
}
