// The environment, with Apache Kafka's names, read once into plain data. What is wrong is refused before anything starts.
import type { Fsync } from "./log/durability.ts";

/** A client that came through it learns only `advertised`: that keeps its traffic on the link it was given. */
export interface Listener {
  name: string;
  host: string;
  port: number;
  advertised: { host: string; port: number };
}

export class ConfigurationError extends Error {
  override name = "ConfigurationError";
}

interface NumberSetting {
  variable: string;
  fallback: number;
  min: number;
  max: number;
}

const MIB = 1 << 20;
const NUMBERS = {
  /** A group's first generation waits so long for more members (Apache Kafka: 3 s). */
  initialRebalanceDelayMs: { variable: "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", fallback: 100, min: 0, max: 60_000 },
  /** Apache Kafka refuses less than 6 s by default; failover demonstrations want less. */
  minSessionTimeoutMs: { variable: "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", fallback: 100, min: 1, max: 3_600_000 },
  maxSessionTimeoutMs: { variable: "KAFKA_GROUP_MAX_SESSION_TIMEOUT_MS", fallback: 1_800_000, min: 1, max: 3_600_000 },
  defaultPartitions: { variable: "KAFKA_NUM_PARTITIONS", fallback: 1, min: 1, max: 1_000 },
  segmentBytes: { variable: "KAFKA_LOG_SEGMENT_BYTES", fallback: 64 * MIB, min: 1_024, max: 1_024 * MIB },
  /** Of a topic that does not say for itself; -1: without limit. A week, as in Apache Kafka. */
  retentionMs: { variable: "KAFKA_LOG_RETENTION_MS", fallback: 7 * 86_400_000, min: -1, max: 1e15 },
  retentionBytes: { variable: "KAFKA_LOG_RETENTION_BYTES", fallback: -1, min: -1, max: 1e15 },
  /** Apache Kafka looks every five minutes. */
  retentionCheckMs: { variable: "KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS", fallback: 10_000, min: 10, max: 86_400_000 },
  batchMaxBytes: { variable: "KAFKA_MESSAGE_MAX_BYTES", fallback: MIB + 12, min: 1_024, max: 64 * MIB },
  fetchMaxBytes: { variable: "KAFKA_FETCH_MAX_BYTES", fallback: 16 * MIB, min: 1_024, max: 256 * MIB },
  requestMaxBytes: { variable: "KAFKA_SOCKET_REQUEST_MAX_BYTES", fallback: 16 * MIB, min: 1_024, max: 256 * MIB },
  /** Of one connection, waiting for their turn; it is not read from while there are more. */
  queuedMaxRequests: { variable: "KAFKA_QUEUED_MAX_REQUESTS", fallback: 100, min: 1, max: 10_000 },
  /** Of all connections, received and not yet answered. */
  queuedMaxBytes: { variable: "KAFKA_QUEUED_MAX_REQUEST_BYTES", fallback: 128 * MIB, min: MIB, max: 4_096 * MIB },
  maxConnections: { variable: "KAFKA_MAX_CONNECTIONS", fallback: 1_000, min: 1, max: 100_000 },
} as const satisfies Record<string, NumberSetting>;

export type Settings = {
  listeners: readonly Listener[];
  directory: string;
  fsync: Fsync;
  /** Apache Kafka remembers group members through a restart; here they are forgotten unless this is set. */
  persistMembers: boolean;
} & Readonly<Record<keyof typeof NUMBERS, number>>;

export type Environment = Readonly<Record<string, string | undefined>>;

export function readSettings(environment: Environment): Settings {
  const numbers = Object.entries(NUMBERS).map(([name, setting]) => [name, readNumber(environment, setting)]);
  return {
    listeners: readListeners(environment),
    directory: required(environment, "KAFKA_LOG_DIRS", "one directory"),
    fsync: readFsync(environment["KAFKA_LOG_FSYNC"] || "never"),
    persistMembers: readBoolean(environment, "KAFKA_GROUP_PERSIST_MEMBERS"),
    ...(Object.fromEntries(numbers) as Record<keyof typeof NUMBERS, number>),
  };
}

/** The numbers by Apache Kafka's own names: "log.segment.bytes". */
export function namedNumbers(settings: Settings): readonly { name: string; value: string; isDefault: boolean }[] {
  return Object.entries(NUMBERS).map(([key, { variable, fallback }]) => {
    const value = settings[key as keyof typeof NUMBERS];
    const name = variable
      .replace(/^KAFKA_/, "")
      .toLowerCase()
      .replaceAll("_", ".");
    return { name, value: String(value), isDefault: value === fallback };
  });
}

function readListeners(environment: Environment): readonly Listener[] {
  const form = `for example "US://127.0.0.1:19092,EU://127.0.0.1:19093"`;
  const bound = readAddresses("KAFKA_LISTENERS", required(environment, "KAFKA_LISTENERS", form));
  const text = environment["KAFKA_ADVERTISED_LISTENERS"];
  const advertised = text ? readAddresses("KAFKA_ADVERTISED_LISTENERS", text) : bound;
  for (const name of advertised.keys()) {
    if (!bound.has(name))
      throw new ConfigurationError(`KAFKA_ADVERTISED_LISTENERS names ${name}, KAFKA_LISTENERS does not`);
  }
  return [...bound].map(([name, address]) => {
    const shown = advertised.get(name);
    if (!shown) throw new ConfigurationError(`KAFKA_LISTENERS names ${name}, KAFKA_ADVERTISED_LISTENERS does not`);
    return { name, ...address, advertised: shown };
  });
}

function readAddresses(variable: string, text: string): Map<string, { host: string; port: number }> {
  const addresses = new Map<string, { host: string; port: number }>();
  for (const part of text.split(",")) {
    const match = /^([A-Za-z][A-Za-z0-9_-]*):\/\/(\[[0-9A-Fa-f:.]+\]|[^:/\s[\]]*):(\d{1,5})$/.exec(part.trim());
    const port = Number(match?.[3]);
    if (!match || port < 1 || port > 65_535) {
      throw new ConfigurationError(`${variable}: "${part.trim()}" is not NAME://host:port`);
    }
    const name = match[1]!.toUpperCase();
    if (addresses.has(name)) throw new ConfigurationError(`${variable} names ${name} twice`);
    addresses.set(name, { host: match[2]!.replace(/^\[|\]$/g, "") || "0.0.0.0", port });
  }
  return addresses;
}

function readNumber(environment: Environment, { variable, fallback, min, max }: NumberSetting): number {
  const text = environment[variable];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (/^(-1|\d+)$/.test(text) && value >= min && value <= max) return value;
  throw new ConfigurationError(`${variable} is "${text}": expected a whole number from ${min} to ${max}`);
}

function readBoolean(environment: Environment, variable: string): boolean {
  const text = environment[variable] || "false";
  if (text === "true" || text === "false") return text === "true";
  throw new ConfigurationError(`${variable} is "${text}": expected "true" or "false"`);
}

function readFsync(text: string): Fsync {
  if (text === "never" || text === "group") return text;
  throw new ConfigurationError(`KAFKA_LOG_FSYNC is "${text}": expected "never" or "group"`);
}

function required(environment: Environment, variable: string, what: string): string {
  const text = environment[variable];
  if (text) return text;
  throw new ConfigurationError(`${variable} is not set: expected ${what}`);
}
