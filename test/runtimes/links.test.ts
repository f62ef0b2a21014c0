// Where the nodes of an embedded stack are told that others are: in their own region directly, everywhere else at a link.
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Cluster, LINKS, type StackPlace } from "../../src/model/cluster.ts";
import type { Happening } from "../../src/model/event.ts";
import { crossingsOf, type LinkConfig, type TimedRule } from "../../src/model/link.ts";
import { StackError } from "../../src/model/problem.ts";
import type { NodeSpec, Topology } from "../../src/model/topology.ts";
import { embedded } from "../../src/runtimes/embedded/cluster.ts";
import { httpTo } from "../../src/runtimes/embedded/http.ts";
import { crossingName, remoteLinks, rulesOrder } from "../../src/runtimes/embedded/links.ts";
import { findByMark } from "../../src/runtimes/embedded/processes.ts";
import { type Ports, readPorts } from "../../src/runtimes/embedded/ports.ts";
import { propertyTopology, spec } from "../conformance/topology.ts";
import { temporaryHome } from "./children.ts";
import { standIns } from "./stand-ins.ts";

let home: string;
let seed: string;
let program: ReturnType<typeof standIns>;
let remove = () => {};

beforeAll(() => {
  home = temporaryHome((how) => (remove = how));
  program = standIns(home);
  seed = path.join(home, "seed.sql");
  fs.writeFileSync(seed, "CREATE TABLE things (id int);");
});
afterAll(() => remove());

const runtime = () => embedded({ home, program });
const record = (happening: Happening) => ({ ...happening, seq: 0, at: 0 });
const withNodes = (topology: Topology, ...more: readonly NodeSpec[]) => ({
  ...topology,
  nodes: [...topology.nodes, ...more],
});

let count = 0;

interface Standing {
  place: StackPlace;
  topology: Topology;
  cluster: Cluster;
  ports: Ports;
}

function newPlace(): StackPlace {
  const name = `links-${++count}`;
  const directory = path.join(home, "stacks", name);
  fs.mkdirSync(directory, { recursive: true });
  return { name, id: `l${process.pid}x${count}`, directory };
}

async function stand(topology: Topology = propertyTopology(seed)): Promise<Standing> {
  const place = newPlace();
  onTestFinished(async () => (await runtime().reconnect(place, topology)).down());
  const cluster = await runtime().start(place, topology, record, new AbortController().signal);
  return { place, topology, cluster, ports: readPorts(place) };
}

const nodeOf = ({ cluster }: Standing, name: string) => cluster.nodes.find((node) => node.spec.name === name)!;
const portOf = (address: string) => Number(address.split(":").at(-1));

type Environment = Readonly<Record<string, string>>;

/** What the program of a node was told. */
async function environmentOf(stack: Standing, name: string): Promise<Environment> {
  const node = nodeOf(stack, name);
  if (["kafka", LINKS].includes(name)) {
    const file = path.join(stack.place.directory, "data", name, "environment.json");
    return JSON.parse(fs.readFileSync(file, "utf8")) as Environment;
  }
  return ((await node.request("/")).body as { environment: Environment }).environment;
}

/** "US://127.0.0.1:20000,EU://127.0.0.1:20001" -> {US: 20000, EU: 20001} */
function listenersIn(value: string | undefined): Readonly<Record<string, number>> {
  return Object.fromEntries(
    (value ?? "").split(",").map((one) => [one.slice(0, one.indexOf(":")), portOf(one)] as const),
  );
}

