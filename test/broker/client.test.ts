// A real client against the real program: what the backends do, and what happens to them when the broker goes away.
import { describe, expect, test } from "vitest";
import { client, consume, createTopic, producerOf } from "./client.ts";
import { startBroker } from "./program.ts";
import { Connection } from "./wire.ts";

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, index) => String(from + index));

test.each([
  ["members forgotten at the restart", "false"],
  ["members that outlive it", "true"],
])("topic, idempotent producer, group, commits; after a SIGKILL all goes on where it was: %s", async (_, persist) => {
  await using broker = await startBroker({ environment: { KAFKA_GROUP_PERSIST_MEMBERS: persist } });
  await createTopic(broker.address, "updates", 2);
  const producer = await producerOf(broker.address);
  const send = (values: readonly string[]) =>
    producer.send({ topic: "updates", messages: values.map((value) => ({ key: "k", partition: 0, value })) });
  const first = await send(numbered(0, 10));
  expect(first).toMatchObject([{ topicName: "updates", partition: 0, errorCode: 0, baseOffset: "0" }]);
  {
    await using reading = await consume(broker.address, "eu", "updates");
    await reading.until(() => reading.values.length === 10);
    expect(reading.values).toEqual(numbered(0, 10));

    await broker.restart();
    await send(numbered(10, 10)); // the same producer: its sequence goes on
    await reading.until(() => reading.values.length === 20);
    expect(reading.values, "nothing twice, nothing missing").toEqual(numbered(0, 20));
  }
  await broker.restart();
  await send(numbered(20, 5));
  await using resumed = await consume(broker.address, "eu", "updates");
  await resumed.until(() => resumed.values.length === 5);
  expect(resumed.values, "it begins where the group had committed").toEqual(numbered(20, 5));

  const admin = client(broker.address).admin();
  await admin.connect();
  expect(await admin.fetchTopicOffsets("updates")).toMatchObject([
    { partition: 0, high: "25", low: "0" },
    { partition: 1, high: "0" },
  ]);
  expect(await admin.listTopics()).toEqual(["updates"]);
  await admin.disconnect();
  await producer.disconnect();
});

test("two consumers share a topic; when one leaves the other has it all", async () => {
  await using broker = await startBroker();
  await createTopic(broker.address, "shared", 4);
  await using one = await consume(broker.address, "g", "shared");
  await one.until(() => one.partitions().length === 4);
  {
    await using two = await consume(broker.address, "g", "shared");
    await Promise.all([one, two].map((reading) => reading.until(() => reading.partitions().length === 2)));
    expect([...one.partitions(), ...two.partitions()].toSorted()).toEqual([0, 1, 2, 3]);

    const producer = await producerOf(broker.address);
    const messages = numbered(0, 40).map((value, index) => ({ key: "k", partition: index % 4, value }));
    await producer.send({ topic: "shared", messages });
    await Promise.all([one, two].map((reading) => reading.until(() => reading.values.length === 20)));
    expect([...one.values, ...two.values].map(Number).toSorted((a, b) => a - b)).toEqual(numbered(0, 40).map(Number));
    await producer.disconnect();
  }
  await one.until(() => one.partitions().length === 4);
});

test("topics are never created by using them, and wrong wishes are refused by name", async () => {
  await using broker = await startBroker();
  const admin = client(broker.address).admin({ retry: { retries: 0 } });
  await admin.connect();
  await createTopic(broker.address, "there");
  const wish = (topic: object) => admin.createTopics({ topics: [{ topic: "new", ...topic }] });
  await expect(admin.fetchTopicMetadata({ topics: ["missing"] })).rejects.toThrow(/does not host this topic/);
  expect(await wish({ topic: "there" })).toBe(false);
  await expect(wish({ topic: "../escape" })).rejects.toThrow(/Topic creation errors/);
  await expect(wish({ replicationFactor: 3 })).rejects.toThrow(/Topic creation errors/);
  await expect(wish({ configEntries: [{ name: "cleanup.policy", value: "compact" }] })).rejects.toThrow(
    /Topic creation/,
  );
  expect(await wish({ configEntries: [{ name: "retention.ms", value: "60000" }] })).toBe(true);
  expect((await admin.listTopics()).toSorted()).toEqual(["new", "there"]);
  await admin.disconnect();
});

describe("listeners", () => {
  test("each client learns only the address of the one that it came through", async () => {
    const advertised = "US://us.example:1,EU://eu.example:2";
    const environment = { KAFKA_ADVERTISED_LISTENERS: advertised };
    await using broker = await startBroker({ listeners: ["US", "EU"], environment });
    for (const [index, expected] of [
      { host: "us.example", port: 1 },
      { host: "eu.example", port: 2 },
    ].entries()) {
      await using connection = await Connection.open(broker.ports[index]!);
      const { brokers } = await connection.ask<{ brokers: object[] }>("metadata/v4", { topics: [] });
      expect(brokers).toEqual([{ nodeId: 1, rack: null, ...expected }]);
      const asked = { coordinatorKey: "g", coordinatorType: 0 };
      const { coordinator } = await connection.ask<{ coordinator: object }>("findCoordinator/v2", asked);
      expect(coordinator).toEqual({ nodeId: 1, ...expected });
    }
  });
});
