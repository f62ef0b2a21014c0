// Topics that end or grow: all of it or nothing, whenever the broker is killed and whatever the disk refuses.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "../../src/broker/log/append-file.ts";
import { acceptBatch, type Batch } from "../../src/broker/log/batch.ts";
import { Durability } from "../../src/broker/log/durability.ts";
import { Topics } from "../../src/broker/topics.ts";
import { settingsIn, temporaryDirectory } from "./program.ts";
import { batchOf } from "./wire.ts";

let root: string;
let lines: string[];
beforeEach(() => {
  root = temporaryDirectory();
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const log = (line: string) => lines.push(line);
const open = () => new Topics(settingsIn(root), { durability: new Durability("never", log), log });
const folders = () => readdirSync(root).filter((name) => /-\d+$/.test(name));

async function fill(topics: Topics, name: string): Promise<void> {
  const bytes = await batchOf({ values: ["kept"] });
  topics.named(name)!.partitions.forEach((one) => one.append(Buffer.from(bytes), acceptBatch(bytes, 1e6) as Batch));
}

const ends = (topics: Topics, name: string) => topics.named(name)?.partitions.map((one) => one.nextOffset);

describe("a deleted topic", () => {
  test("is gone from memory and disk, its neighbours are not, and its name begins anew", async () => {
    const topics = open();
    for (const name of ["t", "t-1"]) topics.create(name, 2, {}); // folders t-0 t-1 and t-1-0 t-1-1
    for (const name of ["t", "t-1"]) await fill(topics, name);
    let woken = 0;
    topics.partition("t", 0)!.watchers.add(() => (woken += 1));
    await topics.delete(topics.named("t")!);
    expect([woken, folders()]).toEqual([1, ["t-1-0", "t-1-1"]]);
    expect(readdirSync(join(root, "deleted"))).toEqual([]);
    topics.create("t", 1, {});
    for (const reader of [topics, open()]) expect([ends(reader, "t"), ends(reader, "t-1")]).toEqual([[0], [1, 1]]);
  });

  test("of which a killed broker had only set folders aside is there again, with all it holds", async () => {
    const topics = open();
    topics.create("t", 3, {});
    await fill(topics, "t");
    mkdirSync(join(root, "deleted", "some-id"), { recursive: true });
    for (const folder of ["t-0", "t-2"]) renameSync(join(root, folder), join(root, "deleted", "some-id", folder));
    expect(ends(open(), "t")).toEqual([1, 1, 1]);
    expect(existsSync(join(root, "deleted"))).toBe(false);
  });

  test("that a killed broker had not removed yet stays gone, also when there is a new one of its name", async () => {
    const topics = open();
    topics.create("t", 2, {});
    await fill(topics, "t");
    const stored = readFileSync(join(root, "topics.json"));
    mkdirSync(join(root, "deleted", "some-id"), { recursive: true });
    renameSync(join(root, "t-0"), join(root, "deleted", "some-id", "t-0"));
    mkdirSync(join(root, "t-0")); // the new one's
    writeFileSync(join(root, "topics.json"), stored);
    expect(ends(open(), "t")).toEqual([0, 1]);

    mkdirSync(join(root, "deleted", "other-id"), { recursive: true });
    for (const folder of ["t-0", "t-1"]) renameSync(join(root, folder), join(root, "deleted", "other-id", folder));
    writeFileSync(join(root, "topics.json"), `{"topics": []}`);
    expect(open().all).toEqual([]);
    expect(readdirSync(root)).toEqual(["topics.json"]);
  });

  test.each(["deleted", "topics.json.new"])("stays with all it holds when the disk refuses %s", async (refused) => {
    const topics = open();
    topics.create("t", 2, {});
    await fill(topics, "t");
    if (refused === "deleted") writeFileSync(join(root, refused), "not a folder");
    else mkdirSync(join(root, refused));
    expect(() => topics.delete(topics.named("t")!)).toThrow(StorageError);
    expect(folders()).toEqual(["t-0", "t-1"]);
    await fill(topics, "t");
    rmSync(join(root, refused), { recursive: true });
    for (const reader of [topics, open()]) expect(ends(reader, "t")).toEqual([2, 2]);
    await topics.delete(topics.named("t")!);
    expect(folders()).toEqual([]);
  });
});

describe("a topic that gets more partitions", () => {
  test("keeps those that it has; each topic keeps its own settings", async () => {
    const topics = open();
    topics.create("t", 1, { "segment.bytes": "1024" });
    await fill(topics, "t");
    topics.grow(topics.named("t")!, 3);
    for (const reader of [topics, open()]) expect(ends(reader, "t")).toEqual([1, 0, 0]);
    for (let batch = 0; batch < 20; batch += 1) await fill(topics, "t");
    expect(readdirSync(join(root, "t-2")).length).toBeGreaterThan(1);
  });

  test("has as many as before when the disk refuses", async () => {
    const topics = open();
    topics.create("t", 1, {});
    mkdirSync(join(root, "topics.json.new"));
    expect(() => topics.grow(topics.named("t")!, 2)).toThrow(StorageError);
    rmSync(join(root, "topics.json.new"), { recursive: true });
    for (const reader of [topics, open()]) expect(ends(reader, "t")).toEqual([0]);
    await fill(topics, "t");
    expect(ends(topics, "t")).toEqual([1]);
  });
});
