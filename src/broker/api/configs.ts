// What is set: of a topic, or of this broker, and where each value comes from.
import { NODE_ID, type Broker } from "../broker.ts";
import { TOPIC_CONFIGS, type TopicConfig } from "../configs.ts";
import { ERROR } from "../protocol/errors.ts";
import type { Reader } from "../protocol/reader.ts";
import { Writer } from "../protocol/writer.ts";
import { namedNumbers } from "../settings.ts";
import type { Topic } from "../topics.ts";
import type { Api } from "./api.ts";

const KIND = { topic: 2, broker: 4 } as const;
const SOURCE = { topic: 1, broker: 4, fallback: 5 } as const;

interface Asked {
  kind: number;
  name: string;
  /** null: all of them. */
  configs: readonly string[] | null;
}

interface Value {
  name: string;
  value: string;
  source: number;
}

interface Entry extends Value {
  readOnly: boolean;
  /** Where the value is looked for, first to last. */
  synonyms: readonly Value[];
}

type Numbers = ReturnType<typeof namedNumbers>;
type Found = { entries: readonly Entry[] } | { error: number; message: string };

export const describeConfigs: Api = {
  key: 32,
  name: "DescribeConfigs",
  version: 2,
  answer(request, _, broker) {
    const asked = request.array(() => readAsked(request));
    const withSynonyms = request.boolean();
    request.end();
    // One answer per resource: a name repeated a million times must not cost a million lists.
    const numbers = namedNumbers(broker.settings);
    const resources = new Map(asked.map((one) => [`${one.kind} ${one.name}`, one]));
    const writer = new Writer().int32(0);
    return writer.array([...resources.values()], (one) => {
      const found = find(one, numbers, broker);
      const failed = "error" in found;
      writer.int16(failed ? found.error : ERROR.none).nullableString(failed ? found.message : null);
      writer.int8(one.kind).string(one.name);
      const entries = failed ? [] : found.entries.filter(({ name }) => one.configs?.includes(name) ?? true);
      writer.array(entries, (entry) => writeEntry(writer, entry, withSynonyms));
    });
  },
};

function readAsked(request: Reader): Asked {
  const [kind, name] = [request.int8(), request.string()];
  return { kind, name, configs: request.nullableArray(() => request.string()) };
}

function find({ kind, name }: Asked, numbers: Numbers, broker: Broker): Found {
  if (kind === KIND.topic) {
    const topic = broker.topics.named(name);
    if (!topic) return { error: ERROR.unknownTopicOrPartition, message: "there is no such topic" };
    return { entries: TOPIC_CONFIGS.map((config) => ofTopic(config, topic, numbers, broker)) };
  }
  if (kind !== KIND.broker) return { error: ERROR.invalidRequest, message: "only topics and brokers have settings" };
  if (name !== String(NODE_ID)) return { error: ERROR.invalidRequest, message: `the only broker is ${NODE_ID}` };
  return { entries: numbers.map((value) => ofBroker(value)) };
}

function ofTopic({ name, brokerName, fallback }: TopicConfig, topic: Topic, numbers: Numbers, broker: Broker): Entry {
  const standIn: Value = { name: brokerName, value: fallback(broker.settings), source: SOURCE.fallback };
  const setting = numbers.find((one) => one.name === brokerName);
  if (setting && !setting.isDefault) standIn.source = SOURCE.broker;
  const own = topic.config[name];
  const synonyms = own === undefined ? [standIn] : [{ name, value: own, source: SOURCE.topic }, standIn];
  return { ...synonyms[0]!, name, readOnly: false, synonyms };
}

function ofBroker({ name, value, isDefault }: Numbers[number]): Entry {
  const entry = { name, value, source: isDefault ? SOURCE.fallback : SOURCE.broker };
  return { ...entry, readOnly: true, synonyms: [entry] };
}

function writeEntry(writer: Writer, { name, value, readOnly, source, synonyms }: Entry, withSynonyms: boolean): void {
  writer.string(name).nullableString(value).boolean(readOnly).int8(source).boolean(false); // nothing here is secret
  writer.array(withSynonyms ? synonyms : [], (one) =>
    writer.string(one.name).nullableString(one.value).int8(one.source),
  );
}
