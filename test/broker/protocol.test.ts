// Byte by byte: what the broker answers to one request, what it refuses, and that no bytes whatever bring it down.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { APIS } from "../../src/broker/api/index.ts";
import { ERROR } from "../../src/broker/protocol/errors.ts";
import { startBroker, type Program } from "./program.ts";
import { batchOf, Connection, frameOf, request } from "./wire.ts";

let broker: Program;
beforeAll(async () => {
  broker = await startBroker();
  await using connection = await Connection.open(broker.ports[0]!);
  for (const topic of ["t", "idempotent", "polled"]) expect(await connection.createTopic(topic)).toBe(ERROR.none);
});
afterAll(() => broker[Symbol.asyncDispose]());

const open = () => Connection.open(broker.ports[0]!);

const member = { groupId: "g", memberId: "m", groupInstanceId: null, groupGenerationId: 1, generationId: 1 };
const fetchOf = (topic: string, fetchOffset: number, maxWaitTime: number, maxBytes = 1 << 20) => ({
  replicaId: -1,
  maxWaitTime,
  minBytes: 1,
  maxBytes,
  isolationLevel: 1,
  topics: [{ topic, partitions: [{ partition: 0, fetchOffset, maxBytes }] }],
});
const offsetsOf = (extra: object) => [{ topic: "t", partitions: [{ partition: 0, ...extra }] }];

const PRODUCER = { transactionalId: null, transactionTimeout: 1_000 };

/** One request of each API, in the version that kafkajs picks. */
const REQUESTS: readonly (readonly [name: string, args: Record<string, unknown>])[] = [
  ["apiVersions/v2", {}],
  ["metadata/v4", { topics: ["t", "missing"] }],
  ["createTopics/v3", { topics: [{ topic: "new", numPartitions: 2 }], validateOnly: true, timeout: 100 }],
  ["createPartitions/v1", { topicPartitions: [{ topic: "t", count: 3 }], validateOnly: true, timeout: 100 }],
  ["deleteTopics/v1", { topics: ["missing"], timeout: 100 }],
  ["describeConfigs/v2", { resources: [{ type: 2, name: "t" }], includeSynonyms: true }],
  ["initProducerId/v1", PRODUCER],
  [
    "produce/v7",
    {
      acks: -1,
      timeout: 100,
      topicData: [{ topic: "t", partitions: [{ partition: 0, firstSequence: 0, messages: [{ value: "v" }] }] }],
    },
  ],
  ["fetch/v11", fetchOf("t", 0, 10)],
  ["listOffsets/v2", { replicaId: -1, isolationLevel: 1, topics: offsetsOf({ timestamp: -1 }) }],
  ["findCoordinator/v2", { coordinatorKey: "g", coordinatorType: 0 }],
  [
    "joinGroup/v5",
    {
      ...member,
      memberId: "",
      sessionTimeout: 1_000,
      rebalanceTimeout: 1_000,
      protocolType: "consumer",
      groupProtocols: [{ name: "range" }],
    },
  ],
  ["syncGroup/v3", { ...member, groupAssignment: [{ memberId: "m", memberAssignment: Buffer.from("a") }] }],
  ["heartbeat/v3", member],
  ["leaveGroup/v1", member],
  ["offsetCommit/v5", { groupId: "g2", groupGenerationId: -1, memberId: "", topics: offsetsOf({ offset: -1 }) }],
  ["offsetFetch/v4", { groupId: "g", topics: offsetsOf({}) }],
  ["describeGroups/v2", { groupIds: ["g", "missing"] }],
  ["listGroups/v2", {}],
  ["deleteGroups/v1", ["missing"] as never],
];

test("every API that is advertised answers, on one connection, what kafkajs can read", async () => {
  await using connection = await open();
  const advertised = (await connection.apiVersions()).apiVersions;
  expect(advertised.map(({ apiKey, maxVersion }) => [apiKey, maxVersion])).toEqual(
    REQUESTS.map(([name, args]) => [request(name, args).apiKey, request(name, args).apiVersion]),
  );
  for (const [name, args] of REQUESTS) expect(await connection.ask(name, args), name).toBeTypeOf("object");
  expect(advertised).toHaveLength(APIS.length);
});

