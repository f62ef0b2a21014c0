// The Log in Kafka: the one file that knows kafkajs. Its rules are not a matter of taste; each was seen losing, stopping or
// delaying events without it:
//
// - After a rejected send the producer is thrown away: it would give the next, different message the same sequence
//   number, and the broker would acknowledge that one as a repeat without keeping it.
// - `retries` counts for the client's own nested retries too, so `retry` stands on the client.
// - One send at a time: `disconnect` does not cancel one that is pending, and may hang on it.
// - Commits go through the batch's own function; one through the consumer ends the consumer for good.
// - A consumer that crashed is made again, and what is thrown away loses its sockets: one behind a lost network never ends.
// - An idle client would spin on a 1 ms timer.
// - Nothing is waited for between two fetches, neither a commit nor a heartbeat: an ocean away each is a round trip.
import { Kafka, logLevel, type EachBatchPayload, type ISocketFactory, type Producer } from "kafkajs";
import Broker from "kafkajs/src/broker/index.js";
import Cluster from "kafkajs/src/cluster/index.js";
import RequestQueue from "kafkajs/src/network/requestQueue/index.js";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery, Log, Say } from "../ports.ts";
import { within } from "./within.ts";

export interface KafkaSettings {
  /** host:port */
  broker: string;
  topic: string;
  /** Its consumer group is `regionctl-<region>`. */
  region: string;
  /** How many regions there are. */
  regions: number;
}

const PARTITION = 0;
const RETRY = { initialRetryTime: 50, maxRetryTime: 500, multiplier: 1.5, retries: 1e6 };
const CONNECT_MS = 1_000;
const REQUEST_MS = 4_000;
const CHUNK = 200;
const AGAIN_MS = 200;
const BEAT_MS = 300;
const COMMIT_EVERY_MS = 1_000;
const CLOSE_MS = 500;
const QUIET_MS = 30_000;

/**
 * A fetch waits at the broker for an event (some 370 bytes at least) or for two heartbeats (128 to 184 bytes each): these
 * come at the same moment (relay.ts), and after each answer this consumer is deaf for a round trip.
 */
const FETCH_BYTES = 200;
/** Longer than heartbeats are apart. */
const FETCH_MS = 300;

restWhenIdle();
beatWithoutWaiting();

export function createKafkaLog({ broker, topic, region, regions }: KafkaSettings, say: Say): Log {
  const options = { brokers: [broker], clientId: `backend-${region}`, connectionTimeout: CONNECT_MS };
  const quiet = quietly(say);
  const newClient = () => {
    const sockets = createSockets();
    const kafka = new Kafka({
      ...options,
      requestTimeout: REQUEST_MS,
      retry: RETRY,
      socketFactory: sockets.open,
      logLevel: logLevel.ERROR,
      logCreator: () => quiet,
    });
    return { kafka, sockets };
  };
  const asker = createAsker(options, topic);

  let producer: Connected | undefined;
  let created: Promise<void> | undefined;

  /** One partition, so that a heartbeat speaks for everything before it. Twice is harmless. */
  function ensureTopic(): Promise<void> {
    created ??= createTopic().catch((error) => {
      created = undefined;
      throw error;
    });
    return created;
  }

  async function createTopic(): Promise<void> {
    const { kafka, sockets } = newClient();
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
      say(`kafka: topic ${topic} is there at ${broker}`);
    } finally {
      void ended(admin.disconnect(), sockets);
    }
  }

  function newProducer(): Connected {
    const { kafka, sockets } = newClient();
    const made = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      retry: RETRY,
      allowAutoTopicCreation: false,
    });
    return { made, sockets, connected: ensureTopic().then(() => made.connect()) };
  }

  /** One consumer's life: until the signal aborts, or until it will not come back by itself. */
  async function consume(
    from: () => Promise<number | null>,
    receive: (batch: readonly Delivery[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { kafka, sockets } = newClient();
    const made = kafka.consumer({
      groupId: `regionctl-${region}`,
      sessionTimeout: 1_500,
      rebalanceTimeout: 1_500,
      heartbeatInterval: BEAT_MS,
      minBytes: regions > 1 ? FETCH_BYTES : 1,
      maxWaitTimeInMs: FETCH_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: async () => false },
    });
    let placed = false;
    let committedAt = 0;
    const over = new Promise<void>((resolve) => {
      made.on(made.events.CRASH, () => resolve());
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
      committedAt = Date.now();
      const next = String(Number(batch.lastOffset()) + 1);
      // One that fails is made up for by the next; a group that is rebalancing says so to the heartbeat.
      commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition: PARTITION, offset: next }] }] }).catch(
        () => {},
      );
    }

    try {
      await made.connect();
      await made.subscribe({ topics: [topic], fromBeginning: true });
      await made.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
      await over;
    } finally {
      // Leaving the group spares the next member of it the wait for this one.
      await ended(made.disconnect(), sockets);
    }
  }

  return {
    async append(messages) {
      const { made, sockets, connected } = (producer ??= newProducer());
      try {
        await connected;
        const [kept] = await made.send({
          topic,
          acks: -1,
          messages: messages.map((message) => ({ ...message, partition: PARTITION })),
        });
        return kept?.baseOffset === undefined ? null : Number(kept.baseOffset);
      } catch (error) {
        producer = undefined;
        void ended(made.disconnect(), sockets);
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

    end: () => asker.ask(),

    async close() {
      await Promise.all([asker.close(), producer && ended(producer.made.disconnect(), producer.sockets)]);
    },
  };
}

interface Connected {
  made: Producer;
  sockets: Sockets;
  connected: Promise<void>;
}

/** Gives a client that is leaving a moment to say so. What does not end by itself is cut off. */
async function ended(leaving: Promise<void>, sockets: Sockets): Promise<void> {
  await Promise.race([leaving.catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })]);
  sockets.destroy();
}

