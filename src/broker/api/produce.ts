// Writing: a batch per partition, as the client's bytes, on the disk before it is acknowledged.
import type { Broker } from "../broker.ts";
import { StorageError } from "../log/append-file.ts";
import { acceptBatch } from "../log/batch.ts";
import type { Appended } from "../log/partition.ts";
import { ERROR } from "../protocol/errors.ts";
import { Writer } from "../protocol/writer.ts";
import type { Api } from "./api.ts";

export const initProducerId: Api = {
  key: 22,
  name: "InitProducerId",
  version: 1,
  answer(request, _, broker) {
    const transactionalId = request.nullableString();
    request.int32();
    request.end();
    const writer = new Writer().int32(0);
    if (transactionalId !== null) return writer.int16(ERROR.invalidRequest).int64(-1).int16(-1);
    try {
      const id = broker.producerIds.next();
      return writer.int16(ERROR.none).int64(id).int16(0);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      broker.log(`no producer id: ${error.message}`);
      return writer.int16(ERROR.storageError).int64(-1).int16(-1);
    }
  },
};

interface Asked {
  topic: string;
  partitions: readonly { index: number; bytes: Buffer | null }[];
}

/** No answer at all, one that counts this broker, one that counts all replicas: here the last two are the same. */
const ACKS = new Set([0, 1, -1]);

export const produce: Api = {
  key: 0,
  name: "Produce",
  version: 7,
  async answer(request, _, broker) {
    const transactionalId = request.nullableString();
    const acks = request.int16();
    request.int32();
    const asked: Asked[] = request.array(() => ({
      topic: request.string(),
      partitions: request.array(() => ({ index: request.int32(), bytes: request.nullableBytes() })),
    }));
    request.end();
    const refused =
      transactionalId !== null ? ERROR.invalidRequest : ACKS.has(acks) ? undefined : ERROR.invalidRequiredAcks;

    const written = asked.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ index, bytes }) => ({
        index,
        done: refused === undefined ? append(topic, index, bytes, broker) : { error: refused },
      })),
    }));
    // Without group sync nothing is awaited, so that an answer costs no extra turn of the event loop.
    const unsafe = written.flatMap(({ partitions }) =>
      partitions.flatMap(({ done }) => ("safe" in done && done.safe) || []),
    );
    if (unsafe.length > 0) await Promise.all(unsafe);
    if (acks === 0) return undefined;

    const writer = new Writer();
    writer.array(written, ({ topic, partitions }) => {
      writer.string(topic).array(partitions, ({ index, done }) => {
        const failed = "error" in done;
        writer.int32(index).int16(failed ? done.error : ERROR.none);
        writer.int64(failed ? -1 : done.baseOffset).int64(-1); // the client's timestamps stand
        writer.int64(broker.topics.partition(topic, index)?.startOffset ?? -1);
      });
    });
    return writer.int32(0);
  },
};

function append(topic: string, index: number, bytes: Buffer | null, broker: Broker): Appended {
  const partition = broker.topics.partition(topic, index);
  if (!partition) return { error: ERROR.unknownTopicOrPartition };
  const batch = acceptBatch(bytes, broker.settings.batchMaxBytes);
  if (typeof batch === "number") return { error: batch };
  try {
    return partition.append(bytes!, batch);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    broker.log(`${topic}-${index}: not written: ${error.message}`);
    return { error: ERROR.storageError };
  }
}
