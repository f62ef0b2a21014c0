// What a container is told, without any engine: where its node finds the others, and that nothing leads around a link.
import { describe, expect, it } from "vitest";
import { LINKS } from "../../../src/model/cluster.ts";
import { crossingsOf } from "../../../src/model/link.ts";
import { nodeNamed, ROLES, type Topology } from "../../../src/model/topology.ts";
import { kafkaEnvironment } from "../../../src/runtimes/docker/kafka.ts";
import { linesOf } from "../../../src/runtimes/docker/log.ts";
import { ROLES_DOCKER, START_ORDER } from "../../../src/runtimes/docker/roles.ts";
import { linkConfig, reach, type Site, zonesCalling } from "../../../src/runtimes/docker/site.ts";
import { explained, isSoAlready } from "../../../src/runtimes/docker/trouble.ts";
import { StackError } from "../../../src/model/problem.ts";
import { propertyTopology } from "../../conformance/topology.ts";

const topology = propertyTopology();
const node = (name: string) => nodeNamed(topology, name)!;

function siteOf(topology: Topology): Site {
  return {
    place: { name: "test", id: "t1", directory: "/nowhere" },
    topology,
    ports: { kafka: { main: 21_000 }, [LINKS]: { main: 21_001 } },
    secrets: new Map([[`${LINKS} control`, "0123456789abcdef"]]),
    program: (name) => `/nowhere/${name}.cjs`,
  };
}

describe("where a node is reached", () => {
  it("is by its name at home, and at a port of the links from every other zone", () => {
    expect(reach(topology, node("db-us"), "us")).toBe("db-us:5432");
    expect(reach(topology, node("kafka"), "us")).toBe("kafka:29092");
    expect(reach(topology, node("kafka"), "eu")).toMatch(/^links:\d+$/);
    expect(reach(topology, node("backend-eu"), "edge")).toMatch(/^links:\d+$/);
  });

  it("is nowhere for a zone that nothing crosses from: there is no way but a link", () => {
    expect(() => reach(topology, node("db-us"), "eu")).toThrow("no crossing from eu to db-us");
  });

  it("has a port of its own for every crossing, and the links lead from there to the node", () => {
    const { listeners, control } = linkConfig(siteOf(topology));
    expect(listeners.map(({ from, to, toZone }) => `${from} ${to} ${toZone}`)).toEqual(
      crossingsOf(topology).map(({ from, to, toZone }) => `${from} ${to} ${toZone}`),
    );
    for (const { from, to, listen, upstream } of listeners) {
      expect(reach(topology, node(to), from)).toBe(`links:${listen.port}`);
      expect(upstream.host).toBe(to);
    }
    const ports = [...listeners.map(({ listen }) => listen.port), control!.port];
    expect(new Set(ports).size).toBe(ports.length);
  });
});

describe("Apache Kafka", () => {
  const listenersIn = (text: string) =>
    Object.fromEntries(text.split(",").map((one) => one.split("://") as [string, string]));

  it("advertises to each zone the way by which that zone comes, and to the observer its own", () => {
    const site = siteOf(topology);
    const environment = kafkaEnvironment(node("kafka"), site);
    const [listeners, advertised] = [
      listenersIn(environment["KAFKA_LISTENERS"]!),
      listenersIn(environment["KAFKA_ADVERTISED_LISTENERS"]!),
    ];
    expect(zonesCalling(topology, "kafka")).toEqual(["eu"]);
    expect(advertised).toMatchObject({
      FROM_US: "kafka:29092",
      FROM_EU: reach(topology, node("kafka"), "eu"),
      OBSERVER: "127.0.0.1:21000",
    });
    // The link of eu leads to the listener that advertises that link.
    const { upstream } = linkConfig(site).listeners.find(({ to }) => to === "kafka")!;
    expect(listeners["FROM_EU"]).toBe(`0.0.0.0:${upstream.port}`);
    expect(listeners["CONTROLLER"]).toMatch(/^127\.0\.0\.1:/);
    expect(advertised["CONTROLLER"]).toBeUndefined();
  });

  it("takes sizes and delays from its file, and not where it listens", () => {
    const own = {
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "700",
      KAFKA_ADVERTISED_LISTENERS: "PLAINTEXT://kafka:29092",
      KAFKA_NODE_ID: "5",
    };
    const environment = kafkaEnvironment({ ...node("kafka"), environment: own }, siteOf(topology));
    expect(environment["KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS"]).toBe("700");
    expect(environment["KAFKA_BROKER_SESSION_TIMEOUT_MS"]).toBe("1000");
    expect(environment["KAFKA_ADVERTISED_LISTENERS"]).not.toContain("PLAINTEXT://kafka");
    expect(environment["KAFKA_NODE_ID"]).toBe("1");
  });
});

describe("the table of roles", () => {
  it("starts every role that it runs in some order", () => {
    const runs = [...ROLES, "link" as const].filter((role) => !("refused" in ROLES_DOCKER[role]));
    expect(START_ORDER.toSorted()).toEqual(runs.toSorted());
    expect(START_ORDER.at(-1)).toBe("gateway"); // NGINX must not start before the links have a name
  });
});

describe("a container's log", () => {
  const frame = (stream: number, text: string) => {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };

  it("is its lines, of both streams, also where a frame ends inside of one", () => {
    const bytes = Buffer.concat([frame(1, "one\ntw"), frame(1, "o\r\n"), frame(2, "thrée\n")]);
    expect(linesOf(bytes)).toEqual(["one", "two", "thrée"]);
    expect(linesOf(Buffer.alloc(0))).toEqual([]);
    expect(linesOf(frame(1, "cut off").subarray(0, 6))).toEqual([]);
  });
});

describe("what the engine says", () => {
  const error = (statusCode: number, message: string, code?: string) =>
    Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), {
      statusCode,
      json: { message },
      code,
    });

  it.each([
    [
      "driver failed programming external connectivity on endpoint x (abc): Error starting userland proxy: listen tcp4 127.0.0.1:23265: bind: address already in use",
      "port 23265 on 127.0.0.1 was taken by another program",
    ],
    [
      "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:8080 failed: port is already allocated",
      "port 8080 on 127.0.0.1 was taken by another program",
    ],
    ["No such image: nobody/nothing:1", "the image nobody/nothing:1 is not on the Docker engine"],
    ["write /var/lib/docker/tmp: no space left on device", "the disk of the Docker engine is full"],
    [
      "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
      "the Docker engine has no addresses left for another network",
    ],
  ])("becomes words with a next step: %s", (message, expected) => {
    const told = explained(error(500, message), "start db-us") as StackError;
    expect(told).toBeInstanceOf(StackError);
    expect(told.message).toContain(expected);
    expect(told.hint).toBeTruthy();
  });

  it("is passed on with what was being done where nothing better is known, and an engine that went away is named", () => {
    expect(explained(error(500, "something odd"), "start db-us")).toMatchObject({
      message: "the Docker engine could not start db-us: something odd",
    });
    const gone = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    expect(explained(gone, "start db-us")).toMatchObject({
      message: expect.stringContaining("did not answer (ECONNREFUSED) when it was asked to start db-us") as string,
    });
    const ours = new TypeError("a defect of ours");
    expect(explained(ours, "start db-us")).toBe(ours);
  });

  it("that something is so already is no trouble", () => {
    expect(isSoAlready(error(409, "Container abc is already paused"))).toBe(true);
    expect(isSoAlready(error(500, "Container abc is not paused"))).toBe(true);
    expect(isSoAlready(error(500, "something odd"))).toBe(false);
  });
});
