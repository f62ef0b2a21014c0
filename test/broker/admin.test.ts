// What kafkajs' admin client asks for: topics, settings, groups and positions.
import { ConfigResourceTypes, type Admin } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERROR } from "../../src/broker/protocol/errors.ts";
import { client, consume, producerOf } from "./client.ts";
import { startBroker, type Program } from "./program.ts";
import { batchOf, Connection } from "./wire.ts";

let broker: Program;
let admin: Admin;
beforeAll(async () => {
  broker = await startBroker({ environment: { KAFKA_LOG_RETENTION_BYTES: "5000000" } });
  admin = client(broker.address).admin({ retry: { retries: 0 } });
  await admin.connect();
});
afterAll(async () => {
  await admin.disconnect();
  await broker[Symbol.asyncDispose]();
});

const create = (topic: string, numPartitions = 1) => admin.createTopics({ topics: [{ topic, numPartitions }] });

async function write(topic: string, values: readonly string[], partition = 0): Promise<void> {
  const producer = await producerOf(broker.address);
  await producer.send({ topic, messages: values.map((value) => ({ partition, value })) });
  await producer.disconnect();
}

describe("topics", () => {
  test("get more partitions, never fewer", async () => {
    await create("growing");
    const grow = (count: number, topic = "growing", validateOnly = false) =>
      admin.createPartitions({ topicPartitions: [{ topic, count }], validateOnly });
    await grow(4, "growing", true);
    const partitions = async () => (await admin.fetchTopicMetadata({ topics: ["growing"] })).topics[0]!.partitions;
    expect(await partitions()).toHaveLength(1);
    await grow(3);
    expect((await partitions()).map(({ partitionId, leader }) => [partitionId, leader])).toEqual(
      [0, 1, 2].map((id) => [id, 1]),
    );
    await write("growing", ["in a new one"], 2);
    expect((await admin.fetchTopicOffsets("growing")).map(({ high }) => high)).toEqual(["0", "0", "1"]);
    for (const wrong of [3, 2, 20_000]) await expect(grow(wrong)).rejects.toThrow(/number of partitions/i);
    await expect(grow(2, "missing")).rejects.toThrow(/does not host this topic/);
  });

  test("are deleted with their records and positions; who waits for them is told; the name begins anew", async () => {
    await create("ending", 2);
    await create("staying");
    for (const topic of ["ending", "staying"]) await write(topic, ["a", "b"]);
    await using waiting = await Connection.open(broker.ports[0]!);
    const commit = (topic: string) => ({ topic, partitions: [{ partition: 0, offset: "2" }] });
    const asked = {
      groupId: "positions",
      groupGenerationId: -1,
      memberId: "",
      topics: ["ending", "staying"].map(commit),
    };
    await waiting.ask("offsetCommit/v5", asked);
    const poll = { replicaId: -1, maxWaitTime: 60_000, minBytes: 1, maxBytes: 1e6, isolationLevel: 0 };
    const topics = [{ topic: "ending", partitions: [{ partition: 0, fetchOffset: 2, maxBytes: 1e6 }] }];
    const polled = waiting.ask<{ responses: { partitions: object[] }[] }>("fetch/v11", { ...poll, topics });

    await admin.deleteTopics({ topics: ["ending"] });
    expect((await polled).responses[0]!.partitions[0]).toMatchObject({ errorCode: ERROR.unknownTopicOrPartition });
    expect(await admin.listTopics()).not.toContain("ending");
    await expect(admin.deleteTopics({ topics: ["ending"] })).rejects.toThrow();
    expect(await waiting.produce("ending", await batchOf({ values: ["late"] }))).toMatchObject({
      errorCode: ERROR.unknownTopicOrPartition,
    });

    await broker.restart();
    await create("ending");
    expect(await admin.fetchTopicOffsets("ending")).toMatchObject([{ low: "0", high: "0" }]);
    expect(await admin.fetchTopicOffsets("staying")).toMatchObject([{ high: "2" }]);
    expect(await admin.fetchOffsets({ groupId: "positions" })).toMatchObject([
      { topic: "staying", partitions: [{ offset: "2" }] },
    ]);
  });

  test("say what is set, and by whom", async () => {
    const configEntries = [{ name: "retention.ms", value: "60000" }];
    await admin.createTopics({ topics: [{ topic: "set", configEntries }] });
    const describe = async (type: ConfigResourceTypes, name: string, configNames?: string[]) => {
      const { resources } = await admin.describeConfigs({
        resources: [{ type, name, configNames }],
        includeSynonyms: true,
      });
      return resources[0]!.configEntries;
    };
    const topic = await describe(ConfigResourceTypes.TOPIC, "set");
    const [byTopic, byBroker, byDefault] = [1, 4, 5];
    expect(Object.fromEntries(topic.map((one) => [one.configName, [one.configValue, one.configSource]]))).toEqual({
      "cleanup.policy": ["delete", byDefault],
      "compression.type": ["producer", byDefault],
      "message.timestamp.type": ["CreateTime", byDefault],
      "min.insync.replicas": ["1", byDefault],
      "retention.bytes": ["5000000", byBroker],
      "retention.ms": ["60000", byTopic],
      "segment.bytes": ["67108864", byDefault],
    });
    expect(topic.find(({ configName }) => configName === "retention.ms")!.configSynonyms).toMatchObject([
      { configName: "retention.ms", configValue: "60000" },
      { configName: "log.retention.ms", configValue: "604800000" },
    ]);
    expect(await describe(ConfigResourceTypes.TOPIC, "set", ["segment.bytes"])).toHaveLength(1);
    expect(await describe(ConfigResourceTypes.BROKER, "1")).toContainEqual(
      expect.objectContaining({ configName: "group.initial.rebalance.delay.ms", configValue: "100", readOnly: true }),
    );
    await expect(describe(ConfigResourceTypes.TOPIC, "missing")).rejects.toThrow(/does not host this topic/);
  });
});