describe("a node's environment", () => {
  it("holds what the topology says, resolved for its region, and nothing of the user's own", async () => {
    process.env["DATABASE_URL"] = "postgres://mine";
    process.env["PGPASSWORD"] = "mine";
    onTestFinished(() => {
      delete process.env["DATABASE_URL"];
      delete process.env["PGPASSWORD"];
    });
    const stack = await stand();
    const links = stack.ports[LINKS]!;
    const us = await environmentOf(stack, "backend-us");
    const eu = await environmentOf(stack, "backend-eu");

    expect(us["DATABASE_URL"]).toMatch(
      new RegExp(`^postgres://app:[0-9a-f]{32}@${nodeOf(stack, "db-us").address}/properties_us$`),
    );
    expect(us).toMatchObject({ REGION: "us", REGIONS: "us,eu", NODE_NAME: "backend-us", HOST: "127.0.0.1" });
    expect(us["KAFKA_BROKER"]).toBe(nodeOf(stack, "kafka").address);
    expect(eu["KAFKA_BROKER"]).toBe(`127.0.0.1:${links["eu -> kafka"]}`);
    expect(us["NODE_ENV"]).toBe("production");
    expect(Object.keys(us)).not.toContain("PGPASSWORD");
    expect(JSON.parse((await environmentOf(stack, "gateway"))["GATEWAY_CONFIG"]!)).toMatchObject({
      upstreams: {
        us: [{ address: `127.0.0.1:${links["edge -> backend-us"]}` }],
        eu: [{ address: `127.0.0.1:${links["edge -> backend-eu"]}` }],
      },
    });
  });

  it("never holds a port of a node in another zone, in three regions either; only the link program knows those", async () => {
    const two = propertyTopology(seed);
    const backend = two.nodes.find(({ name }) => name === "backend-eu")!;
    const database = two.nodes.find(({ name }) => name === "db-eu")!;
    const toAp = (text: string) => text.replaceAll("eu", "ap");
    const moved = (node: NodeSpec): NodeSpec => ({
      ...node,
      name: toAp(node.name),
      region: "ap",
      needs: node.needs.map(toAp),
      environment: Object.fromEntries(Object.entries(node.environment).map(([key, value]) => [key, toAp(value)])),
    });
    const three = { ...withNodes(two, moved(backend), moved(database)), regions: ["us", "eu", "ap"] };
    const stack = await stand({ ...three, routes: { ...two.routes, "/ap": "ap" } });
    const foreign = (zone: string) =>
      stack.topology.nodes
        .filter(({ region }) => region !== zone)
        .flatMap(({ name }) => Object.values(stack.ports[name]!).map(String));
    const said = async (name: string) => Object.values(await environmentOf(stack, name)).join(" ");

    for (const { name, region } of stack.topology.nodes.filter(({ role }) => role !== "postgres")) {
      const numbers = (await said(name)).match(/\d+/g) ?? [];
      expect(
        numbers.filter((number) => foreign(region).includes(number)),
        name,
      ).toEqual([]);
    }
    const known = (await said(LINKS)).match(/\d+/g) ?? [];
    expect(known).toEqual(
      expect.arrayContaining(["us", "eu", "ap"].map((r) => String(stack.ports[`backend-${r}`]!["main"]))),
    );
    expect(crossingsOf(stack.topology).map(crossingName)).toEqual([
      "edge -> backend-us",
      "edge -> backend-eu",
      "edge -> backend-ap",
      "eu -> kafka",
      "ap -> kafka",
    ]);
  });
});

describe("a broker", () => {
  it("listens for every zone that calls it, and advertises to each its own link", async () => {
    const stack = await stand();
    const { KAFKA_LISTENERS, KAFKA_ADVERTISED_LISTENERS } = await environmentOf(stack, "kafka");
    const own = listenersIn(KAFKA_LISTENERS);
    const home = portOf(nodeOf(stack, "kafka").address);
    expect(own).toEqual({ US: home, EU: stack.ports["kafka"]!["eu"] });
    expect(listenersIn(KAFKA_ADVERTISED_LISTENERS)).toEqual({ US: home, EU: stack.ports[LINKS]!["eu -> kafka"] });

    const { listeners } = JSON.parse((await environmentOf(stack, LINKS))["LINK_CONFIG"]!) as LinkConfig;
    expect(listeners.find(({ to }) => to === "kafka")).toEqual({
      from: "eu",
      to: "kafka",
      toZone: "us",
      listen: { host: "127.0.0.1", port: stack.ports[LINKS]!["eu -> kafka"] },
      upstream: { host: "127.0.0.1", port: own["EU"] },
    });
  });

  it("is given its file's settings, but where it listens and writes is the runtime's to say", async () => {
    const written = {
      KAFKA_LISTENERS: "PLAINTEXT://:29092,CONTROLLER://localhost:9093",
      KAFKA_ADVERTISED_LISTENERS: "PLAINTEXT://kafka:29092",
      KAFKA_LOG_DIRS: "/var/lib/kafka/data",
      KAFKA_LOG_SEGMENT_BYTES: "1048576",
      KAFKA_LOG_RETENTION_MS: "60000",
      KAFKA_LOG_FSYNC: "group",
      KAFKA_GROUP_PERSIST_MEMBERS: "true",
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "7",
    };
    const topology = propertyTopology(seed);
    const nodes = topology.nodes.map((node) => (node.name === "kafka" ? { ...node, environment: written } : node));
    const stack = await stand({ ...topology, nodes });
    const told = await environmentOf(stack, "kafka");
    const { KAFKA_LISTENERS, KAFKA_ADVERTISED_LISTENERS, KAFKA_LOG_DIRS, ...kept } = written;
    expect(told).toMatchObject(kept);
    expect(Object.keys(listenersIn(told["KAFKA_LISTENERS"]))).toEqual(["US", "EU"]);
    expect(told["KAFKA_LISTENERS"]).not.toBe(KAFKA_LISTENERS);
    expect(told["KAFKA_ADVERTISED_LISTENERS"]).not.toBe(KAFKA_ADVERTISED_LISTENERS);
    expect(told["KAFKA_LOG_DIRS"]).not.toBe(KAFKA_LOG_DIRS);
  });
});

