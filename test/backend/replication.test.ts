// Regions over one log, in memory, on a clock that moves only when told: what one region acknowledged, all hold in the end.
import { describe, expect, test } from "vitest";
import { encode } from "../../src/backend/replication/outbox.ts";
import { conflictsOf, createWorld, lagOf, open, shown, SOON_MS } from "./world.ts";

describe("what one region wrote", () => {
  test("stands in the other, the same to the last field, and a repeat of its request is known there", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    const done = await us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    await world.clock.advance(SOON_MS);
    expect((await eu.get("properties/1")).json()).toEqual((await us.get("properties/1")).json());
    expect(await shown(eu, 1)).toEqual({ price: 10, version: 2, state: '"us:1,eu:0"' });
    const again = await eu.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    expect(again.statusCode).toBe(422);
    expect(again.json().original_response).toEqual(done.json());
    expect(again.headers["etag"]).toBe('"us:1,eu:0"');
    expect(await conflictsOf(eu)).toEqual([]);
    expect(await us.store.backlog()).toBe(0);
  });

  test("takes effect once, however often its event is delivered", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    await us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    const [{ event } = { event: "" }] = await us.store.unpublished(1);
    await world.clock.advance(SOON_MS);
    world.log.append([{ key: "1", value: event }]);
    await world.clock.advance(SOON_MS);
    world.log.append([{ key: "1", value: event }]);
    await world.clock.advance(SOON_MS);
    expect(await shown(eu, 1)).toEqual({ price: 10, version: 2, state: '"us:1,eu:0"' });
    expect(await conflictsOf(eu)).toEqual([]);
  });

  test("is published again when it is not known whether it was", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    const { published } = us.store;
    let failures = 0;
    us.store.published = async (ids) => {
      if (failures++ < 2) throw new Error("the database went away");
      return published(ids);
    };
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(2_000);
    expect(failures).toBe(3);
    expect(await shown(eu, 1)).toEqual({ price: 10, version: 2, state: '"us:1,eu:0"' });
    expect(us.said.filter((line) => line.includes("cannot publish"))).toHaveLength(1);
    expect(us.said.at(-1)).toContain("publishing again");
  });

  test("is acknowledged while the log is away, and arrives once it is back", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    world.log.down = true;
    for (let version = 1; version <= 3; version++)
      expect((await us.put(1, { price: version, version })).statusCode).toBe(200);
    await world.clock.advance(5_000);
    expect((await shown(eu, 1)).version).toBe(1);
    world.log.down = false;
    await world.clock.advance(SOON_MS);
    expect(await shown(eu, 1)).toEqual({ price: 3, version: 4, state: '"us:3,eu:0"' });
  });

  test("waits for a database that is away, and what is not an event is passed over", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    const { transaction } = eu.store;
    eu.store.transaction = async () => {
      throw new Error("away");
    };
    for (const value of ["nonsense", "{}", encode({ type: "heartbeat", region: "mars", at: 1 })])
      world.log.append([{ key: "x", value }]);
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(3_000);
    expect((await lagOf(world, eu)).lag_seconds).toBeGreaterThan(2);
    eu.store.transaction = transaction;
    await world.clock.advance(SOON_MS);
    expect((await shown(eu, 1)).price).toBe(10);
    expect(eu.said.filter((line) => line.includes("is no event"))).not.toHaveLength(0);
    expect(eu.said.at(-1)).toContain("applying again");
  });
});

