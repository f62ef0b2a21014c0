// The settings of a topic: what each may be here, and what it is when the topic does not say.
import type { Settings } from "./settings.ts";
import type { Topic } from "./topics.ts";

export interface TopicConfig {
  name: string;
  /** Anything else is refused: nothing is taken that would not be done. */
  accepts: RegExp;
  /** The broker's setting that stands in, by Apache Kafka's name. */
  brokerName: string;
  fallback(settings: Settings): string;
}

/** -1: without limit. */
const AMOUNT = /^(-1|\d{1,15})$/;

export const TOPIC_CONFIGS: readonly TopicConfig[] = [
  only("cleanup.policy", "delete", "log.cleanup.policy"),
  only("compression.type", "producer", "compression.type"),
  only("message.timestamp.type", "CreateTime", "log.message.timestamp.type"),
  only("min.insync.replicas", "1", "min.insync.replicas"),
  number("retention.bytes", AMOUNT, "log.retention.bytes", "retentionBytes"),
  number("retention.ms", AMOUNT, "log.retention.ms", "retentionMs"),
  number("segment.bytes", /^[1-9]\d{3,8}$/, "log.segment.bytes", "segmentBytes"),
];

const BY_NAME = new Map(TOPIC_CONFIGS.map((config) => [config.name, config]));

/** What is wrong with it, for the person who wished it. */
export function complaintAboutConfig(name: string, value: string | null): string | undefined {
  const config = BY_NAME.get(name);
  if (!config) return `${name.slice(0, 100)} is not a setting here`;
  return config.accepts.test(value ?? "") ? undefined : `${name} cannot be "${(value ?? "").slice(0, 50)}" here`;
}

export function numberOf(
  topic: Pick<Topic, "config">,
  name: "retention.ms" | "retention.bytes" | "segment.bytes",
  settings: Settings,
): number {
  return Number(topic.config[name] ?? BY_NAME.get(name)!.fallback(settings));
}

function only(name: string, value: string, brokerName: string): TopicConfig {
  return { name, accepts: new RegExp(`^${value}$`), brokerName, fallback: () => value };
}

function number(
  name: string,
  accepts: RegExp,
  brokerName: string,
  setting: "retentionBytes" | "retentionMs" | "segmentBytes",
): TopicConfig {
  return { name, accepts, brokerName, fallback: (settings) => String(settings[setting]) };
}
