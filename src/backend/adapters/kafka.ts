// The Log in Kafka: the one file that knows kafkajs. Its rules are not a matter of taste; each was seen losing or
// stopping events without it:
//
// - After a rejected send the producer is thrown away: it would give the next, different message the same sequence
//   number, and the broker would acknowledge that one as a repeat without keeping it.
// - `retries` counts for the client's own nested retries too, so `retry` stands on the client.
// - One send at a time: `disconnect` does not cancel one that is pending, and may hang on it.
// - Commits go through the batch's own function; one through the consumer ends the consumer for good.
// - A consumer that crashed without restarting itself is made again.
// - An idle client would spin on a 1 ms timer.
import { Kafka, logLevel, type EachBatchPayload, type Producer } from "kafkajs";
import RequestQueue from "kafkajs/src/network/requestQueue/index.js";
import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery, Log, Say } from "../ports.ts";
import { within } from "./within.ts";

export interface KafkaSettings {
  /** host:port */
  broker: string;
  topic: string;
  /** Its consumer group is `regionctl-<region>`. */
  region: string;
}

const PARTITION = 0;
const RETRY = { initialRetryTime: 50, maxRetryTime: 500, multiplier: 1.5, retries: 1e6 };
const ASK_MS = 1_000;
const CHUNK = 200;
const AGAIN_MS = 200;
const BEAT_MS = 400;
const COMMIT_EVERY_MS = 1_000;
const CLOSE_MS = 500;
const QUIET_MS = 30_000;

restWhenIdle();

