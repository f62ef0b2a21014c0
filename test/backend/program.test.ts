// Two real backends, a real PostgreSQL, the real broker: what only processes can show.
import { once } from "node:events";
import net from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { client } from "../broker/client.ts";
import { startBroker } from "../broker/program.ts";
import { startPostgres, type Postgres } from "../support/postgres.ts";
import { environmentOf, spawnBackend, startBackend, type Program } from "./program.ts";

let postgres: Postgres;
let databases = 0;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.[Symbol.asyncDispose]());

const newDatabase = (server = postgres) => server.database(`program_${++databases}`);
/** Where nobody listens. */
const NO_BROKER = "127.0.0.1:1";

const TOPIC = "property-updates";

const stateIs = (state: string) => (answer: { headers: Headers }) => answer.headers.get("etag") === `"${state}"`;
const drained = ({ body }: { body: Record<string, unknown> }) => body["pending"] === 0 && body["lag_seconds"] === 0;

describe("two regions", () => {
  test("replicate both ways, agree on a winner, and one of them outlives a SIGKILL of the other", async () => {
    await using broker = await startBroker();
    const [usDatabase, euDatabase] = [await newDatabase(), await newDatabase()];
    const usEnvironment = await environmentOf("us", usDatabase, broker.address);
    let us = await startBackend(usEnvironment);
    await using eu = await startBackend(await environmentOf("eu", euDatabase, broker.address));

    const done = await us.put(1, { price: 10.5, version: 1 }, { "X-Request-ID": "first" });
    expect([done.status, done.headers.get("x-served-by")]).toEqual([200, "backend-us"]);
    const there = await eu.until("properties/1", stateIs("us:1,eu:0"));
    expect(there.body).toMatchObject({ price: 10.5, version: 2, updated_at: done.body["updated_at"] });
    const again = await eu.put(1, { price: 10.5, version: 1 }, { "X-Request-ID": "first" });
    expect([again.status, again.headers.get("etag")]).toEqual([422, '"us:1,eu:0"']);
    expect(again.body).toEqual({ detail: "Duplicate request", original_response: done.body });

    // Many at once, in both regions, over few rows; then one of them dies in the middle of it.
    const acknowledged = { us: 0, eu: 0 };
    const writing = async (program: Program, count: number) => {
      for (let n = 0; n < count; n++) {
        const id = 2 + (n % 3);
        const read = await program.get(`properties/${id}`);
        const written = await program.put(
          id,
          { price: n, version: read.body["version"] },
          { "If-Match": read.headers.get("etag")!, "X-Request-ID": `${program.region}-${n}` },
        );
        if (written.status === 200) acknowledged[program.region as "us" | "eu"]++;
      }
    };
    const usWriting = writing(us, 1_000).catch(() => "cut off");
    await writing(eu, 60);
    expect(await us.end("SIGKILL")).toBe("SIGKILL");
    expect(await usWriting).toBe("cut off");
    await writing(eu, 20);
    us = await startBackend(usEnvironment);
    await using _ = us;

    for (const program of [us, eu]) await program.until("replication-lag", drained);
    for (const program of [us, eu]) await program.until("replication-lag", drained);
    const counters = { us: 0, eu: 0 };
    for (const id of [2, 3, 4]) {
      const [here, elsewhere] = await Promise.all([us.get(`properties/${id}`), eu.get(`properties/${id}`)]);
      expect(here.body).toEqual(elsewhere.body);
      expect(here.headers.get("etag")).toBe(elsewhere.headers.get("etag"));
      for (const [, region, counter] of here.headers.get("etag")!.matchAll(/(us|eu):(\d+)/g))
        counters[region as "us" | "eu"] += Number(counter);
    }
    // Every acknowledgement had one effect; the one that was cut off may have had one that nobody was told of.
    expect(counters.eu).toBe(acknowledged.eu);
    expect([acknowledged.us, acknowledged.us + 1]).toContain(counters.us);
    expect(Math.min(acknowledged.us, acknowledged.eu)).toBeGreaterThan(10);
    const conflicts = (await eu.get("conflicts")).body["conflicts"] as readonly { kind: string }[];
    expect(conflicts.some(({ kind }) => kind === "concurrent")).toBe(true);
  });

  test("write without the broker, and find each other once it is back", async () => {
    await using broker = await startBroker();
    await using us = await startBackend(await environmentOf("us", await newDatabase(), broker.address));
    await using eu = await startBackend(await environmentOf("eu", await newDatabase(), broker.address));
    await us.put(1, { price: 1, version: 1 });
    await eu.until("properties/1", stateIs("us:1,eu:0"));
    await broker.end("SIGKILL");
    for (const version of [2, 3, 4])
      expect((await us.put(1, { price: version, version }, { "X-Request-ID": `away-${version}` })).status).toBe(200);
    expect((await us.get("health")).status).toBe(200);
    await us.until("replication-lag", ({ body }) => body["pending"] === null && Number(body["lag_seconds"]) > 1);
    await broker.restart();
    await eu.until("properties/1", stateIs("us:4,eu:0"));
    for (const program of [us, eu]) await program.until("replication-lag", drained);
    expect((await eu.get("conflicts")).body["conflicts"]).toEqual([]);
  });

  test("outlive their databases, and miss nothing that was written meanwhile", async () => {
    await using broker = await startBroker();
    await using own = await startPostgres();
    await using us = await startBackend(await environmentOf("us", await newDatabase(), broker.address));
    await using eu = await startBackend(await environmentOf("eu", await newDatabase(own), broker.address));
    await own.crash();
    await eu.until("health", ({ status, body }) => status === 503 && body["region"] === "eu");
    expect((await eu.get("properties/1")).body).toEqual({ detail: "The database of eu does not answer" });
    expect((await eu.put(1, { price: 1, version: 1 })).status).toBe(503);
    expect((await us.put(1, { price: 1, version: 1 })).status).toBe(200);
    await own.start();
    await eu.until("health", ({ status }) => status === 200);
    await eu.until("properties/1", stateIs("us:1,eu:0"));
    expect(eu.output().match(/the database does not answer/g)).toHaveLength(1);
    expect(eu.output()).toContain("the database answers again");
  });
});