test("requests that come all at once are answered one after the other, in order", async () => {
  await using connection = await open();
  const batch = await Promise.all([1, 2, 3, 4].map((id) => frameOf(request(...REQUESTS[id % 2]!), id)));
  const longPoll = await frameOf(request("fetch/v11", fetchOf("polled", 0, 50)), 0);
  connection.send(Buffer.concat([longPoll, ...batch]));
  for (const expected of [0, 1, 2, 3, 4]) expect((await connection.receive()).correlationId).toBe(expected);
});

test("a name that is asked a thousand times over is answered once: answers cannot be multiplied", async () => {
  await using connection = await open();
  const often = <T>(item: T) => Array.from({ length: 1_000 }, () => item);
  const resources = often({ type: 2, name: "t" });
  expect((await connection.ask<{ resources: object[] }>("describeConfigs/v2", { resources })).resources).toHaveLength(
    1,
  );
  const { groups } = await connection.ask<{ groups: object[] }>("describeGroups/v2", { groupIds: often("g") });
  expect(groups).toHaveLength(1);
  const { topicErrors } = await connection.ask<{ topicErrors: object[] }>("deleteTopics/v1", { topics: often("no") });
  expect(topicErrors).toEqual([{ topic: "no", errorCode: ERROR.unknownTopicOrPartition }]);
});

test("a long poll is answered when something is written", async () => {
  await using reader = await open();
  await using writer = await open();
  const answer = reader.ask<{ responses: { partitions: { messages: object[]; highWatermark: string }[] }[] }>(
    "fetch/v11",
    fetchOf("polled", 0, 60_000),
  );
  await writer.produce("polled", await batchOf({ values: ["a", "b"] }));
  expect((await answer).responses[0]!.partitions[0]).toMatchObject({ highWatermark: "2", messages: [{}, {}] });
});

describe("an idempotent producer", () => {
  test("a repeat answers the original offset and writes nothing; a gap is 45, an old epoch 47", async () => {
    await using connection = await open();
    const { producerId } = await connection.ask<{ producerId: string }>("initProducerId/v1", PRODUCER);
    const send = async (sequence: number, values: readonly string[], epoch = 1) =>
      connection.produce("idempotent", await batchOf({ values, producerId: Number(producerId), epoch, sequence }));
    expect(await send(0, ["a", "b"])).toMatchObject({ errorCode: 0, baseOffset: "0" });
    expect(await send(2, ["c"])).toMatchObject({ errorCode: 0, baseOffset: "2" });
    expect(await send(0, ["a", "b"])).toMatchObject({ errorCode: 0, baseOffset: "0" });
    expect(await send(4, ["e"])).toMatchObject({ errorCode: ERROR.outOfOrderSequence, baseOffset: "-1" });
    expect(await send(3, ["d"], 0)).toMatchObject({ errorCode: ERROR.invalidProducerEpoch });
    expect(await send(3, ["d"])).toMatchObject({ errorCode: 0, baseOffset: "3" });

    await broker.restart();
    await using again = await open();
    const repeat = await batchOf({ values: ["c"], producerId: Number(producerId), epoch: 1, sequence: 2 });
    expect(await again.produce("idempotent", repeat)).toMatchObject({ errorCode: 0, baseOffset: "2" });
    const next = await again.ask<{ producerId: string }>("initProducerId/v1", PRODUCER);
    expect(Number(next.producerId)).toBeGreaterThan(Number(producerId));
  });

  test("a batch whose CRC is wrong is not written; offsets out of the log are refused", async () => {
    await using connection = await open();
    const bad = await batchOf({ values: ["bad"] });
    bad[bad.length - 1]! ^= 1;
    expect(await connection.produce("t", bad)).toMatchObject({ errorCode: ERROR.corruptMessage });
    expect(await connection.produce("missing", await batchOf({ values: ["x"] }))).toMatchObject({
      errorCode: ERROR.unknownTopicOrPartition,
    });
    const asked = fetchOf("t", 1_000, 60_000);
    const { responses } = await connection.ask<{ responses: { partitions: object[] }[] }>("fetch/v11", asked);
    expect(responses[0]!.partitions[0]).toMatchObject({ errorCode: ERROR.offsetOutOfRange });
  });
});

