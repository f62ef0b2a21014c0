// Templates of PostgreSQL data directories: made once per content, complete or not at all.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeSpec } from "../../src/model/topology.ts";
import { isRoot, postgresUser } from "../../src/runtimes/embedded/home.ts";
import { cached } from "../../src/runtimes/embedded/cache.ts";
import { createData, type Tools } from "../../src/runtimes/embedded/postgres.ts";
import { postgresBinaries } from "../../src/runtimes/embedded/postgres-binaries.ts";
import { seedsOf, templateFor } from "../../src/runtimes/embedded/postgres-template.ts";
import { findByMark, self } from "../../src/runtimes/embedded/processes.ts";
import { temporaryHome, until } from "./children.ts";

let home: string;
let tools: Tools;
const removals: (() => void)[] = [];

beforeAll(async () => {
  home = temporaryHome((remove) => removals.push(remove));
  const user = postgresUser();
  tools = { user, binaries: await postgresBinaries(home, user) };
});
afterAll(() => removals.forEach((remove) => remove()));

function database(seeds: Readonly<Record<string, string>>): NodeSpec {
  const files = Object.entries(seeds).map(([name, sql]) => {
    const source = path.join(home, name);
    fs.writeFileSync(source, sql);
    return { source, target: `/docker-entrypoint-initdb.d/${name}` };
  });
  const environment = { POSTGRES_USER: "app", POSTGRES_DB: "shop" };
  return { name: "db", role: "postgres", region: "us", needs: [], environment, port: 5432, files };
}

const template = (spec: NodeSpec, signal?: AbortSignal) => templateFor(spec, tools, home, "5eed.db", signal);
const inCache = () => fs.readdirSync(path.join(home, "cache")).filter((name) => name.startsWith("template"));

it("is made once, and anew when a seed changes; seeds run in the order of their names", async () => {
  const seeds = { "2.sql": "INSERT INTO things VALUES (1);", "1.sql": "CREATE TABLE things (id int);" };
  const first = await template(database(seeds));
  const before = fs.statSync(first).mtimeMs;
  expect(await template(database(seeds))).toBe(first);
  expect(fs.statSync(first).mtimeMs).toBe(before);

  const second = await template(database({ ...seeds, "2.sql": "INSERT INTO things VALUES (2);" }));
  expect(second).not.toBe(first);
  expect(inCache()).toHaveLength(2);
  expect(findByMark("5eed.")).toEqual([]);
});

it("is copied for a node with nobody but its owner let in", async () => {
  const data = path.join(home, "data");
  await createData(tools, await template(database({})), data, { user: "app", password: "it's secret" }, undefined);
  const stat = fs.statSync(data);
  expect(stat.mode & 0o777).toBe(0o700);
  expect(stat.uid).toBe(isRoot() ? tools.user!.uid : process.getuid!());
  expect(fs.readFileSync(path.join(data, "pg_hba.conf"), "utf8")).toBe("host all all 127.0.0.1/32 scram-sha-256\n");
});

it("of a wrong seed fails with its line, and nothing stays: no file, no process", async () => {
  const before = inCache();
  const wrong = database({ "1.sql": "CREATE TABLE a (id int);\n\nINSERT INTO nowhere VALUES (1);\n" });
  await expect(template(wrong)).rejects.toThrow(/1\.sql:3: relation "nowhere" does not exist/);
  expect(inCache()).toEqual(before);
  expect(findByMark("5eed.")).toEqual([]);
});

it("is given up when the start is: no file, no process", async () => {
  const before = inCache();
  const slow = database({ "1.sql": "SELECT pg_sleep(600);" });
  const given = new AbortController();
  const work = template(slow, given.signal);
  await until(() => findByMark("5eed.").length > 0, "a process that makes the template");
  given.abort(new Error("given up"));
  await expect(work).rejects.toThrow();
  expect(inCache()).toEqual(before);
  expect(findByMark("5eed.")).toEqual([]);
});

it("refuses seeds that only psql or a shell could run, by file and line", () => {
  expect(() => seedsOf(database({ "1.sql": "SELECT 1;\n\\connect other\n" }))).toThrow(/1\.sql:2: .*psql/);
  expect(() => seedsOf(database({ "1.sh": "echo" }))).toThrow(/1\.sh: only \.sql/);
  expect(seedsOf(database({ "readme.txt": "hello" }))).toEqual([]);
});

describe("what is made once for all stacks", () => {
  const make =
    (content: string, meanwhile: () => Promise<void> = async () => {}) =>
    async (temporary: string) => {
      fs.writeFileSync(path.join(temporary, "content"), content);
      await meanwhile();
      return temporary;
    };
  const content = (directory: string) => fs.readFileSync(path.join(directory, "content"), "utf8");

  it("is made by one when several want it, and by the next when the first gives up", async () => {
    const target = path.join(home, "cache", "shared");
    const givesUp = cached(target, async () => Promise.reject(new Error("given up")));
    const next = cached(target, make("mine"));
    await expect(givesUp).rejects.toThrow("given up");
    expect(content(await next)).toBe("mine");
    expect(content(await cached(target, make("never asked for")))).toBe("mine");
  });

  it("stays what the faster command made of it", async () => {
    const target = path.join(home, "cache", "raced");
    const faster = async () => {
      fs.mkdirSync(target);
      fs.writeFileSync(path.join(target, "content"), "theirs");
    };
    expect(content(await cached(target, make("mine", faster)))).toBe("theirs");
    expect(fs.readdirSync(path.dirname(target)).filter((name) => name.startsWith("raced"))).toEqual(["raced"]);
  });

  it("loses what a killed command left half made, but not what another one is making", async () => {
    const target = path.join(home, "cache", "half");
    const { pid, started } = self();
    const living = `${target}~${pid}~${createHash("sha256").update(started).digest("hex").slice(0, 12)}~abcdef`;
    const dead = `${target}~${pid}~000000000000~abcdef`;
    for (const directory of [living, dead]) fs.mkdirSync(directory);
    await cached(target, make("mine"));
    expect(fs.existsSync(dead)).toBe(false);
    expect(fs.existsSync(living)).toBe(true);
  });
});
