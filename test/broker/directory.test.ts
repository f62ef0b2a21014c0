// What lies beside the logs: the lock, committed offsets, producer ids, topics.
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockDirectory, startTimeOf } from "../../src/broker/directory-lock.ts";
import { Durability } from "../../src/broker/log/durability.ts";
import { Offsets } from "../../src/broker/offsets.ts";
import { ProducerIds } from "../../src/broker/producer-ids.ts";
import { isTopicName } from "../../src/broker/topics.ts";
import { spawnBroker, startBroker, temporaryDirectory, freePorts } from "./program.ts";

let root: string;
let lines: string[];
beforeEach(() => {
  root = temporaryDirectory();
  lines = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("the lock", () => {
  test("a second broker on the same directory refuses and says who has it; the first is not disturbed", async () => {
    await using first = await startBroker();
    const [port] = await freePorts(1);
    const second = spawnBroker({ KAFKA_LISTENERS: `US://127.0.0.1:${port}`, KAFKA_LOG_DIRS: first.directory });
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`is in use by another broker (pid ${first.process.pid})`);
    expect(await first.end("SIGTERM")).toBe(0);
    expect(existsSync(join(first.directory, "broker.lock"))).toBe(false);
  });

  test.runIf(process.platform === "linux")(
    "of a dead process is taken over, also when its pid was given to another one",
    () => {
      const path = join(root, "broker.lock");
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const parent = process.ppid; // alive, but no broker: as if the pid had been reused
      for (const [pid, startedAt] of [
        [2 ** 30, "12345"],
        [parent, "1"],
      ] as const) {
        writeFileSync(path, JSON.stringify({ pid, startedAt, boot }));
        lockDirectory(root).release();
        expect(existsSync(path)).toBe(false);
      }
      writeFileSync(path, JSON.stringify({ pid: parent, startedAt: startTimeOf(parent), boot }));
      expect(() => lockDirectory(root)).toThrow(`is in use by another broker (pid ${parent})`);
    },
  );

  test("that a power cut tore is nobody's", () => {
    writeFileSync(join(root, "broker.lock"), "");
    lockDirectory(root).release();
  });

  test("a killed broker's lock does not hinder the next", async () => {
    await using broker = await startBroker();
    await broker.end("SIGKILL");
    expect(existsSync(join(broker.directory, "broker.lock"))).toBe(true);
    await broker.restart();
  });
});

describe("committed offsets", () => {
  const durability = new Durability("never", (reason) => lines.push(reason));
  const open = (compactAboveBytes?: number) =>
    new Offsets(root, { durability, log: (line) => lines.push(line), compactAboveBytes });
  const commit = (offset: number, partition = 0) => ({ topic: "t", partition, offset, metadata: null });

  test("are found again, the last of each, -1 and -2 too", () => {
    const before = open();
    void before.commit("g", [commit(5), commit(-1, 1), commit(-2, 2)]);
    void before.commit("g", [commit(6)]);
    for (const offsets of [before, open()]) {
      expect(offsets.ofGroup("g").map(({ partition, offset }) => [partition, offset])).toEqual([
        [0, 6],
        [1, -1],
        [2, -2],
      ]);
      expect(offsets.find("g", "t", 3)).toBeUndefined();
      expect(offsets.find("other", "t", 0)).toBeUndefined();
    }
  });

  test("a torn tail costs only itself, and the file goes on behind the last good line", () => {
    const path = join(root, "offsets.log");
    void open().commit("g", [commit(1)]);
    void open().commit("g", [commit(2)]);
    truncateSync(path, statSync(path).size - 1);
    expect(open().find("g", "t", 0)?.offset).toBe(1);
    appendFileSync(path, `00000000 ["g","t",0,999,null]\n`);
    const offsets = open();
    expect(offsets.find("g", "t", 0)?.offset).toBe(1);
    void offsets.commit("g", [commit(3)]);
    expect(open().find("g", "t", 0)?.offset).toBe(3);
    expect(lines).toHaveLength(2);
  });

  test("are forgotten by group and by topic, for good", () => {
    const before = open();
    void before.commit("g", [commit(1), { topic: "gone", partition: 0, offset: 2, metadata: null }]);
    void before.commit("h", [{ topic: "gone", partition: 0, offset: 3, metadata: null }]);
    void before.commit("i", [commit(4)]);
    void before.forgetTopics((topic) => topic === "gone");
    void before.forget("i");
    for (const offsets of [before, open()]) {
      expect(offsets.groups).toEqual(["g"]);
      expect(offsets.ofGroup("g")).toEqual([commit(1)]);
    }
  });

  test("the file is rewritten when it has grown, and loses nothing by it", () => {
    const offsets = open(2_000);
    for (let offset = 0; offset <= 1_000; offset += 1)
      void offsets.commit("g", [commit(offset), commit(offset * 2, 1)]);
    expect(statSync(join(root, "offsets.log")).size).toBeLessThan(3_000);
    for (const reader of [offsets, open()]) {
      expect(reader.find("g", "t", 0)?.offset).toBe(1_000);
      expect(reader.find("g", "t", 1)?.offset).toBe(2_000);
    }
    expect(existsSync(join(root, "offsets.log.new"))).toBe(false);
  });
});

test("committed offsets are rewritten while syncs of the old file still run, and every commit ends", async () => {
  const durability = new Durability("group", (reason) => lines.push(reason)); // a real disk: a closed file would be an error
  const offsets = new Offsets(root, { durability, log: (line) => lines.push(line), compactAboveBytes: 500 });
  const commits = Array.from({ length: 300 }, (_, offset) =>
    offsets.commit("g", [{ topic: "t", partition: 0, offset, metadata: null }]),
  );
  await Promise.all(commits);
  expect(lines).toEqual([]);
  expect(statSync(join(root, "offsets.log")).size).toBeLessThan(2_000);
});

test("a producer id is never handed out twice, whenever the broker was killed", () => {
  const seen = new Set<number>();
  for (const count of [1, 999, 1_001, 2_500]) {
    const ids = new ProducerIds(root); // what came before it was killed without a word
    for (let index = 0; index < count; index += 1) seen.add(ids.next());
  }
  expect(seen.size).toBe(1 + 999 + 1_001 + 2_500);
});

test("a topic's name cannot lead out of the folder", () => {
  for (const good of ["property-updates", "a.b_c-1", "x".repeat(249)]) expect(isTopicName(good)).toBe(true);
  for (const bad of ["", ".", "..", "../x", "a/b", "a\\b", "a\0b", "a b", "ä", "x".repeat(250), "a\n"]) {
    expect(isTopicName(bad), bad).toBe(false);
  }
});
