import { describe, expect, test } from "vitest";
import { acceptBatch, crcHolds, placeBatch, readBatch, sequenceAfter } from "../../src/broker/log/batch.ts";
import { Sequences } from "../../src/broker/log/sequences.ts";
import { ERROR } from "../../src/broker/protocol/errors.ts";
import { batchOf, type BatchWish } from "./wire.ts";

const LIMIT = 1 << 20;

describe("a batch of kafkajs", () => {
  test("is accepted, and says what it is", async () => {
    const bytes = await batchOf({ values: ["a", "b", "c"], producerId: 42, epoch: 3, sequence: 17, timestamp: 1_000 });
    expect(acceptBatch(bytes, LIMIT)).toMatchObject({
      bytes: bytes.length,
      lastOffset: 2,
      producerId: 42,
      producerEpoch: 3,
      firstSequence: 17,
      lastSequence: 19,
      maxTimestamp: 1_000,
    });
  });

  test("gets its place without harm to the CRC", async () => {
    const bytes = await batchOf({ values: ["a", "b"] });
    placeBatch(bytes, 1_000_000_000_000);
    expect(readBatch(bytes, 0)).toMatchObject({ baseOffset: 1_000_000_000_000, lastOffset: 1_000_000_000_001 });
    expect(crcHolds(bytes, 0, bytes.length)).toBe(true);
  });

  test("is refused with any one of its bytes changed, but for the base offset and the leader's epoch", async () => {
    const good = await batchOf({ values: ["value"], producerId: 1 });
    for (let at = 0; at < good.length; at += 1) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x10;
      const isPlace = at < 8 || (at >= 12 && at < 16);
      expect(typeof acceptBatch(bad, LIMIT), `byte ${at}`).toBe(isPlace ? "object" : "number");
    }
  });

  test("is refused by its right name", async () => {
    const good = await batchOf({ values: ["value"] });
    const oldFormat = Buffer.from(good);
    oldFormat[16] = 1;
    expect(acceptBatch(null, LIMIT)).toBe(ERROR.invalidRecord);
    expect(acceptBatch(good.subarray(0, 40), LIMIT)).toBe(ERROR.invalidRecord);
    expect(acceptBatch(good.subarray(0, -1), LIMIT)).toBe(ERROR.corruptMessage);
    expect(acceptBatch(Buffer.concat([good, good]), LIMIT)).toBe(ERROR.invalidRecord);
    expect(acceptBatch(good, good.length - 1)).toBe(ERROR.messageTooLarge);
    expect(acceptBatch(oldFormat, LIMIT)).toBe(ERROR.unsupportedForMessageFormat);
  });
});

describe("sequences of one producer", () => {
  test("in order are new, repeats answer where the original lies, gaps are refused", async () => {
    const { remember, rule } = story();
    await remember({ values: ["a", "b"], sequence: 0 }, 100);
    await remember({ values: ["c"], sequence: 2 }, 102);
    expect(await rule({ values: ["d"], sequence: 3 })).toEqual({ is: "new" });
    expect(await rule({ values: ["a", "b"], sequence: 0 })).toEqual({ is: "repeat", baseOffset: 100, lastOffset: 101 });
    expect(await rule({ values: ["c"], sequence: 2 })).toMatchObject({ is: "repeat", baseOffset: 102 });
    expect(await rule({ values: ["e"], sequence: 4 })).toEqual({ is: "refused", error: ERROR.outOfOrderSequence });
  });

  test("only the last five batches are remembered", async () => {
    const { remember, rule } = story();
    for (let sequence = 0; sequence < 6; sequence += 1) await remember({ values: ["x"], sequence }, sequence);
    expect(await rule({ values: ["x"], sequence: 1 })).toMatchObject({ is: "repeat", baseOffset: 1 });
    expect(await rule({ values: ["x"], sequence: 0 })).toEqual({ is: "refused", error: ERROR.outOfOrderSequence });
  });

  test("a newer epoch begins at 0, an older one is refused, an unknown producer may begin anywhere", async () => {
    const { remember, rule } = story();
    expect(await rule({ values: ["x"], sequence: 99 })).toEqual({ is: "new" });
    await remember({ values: ["x"], sequence: 99, epoch: 5 }, 0);
    expect(await rule({ values: ["x"], sequence: 100, epoch: 4 })).toEqual({
      is: "refused",
      error: ERROR.invalidProducerEpoch,
    });
    expect(await rule({ values: ["x"], sequence: 100, epoch: 6 })).toEqual({
      is: "refused",
      error: ERROR.outOfOrderSequence,
    });
    expect(await rule({ values: ["x"], sequence: 0, epoch: 6 })).toEqual({ is: "new" });
  });

  test("go on from 2^31 - 1 to 0", async () => {
    expect(sequenceAfter(0x7fffffff, 1)).toBe(0);
    expect(sequenceAfter(0x7ffffffe, 1)).toBe(0x7fffffff);
    const { remember, rule } = story();
    await remember({ values: ["a", "b"], sequence: 0x7fffffff }, 0);
    expect(await rule({ values: ["c"], sequence: 1 })).toEqual({ is: "new" });
    expect(await rule({ values: ["c"], sequence: 2 })).toMatchObject({ is: "refused" });
  });
});

function story() {
  const sequences = new Sequences();
  const parsed = async (wish: BatchWish) => readBatch(await batchOf({ producerId: 7, ...wish }), 0)!;
  return {
    remember: async (wish: BatchWish, baseOffset: number) => {
      const batch = await parsed(wish);
      sequences.remember({ ...batch, baseOffset, lastOffset: baseOffset + batch.lastOffset });
    },
    rule: async (wish: BatchWish) => sequences.judge(await parsed(wish)),
  };
}