/** The sockets of one client. */
interface Sockets {
  open: ISocketFactory;
  destroy(): void;
}

function createSockets(): Sockets {
  const sockets = new Set<Socket>();
  return {
    open({ host, port, onConnect }) {
      // Small requests follow each other closely: none waits for the acknowledgement of the one before.
      const socket = connect({ host, port, noDelay: true, keepAlive: true }, onConnect);
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      return socket;
    },
    destroy() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const ASK_MS = 1_000;
const ASK_SOON_MS = 100;
const READ_UNCOMMITTED = 0;
const METADATA_MS = 300_000;

/** Asks for the end of the log, in one round trip, which an admin client cannot. */
function createAsker(options: { brokers: string[]; clientId: string; connectionTimeout: number }, topic: string) {
  const partitions = [{ partition: PARTITION }];
  let current: { cluster: Cluster; sockets: Sockets; connected: Promise<void> } | undefined;
  // People wait for the answer: as long as answers have taken, and hardly at all while there is none.
  let patienceMs = ASK_MS;
  let closed = false;

  function newCluster() {
    const sockets = createSockets();
    const cluster = new Cluster({
      ...options,
      requestTimeout: ASK_MS,
      enforceRequestTimeout: true,
      metadataMaxAge: METADATA_MS,
      allowAutoTopicCreation: false,
      retry: { retries: 0 },
      isolationLevel: READ_UNCOMMITTED,
      logger: SILENT,
      socketFactory: sockets.open,
    });
    return { cluster, sockets, connected: cluster.connect().then(() => cluster.addTargetTopic(topic)) };
  }

  async function ask(): Promise<number | null> {
    const asked = (current ??= newCluster());
    const begun = performance.now();
    try {
      await asked.connected;
      const [answer] = await asked.cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: false }]);
      patienceMs = Math.min(ASK_MS, ASK_SOON_MS + 3 * (performance.now() - begun));
      return Number(answer!.partitions[0]!.offset);
    } catch {
      // It may be poisoned by what went wrong: the next one who asks gets a new one.
      patienceMs = ASK_SOON_MS;
      if (current === asked) current = undefined;
      void ended(asked.cluster.disconnect(), asked.sockets);
      return null;
    }
  }

  return {
    async ask() {
      if (closed) return null;
      return within(patienceMs, ask()).catch(() => {
        patienceMs = ASK_SOON_MS;
        return null;
      });
    },
    async close() {
      closed = true;
      if (current !== undefined) await ended(current.cluster.disconnect(), current.sockets);
    },
  };
}

const SILENT = { namespace: () => SILENT, error() {}, warn() {}, info() {}, debug() {} };

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

/** kafkajs waits for the answer to a heartbeat, and fetches nothing meanwhile. So the answer to one is told at the next. */
function beatWithoutWaiting(): void {
  const original = Broker.prototype.heartbeat;
  const beats = new WeakMap<Broker, { of: string; underway: boolean; failure?: unknown }>();
  Broker.prototype.heartbeat = async function (member) {
    const of = `${member.groupId} ${member.memberId} ${member.groupGenerationId}`;
    const known = beats.get(this);
    const last = known?.of === of ? known : undefined;
    if (last?.underway) return;
    const beat: { of: string; underway: boolean; failure?: unknown } = { of, underway: true };
    beats.set(this, beat);
    original
      .call(this, member)
      .catch((error: unknown) => (beat.failure = error))
      .finally(() => (beat.underway = false));
    if (last?.failure !== undefined) throw last.failure;
  };
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
