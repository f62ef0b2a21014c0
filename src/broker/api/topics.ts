// Topics are created by asking for it, never by using a name.
import type { Broker } from "../broker.ts";
import { NODE_ID } from "../broker.ts";
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

/** Settings of a topic, and the values that are true here. They are kept; retention is not applied yet. */
const CONFIGS: Readonly<Record<string, RegExp>> = {
  "cleanup.policy": /^delete$/,
  "compression.type": /^producer$/,
  "message.timestamp.type": /^CreateTime$/,
  "min.insync.replicas": /^1$/,
  "retention.ms": /^(-1|\d{1,15})$/,
  "retention.bytes": /^(-1|\d{1,15})$/,
};

export const createTopics: Api = {
  key: 19,
  name: "CreateTopics",
  version: 3,
  answer(request, _, broker) {
    const wishes = request.array(() => readWish(request));
    request.int32(); // a time-out: here it is done when it is answered
    const validateOnly = request.boolean();
    request.end();
    const names = wishes.map(({ name }) => name);
    const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
    const writer = new Writer().int32(0);
    return writer.array(wishes, (wish) => {
      const complaint: Complaint | undefined = twice.has(wish.name)
        ? [ERROR.invalidRequest, "named twice in one request"]
        : (complaintAbout(wish, broker) ?? (validateOnly ? undefined : create(wish, broker)));
      writer
        .string(wish.name)
        .int16(complaint?.[0] ?? ERROR.none)
        .nullableString(complaint?.[1] ?? null);
    });
  },
};

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
  if (count + broker.topics.partitionCount > MAX_PARTITIONS) {
    return [ERROR.invalidPartitions, `a broker has at most ${MAX_PARTITIONS} partitions in all`];
  }
  for (const { name, value } of wish.config) {
    if (CONFIGS[name]?.test(value ?? "")) continue;
    const wrong = name in CONFIGS ? `${name} cannot be "${value}" here` : `${name.slice(0, 100)} is not a setting here`;
    return [ERROR.invalidConfig, wrong.slice(0, 200)];
  }
  return undefined;
}

function create(wish: Wish, broker: Broker): Complaint | undefined {
  const partitions = partitionsOf(wish, broker);
  try {
    broker.topics.create(
      wish.name,
      partitions,
      Object.fromEntries(wish.config.map(({ name, value }) => [name, value ?? ""])),
    );
    broker.log(`topic ${wish.name}: created with ${partitions} partition(s)`);
    return undefined;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    broker.log(`topic ${wish.name}: not created: ${error.message}`);
    return [ERROR.storageError, error.message.slice(0, 1_000)];
  }
}

function partitionsOf({ assigned, partitions }: Wish, broker: Broker): number {
  if (assigned.length > 0) return assigned.length;
  return partitions === -1 ? broker.settings.defaultPartitions : partitions;
}
