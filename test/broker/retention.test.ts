// Retention: what is too old or too much leaves from the front, whole segments at a time, and readers are told.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { acceptBatch, type Batch } from "../../src/broker/log/batch.ts";
import { Durability, type Datasync } from "../../src/broker/log/durability.ts";
import { Partition } from "../../src/broker/log/partition.ts";
import { ERROR } from "../../src/broker/protocol/errors.ts";
import { client, createTopic, producerOf } from "./client.ts";
import { startBroker, temporaryDirectory } from "./program.ts";
import { batchOf, Connection } from "./wire.ts";

let root: string;
let lines: string[];
beforeEach(() => {
  root = temporaryDirectory();
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const SEGMENT_BYTES = 1_024;
const log = (line: string) => lines.push(line);

function open(datasync?: Datasync): Partition {
  const durability = new Durability(datasync ? "group" : "never", log, datasync);
  return new Partition(root, { segmentBytes: SEGMENT_BYTES, durability, log });
}

/** One record of a segment's size each, so that each segment holds one, at these times. */
async function fill(partition: Partition, times: readonly number[], producer: { id?: number; from?: number } = {}) {
  for (const [index, timestamp] of times.entries()) {
    const sequence = (producer.from ?? 0) + index;
    const bytes = await batchOf({ values: ["x".repeat(SEGMENT_BYTES)], timestamp, producerId: producer.id, sequence });
    partition.append(bytes, acceptBatch(bytes, 1 << 20) as Batch);
  }
}

const bounds = ({ startOffset, nextOffset }: Partition) => [startOffset, nextOffset];

describe("by time", () => {
  test("the old ones go up to the first that is young enough, and that is so after a restart too", async () => {
    const partition = open();
    await fill(partition, [100, 200, 300, 50, 400]);
    partition.expire({ ms: 1_000, bytes: -1 }, 1_100);
    expect(bounds(partition), "nothing is older than a second").toEqual([0, 5]);
    partition.expire({ ms: 1_000, bytes: -1 }, 1_250);
    expect(bounds(partition), "the fourth is old, but the third stands before it").toEqual([2, 5]);
    partition.expire({ ms: -1, bytes: -1 }, 1e12);
    for (const reader of [partition, open()]) {
      expect(bounds(reader)).toEqual([2, 5]);
      expect(reader.read(2, 1).length).toBeGreaterThan(SEGMENT_BYTES);
      expect(reader.firstSince(0)).toEqual({ offset: 2, timestamp: 300 });
    }
    expect(readdirSync(root)).toHaveLength(3);
  });

  test("when all are old the log is empty, and goes on at the next offset, after a restart too", async () => {
    const partition = open();
    await fill(partition, [100, 200], { id: 7 });
    partition.expire({ ms: 1_000, bytes: -1 }, 5_000);
    expect(bounds(partition)).toEqual([2, 2]);
    partition.expire({ ms: 1_000, bytes: -1 }, 5_000);
    await fill(partition, [4_900], { id: 7, from: 2 });
    for (const reader of [partition, open()]) expect(bounds(reader)).toEqual([2, 3]);
    expect(lines).toEqual([]);
  });
});

describe("by size", () => {
  test("the front goes while the rest alone is large enough; what is being written never", async () => {
    const partition = open();
    await fill(partition, [1, 2, 3, 4, 5]);
    const one = (await batchOf({ values: ["x".repeat(SEGMENT_BYTES)] })).length;
    partition.expire({ ms: -1, bytes: 3 * one + 1 }, 10);
    expect(bounds(partition)).toEqual([1, 5]);
    partition.expire({ ms: -1, bytes: 3 * one }, 10);
    expect(bounds(partition)).toEqual([2, 5]);
    partition.expire({ ms: -1, bytes: 0 }, 10);
    expect(bounds(partition)).toEqual([4, 5]);
  });
});

test("with group sync nothing goes that is not safe yet, and no sync meets a closed file", async () => {
  const syncs: (() => void)[] = [];
  const partition = open((_, done) => syncs.push(() => done(null)));
  await fill(partition, [1, 2, 3]);
  partition.expire({ ms: -1, bytes: 0 }, 10);
  expect([bounds(partition), partition.highWatermark]).toEqual([[0, 3], 0]);
  while (syncs.length > 0) {
    syncs.shift()!();
    await new Promise(setImmediate);
  }
  partition.expire({ ms: -1, bytes: 0 }, 10);
  expect([bounds(partition), partition.highWatermark]).toEqual([[2, 3], 3]);
});

describe("the program", () => {
  test("Fetch below the beginning is out of range, the earliest offset follows, and a group goes on from there", async () => {
    const environment = { KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: "10", KAFKA_LOG_SEGMENT_BYTES: "1024" };
    await using broker = await startBroker({ environment });
    await using connection = await Connection.open(broker.ports[0]!);
    await createTopic(broker.address, "kept");
    const admin = client(broker.address).admin();
    await admin.connect();
    const configEntries = [{ name: "retention.bytes", value: "3000" }];
    await admin.createTopics({ topics: [{ topic: "t", configEntries }] });
    for (let batch = 0; batch < 10; batch += 1) {
      for (const topic of ["t", "kept"])
        await connection.produce(topic, await batchOf({ values: ["x".repeat(1_000)] }));
    }
    await broker.says(/t-0: begins at 7 now/);
    const fetch = async (topic: string, fetchOffset: number) => {
      const partitions = [{ partition: 0, fetchOffset, maxBytes: 1 << 20 }];
      const asked = { replicaId: -1, maxWaitTime: 0, minBytes: 0, maxBytes: 1 << 20, isolationLevel: 0 };
      const answer = await connection.ask<{ responses: { partitions: { errorCode: number }[] }[] }>("fetch/v11", {
        ...asked,
        topics: [{ topic, partitions }],
      });
      return answer.responses[0]!.partitions[0];
    };
    expect(await fetch("t", 6)).toMatchObject({ errorCode: ERROR.offsetOutOfRange, lastStartOffset: "7" });
    expect(await fetch("t", 7)).toMatchObject({ errorCode: ERROR.none, lastStartOffset: "7" });
    expect(await fetch("kept", 0), "a topic that said nothing keeps a week").toMatchObject({ errorCode: ERROR.none });
    expect(await admin.fetchTopicOffsets("t")).toMatchObject([{ low: "7", high: "10" }]);

    const positions = [{ topic: "t", partitions: [{ partition: 0, offset: "2" }] }];
    const commit = { groupId: "away", groupGenerationId: -1, memberId: "", topics: positions };
    await connection.ask("offsetCommit/v5", commit);
    const consumer = client(broker.address).consumer({ groupId: "away", maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    const first = await new Promise<string>((resolve) => {
      void consumer.run({ eachMessage: async ({ message }) => resolve(message.offset) });
    });
    expect(first).toBe("7");
    await Promise.all([consumer.disconnect(), admin.disconnect()]);
    expect(readdirSync(join(broker.directory, "t-0"))).toHaveLength(3);
  });

  test("a topic whose records are all too old is emptied, and an idempotent producer writes on", async () => {
    const environment = { KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS: "10", KAFKA_LOG_RETENTION_MS: "50" };
    await using broker = await startBroker({ environment });
    await createTopic(broker.address, "t");
    const producer = await producerOf(broker.address);
    for (const round of [1, 2, 3]) {
      const sent = await producer.send({ topic: "t", messages: [{ partition: 0, value: "soon gone" }] });
      expect(sent).toMatchObject([{ baseOffset: String(round - 1) }]);
      await broker.says(new RegExp(`t-0: begins at ${round} now`));
    }
    await producer.disconnect();
  });
});
