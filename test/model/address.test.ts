import { describe, expect, it } from "vitest";
import { namedIn, withAddresses } from "../../src/model/address.ts";
import type { NodeSpec } from "../../src/model/topology.ts";

const node = (name: string, region: string, port: number, environment: Record<string, string> = {}): NodeSpec => ({
  name,
  role: "service",
  region,
  needs: [],
  environment,
  port,
  files: [],
});

const nodes = [node("db-us", "us", 5432), node("db-us-2", "us", 5432), node("kafka", "eu", 29_092)];
const resolved = (value: string) => withAddresses({ VALUE: value }, nodes, (to) => `[${to.name}]`)["VALUE"]!;

describe("an address in the environment", () => {
  it.each([
    ["db-us:5432", "[db-us]"],
    ["kafka:29092", "[kafka]"],
    ["kafka:29092,kafka:9092", "[kafka],kafka:9092"],
    ["postgres://u:p@db-us:5432/db?sslmode=off", "postgres://u:p@[db-us]/db?sslmode=off"],
    ["postgres://u:12345@db-us:5432/db", "postgres://u:12345@[db-us]/db"],
    ["http://db-us-2:5432", "http://[db-us-2]"],
    ["PLAINTEXT://kafka:29092,B://:1", "PLAINTEXT://[kafka],B://:1"],
    ['{"url":"http://kafka:29092/"}', '{"url":"http://[kafka]/"}'],
    ["a=kafka:29092; b=db-us:5432", "a=[kafka]; b=[db-us]"],
  ])("%s becomes %s", (written, expected) => expect(resolved(written)).toBe(expected));

  it.each([
    "xdb-us:5432",
    "db-us.example.com:5432",
    "my.db-us:5432",
    "db-us",
    "db-us:",
    "db-us:54325432",
    "http://db-us:5432@example.com/",
    "redis:6379",
    "kafka:29092x",
    "kafka:9092",
    "the-kafka:29092",
    "us:1,eu:0",
    "12:30",
  ])("%s is none of ours and stays", (written) => expect(resolved(written)).toBe(written));
});

it("the nodes that an environment names are told once each", () => {
  const environment = { A: "kafka:29092,kafka:29092", B: "postgres://u:p@db-us:5432/db", C: "redis:6379" };
  expect(namedIn(environment, nodes).map(({ name }) => name)).toEqual(["db-us", "kafka"]);
});
