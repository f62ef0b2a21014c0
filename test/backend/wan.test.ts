// Two real backends and the real broker, which is at home in us and an ocean away from eu; and the ocean can be cut.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_CONTROL, NO_REPLICATION_FAULT } from "../../src/model/fault.ts";
import { remoteControl } from "../../src/runtimes/embedded/control.ts";
import { momentaryPort } from "../../src/runtimes/embedded/ports.ts";
import { startBroker } from "../broker/program.ts";
import { startPostgres, type Postgres } from "../support/postgres.ts";
import { environmentOf, spawnBackend, startBackend, type Answer, type Program } from "./program.ts";
import { startWan, type Wan } from "./wan.ts";

let postgres: Postgres;
let databases = 0;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.[Symbol.asyncDispose]());

interface Ocean extends AsyncDisposable {
  us: Program;
  wan: Wan;
  /** Of the backend of eu, which comes to the broker through the ocean. */
  environment: Readonly<Record<string, string>>;
}

async function open(oneWayMs = 0): Promise<Ocean> {
  const opened: AsyncDisposable[] = [];
  const close = async () => {
    for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  };
  const kept = <T extends AsyncDisposable>(one: T): T => (opened.push(one), one);
  try {
    const broker = kept(await startBroker({ listeners: ["US", "EU"] }));
    const wan = kept(await startWan(broker.ports[1]!, oneWayMs));
    await broker.restart({ KAFKA_ADVERTISED_LISTENERS: `US://${broker.address},EU://${wan.address}` });
    const database = () => postgres.database(`wan_${++databases}`);
    const us = kept(await startBackend(await environmentOf("us", await database(), broker.address)));
    const environment = await environmentOf("eu", await database(), wan.address);
    return { us, wan, environment, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

const stateIs = (state: string) => (answer: Answer) => answer.headers.get("etag") === `"${state}"`;
const drained = ({ body }: Answer) => body["pending"] === 0 && body["lag_seconds"] === 0;

/** From both, and then again: what the first was asked before the second had published. */
async function settle(...programs: readonly Program[]): Promise<void> {
  for (const program of [...programs, ...programs]) await program.until("replication-lag", drained);
}

async function put(program: Program, id: number, price: number): Promise<void> {
  const { body } = await program.get(`properties/${id}`);
  const written = await program.put(id, { price, version: body["version"] });
  expect(written.status, JSON.stringify(written.body)).toBe(200);
}

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test("an ocean costs one round trip between two fetches, and nothing besides", { timeout: 120_000 }, async () => {
  const roundTripMs = 300;
  await using ocean = await open(roundTripMs / 2);
  const { us } = ocean;
  await using eu = await startBackend(ocean.environment);
  await settle(us, eu);
  const lagsMs: number[] = [];
  for (let n = 0; n < 25; n++) {
    await put(us, 1, n);
    const at = performance.now();
    const shown = eu.until("properties/1", ({ body }) => Number(body["version"]) >= n + 2);
    lagsMs.push(await shown.then(() => performance.now() - at));
    await pass(n * 11); // not in step with the heartbeats
  }
  // Half of one to arrive, and up to a whole one until the next fetch has come: in the mean one.
  const median = lagsMs.toSorted((a, b) => a - b)[12]!;
  expect(median).toBeGreaterThanOrEqual(roundTripMs / 2 - 5);
  // With one round trip more between two fetches it would be one and a half, and what a busy machine adds.
  expect(median, lagsMs.map(Math.round).join(" ")).toBeLessThan(1.45 * roundTripMs);
  await settle(us, eu);
});

describe("a network that is cut without a word", () => {
  test("both sides go on alone, and meet again at once: nothing lost, nothing twice", { timeout: 90_000 }, async () => {
    await using ocean = await open(5);
    const { us, wan } = ocean;
    await using eu = await startBackend(ocean.environment);
    await put(us, 1, 1);
    await eu.until("properties/1", stateIs("us:1,eu:0"));
    await settle(us, eu);

    wan.cut();
    const began = performance.now();
    const answeredMs: number[] = [];
    let writes = 0;
    // Longer than any time-out of Kafka's client, and than the session of a consumer.
    while (performance.now() - began < 10_000) {
      writes++;
      for (const program of [us, eu]) {
        await put(program, program === us ? 2 : 3, writes);
        expect((await program.get("health")).status).toBe(200);
      }
      const asked = performance.now();
      const { body } = await eu.get("replication-lag");
      answeredMs.push(performance.now() - asked);
      expect(body["pending"]).toBeNull();
      await pass(100);
    }
    await put(us, 4, 10);
    await put(eu, 4, 20);
    // The first had to wait to know; whoever asks again is told soon.
    expect(answeredMs.toSorted((a, b) => a - b)[Math.floor(answeredMs.length / 2)]).toBeLessThan(400);
    expect(Number((await eu.get("replication-lag")).body["lag_seconds"])).toBeGreaterThan(9);
    expect((await us.get("replication-lag")).body).toMatchObject({ pending: 0 });
    expect((await us.get("properties/3")).body["version"]).toBe(1);

    wan.mend();
    const mended = performance.now();
    await us.until("properties/3", stateIs(`us:0,eu:${writes}`));
    await eu.until("properties/2", stateIs(`us:${writes},eu:0`));
    // By itself, and before any time-out of 4 s would have led to it.
    expect(performance.now() - mended).toBeLessThan(3_500);
    await settle(us, eu);
    for (const id of [1, 2, 3, 4]) {
      const [here, there] = await Promise.all([us.get(`properties/${id}`), eu.get(`properties/${id}`)]);
      expect(here.body).toEqual(there.body);
      expect(here.headers.get("etag")).toBe(there.headers.get("etag"));
    }
    expect((await us.get("properties/4")).headers.get("etag")).toBe('"us:1,eu:1"');
    for (const program of [us, eu])
      expect((await program.get("conflicts")).body["conflicts"]).toMatchObject([{ kind: "concurrent", key: 4 }]);
  });

  test("cuts of any length, one after the other", { timeout: 90_000 }, async () => {
    await using ocean = await open(5);
    const { us, wan } = ocean;
    await using eu = await startBackend(ocean.environment);
    await settle(us, eu);
    let writes = 0;
    for (const cutMs of [300, 1_800, 4_500]) {
      wan.cut();
      writes++;
      await Promise.all([put(us, 1, writes), put(eu, 2, writes)]);
      await pass(cutMs);
      wan.mend();
      const mended = performance.now();
      await eu.until("properties/1", stateIs(`us:${writes},eu:0`));
      await us.until("properties/2", stateIs(`us:0,eu:${writes}`));
      expect(performance.now() - mended, `after ${cutMs} ms`).toBeLessThan(3_500);
    }
    await settle(us, eu);
  });

  test("a backend that begins behind it serves its region, and finds the others afterwards", async () => {
    await using ocean = await open();
    const { us, wan } = ocean;
    await put(us, 1, 10);
    wan.cut();
    await using eu = await startBackend(ocean.environment);
    await put(eu, 2, 20);
    expect((await eu.get("replication-lag")).body["pending"]).toBeNull();
    expect((await eu.get("properties/1")).body["version"]).toBe(1);
    wan.mend();
    await eu.until("properties/1", stateIs("us:1,eu:0"));
    await us.until("properties/2", stateIs("us:0,eu:1"));
    await settle(us, eu);
  });

  test("a backend behind it ends when it is asked to", async () => {
    await using ocean = await open();
    await using eu = await startBackend(ocean.environment);
    await settle(ocean.us, eu);
    ocean.wan.cut();
    await put(eu, 1, 10);
    await eu.until("replication-lag", ({ body }) => body["pending"] === null);
    expect(await eu.end("SIGTERM")).toBe(0);
  });
});

test("a backend that is killed while replication faults hold writes back gets every one of them again", async () => {
  await using ocean = await open();
  const { us } = ocean;
  const control = { port: await momentaryPort(), token: "a-token-for-this-test" };
  const environment = {
    ...ocean.environment,
    CONTROL_PORT: String(control.port),
    CONTROL_TOKEN: control.token,
  };
  const eu = await startBackend(environment);
  await settle(us, eu);
  const remote = remoteControl({ address: `127.0.0.1:${control.port}`, token: control.token });
  const held = { ...NO_REPLICATION_FAULT, delayMs: 500, duplicate: 0.5, reorderMs: 3_000 };
  await remote.tell({ ...NO_CONTROL, replication: { us: held } });
  expect(await remote.ask()).toEqual({ ...NO_CONTROL, replication: { us: held } });
  for (let n = 1; n <= 15; n++) for (const id of [1, 2, 3, 4]) await put(us, id, n);
  // Some have been applied, in another order, and others wait: now it dies.
  await eu.until("properties?limit=4", ({ body }) => {
    const versions = (body["properties"] as readonly { version: number }[]).map(({ version }) => version);
    return versions.some((version) => version > 1);
  });
  await remote.tell({ ...NO_CONTROL, replication: { us: { ...held, pause: true } } });
  expect(Number((await eu.get("replication-lag")).body["pending"])).toBeGreaterThan(0);
  expect(await eu.end("SIGKILL")).toBe("SIGKILL");
  remote.reset();

  await using again = spawnBackend(environment);
  for (const id of [1, 2, 3, 4]) await again.until(`properties/${id}`, stateIs("us:15,eu:0"));
  await settle(us, again);
  expect((await again.get("conflicts")).body["conflicts"]).toEqual([]);
  for (const id of [1, 2, 3, 4]) expect((await again.get(`properties/${id}`)).body["price"]).toBe(15);
});