describe("groups", () => {
  test("are listed and described, and deleted once nobody is in them", async () => {
    await create("read", 2);
    await write("read", ["a", "b", "c"]);
    const listed = async () => (await admin.listGroups()).groups.filter(({ groupId }) => groupId === "readers");
    {
      await using reading = await consume(broker.address, "readers", "read");
      await reading.until(() => reading.values.length === 3);
      expect(await listed()).toEqual([{ groupId: "readers", protocolType: "consumer" }]);
      const { groups } = await admin.describeGroups(["readers", "missing"]);
      expect(groups).toMatchObject([
        {
          groupId: "readers",
          state: "Stable",
          protocol: "RoundRobinAssigner",
          members: [{ clientId: "test", clientHost: "/127.0.0.1" }],
        },
        { groupId: "missing", state: "Dead", members: [] },
      ]);
      expect(groups[0]!.members[0]!.memberAssignment.length).toBeGreaterThan(10);
      await expect(admin.deleteGroups(["readers"])).rejects.toMatchObject({
        groups: [{ errorCode: ERROR.nonEmptyGroup }],
      });
    }
    expect(await listed(), "its positions are still there").toEqual([{ groupId: "readers", protocolType: "" }]);
    expect((await admin.describeGroups(["readers"])).groups).toMatchObject([{ state: "Empty", members: [] }]);
    expect(await admin.deleteGroups(["readers"])).toMatchObject([{ groupId: "readers", errorCode: 0 }]);
    await broker.restart();
    expect(await listed()).toEqual([]);
    expect(await admin.fetchOffsets({ groupId: "readers" })).toEqual([]);
    await expect(admin.deleteGroups(["readers"])).rejects.toMatchObject({
      groups: [{ errorCode: ERROR.groupIdNotFound }],
    });
  });

  test("are set back to the beginning, to the end, and to a time", async () => {
    await create("times");
    await using connection = await Connection.open(broker.ports[0]!);
    const now = Date.now();
    for (let record = 0; record < 5; record += 1) {
      await connection.produce("times", await batchOf({ values: [String(record)], timestamp: now + record * 1_000 }));
    }
    expect(await admin.fetchTopicOffsetsByTimestamp("times", now + 2_500)).toEqual([{ partition: 0, offset: "3" }]);
    expect(await admin.fetchTopicOffsetsByTimestamp("times", now + 9_000)).toEqual([{ partition: 0, offset: "5" }]);
    // Each waits 5 s on the client's side, so they go side by side.
    await Promise.all([
      admin.resetOffsets({ groupId: "to-beginning", topic: "times", earliest: true }),
      admin.resetOffsets({ groupId: "to-end", topic: "times", earliest: false }),
      admin.setOffsets({ groupId: "to-third", topic: "times", partitions: [{ partition: 0, offset: "3" }] }),
    ]);
    const position = async (groupId: string) =>
      (await admin.fetchOffsets({ groupId, topics: ["times"] }))[0]!.partitions[0]!.offset;
    const [earliest, latest] = ["-2", "-1"];
    expect(await position("to-beginning")).toBe(earliest);
    expect(await position("to-end")).toBe(latest);
    await using reading = await consume(broker.address, "to-third", "times");
    await reading.until(() => reading.values.length === 2);
    expect(reading.values).toEqual(["3", "4"]);
  });
});