export function createKafkaLog({ broker, topic, region }: KafkaSettings, say: Say): Log {
  const options = {
    brokers: [broker],
    clientId: `backend-${region}`,
    connectionTimeout: 1_000,
    requestTimeout: 4_000,
    logLevel: logLevel.ERROR,
    logCreator: () => quietly(say),
  };
  const kafka = new Kafka({ ...options, retry: RETRY });
  // Asked by people who wait for the answer: it says quickly that there is none.
  const impatient = new Kafka({
    ...options,
    retry: { retries: 0 },
    requestTimeout: ASK_MS,
    logLevel: logLevel.NOTHING,
  });

  let closed = false;
  let producer: Promise<Producer> | undefined;
  let created: Promise<void> | undefined;
  let asker: ReturnType<typeof impatient.admin> | undefined;

  /** One partition, so that a heartbeat speaks for everything before it. Twice is harmless. */
  function ensureTopic(): Promise<void> {
    created ??= createTopic().catch((error) => {
      created = undefined;
      throw error;
    });
    return created;
  }

  async function createTopic(): Promise<void> {
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
      say(`kafka: topic ${topic} is there at ${broker}`);
    } finally {
      void admin.disconnect().catch(() => {});
    }
  }

  async function connectProducer(): Promise<Producer> {
    await ensureTopic();
    const made = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      retry: RETRY,
      allowAutoTopicCreation: false,
    });
    await made.connect();
    return made;
  }

  function discardProducer(): void {
    const old = producer;
    producer = undefined;
    void old?.then((made) => made.disconnect()).catch(() => {});
  }

  /** One consumer's life: until the signal aborts, or until it will not come back by itself. */
  async function consume(
    from: () => Promise<number | null>,
    receive: (batch: readonly Delivery[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const made = kafka.consumer({
      groupId: `regionctl-${region}`,
      sessionTimeout: 1_500,
      rebalanceTimeout: 1_500,
      heartbeatInterval: 500,
      maxWaitTimeInMs: 250,
      allowAutoTopicCreation: false,
      retry: RETRY,
    });
    let placed = false;
    let committedAt = 0;
    const ended = new Promise<void>((resolve) => {
      made.on(made.events.CRASH, ({ payload }) => {
        if (!payload.restart) resolve();
      });
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    made.on(made.events.GROUP_JOIN, () => {
      placed = false;
    });

    async function eachBatch(payload: EachBatchPayload): Promise<void> {
      const { batch, heartbeat, resolveOffset, commitOffsetsIfNecessary, isRunning, isStale } = payload;
      const first = batch.messages[0];
      if (first === undefined) return;
      // The position in the database is the true one; the group's may be ahead of it (a database that began anew).
      // Once per assignment, since the log may have forgotten what lies before.
      const position = (await from()) ?? 0;
      if (!placed && Number(first.offset) > position) {
        placed = true;
        made.seek({ topic, partition: PARTITION, offset: String(position) });
        return;
      }
      placed = true;
      for (let start = 0; start < batch.messages.length; start += CHUNK) {
        const chunk = batch.messages
          .slice(start, start + CHUNK)
          .map(({ offset, value }) => ({ offset: Number(offset), value: value?.toString("utf8") ?? "" }));
        for (let done = false; !done;) {
          if (!isRunning() || isStale() || signal.aborted) return;
          done = await whileBeating(heartbeat, receive(chunk));
          if (!done) await sleep(AGAIN_MS);
        }
        resolveOffset(String(chunk.at(-1)!.offset));
      }
      // For tools that look at the group, and as the place to begin to read; never what counts as applied.
      if (Date.now() - committedAt < COMMIT_EVERY_MS) return;
      const next = String(Number(batch.lastOffset()) + 1);
      await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition: PARTITION, offset: next }] }] });
      committedAt = Date.now();
    }

    try {
      await made.connect();
      await made.subscribe({ topics: [topic], fromBeginning: true });
      await made.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
      await ended;
    } finally {
      // Leaving the group spares the next member of it the wait for this one.
      await Promise.race([made.disconnect().catch(() => {}), sleep(CLOSE_MS)]);
    }
  }

  return {
    async append(messages) {
      producer ??= connectProducer();
      try {
        const made = await producer;
        await made.send({
          topic,
          acks: -1,
          messages: messages.map((message) => ({ ...message, partition: PARTITION })),
        });
      } catch (error) {
        discardProducer();
        throw error;
      }
    },

    async follow(from, receive, signal) {
      while (!signal.aborted) {
        try {
          await ensureTopic();
          if (!signal.aborted) await consume(from, receive, signal);
        } catch (error) {
          if (!signal.aborted) say(`kafka: the consumer ended (${String(error)}); making a new one`);
        }
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
      }
    },

    async end() {
      if (closed) return null;
      const admin = (asker ??= impatient.admin());
      try {
        const offsets = await within(
          ASK_MS,
          admin.connect().then(() => admin.fetchTopicOffsets(topic)),
        );
        const high = offsets.find(({ partition }) => partition === PARTITION)?.high;
        return high === undefined ? null : Number(high);
      } catch {
        // It may be poisoned by what went wrong: the next one who asks gets a new one.
        if (asker === admin) asker = undefined;
        void admin.disconnect().catch(() => {});
        return null;
      }
    },

    async close() {
      closed = true;
      const ends = [producer?.then((made) => made.disconnect()), asker?.disconnect()];
      await Promise.race([Promise.allSettled(ends), sleep(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

/** Applying may wait for a database; the group must not take that for death. False: it was not applied. */
async function whileBeating(heartbeat: () => Promise<void>, applying: Promise<void>): Promise<boolean> {
  // A beat that fails says so again below, once nothing is being applied any more.
  const timer = setInterval(() => void heartbeat().catch(() => {}), BEAT_MS);
  const applied = await applying.then(
    () => true,
    () => false,
  );
  clearInterval(timer);
  await heartbeat();
  return applied;
}

/** kafkajs looks for waiting requests every millisecond also when there are none. */
function restWhenIdle(): void {
  process.env.KAFKAJS_NO_PARTITIONER_WARNING ??= "1";
  const original = RequestQueue.prototype.scheduleCheckPendingRequests;
  RequestQueue.prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) original.call(this);
  };
}

/** kafkajs repeats itself four times a second while a broker is away: one line per kind and half minute is enough. */
function quietly(say: Say) {
  const saidAt = new Map<string, number>();
  return ({ log }: { log: { message: string; error?: string } }) => {
    // That the topic is there already is what was wanted.
    if (log.message.startsWith("Response CreateTopics")) return;
    const kind = log.message.replace(/\d+/g, "N");
    const now = Date.now();
    if (now - (saidAt.get(kind) ?? -Infinity) < QUIET_MS) return;
    saidAt.set(kind, now);
    say(`kafka: ${log.message}${log.error ? ` (${log.error})` : ""}`);
  };
}
