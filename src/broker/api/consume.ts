// Reading: whole batches as they lie in the log, up to the high watermark; a reader at the end waits for more.
import type { Broker } from "../broker.ts";
import type { Partition } from "../log/partition.ts";
import { ERROR } from "../protocol/errors.ts";
import type { Reader } from "../protocol/reader.ts";
import { Writer } from "../protocol/writer.ts";
import type { Api } from "./api.ts";

interface Asked {
  topic: string;
  partitions: readonly { index: number; offset: number; maxBytes: number }[];
}

interface Got {
  index: number;
  error: number;
  partition?: Partition;
  batches: Buffer;
}

/** A client's word, bounded: nobody keeps a long poll longer than this. */
const MAX_WAIT_MS = 60_000;
const READ_COMMITTED = 1;

export const fetch: Api = {
  key: 1,
  name: "Fetch",
  version: 11,
  async answer(request, { over }, broker) {
    request.int32(); // replica id: there are no followers
    const waitMs = Math.min(Math.max(request.int32(), 0), MAX_WAIT_MS);
    const minBytes = request.int32();
    const maxBytes = Math.min(request.int32(), broker.settings.fetchMaxBytes);
    const isolation = request.int8();
    const sessionId = request.int32();
    request.int32();
    const asked = request.array(() => readAsked(request));
    request.array(() => [request.string(), request.array(() => request.int32())]);
    request.string();
    request.end();
    // No session is ever opened (the answer's session id stays 0), so nobody can continue one.
    if (sessionId !== 0) return new Writer().int32(0).int16(ERROR.fetchSessionIdNotFound).int32(0).int32(0);

    let got = gather(asked, maxBytes, broker);
    const deadline = performance.now() + waitMs;
    while (asked.length > 0 && !isEnough(got, minBytes) && !over.aborted) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      await somethingNew(got, leftMs, over);
      got = gather(asked, maxBytes, broker);
    }

    const writer = new Writer().int32(0).int16(ERROR.none).int32(0);
    return writer.array(asked, ({ topic }) => {
      const partitions = got.get(topic) ?? [];
      got.delete(topic); // a topic named twice is answered once
      writer.string(topic).array(partitions, (one) => writePartition(writer, one, isolation));
    });
  },
};

function readAsked(request: Reader): Asked {
  const topic = request.string();
  const partitions = request.array(() => {
    const index = request.int32();
    request.int32(); // leader epoch: it never changes here
    const offset = request.int64();
    request.int64(); // a follower's log start
    return { index, offset, maxBytes: request.int32() };
  });
  return { topic, partitions };
}

function gather(asked: readonly Asked[], maxBytes: number, broker: Broker): Map<string, readonly Got[]> {
  let left = maxBytes;
  let total = 0;
  const readOne = (topic: string, { index, offset, maxBytes }: Asked["partitions"][number]): Got => {
    const partition = broker.topics.partition(topic, index);
    const nothing = Buffer.alloc(0);
    if (!partition) return { index, error: ERROR.unknownTopicOrPartition, batches: nothing };
    if (offset < partition.startOffset || offset > partition.nextOffset) {
      return { index, error: ERROR.offsetOutOfRange, partition, batches: nothing };
    }
    if (offset >= partition.highWatermark || (left <= 0 && total > 0)) {
      return { index, error: ERROR.none, partition, batches: nothing };
    }
    const batches = partition.read(offset, Math.max(0, Math.min(maxBytes, left)));
    // At least one batch goes out however small the limits are, but only one: a second must fit.
    const fits = total === 0 || batches.length <= left;
    if (fits) [left, total] = [left - batches.length, total + batches.length];
    return { index, error: ERROR.none, partition, batches: fits ? batches : nothing };
  };
  return new Map(asked.map(({ topic, partitions }) => [topic, partitions.map((one) => readOne(topic, one))]));
}

function isEnough(got: ReadonlyMap<string, readonly Got[]>, minBytes: number): boolean {
  const all = [...got.values()].flat();
  return (
    all.some(({ error }) => error !== ERROR.none) || all.reduce((sum, one) => sum + one.batches.length, 0) >= minBytes
  );
}

/** Resolves when one of the partitions grows, the time is over, or nobody waits any more. */
function somethingNew(got: ReadonlyMap<string, readonly Got[]>, waitMs: number, over: AbortSignal): Promise<void> {
  const partitions = [...got.values()].flat().flatMap(({ partition }) => partition ?? []);
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      over.removeEventListener("abort", wake);
      for (const partition of partitions) partition.watchers.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, waitMs);
    over.addEventListener("abort", wake);
    for (const partition of partitions) partition.watchers.add(wake);
  });
}

function writePartition(writer: Writer, { index, error, partition, batches }: Got, isolation: number): void {
  const end = partition?.highWatermark ?? -1;
  writer
    .int32(index)
    .int16(error)
    .int64(end)
    .int64(end)
    .int64(partition?.startOffset ?? -1);
  writer.int32(isolation === READ_COMMITTED ? 0 : -1); // aborted transactions: none, or not asked for
  writer.int32(-1).bytes(batches); // no nearer replica
}

const LATEST = -1;
const EARLIEST = -2;

export const listOffsets: Api = {
  key: 2,
  name: "ListOffsets",
  version: 2,
  answer(request, _, broker) {
    request.int32();
    request.int8();
    const asked = request.array(() => ({
      topic: request.string(),
      partitions: request.array(() => ({ index: request.int32(), timestamp: request.int64() })),
    }));
    request.end();
    const writer = new Writer().int32(0);
    return writer.array(asked, ({ topic, partitions }) => {
      writer.string(topic).array(partitions, ({ index, timestamp }) => {
        const partition = broker.topics.partition(topic, index);
        const found = partition ? locate(partition, timestamp) : { offset: -1, timestamp: -1 };
        writer.int32(index).int16(partition ? ERROR.none : ERROR.unknownTopicOrPartition);
        writer.int64(found.timestamp).int64(found.offset);
      });
    });
  },
};

function locate(partition: Partition, timestamp: number): { offset: number; timestamp: number } {
  if (timestamp === LATEST) return { offset: partition.highWatermark, timestamp: -1 };
  if (timestamp === EARLIEST) return { offset: partition.startOffset, timestamp: -1 };
  return partition.firstSince(timestamp) ?? { offset: -1, timestamp: -1 };
}
