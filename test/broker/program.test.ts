// The program and its machine: how it starts, stops and refuses, and what it does when the disk is full or it is killed.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ERROR } from "../../src/broker/protocol/errors.ts";
import { readSettings } from "../../src/broker/settings.ts";
import { consume, createTopic, producerOf } from "./client.ts";
import { freePorts, spawnBroker, startBroker, temporaryDirectory } from "./program.ts";
import { batchOf, Connection, frameOf, request } from "./wire.ts";

describe("configuration", () => {
  const good = { KAFKA_LISTENERS: "US://127.0.0.1:19092,EU://[::1]:19093", KAFKA_LOG_DIRS: "/data" };

  test("listeners advertise themselves, or what is said", () => {
    expect(readSettings(good).listeners).toEqual([
      { name: "US", host: "127.0.0.1", port: 19092, advertised: { host: "127.0.0.1", port: 19092 } },
      { name: "EU", host: "::1", port: 19093, advertised: { host: "::1", port: 19093 } },
    ]);
    const advertised = readSettings({ ...good, KAFKA_ADVERTISED_LISTENERS: "EU://link-eu:2,US://link-us:1" }).listeners;
    expect(advertised.map((listener) => listener.advertised.host)).toEqual(["link-us", "link-eu"]);
  });

  test.each([
    [{ KAFKA_LISTENERS: "" }, /KAFKA_LISTENERS is not set: expected for example "US:/],
    [{ KAFKA_LISTENERS: "127.0.0.1:9092" }, /KAFKA_LISTENERS: "127.0.0.1:9092" is not NAME:\/\/host:port/],
    [{ KAFKA_LISTENERS: "US://a:1,US://a:2" }, /names US twice/],
    [{ KAFKA_ADVERTISED_LISTENERS: "US://a:1" }, /KAFKA_LISTENERS names EU, KAFKA_ADVERTISED_LISTENERS does not/],
    [{ KAFKA_LOG_DIRS: "" }, /KAFKA_LOG_DIRS is not set/],
    [{ KAFKA_LOG_FSYNC: "always" }, /KAFKA_LOG_FSYNC is "always": expected "never" or "group"/],
    [{ KAFKA_LOG_SEGMENT_BYTES: "64MB" }, /KAFKA_LOG_SEGMENT_BYTES is "64MB": expected a whole number from 1024 to/],
  ])("what is wrong is refused: %o", (wrong, message) => {
    expect(() => readSettings({ ...good, ...wrong })).toThrow(message);
  });
});

describe("start and stop", () => {
  test("a port that is taken is named, the exit code is 1, and the directory is free again", async () => {
    await using broker = await startBroker();
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await broker.end("SIGTERM");
    const [free] = await freePorts(1);
    const KAFKA_LISTENERS = `US://127.0.0.1:${free},EU://127.0.0.1:${port}`;
    const refused = spawnBroker({ KAFKA_LISTENERS, KAFKA_LOG_DIRS: broker.directory });
    expect(await refused.ended).toBe(1);
    expect(refused.output().trim()).toMatch(new RegExp(`^\\S+Z port ${port} is taken \\(listener EU\\): stop what`));
    expect(existsSync(join(broker.directory, "broker.lock"))).toBe(false);
    other.close();
  });

  test("SIGTERM ends long polls and waiting members at once, and exits 0", async () => {
    await using broker = await startBroker({ environment: { KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: "60000" } });
    await using poller = await Connection.open(broker.ports[0]!);
    await using member = await Connection.open(broker.ports[0]!);
    await poller.createTopic("t");
    const limits = { replicaId: -1, maxWaitTime: 60_000, minBytes: 1, maxBytes: 1_000 };
    const topics = [{ topic: "t", partitions: [{ partition: 0, fetchOffset: 0, maxBytes: 1_000 }] }];
    poller.send(await frameOf(request("fetch/v11", { ...limits, topics })));
    const joining = { groupId: "g", sessionTimeout: 60_000, rebalanceTimeout: 60_000, protocolType: "consumer" };
    const ask = (memberId: string) => ({ ...joining, memberId, groupProtocols: [{ name: "range" }] });
    const { memberId } = await member.ask<{ memberId: string }>("joinGroup/v5", ask(""));
    const joined = member.ask<{ errorCode: number }>("joinGroup/v5", ask(memberId));
    await using later = await Connection.open(broker.ports[0]!);
    await later.apiVersions(); // by now the two have been read and wait

    expect(await broker.end("SIGTERM")).toBe(0);
    expect((await poller.receive()).body.length).toBeGreaterThan(0);
    expect((await joined).errorCode).toBe(ERROR.coordinatorNotAvailable);
    expect(broker.output()).toMatch(/SIGTERM: stopping\n.*stopped\n$/);
  });
});

describe("limits", () => {
  test("one connection too many is closed; when another ends there is room again", async () => {
    await using broker = await startBroker({ environment: { KAFKA_MAX_CONNECTIONS: "2" } });
    const open = () => Connection.open(broker.ports[0]!);
    await using first = await open();
    {
      await using second = await open();
      await using third = await open();
      await Promise.all([first.apiVersions(), second.apiVersions(), third.closed()]);
      await broker.says(/connection closed: there are 2 already \(KAFKA_MAX_CONNECTIONS\)/);
    }
    for (let served = false; !served;) {
      await using again = await open(); // refused until the broker has heard that the second has gone
      served = await again.apiVersions().then(
        () => true,
        () => false,
      );
    }
  });

  test("requests that wait may not fill the memory", async () => {
    await using broker = await startBroker({ environment: { KAFKA_QUEUED_MAX_REQUEST_BYTES: String(1 << 20) } });
    await using greedy = await Connection.open(broker.ports[0]!);
    await using modest = await Connection.open(broker.ports[0]!);
    greedy.send(Buffer.concat([Buffer.from([0, 0xff, 0, 0]), Buffer.alloc(2 << 20)])); // most of a request of 16 MB
    await greedy.closed();
    await broker.says(/KAFKA_QUEUED_MAX_REQUEST_BYTES/);
    expect((await modest.apiVersions()).errorCode).toBe(ERROR.none);
  });
});

const hasPrlimit = process.platform === "linux" && existsSync("/usr/bin/prlimit");

test.runIf(hasPrlimit)(
  "a full disk is an error in the answer; nothing is lost, and it goes on when there is room",
  async () => {
    await using broker = await startBroker({ wrapper: ["/usr/bin/prlimit", "--fsize=20000:unlimited"] });
    await using connection = await Connection.open(broker.ports[0]!);
    await connection.createTopic("t");
    const batch = () => batchOf({ values: ["x".repeat(1_500)] });
    let written = 0;
    for (;;) {
      const { errorCode, baseOffset } = await connection.produce("t", await batch());
      if (errorCode !== ERROR.none) {
        expect(errorCode).toBe(ERROR.storageError);
        break;
      }
      expect(Number(baseOffset)).toBe(written);
      written += 1;
    }
    expect(written).toBeGreaterThan(5);
    execFileSync("/usr/bin/prlimit", ["--pid", String(broker.process.pid), "--fsize=unlimited"]);
    expect(await connection.produce("t", await batch())).toMatchObject({ errorCode: 0, baseOffset: String(written) });
    await broker.restart();
    expect(broker.output(), "nothing torn was left").not.toContain("torn");
  },
);

test.runIf(hasPrlimit)("a full disk refuses every change of topics and groups, and leaves each as it was", async () => {
  await using broker = await startBroker();
  await using connection = await Connection.open(broker.ports[0]!);
  const ask = <T>(name: string, args: unknown) => connection.ask<T>(name, args as Record<string, unknown>);
  await connection.createTopic("t");
  const commit = async () => {
    const topics = [{ topic: "t", partitions: [{ partition: 0, offset: "1" }] }];
    const asked = { groupId: "g", groupGenerationId: -1, memberId: "", topics };
    const { responses } = await ask<{ responses: { partitions: { errorCode: number }[] }[] }>("offsetCommit/v5", asked);
    return responses[0]!.partitions[0]!.errorCode;
  };
  expect(await commit()).toBe(ERROR.none);

  type Codes = { topicErrors: { errorCode: number }[] };
  const changes = [
    () => connection.createTopic("new"),
    async () => {
      const asked = { topicPartitions: [{ topic: "t", count: 2 }], timeout: 100 };
      return (await ask<Codes>("createPartitions/v1", asked)).topicErrors[0]!.errorCode;
    },
    commit,
    async () => (await ask<{ results: { errorCode: number }[] }>("deleteGroups/v1", ["g"])).results[0]!.errorCode,
    async () => (await ask<Codes>("deleteTopics/v1", { topics: ["t"], timeout: 100 })).topicErrors[0]!.errorCode,
  ];
  const room = (bytes: string) => {
    execFileSync("/usr/bin/prlimit", ["--pid", String(broker.process.pid), `--fsize=${bytes}:unlimited`]);
  };
  room("10");
  for (const [index, change] of changes.entries()) expect(await change(), `change ${index}`).toBe(ERROR.storageError);
  room("unlimited");
  expect(await connection.produce("t", await batchOf({ values: ["still here"] }))).toMatchObject({ errorCode: 0 });
  await broker.restart();
  expect(broker.output()).not.toContain("torn");
  await using again = await Connection.open(broker.ports[0]!);
  const { groups } = await again.ask<{ groups: { state: string }[] }>("describeGroups/v2", { groupIds: ["g"] });
  expect(groups).toMatchObject([{ state: "Empty" }]);
  const { topicMetadata } = await again.ask<{ topicMetadata: object[] }>("metadata/v4", { topics: [] });
  expect(topicMetadata).toMatchObject([{ topic: "t", partitionMetadata: [{}] }]);
});

describe("SIGKILL under load", () => {
  test.each(["never", "group"])("fsync %s: what was acknowledged is there, once, in order", async (fsync) => {
    const environment = { KAFKA_LOG_FSYNC: fsync, KAFKA_LOG_SEGMENT_BYTES: "16384" };
    await using broker = await startBroker({ environment });
    await createTopic(broker.address, "t");
    await using reading = await consume(broker.address, "g", "t", "keep-first");

    let acknowledged = 0;
    let stopped = false;
    const milestones = new Set<() => void>();
    const producing = (async () => {
      let producer = await producerOf(broker.address);
      while (!stopped) {
        const messages = Array.from({ length: 3 }, (_, index) => acknowledged + index);
        try {
          await producer.send({
            topic: "t",
            messages: messages.map((value) => ({ partition: 0, value: String(value) })),
          });
        } catch {
          await producer.disconnect(); // it may give the next, different batch this one's sequence
          producer = await producerOf(broker.address);
          continue;
        }
        acknowledged += messages.length;
        for (const milestone of milestones) milestone();
      }
      await producer.disconnect();
    })();
    const reaches = (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (acknowledged < count) return;
          milestones.delete(look);
          resolve();
        };
        milestones.add(look);
        look();
      });

    for (let kill = 1; kill <= 6; kill += 1) {
      await reaches(acknowledged + 60 + kill * 7);
      await broker.end("SIGKILL");
      if (kill % 2 === 0)
        appendFileSync(lastSegment(), (await batchOf({ values: ["torn".repeat(50)] })).subarray(0, 40 + kill * 9));
      await broker.restart();
      if (kill % 2 === 0) await broker.says(/cut \d+ torn bytes/);
    }
    await reaches(acknowledged + 60);
    stopped = true;
    await producing;
    const expected = Array.from({ length: acknowledged }, (_, index) => String(index));

    await reading.until(() => reading.values.includes(String(acknowledged - 1)));
    expect([...new Set(reading.values)], "the group read everything, in order, through all kills").toEqual(expected);
    await using whole = await consume(broker.address, "fresh", "t");
    await whole.until(() => whole.values.length >= acknowledged);
    expect(whole.values, "the log holds each record once").toEqual(expected);

    function lastSegment(): string {
      const folder = join(broker.directory, "t-0");
      return join(folder, readdirSync(folder).toSorted().at(-1)!);
    }
  });
});

