// A partition on a real disk, without a network: what is appended is found again, whatever happened to the file.
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StorageError, type Write } from "../../src/broker/log/append-file.ts";
import { acceptBatch, readBatch, type Batch } from "../../src/broker/log/batch.ts";
import { Durability, type Datasync } from "../../src/broker/log/durability.ts";
import { Partition } from "../../src/broker/log/partition.ts";
import type { Call } from "../../src/broker/api/api.ts";
import { produce } from "../../src/broker/api/produce.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { ERROR } from "../../src/broker/protocol/errors.ts";
import { Reader } from "../../src/broker/protocol/reader.ts";
import { Topics } from "../../src/broker/topics.ts";
import { settingsIn, temporaryDirectory } from "./program.ts";
import { batchOf, frameOf, request, type BatchWish } from "./wire.ts";

let root: string;
let lines: string[];
beforeEach(() => {
  root = temporaryDirectory();
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Ways {
  segmentBytes?: number;
  write?: Write;
  datasync?: Datasync;
}

function open({ segmentBytes = 1 << 20, write, datasync }: Ways = {}): Partition {
  const die = (reason: string) => lines.push(`died: ${reason}`);
  const durability = new Durability(datasync ? "group" : "never", die, datasync ?? ((_, done) => done(null)));
  return new Partition(join(root, "t-0"), { segmentBytes, durability, log: (line) => lines.push(line), write });
}

async function append(partition: Partition, wish: BatchWish) {
  const bytes = await batchOf(wish);
  return partition.append(bytes, acceptBatch(bytes, 1 << 20) as Batch);
}

/** Base offsets of the batches that a reader gets, all the way to the end. */
function offsets(partition: Partition, maxBytes = 1 << 20): number[] {
  const found: number[] = [];
  for (let next = partition.startOffset; ;) {
    const bytes = partition.read(next, maxBytes);
    if (bytes.length === 0) return found;
    for (let at = 0; at < bytes.length;) {
      const batch = readBatch(bytes, at)!;
      found.push(batch.baseOffset);
      [at, next] = [at + batch.bytes, batch.lastOffset + 1];
    }
  }
}

const fail = (reason: string): never => {
  throw new Error(reason);
};
const segmentFiles = () => readdirSync(join(root, "t-0")).toSorted();
const lastSegment = () => join(root, "t-0", segmentFiles().at(-1)!);

describe("reading", () => {
  test("gives whole batches, the first however large, and begins with the one that holds the offset", async () => {
    const partition = open();
    for (const values of [["a", "b", "c"], ["d".repeat(5_000)], ["e"]]) await append(partition, { values });
    expect(offsets(partition)).toEqual([0, 3, 4]);
    expect(readBatch(partition.read(2, 1), 0)).toMatchObject({ baseOffset: 0, lastOffset: 2 });
    expect(partition.read(3, 1).length).toBeGreaterThan(5_000);
    expect(partition.read(5, 1 << 20)).toHaveLength(0);
  });

  test("crosses segments, and is the same after a restart", async () => {
    const partition = open({ segmentBytes: 1_024 });
    const values = ["x".repeat(200)];
    for (let sequence = 0; sequence < 40; sequence += 1) await append(partition, { values, producerId: 1, sequence });
    expect(segmentFiles().length).toBeGreaterThan(5);
    expect(offsets(partition, 700)).toEqual(Array.from({ length: 40 }, (_, index) => index));

    const again = open({ segmentBytes: 1_024 });
    expect(offsets(again, 700)).toEqual(offsets(partition));
    expect(again.nextOffset).toBe(40);
    expect(await append(again, { values, producerId: 1, sequence: 39 })).toMatchObject({ baseOffset: 39 });
    expect(await append(again, { values, producerId: 1, sequence: 41 })).toEqual({ error: ERROR.outOfOrderSequence });
    expect(await append(again, { values, producerId: 1, sequence: 40 })).toMatchObject({ baseOffset: 40 });
  });

  test("finds any offset through the sparse index", async () => {
    const partition = open({ segmentBytes: 100_000 });
    for (let batch = 0; batch < 500; batch += 1)
      await append(partition, { values: ["x".repeat((batch * 37) % 900), "y"] });
    for (const reader of [partition, open()]) {
      for (let offset = 0; offset < 1_000; offset += 7) {
        expect(readBatch(reader.read(offset, 1), 0)!.baseOffset).toBe(offset - (offset % 2));
      }
    }
  });

  test("finds the first batch since a time", async () => {
    const partition = open({ segmentBytes: 2_048 });
    for (let batch = 0; batch < 60; batch += 1)
      await append(partition, { values: ["x".repeat(150)], timestamp: 1_000 + batch * 10 });
    expect(partition.firstSince(0)).toEqual({ offset: 0, timestamp: 1_000 });
    expect(partition.firstSince(1_301)).toEqual({ offset: 31, timestamp: 1_310 });
    expect(partition.firstSince(1_590)).toEqual({ offset: 59, timestamp: 1_590 });
    expect(partition.firstSince(1_591)).toBeUndefined();
  });
});

describe("a torn tail", () => {
  test("cut at any byte of the last batch: the others stand, and its place is used again", async () => {
    const whole = open();
    for (const value of ["first", "second"]) await append(whole, { values: [value] });
    const goodBytes = statSync(lastSegment()).size;
    await append(whole, { values: ["third, which will be torn"] });
    const bytes = readFileSync(lastSegment());
    for (let cut = goodBytes; cut < bytes.length; cut += 1) {
      writeFileSync(lastSegment(), bytes.subarray(0, cut));
      const partition = open();
      expect(partition.nextOffset, `cut at ${cut}`).toBe(2);
      expect(statSync(lastSegment()).size).toBe(goodBytes);
      expect(await append(partition, { values: ["another"] })).toMatchObject({ baseOffset: 2 });
      expect(offsets(partition)).toEqual([0, 1, 2]);
      partition.close();
    }
    expect(lines.at(-1)).toMatch(/cut \d+ torn bytes; the log goes on at 2/);
  });

  test("garbage behind the end, or a flipped bit in the last batch, is cut", async () => {
    const partition = open();
    for (const value of ["first", "second"]) await append(partition, { values: [value] });
    const good = readFileSync(lastSegment());
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (garbage) => {
        writeFileSync(lastSegment(), good);
        appendFileSync(lastSegment(), garbage);
        const recovered = open();
        expect(offsets(recovered)).toEqual([0, 1]);
        recovered.close();
      }),
      { numRuns: 50 },
    );
    good[good.length - 3]! ^= 1;
    writeFileSync(lastSegment(), good);
    expect(offsets(open())).toEqual([0]);
  });

  test("is forgotten by idempotence too: the client's repeat is written then", async () => {
    const partition = open();
    for (const sequence of [0, 1]) await append(partition, { values: ["x"], producerId: 9, sequence });
    truncateSync(lastSegment(), statSync(lastSegment()).size - 1);
    const again = open();
    expect(await append(again, { values: ["x"], producerId: 9, sequence: 1 })).toEqual({
      baseOffset: 1,
      safe: undefined,
    });
    expect(offsets(again)).toEqual([0, 1]);
  });

  test("in the middle of the log it is no torn tail: the broker refuses, instead of dropping what follows", async () => {
    const partition = open({ segmentBytes: 1_024 });
    for (let batch = 0; batch < 20; batch += 1) await append(partition, { values: ["x".repeat(200)] });
    const first = join(root, "t-0", segmentFiles()[0]!);
    truncateSync(first, statSync(first).size - 1);
    expect(() => open()).toThrow(/00000000000000000000\.log: damaged behind offset 1, with more segments/);
  });
});

