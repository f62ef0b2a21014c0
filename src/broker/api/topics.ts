// Topics are created, given more partitions and deleted by asking for it, never by using a name.
import { NODE_ID, type Broker } from "../broker.ts";
import { complaintAboutConfig } from "../configs.ts";
import { StorageError } from "../log/append-file.ts";
import { ERROR } from "../protocol/errors.ts";
import type { Reader } from "../protocol/reader.ts";
import { Writer } from "../protocol/writer.ts";
import { isTopicName, MAX_PARTITIONS } from "../topics.ts";
import type { Api } from "./api.ts";

interface Wish {
  name: string;
  partitions: number;
  replicas: number;
  /** Instead of the two counts: the brokers of each partition. */
  assigned: readonly { partition: number; brokers: readonly number[] }[];
  config: readonly { name: string; value: string | null }[];
}

type Complaint = readonly [error: number, message: string];

export const createTopics: Api = {
  key: 19,
  name: "CreateTopics",
  version: 3,
  answer(request, _, broker) {
    const wishes = request.array(() => readWish(request));
    request.int32(); // a time-out: here it is done when it is answered
    const validateOnly = request.boolean();
    request.end();
    return answerAll(
      wishes,
      (wish) => complaintAbout(wish, broker) ?? (validateOnly ? undefined : create(wish, broker)),
    );
  },
};

export const createPartitions: Api = {
  key: 37,
  name: "CreatePartitions",
  version: 1,
  answer(request, _, broker) {
    const wishes = request.array(() => readGrowth(request));
    request.int32();
    const validateOnly = request.boolean();
    request.end();
    return answerAll(wishes, (wish) => grow(wish, validateOnly, broker));
  },
};

export const deleteTopics: Api = {
  key: 20,
  name: "DeleteTopics",
  version: 1,
  async answer(request, _, broker) {
    const names = new Set(request.array(() => request.string()));
    request.int32();
    request.end();
    const results: { name: string; error: number }[] = [];
    for (const name of names) results.push({ name, error: await remove(name, broker) });
    const writer = new Writer().int32(0);
    return writer.array(results, ({ name, error }) => writer.string(name).int16(error));
  },
};

/** Each topic with what stands against its wish, in the form that both creating APIs answer. */
function answerAll<T extends { name: string }>(
  wishes: readonly T[],
  fulfil: (wish: T) => Complaint | undefined,
): Writer {
  const times = new Map<string, number>();
  for (const { name } of wishes) times.set(name, (times.get(name) ?? 0) + 1);
  const writer = new Writer().int32(0);
  return writer.array(wishes, (wish) => {
    const complaint: Complaint | undefined =
      times.get(wish.name)! > 1 ? [ERROR.invalidRequest, "named twice in one request"] : fulfil(wish);
    writer
      .string(wish.name)
      .int16(complaint?.[0] ?? ERROR.none)
      .nullableString(complaint?.[1] ?? null);
  });
}

function readWish(request: Reader): Wish {
  return {
    name: request.string(),
    partitions: request.int32(),
    replicas: request.int16(),
    assigned: request.array(() => ({
      partition: request.int32(),
      brokers: request.array(() => request.int32()),
    })),
    config: request.array(() => ({ name: request.string(), value: request.nullableString() })),
  };
}

