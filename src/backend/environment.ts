// The backend's configuration is its environment, the same in a container and as a child process.
import type { KafkaSettings } from "./adapters/kafka.ts";
import type { Settings } from "./app.ts";
import { parseBroken } from "./broken.ts";
import type { ControlSettings } from "./control/serve.ts";

export interface Environment {
  settings: Settings;
  host: string;
  port: number;
  databaseUrl: string;
  kafka: KafkaSettings;
  /** Absent: nobody can tell it what to do to itself. */
  control?: ControlSettings;
}

/** What is wrong with the environment, in one line. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError";
}

type Variables = Readonly<Record<string, string | undefined>>;

export function readEnvironment(env: Variables): Environment {
  const region = needed(env, "REGION", /^[a-z][a-z0-9-]*$/, "a region such as us");
  const regions = (env.REGIONS ?? region).split(",").map((name) => name.trim());
  const wrong = regions.find((name) => !/^[a-z][a-z0-9-]*$/.test(name));
  if (wrong !== undefined || new Set(regions).size !== regions.length)
    throw new ConfigurationError(`REGIONS is "${env.REGIONS}", but must be different regions such as us,eu`);
  if (!regions.includes(region))
    throw new ConfigurationError(`REGION is "${region}", which is not one of REGIONS (${regions.join(", ")})`);
  const topic = env.KAFKA_TOPIC ?? "property-updates";
  return {
    settings: {
      region,
      regions,
      node: env.NODE_NAME ?? `backend-${region}`,
      conflicts: policyOf(env.CONFLICTS ?? "hybrid-clock"),
      broken: brokenOf(env.BROKEN),
    },
    host: env.HOST ?? "0.0.0.0",
    port: portOf(env.PORT ?? "8000"),
    databaseUrl: needed(
      env,
      "DATABASE_URL",
      /^postgres(ql)?:\/\//,
      "an address like postgres://user:password@host:5432/name",
    ),
    kafka: {
      broker: needed(env, "KAFKA_BROKER", /^[^\s:]+:\d+$/, "host:port"),
      topic,
      region,
      regions: regions.length,
    },
    control: controlOf(env),
  };
}

function needed(env: Variables, name: string, pattern: RegExp, example: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new ConfigurationError(`${name} is not set: it must be ${example}`);
  // The value is not printed: an address may hold a password.
  if (!pattern.test(value)) throw new ConfigurationError(`${name} is wrong: it must be ${example}`);
  return value;
}

function portOf(text: string, name = "PORT"): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new ConfigurationError(`${name} is "${text}", but must be a number from 0 to 65535`);
}

/** A control port without a token would obey anybody. */
function controlOf(env: Variables): ControlSettings | undefined {
  if ((env.CONTROL_PORT ?? "") === "") return undefined;
  const token = needed(env, "CONTROL_TOKEN", /^[\x21-\x7e]{16,}$/, "at least 16 visible characters, hard to guess");
  // A host that is empty would be every one there is.
  return { host: env.CONTROL_HOST || "127.0.0.1", port: portOf(env.CONTROL_PORT!, "CONTROL_PORT"), token };
}

function policyOf(word: string): Settings["conflicts"] {
  if (word === "hybrid-clock" || word === "wall-clock") return word;
  throw new ConfigurationError(`CONFLICTS is "${word}", but must be hybrid-clock or wall-clock`);
}

function brokenOf(word: string | undefined): Settings["broken"] {
  try {
    return parseBroken(word);
  } catch (error) {
    throw new ConfigurationError(error instanceof Error ? error.message : String(error));
  }
}