describe("writes that did not know of each other", () => {
  test("leave the same winner everywhere, and a record of both", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    world.log.down = true;
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(5);
    await eu.put(1, { price: 20, version: 1 });
    world.log.down = false;
    await world.clock.advance(1_000);
    for (const region of [us, eu]) {
      expect(await shown(region, 1)).toEqual({ price: 20, version: 3, state: '"us:1,eu:1"' });
      expect(await conflictsOf(region)).toMatchObject([
        {
          kind: "concurrent",
          key: 1,
          region: region.name,
          winner: { state: "us:0,eu:1", value: 20 },
          loser: { state: "us:1,eu:0", value: 10 },
        },
      ]);
    }
  });

  test("with one request id are found, once in each region, and both ids stay known", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    world.log.down = true;
    const headers = { "x-request-id": "a" };
    await us.put(1, { price: 10, version: 1 }, headers);
    await eu.put(1, { price: 10, version: 1 }, headers);
    const [{ event } = { event: "" }] = await us.store.unpublished(1);
    world.log.down = false;
    await world.clock.advance(1_000);
    world.log.append([{ key: "1", value: event }]);
    await world.clock.advance(SOON_MS);
    for (const region of [us, eu]) {
      const kinds = (await conflictsOf(region)).map(({ kind }) => kind);
      expect(kinds.toSorted()).toEqual(["concurrent", "duplicate-request"]);
      expect((await region.put(1, { price: 10, version: 1 }, headers)).statusCode).toBe(422);
    }
  });

  test("one after the other, each knowing of the last, are no conflict", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    for (let version = 1; version <= 6; version++) {
      expect((await (version % 2 === 0 ? eu : us).put(1, { price: version, version })).statusCode).toBe(200);
      await world.clock.advance(SOON_MS);
    }
    expect(await shown(us, 1)).toEqual({ price: 6, version: 7, state: '"us:3,eu:3"' });
    expect([...(await conflictsOf(us)), ...(await conflictsOf(eu))]).toEqual([]);
  });

  test("a loser's request id is registered too", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    world.log.down = true;
    await us.put(1, { price: 10, version: 1 }, { "x-request-id": "loser" });
    await world.clock.advance(5);
    await eu.put(1, { price: 20, version: 1 });
    world.log.down = false;
    await world.clock.advance(1_000);
    const again = await eu.put(1, { price: 10, version: 1 }, { "x-request-id": "loser" });
    expect(again.statusCode).toBe(422);
    expect((await shown(eu, 1)).price).toBe(20);
  });
});

describe("a clock that is two minutes behind", () => {
  const behind = { us: -120_000 };
  const story = async (conflicts: "hybrid-clock" | "wall-clock") => {
    const { world, us, eu } = open({ skewMs: behind, settings: { us: { conflicts }, eu: { conflicts } } });
    await using _ = world;
    await eu.put(1, { price: 10, version: 1 });
    await world.clock.advance(SOON_MS);
    const reply = await us.put(1, { price: 20, version: 2 });
    await world.clock.advance(SOON_MS);
    return { status: reply.statusCode, us: await shown(us, 1), eu: await shown(eu, 1), found: await conflictsOf(eu) };
  };

  test("loses an acknowledged write under wall-clock: silently, and the same everywhere", async () => {
    const { status, us, eu, found } = await story("wall-clock");
    expect(status).toBe(200);
    expect(us).toEqual({ price: 10, version: 3, state: '"us:1,eu:1"' });
    expect(eu).toEqual(us);
    expect(found).toEqual([]);
  });

  test("loses nothing under hybrid-clock", async () => {
    const { us, eu } = await story("hybrid-clock");
    expect(us).toEqual({ price: 20, version: 3, state: '"us:1,eu:1"' });
    expect(eu).toEqual(us);
  });
});

test("three regions, many writes to few rows, the log away now and then: equal in the end", async () => {
  const names = ["us", "eu", "ap"];
  const world = createWorld({ names, skewMs: { us: -3_000, ap: 4_000 } });
  await using _ = world;
  const regions = Object.values(world.regions);
  let acknowledged = 0;
  for (let round = 0; round < 60; round++) {
    world.log.down = round % 10 > 6;
    for (const [index, region] of regions.entries()) {
      const id = 1 + ((round * 7 + index) % 3);
      const { version } = await shown(region, id);
      const reply = await region.put(id, { price: round, version }, { "x-request-id": `${region.name}-${round}` });
      if (reply.statusCode === 200) acknowledged++;
    }
    await world.clock.advance(round % 4 === 0 ? SOON_MS : 10);
  }
  world.log.down = false;
  await world.clock.advance(3_000);
  const [first, ...others] = await Promise.all(regions.map((region) => region.store.properties(0, 3)));
  for (const other of others) expect(other).toEqual(first);
  const merged = first!.reduce((sum, { seen }) => sum + Object.values(seen).reduce((a, b) => a + b, 0), 0);
  expect(merged).toBe(acknowledged);
  expect(acknowledged).toBe(180);
  for (const region of regions) {
    expect((await lagOf(world, region)).pending).toBe(0);
    expect(await region.store.backlog()).toBe(0);
  }
  expect(first!.map(({ seen }) => Object.keys(seen).toSorted())).toEqual(
    [names, names, names].map((n) => n.toSorted()),
  );
});
