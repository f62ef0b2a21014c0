import { describe, expect, it } from "vitest";
import type { NodeSpec, Topology } from "../../src/model/topology.ts";
import { resolveEnvironment } from "../../src/topology/addresses.ts";

const node = (name: string, region: string, port: number, environment: Record<string, string> = {}): NodeSpec => ({
  name,
  role: "service",
  region,
  needs: [],
  environment,
  port,
  files: [],
});

/** Same region: directly; another: through a link. */
const reach = (from: NodeSpec, to: NodeSpec, port: number) =>
  from.region === to.region ? `127.0.0.1:${port + 10_000}` : `link-${from.region}-${to.region}:${port}`;

function resolved(value: string): string {
  const from = node("backend-us", "us", 8000, { VALUE: value });
  const nodes = [from, node("db-us", "us", 5432), node("db-us-2", "us", 5432), node("kafka", "eu", 29_092)];
  return resolveEnvironment(from, { nodes } as unknown as Topology, reach)["VALUE"]!;
}

describe("an address in the environment", () => {
  it.each([
    ["db-us:5432", "127.0.0.1:15432"],
    ["kafka:29092", "link-us-eu:29092"],
    ["kafka:29092,kafka:9092", "link-us-eu:29092,link-us-eu:9092"],
    ["postgres://u:p@db-us:5432/db?sslmode=off", "postgres://u:p@127.0.0.1:15432/db?sslmode=off"],
    ["postgres://u:12345@db-us:5432/db", "postgres://u:12345@127.0.0.1:15432/db"],
    ["http://db-us-2:5432", "http://127.0.0.1:15432"],
    ["PLAINTEXT://kafka:29092,B://:1", "PLAINTEXT://link-us-eu:29092,B://:1"],
    ['{"url":"http://kafka:29092/"}', '{"url":"http://link-us-eu:29092/"}'],
    ["a=kafka:29092; b=db-us:5432", "a=link-us-eu:29092; b=127.0.0.1:15432"],
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
  ])("%s is none of ours and stays", (written) => expect(resolved(written)).toBe(written));
});