function complaintAbout(wish: Wish, broker: Broker): Complaint | undefined {
  if (!isTopicName(wish.name))
    return [ERROR.invalidTopic, "a topic's name is 1 to 249 of the characters A-Z a-z 0-9 . _ -"];
  if (broker.topics.named(wish.name)) return [ERROR.topicAlreadyExists, `topic ${wish.name} exists`];
  const clash = broker.topics.clashing(wish.name);
  if (clash)
    return [ERROR.invalidTopic, `it differs from topic ${clash.name} only in case, which some disks do not tell apart`];
  if (wish.assigned.length > 0) {
    const right = wish.assigned.every(
      ({ partition, brokers }, index) => partition === index && brokers.length === 1 && brokers[0] === NODE_ID,
    );
    if (!right) return [ERROR.invalidReplicaAssignment, `partitions from 0 on, each on broker ${NODE_ID} alone`];
  } else if (wish.replicas !== -1 && wish.replicas !== 1) {
    return [ERROR.invalidReplicationFactor, "there is one broker, so the replication factor is 1"];
  }
  const count = partitionsOf(wish, broker);
  if (count < 1) return [ERROR.invalidPartitions, "a topic has one partition at least"];
  if (!hasRoomFor(count, broker)) return TOO_MANY;
  for (const { name, value } of wish.config) {
    const wrong = complaintAboutConfig(name, value);
    if (wrong) return [ERROR.invalidConfig, wrong];
  }
  return undefined;
}

function create(wish: Wish, broker: Broker): Complaint | undefined {
  const partitions = partitionsOf(wish, broker);
  const config = Object.fromEntries(wish.config.map(({ name, value }) => [name, value ?? ""]));
  const failed = tryToStore(wish.name, "created", broker, () => broker.topics.create(wish.name, partitions, config));
  if (!failed) broker.log(`topic ${wish.name}: created with ${partitions} partition(s)`);
  return failed;
}

interface Growth {
  name: string;
  /** In all. */
  partitions: number;
  /** The brokers of each new one; null: as the broker likes. */
  assigned: readonly (readonly number[])[] | null;
}

function readGrowth(request: Reader): Growth {
  const [name, partitions] = [request.string(), request.int32()];
  return { name, partitions, assigned: request.nullableArray(() => request.array(() => request.int32())) };
}

function grow({ name, partitions, assigned }: Growth, validateOnly: boolean, broker: Broker): Complaint | undefined {
  const topic = broker.topics.named(name);
  if (!topic) return [ERROR.unknownTopicOrPartition, "there is no such topic"];
  const more = partitions - topic.partitions.length;
  if (more < 1) return [ERROR.invalidPartitions, `it has ${topic.partitions.length} already, and can only get more`];
  if (!hasRoomFor(more, broker)) return TOO_MANY;
  const isRight = assigned?.every((brokers) => brokers.length === 1 && brokers[0] === NODE_ID) ?? true;
  if (!isRight || (assigned && assigned.length !== more)) {
    return [ERROR.invalidReplicaAssignment, `each of the ${more} new ones on broker ${NODE_ID} alone`];
  }
  if (validateOnly) return undefined;
  const failed = tryToStore(name, "grown", broker, () => broker.topics.grow(topic, partitions));
  if (!failed) broker.log(`topic ${name}: has ${partitions} partition(s) now`);
  return failed;
}

async function remove(name: string, broker: Broker): Promise<number> {
  const topic = broker.topics.named(name);
  if (!topic) return ERROR.unknownTopicOrPartition;
  let freed: Promise<void>;
  try {
    freed = broker.topics.delete(topic);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    broker.log(`topic ${name}: not deleted: ${error.message}`);
    return ERROR.storageError;
  }
  await Promise.all([freed, broker.offsets.forgetTopics((one) => one === name)]);
  broker.log(`topic ${name}: deleted`);
  return ERROR.none;
}

function tryToStore(name: string, done: string, broker: Broker, act: () => void): Complaint | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    broker.log(`topic ${name}: not ${done}: ${error.message}`);
    return [ERROR.storageError, error.message.slice(0, 1_000)];
  }
}

const TOO_MANY: Complaint = [ERROR.invalidPartitions, `a broker has at most ${MAX_PARTITIONS} partitions in all`];

function hasRoomFor(partitions: number, broker: Broker): boolean {
  return partitions + broker.topics.partitionCount <= MAX_PARTITIONS;
}

function partitionsOf({ assigned, partitions }: Wish, broker: Broker): number {
  if (assigned.length > 0) return assigned.length;
  return partitions === -1 ? broker.settings.defaultPartitions : partitions;
}