test("a database that began anew reads the log from its beginning, wherever the consumer group stands", async () => {
  await using broker = await startBroker();
  await using us = await startBackend(await environmentOf("us", await newDatabase(), broker.address));
  const eu = await startBackend(await environmentOf("eu", await newDatabase(), broker.address));
  for (const id of [1, 2, 3]) await us.put(id, { price: id, version: 1 });
  await eu.until("properties/3", stateIs("us:1,eu:0"));
  expect(await eu.end("SIGTERM")).toBe(0);

  // Its group stands at the end of the log now.
  const group = client(broker.address).consumer({ groupId: "regionctl-eu" });
  const joined = new Promise((resolve) => group.on(group.events.GROUP_JOIN, resolve));
  await group.connect();
  await group.subscribe({ topic: TOPIC });
  await group.run({ autoCommit: false, eachMessage: async () => {} });
  await joined;
  const admin = client(broker.address).admin();
  await admin.connect();
  const [end] = await admin.fetchTopicOffsets(TOPIC);
  await group.commitOffsets([{ topic: TOPIC, partition: 0, offset: end!.high }]);
  const [stands] = await admin.fetchOffsets({ groupId: "regionctl-eu", topics: [TOPIC] });
  expect(Number(stands!.partitions[0]!.offset)).toBeGreaterThan(2);
  await Promise.all([admin.disconnect(), group.disconnect()]);

  await using anew = await startBackend(await environmentOf("eu", await newDatabase(), broker.address));
  for (const id of [1, 2, 3]) await anew.until(`properties/${id}`, stateIs("us:1,eu:0"));
});

describe("the program", () => {
  test("reads and writes without Kafka, ends at SIGTERM with 0, and keeps what it wrote", async () => {
    const environment = await environmentOf("us", await newDatabase(), NO_BROKER);
    const first = await startBackend(environment);
    expect((await first.put(1, { price: 5, version: 1 })).status).toBe(200);
    expect((await first.get("replication-lag")).body["pending"]).toBeNull();
    expect(await first.end("SIGTERM")).toBe(0);
    expect(first.output()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z backend-us serves region us on 127\.0\.0\.1:\d+$/m);
    expect(first.output()).not.toContain("WARNING");
    await using second = await startBackend(environment);
    expect((await second.get("properties/1")).body).toMatchObject({ price: 5, version: 2 });
  });

  test("listens before its database does, and is healthy once that is there", async () => {
    await using own = await startPostgres();
    const environment = await environmentOf("us", await own.database("late"), NO_BROKER);
    await own.crash();
    await using backend = spawnBackend(environment);
    await backend.until("health", ({ status }) => status === 503);
    await own.start();
    await backend.until("health", ({ status }) => status === 200);
  });

  test.each([
    ["REGION", "", "REGION is not set"],
    ["REGION", "mars", 'REGION is "mars", which is not one of REGIONS (us, eu)'],
    ["REGIONS", "us,us", "must be different regions"],
    ["PORT", "eighty", 'PORT is "eighty"'],
    ["DATABASE_URL", "mysql://secret@x", "DATABASE_URL is wrong"],
    ["KAFKA_BROKER", "kafka", "KAFKA_BROKER is wrong: it must be host:port"],
    ["CONFLICTS", "coin", "must be hybrid-clock or wall-clock"],
    ["BROKEN", "everything", "must be one of ack-before-commit, skip-dedup, drop-event, arrival-order,"],
  ])("says what is wrong with %s=%s in one line, and exits 1", async (name, value, sentence) => {
    const environment = { ...(await environmentOf("us", "postgres://x@127.0.0.1:1/x", NO_BROKER)), [name]: value };
    await using backend = spawnBackend(environment);
    expect(await backend.ended).toBe(1);
    expect(backend.output().trim().split("\n")).toHaveLength(1);
    expect(backend.output()).toContain(sentence);
    expect(backend.output()).not.toContain("secret");
  });

  test("names the port that is taken", async () => {
    const other = net.createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as net.AddressInfo;
    const environment = await environmentOf("us", "postgres://x@127.0.0.1:1/x", NO_BROKER, { PORT: String(port) });
    await using backend = spawnBackend(environment);
    expect(await backend.ended).toBe(1);
    expect(backend.output()).toContain(`cannot start: port ${port} is taken`);
    other.close();
  });

  test("warns loudly when it is broken on purpose", async () => {
    const environment = await environmentOf("us", await newDatabase(), NO_BROKER, { BROKEN: "skip-dedup" });
    await using backend = await startBackend(environment);
    expect(backend.output()).toMatch(/WARNING: this backend is BROKEN on purpose \(skip-dedup\)/);
  });
});
