// kafkajs with the settings that the backends use.
import { Kafka, logLevel, type Consumer, type Producer } from "kafkajs";

process.env["KAFKAJS_NO_PARTITIONER_WARNING"] = "1";

export function client(address: string): Kafka {
  return new Kafka({
    clientId: "test",
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 3_000,
    retry: { initialRetryTime: 20, maxRetryTime: 200, multiplier: 1.5, retries: 1e6 },
  });
}

export async function producerOf(address: string): Promise<Producer> {
  const producer = client(address).producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  return producer;
}

export async function createTopic(address: string, topic: string, numPartitions = 1): Promise<void> {
  const admin = client(address).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }] });
  await admin.disconnect();
}

export interface Reading extends AsyncDisposable {
  consumer: Consumer;
  /** What it has read and committed, in order. */
  values: string[];
  /** Partitions that are its part now. */
  partitions(): readonly number[];
  /** Resolves when `done` holds; asked after each change. */
  until(done: () => boolean): Promise<void>;
}

/**
 * A consumer that commits each batch before the next. "commit-first": what is in `values` is committed. "keep-first": what is
 * committed is in `values`, some of it perhaps twice.
 */
export async function consume(
  address: string,
  groupId: string,
  topic: string,
  order: "commit-first" | "keep-first" = "commit-first",
): Promise<Reading> {
  const consumer = client(address).consumer({
    groupId,
    sessionTimeout: 1_500,
    rebalanceTimeout: 1_500,
    heartbeatInterval: 100,
    maxWaitTimeInMs: 250,
  });
  const values: string[] = [];
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  let partitions: readonly number[] = [];
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    partitions = payload.memberAssignment[topic] ?? [];
    changed();
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary, heartbeat }) => {
      const next = String(Number(batch.lastOffset()) + 1);
      const keep = () => values.push(...batch.messages.map((message) => String(message.value)));
      if (order === "keep-first") keep();
      resolveOffset(batch.lastOffset());
      await commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition: batch.partition, offset: next }] }],
      });
      if (order === "commit-first") keep();
      changed();
      await heartbeat();
    },
  });
  return {
    consumer,
    values,
    partitions: () => partitions,
    until: (done) =>
      new Promise((resolve) => {
        const look = () => {
          if (!done()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () => consumer.disconnect(),
  };
}
