// `service:port` becomes where that service is reached from, and written passwords become the stack's own.
import { describe, expect, it } from "vitest";
import type { NodeSpec } from "../../src/model/topology.ts";
import { insertPasswords, resolveAddresses } from "../../src/runtimes/addresses.ts";

const node = (name: string, port: number): NodeSpec => ({
  name,
  role: "service",
  region: "us",
  needs: [],
  environment: {},
  port,
  files: [],
});
const nodes = [node("db-us", 5432), node("kafka", 29092), node("my-kafka", 29092)];
const reach = (to: NodeSpec, from: string) => `[${to.name} from ${from}]`;
const resolved = (value: string) => resolveAddresses({ X: value }, nodes, "eu", reach)["X"];

describe("an address", () => {
  it.each([
    ["kafka:29092", "[kafka from eu]"],
    ["kafka:29092,my-kafka:29092", "[kafka from eu],[my-kafka from eu]"],
    ["postgres://u:p@db-us:5432/app?x=1", "postgres://u:p@[db-us from eu]/app?x=1"],
    ["PLAINTEXT://kafka:29092", "PLAINTEXT://[kafka from eu]"],
  ])("%s is replaced", (value, expected) => expect(resolved(value)).toBe(expected));

  it.each(["kafka", "kafka:9092", "kafka:290921", "the-kafka:29092", "kafka.example:29092", "us:1,eu:0", "12:30"])(
    "%s is none of ours and stays",
    (value) => expect(resolved(value)).toBe(value),
  );
});

describe("a password in an address", () => {
  const passwords = new Map([["db-us", "s3cret"]]);
  const inserted = (value: string) => insertPasswords({ X: value }, passwords)["X"];

  it.each([
    ["postgres://app:old@db-us:5432/app", "postgres://app:s3cret@db-us:5432/app"],
    ["postgres://app@db-us:5432/app", "postgres://app:s3cret@db-us:5432/app"],
  ])("%s becomes the stack's own", (value, expected) => expect(inserted(value)).toBe(expected));

  it.each(["postgres://app:old@elsewhere:5432/app", "db-us:5432", "amqp://guest:guest@queue:5672"])(
    "%s stays",
    (value) => expect(inserted(value)).toBe(value),
  );
});
