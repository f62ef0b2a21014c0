// A second, independent client: kcat, which is librdkafka. It asks in other versions and another order than kafkajs does.
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consume, createTopic } from "./client.ts";
import { startBroker, type Program } from "./program.ts";

const isInstalled = spawnSync("kcat", ["-V"]).status === 0;
const run = promisify(execFile);

describe.runIf(isInstalled)("kcat (where it is installed)", () => {
  let broker: Program;
  beforeAll(async () => {
    broker = await startBroker();
    await createTopic(broker.address, "t", 2);
  });
  afterAll(() => broker[Symbol.asyncDispose]());

  const kcat = async (...args: readonly string[]) => {
    const quickly = ["-X", "fetch.wait.max.ms=50"]; // it leaves no long poll before its end
    const { stdout } = await run("kcat", ["-b", broker.address, "-m", "20", ...quickly, ...args]);
    return stdout.trim().split("\n");
  };

  /** Each line of `values` is a record. */
  async function produce(values: readonly string[], ...args: readonly string[]): Promise<void> {
    const child = spawn("kcat", ["-b", broker.address, "-P", "-t", "t", ...args], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.stdin.end(values.map((value) => `${value}\n`).join(""));
    const [code] = (await once(child, "close")) as [number];
    expect([code, complaints]).toEqual([0, ""]);
  }

  const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));

  test("lists the broker, its topics and their partitions", async () => {
    const [port] = broker.ports;
    await createTopic(broker.address, "wide", 100); // an answer of some kilobytes
    const listed = await kcat("-L");
    expect(listed).toContain(`  broker 1 at 127.0.0.1:${port} (controller)`);
    expect(listed).toContain(`  topic "t" with 2 partitions:`);
    expect(listed).toContain("    partition 99, leader 1, replicas: 1, isrs: 1");
    expect(listed).toContain("    partition 1, leader 1, replicas: 1, isrs: 1");
    expect(await kcat("-L", "-t", "missing")).toContain(
      `  topic "missing" with 0 partitions: Broker: Unknown topic or partition`,
    );
  });

  test("produces (also idempotently, also compressed), and consumes in a group, which goes on where it was", async () => {
    await produce(numbered(0, 10), "-p", "0");
    await produce(numbered(10, 20), "-p", "0", "-X", "enable.idempotence=true", "-z", "gzip");
    const group = ["-G", "readers", "-X", "auto.offset.reset=earliest", "-e", "-q", "t"];
    expect(await kcat(...group)).toEqual(numbered(0, 20));
    await produce(numbered(20, 30), "-p", "0");
    expect(await kcat(...group)).toEqual(numbered(20, 30));
    expect(await kcat("-C", "-t", "t", "-p", "0", "-o", "-5", "-e", "-q")).toEqual(numbered(25, 30));
    expect(await kcat("-Q", "-t", "t:0:-1")).toEqual(["t [0] offset 30"]);
  });

  test("what it writes kafkajs reads", async () => {
    await createTopic(broker.address, "mixed");
    await produce(["one", "two"], "-t", "mixed", "-X", "acks=1");
    await using reading = await consume(broker.address, "g", "mixed");
    await reading.until(() => reading.values.length === 2);
    expect(reading.values).toEqual(["one", "two"]);
  });
});