describe("the link program", () => {
  it("is a node of the cluster where anything crosses, and there is none where nothing does", async () => {
    const stack = await stand();
    expect(stack.cluster.nodes.map((node) => node.spec.name)).toContain(LINKS);
    expect(nodeOf(stack, LINKS).spec).toMatchObject({ role: "link", region: "edge" });
    expect(stack.cluster.links).toBeDefined();
    expect(await stack.cluster.observe()).toMatchObject({ links: [] });

    const database = propertyTopology(seed).nodes.find(({ name }) => name === "db-us")!;
    const alone = await stand({
      ...propertyTopology(seed),
      regions: ["us"],
      nodes: [database],
      routes: {},
      steady: [],
    });
    expect(alone.cluster.nodes.map((node) => node.spec.name)).toEqual(["db-us"]);
    expect(alone.cluster.links).toBeUndefined();
    expect(await alone.cluster.observe()).not.toHaveProperty("links");
  });

  it.each([
    ["cannot be run", 'throw new Error("broken")', /^links exited with code 1 while it was starting$/],
    [
      "leads nowhere",
      `require("http").createServer((_, response) => {
         response.setHeader("content-type", "application/json");
         response.end(JSON.stringify({ rules: [], crossings: [{ from: "eu", to: "kafka", accepts: false }] }));
       }).listen(Number(process.env.PORT), process.env.HOST)`,
      /^links does not lead to every node that answers$/,
    ],
  ])("that %s makes the start fail, and nothing is left", async (_how, source, message) => {
    const file = path.join(home, "broken-links.cjs");
    fs.writeFileSync(file, source);
    const place = newPlace();
    const broken = embedded({ home, program: (name) => (name === "links" ? file : program(name)) });
    const starting = broken.start(place, propertyTopology(seed), record, new AbortController().signal);
    await expect(starting).rejects.toThrow(message);
    expect(findByMark(`${place.id}.`)).toEqual([]);
  });

  it("keeps its name to itself: a service that is called so is refused before anything starts", async () => {
    const topology = propertyTopology(seed);
    const taken = withNodes(topology, spec({ name: LINKS, role: "backend", region: "us", port: 8000 }));
    expect(await runtime().unavailable(taken)).toMatch(/^links: .*give that service another name$/);
    expect(await runtime().unavailable(topology)).toBeUndefined();
  });
});

describe("rules", () => {
  const cut = (id: string, until?: number): TimedRule => ({
    id,
    from: "us",
    to: "eu",
    effect: { type: "cut", mode: "drop" },
    ...(until !== undefined && { until }),
  });

  it("are ordered by how long they still last; what is over is left out", () => {
    const { until: _1, ...open } = cut("open");
    const { until: _2, ...timed } = cut("timed", 1_500);
    const order = rulesOrder([cut("open"), cut("timed", 1_500), cut("over", 999), cut("now", 1_000)], 1_000);
    expect(order).toEqual({ rules: [open, { ...timed, forMs: 500 }] });
  });

  it("that the program refuses say why, and one that is gone says what to do", async () => {
    let status = 200;
    const server = http.createServer((request, response) => {
      response.writeHead(request.headers.authorization === "Bearer token" ? status : 401, {
        "content-type": "application/json",
      });
      response.end(JSON.stringify(status === 200 ? { rules: [] } : { detail: "rules[0].effect is unknown" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const way = httpTo(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => way.reset());
    const links = remoteLinks(way.request, "token");

    await links.set([cut("one")], 0);
    expect(await links.rules()).toEqual([]);
    await expect(remoteLinks(way.request, "wrong").set([], 0)).rejects.toThrow(/answered 401/);
    status = 400;
    await expect(links.set([cut("one")], 0)).rejects.toThrow(
      /answered 400 to \/rules: .*rules\[0\]\.effect is unknown/,
    );

    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = await links.set([], 0).catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(StackError);
    expect((gone as StackError).message).toBe("the link program cannot be reached (ECONNREFUSED)");
    expect((gone as StackError).hint).toContain("regionctl heal");
    expect(await links.rules()).toBeUndefined();
  });
});