describe("who does not speak the protocol loses the connection, with a line in the log", () => {
  test.each([
    ["a request beyond the limit", () => int32(16 * 1_024 * 1_024 + 1), /16777217 bytes; at most 16777216 are taken/],
    ["a negative length", () => int32(-5), /a request of -5 bytes/],
    ["HTTP", () => Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /bytes; at most/],
    ["an API that is not there", () => frame("0018000000000001ffff"), /API 24 \(version 0\) is not spoken here/],
    ["another version", () => frame("0003000900000001ffff"), /Metadata version 9 was asked; only 4 is spoken here/],
    ["a request that ends early", () => frame("0003000400000001ffff00000005"), /Metadata: an array of 5 in 0 bytes/],
    ["a request with something left over", () => frame("0003000400000001ffffffffffff00ff"), /1 bytes left over/],
    ["a name that is not text", () => frame("0003000400000001ffff000000010002c3ff00"), /not UTF-8/],
  ])("%s", async (_, bytes, line) => {
    await using connection = await open();
    connection.send(bytes());
    await connection.closed();
    await broker.says(line);
  });

  test("but a newer ApiVersions is told which versions there are, so that it can ask again", async () => {
    await using connection = await open();
    connection.send(frame("0012000300000001ffff00")); // with the tagged fields of a flexible version
    const { body } = await connection.receive();
    expect([body.readInt16BE(0), body.readInt32BE(2)]).toEqual([ERROR.unsupportedVersion, APIS.length]);
    expect((await connection.apiVersions()).errorCode).toBe(ERROR.none);
  });
});

describe("no bytes bring it down", () => {
  /** Sends it on a connection of its own and waits until the broker is done with that. */
  async function survive(bytes: Buffer): Promise<void> {
    await using connection = await open();
    connection.send(bytes);
    connection.finish();
    await connection.closed();
  }

  test("random ones after a right length", async () => {
    const bodies = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(bodies, (body) => survive(framed(Buffer.from(body)))),
      { numRuns: 150 },
    );
  });

  test("random ones behind a right header", async () => {
    const api = fc.constantFrom(...APIS);
    await fc.assert(
      fc.asyncProperty(api, fc.uint8Array({ maxLength: 100 }), ({ key, version }, body) =>
        survive(framed(Buffer.concat([Buffer.from([0, key, 0, version, 0, 0, 0, 1, 255, 255]), body]))),
      ),
      { numRuns: 300 },
    );
  });

  test("right requests with some bytes changed, or cut off", async () => {
    const good = await Promise.all(REQUESTS.map(([name, args]) => frameOf(request(name, args))));
    const change = fc.record({ at: fc.nat(), to: fc.constantFrom(0, 1, 2, 127, 128, 254, 255) });
    const mutation = fc.record({
      bytes: fc.constantFrom(...good),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
      drop: fc.nat(10),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ bytes, changes, drop }) => {
        const body = Buffer.from(bytes.subarray(4, bytes.length - drop));
        for (const { at, to } of changes) body[8 + (at % Math.max(1, body.length - 8))] = to;
        await survive(framed(body));
      }),
      { numRuns: 500 },
    );
  });

  test("and it still answers everybody else", async () => {
    await using connection = await open();
    expect((await connection.apiVersions()).errorCode).toBe(ERROR.none);
    expect(broker.process.exitCode).toBeNull();
    expect(broker.output()).not.toContain("an error of this broker");
  });
});

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function framed(body: Buffer): Buffer {
  return Buffer.concat([int32(body.length), body]);
}

function frame(hex: string): Buffer {
  return framed(Buffer.from(hex, "hex"));
}