test("a heartbeat that came while the broker was paused counts; without one the session is over", async () => {
  await using broker = await startBroker();
  await using connection = await Connection.open(broker.ports[0]!);
  const sessionTimeout = 1_000;
  const joining = { groupId: "g", sessionTimeout, rebalanceTimeout: 1_000, protocolType: "consumer" };
  const join = async (memberId: string) => {
    const asked = { ...joining, memberId, groupProtocols: [{ name: "range" }] };
    return connection.ask<{ memberId: string; generationId: number }>("joinGroup/v5", asked);
  };
  const { memberId, generationId } = await join((await join("")).memberId);
  await connection.ask("syncGroup/v3", { groupId: "g", generationId, memberId, groupAssignment: [] });
  const beat = { groupId: "g", groupGenerationId: generationId, memberId, groupInstanceId: null };

  broker.process.kill("SIGSTOP");
  const answer = connection.ask<{ errorCode: number }>("heartbeat/v3", beat);
  await setTimeout(1.2 * sessionTimeout); // how long the pause lasts: longer than the session
  broker.process.kill("SIGCONT");
  expect((await answer).errorCode).toBe(ERROR.none);

  await broker.says(new RegExp(`${memberId} was not heard of in time`));
  expect((await connection.ask<{ errorCode: number }>("heartbeat/v3", beat)).errorCode).toBe(ERROR.unknownMemberId);
});

test("an unusable directory is named", async () => {
  const [port] = await freePorts(1);
  const directory = temporaryDirectory();
  const file = join(directory, "file");
  appendFileSync(file, "not a directory");
  const run = spawnBroker({ KAFKA_LISTENERS: `US://127.0.0.1:${port}`, KAFKA_LOG_DIRS: file });
  expect(await run.ended).toBe(1);
  expect(run.output()).toContain(file);
  rmSync(directory, { recursive: true });
});
