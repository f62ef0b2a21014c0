// Cut regions cannot reach each other: not by the address they were given, not by what Metadata told them, not by a connection
// that was open, and not by a new one. Each region goes on by itself, and afterwards everything arrives.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Cluster, Node } from "../../src/model/cluster.ts";
import type { CrossingId, LinkRule } from "../../src/model/link.ts";
import { client, consume, createTopic, producerOf } from "../broker/client.ts";
import { openLine } from "./line.ts";
import type { Bench } from "./runtime.ts";

const TO_EU: CrossingId = { from: "edge", to: "backend-eu" };
const TO_KAFKA: CrossingId = { from: "eu", to: "kafka" };

const drop = (a: string, b: string): readonly LinkRule[] =>
  [
    [a, b],
    [b, a],
  ].map(([from, to]) => ({ id: `cut ${from} -> ${to}`, from: from!, to: to!, effect: { type: "cut", mode: "drop" } }));

/** ApiVersions 0, which every broker answers. */
const API_VERSIONS = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]);

export function describeNoWayAround(name: string, makeBench: () => Bench | Promise<Bench>): void {
  describe(`a cut of the ${name} runtime`, { timeout: 150_000 }, () => {
    let bench: Bench;
    let cluster: Cluster;

    beforeAll(async () => {
      bench = await makeBench();
      const signal = new AbortController().signal;
      cluster = await bench
        .runtime()
        .start(bench.place, bench.topology, (happening) => ({ ...happening, seq: 0, at: 0 }), signal);
    }, 120_000);

    afterAll(async () => {
      await cluster?.down();
      await bench?.remove();
    });

    const node = (name: string): Node => cluster.nodes.find((node) => node.spec.name === name)!;
    const property = async (backend: string, path: string) =>
      (await node(backend).request(path)).body as { price: number; version: number };
    const write = async (backend: string, path: string, price: number) => {
      const { version } = await property(backend, path);
      const body = { price, version };
      expect((await node(backend).request(path, { method: "PUT", body })).status).toBe(200);
    };
    const counters = async ({ from, to }: CrossingId) => {
      const { crossings } = await cluster.links!.state();
      const { bytesThere, bytesBack } = crossings.find((one) => one.from === from && one.to === to)!;
      return { bytesThere, bytesBack };
    };
    const eventually = { timeout: 30_000 };

    it("between two regions lets no byte of Kafka through, whichever client tries, while its home goes on", async () => {
      const [home, fromEu] = [node("kafka").address, await bench.entrance(TO_KAFKA)];
      expect(fromEu).not.toBe(home);
      await createTopic(home, "around");

      // Whom Metadata names to a client from eu is where that client came from, and not the broker itself.
      const admin = client(fromEu).admin();
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      await admin.disconnect();
      expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual([fromEu]);

      const [usProducer, euProducer] = await Promise.all([producerOf(home), producerOf(fromEu)]);
      onTestFinished(async () => void (await Promise.all([usProducer.disconnect(), euProducer.disconnect()])));
      const send = (producer: typeof usProducer, value: string) =>
        producer.send({ topic: "around", messages: [{ key: "k", value }] });
      await using us = await consume(home, "us-readers", "around", "keep-first");
      await using eu = await consume(fromEu, "eu-readers", "around", "keep-first");
      await send(euProducer, "before");
      await us.until(() => us.values.includes("before"));
      await eu.until(() => eu.values.includes("before"));
      await write("backend-us", "/us/properties/5", 50.5);
      await expect.poll(() => property("backend-eu", "/eu/properties/5"), eventually).toMatchObject({ price: 50.5 });

      await cluster.links!.set(drop("us", "eu"), 0);
      const passed = await counters(TO_KAFKA);
      let isAcknowledged = false;
      const sent = send(euProducer, "from eu, cut off").then(() => (isAcknowledged = true));
      const stranger = await openLine(fromEu);
      stranger.send(API_VERSIONS);
      await write("backend-eu", "/eu/properties/6", 60.5);
      await write("backend-us", "/us/properties/7", 70.5);
      for (const value of ["home goes on", "and on"]) await send(usProducer, value);
      await us.until(() => us.values.includes("and on"));
      // A probe is as patient as any of them could be: by its end, what has a way would have taken it.
      expect((await cluster.links!.probe({ ...TO_KAFKA, patienceMs: 1_500 })).outcome).toBe("stalled");

      expect(await counters(TO_KAFKA)).toEqual(passed);
      expect(isAcknowledged).toBe(false);
      expect(stranger.received()).toBe("");
      expect(eu.values).toEqual(["before"]);
      expect(us.values).not.toContain("from eu, cut off");
      expect(await property("backend-us", "/us/properties/6")).not.toMatchObject({ price: 60.5 });
      expect(await property("backend-eu", "/eu/properties/7")).not.toMatchObject({ price: 70.5 });
      expect((await node("gateway").request("/eu/properties/6")).headers["x-served-by"]).toBe("backend-eu");

      await cluster.links!.set([], 0);
      await sent;
      await us.until(() => us.values.includes("from eu, cut off"));
      await eu.until(() => ["home goes on", "and on", "from eu, cut off"].every((value) => eu.values.includes(value)));
      await expect.poll(() => stranger.received().length, eventually).toBeGreaterThan(0);
      await expect.poll(() => property("backend-us", "/us/properties/6"), eventually).toMatchObject({ price: 60.5 });
      await expect.poll(() => property("backend-eu", "/eu/properties/7"), eventually).toMatchObject({ price: 70.5 });
    });

    it("between the edge and a region takes the region from the gateway, not from the others", async () => {
      const path = "/eu/properties/8";
      const servedBy = async (path: string) => (await node("gateway").request(path)).headers["x-served-by"];
      await expect.poll(() => servedBy(path), eventually).toBe("backend-eu");

      await cluster.links!.set(drop("edge", "eu"), 0);
      const passed = await counters(TO_EU);
      for (let i = 0; i < 3; i++) expect(await servedBy(path)).toBe("backend-us");
      const body = { price: 80.5, version: (await property("backend-eu", path)).version };
      const written = await node("gateway").request(path, { method: "PUT", body });
      expect([written.status, written.headers["x-served-by"]]).toSatisfy(
        ([status, by]) => status === 502 || (status === 200 && by === "backend-us"),
      );
      expect((await node("gateway").request("/eu/replication-lag")).status).toBeGreaterThanOrEqual(500);
      expect(await counters(TO_EU)).toEqual(passed);
      await write("backend-us", "/us/properties/9", 90.5); // us and eu still speak
      await expect.poll(() => property("backend-eu", "/eu/properties/9"), eventually).toMatchObject({ price: 90.5 });

      await cluster.links!.set([], 0);
      await expect.poll(() => servedBy(path), eventually).toBe("backend-eu");
    });
  });
}