describe("a full disk", () => {
  test("an append that fails leaves nothing; what was written before and comes after is whole", async () => {
    let room = Infinity;
    const write: Write = (fd, bytes, from, length, position) => {
      if (room === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      const part = Math.min(length, room);
      room -= part;
      return writeSync(fd, bytes, from, part, position);
    };
    const partition = open({ write });
    await append(partition, { values: ["kept"], producerId: 3, sequence: 0 });
    const sizeBefore = statSync(lastSegment()).size;

    room = 30; // half a header
    const refused = { values: ["does not fit"], producerId: 3, sequence: 1 };
    await expect(append(partition, refused)).rejects.toThrow(StorageError);
    expect(statSync(lastSegment()).size).toBe(sizeBefore);
    expect(offsets(partition)).toEqual([0]);

    room = Infinity;
    expect(await append(partition, refused)).toMatchObject({ baseOffset: 1 });
    expect(offsets(partition)).toEqual([0, 1]);
    expect(offsets(open())).toEqual([0, 1]);
  });
});

describe("group sync", () => {
  test("readers see, and clients hear of, nothing that is not on the disk; one sync serves all that wait", async () => {
    const syncs: (() => void)[] = [];
    const partition = open({ datasync: (_, done) => syncs.push(() => done(null)) });
    const first = await append(partition, { values: ["a"], producerId: 1, sequence: 0 });
    const second = await append(partition, { values: ["b"], producerId: 1, sequence: 1 });
    const repeat = await append(partition, { values: ["a"], producerId: 1, sequence: 0 });
    expect([first, second, repeat]).toMatchObject([{ baseOffset: 0 }, { baseOffset: 1 }, { baseOffset: 0 }]);
    expect([partition.highWatermark, offsets(partition), syncs.length]).toEqual([0, [], 1]);

    syncs.shift()!(); // covers the first append alone: the second came while it ran
    await ("safe" in first && first.safe);
    expect([partition.highWatermark, offsets(partition), syncs.length]).toEqual([1, [0], 1]);

    syncs.shift()!();
    await Promise.all(["safe" in second && second.safe, "safe" in repeat && repeat.safe]);
    expect([partition.highWatermark, offsets(partition), syncs.length]).toEqual([2, [0, 1], 0]);
    expect(await append(partition, { values: ["b"], producerId: 1, sequence: 1 })).toEqual({ baseOffset: 1 });
  });

  test("the answer to a producer waits for it", async () => {
    const syncs: (() => void)[] = [];
    const durability = new Durability("group", fail, (_, done) => syncs.push(() => done(null)));
    const settings = settingsIn(root);
    const topics = new Topics(settings, { durability, log: fail });
    topics.create("t", 1, {});
    const broker = { topics, settings, log: fail } as never as Broker;
    const partitions = [{ partition: 0, firstSequence: 0, messages: [{ value: "v" }] }];
    const asked = { acks: -1, timeout: 100, topicData: [{ topic: "t", partitions }] };
    const body = (await frameOf(request("produce/v7", asked))).subarray(18); // behind length and header
    let answered = false;
    const answer = Promise.resolve(produce.answer(new Reader(body), {} as Call, broker)).then(() => (answered = true));
    await new Promise(setImmediate);
    expect([syncs.length, answered]).toEqual([1, false]);
    syncs[0]!();
    expect(await answer).toBe(true);
  });

  test("a failed sync stops the broker and is not tried again", async () => {
    let syncs = 0;
    const partition = open({ datasync: (_, done) => done(new Error(`EIO ${(syncs += 1)}`)) });
    await append(partition, { values: ["a"] });
    expect(lines).toEqual([expect.stringMatching(/^died: fsync of .*t-0.*\.log failed \(EIO 1\): stopping/)]);
    expect([syncs, partition.highWatermark]).toEqual([1, 0]);
  });
});
