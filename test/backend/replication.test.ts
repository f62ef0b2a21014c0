// Regions over one log, in memory, on a clock that moves only when told: what one region acknowledged, all hold in the end.
import { describe, expect, test } from "vitest";
import { DROP_EVERY, LOSE_EVERY } from "../../src/backend/broken.ts";
import type { Message, OutboxRow, Ports } from "../../src/backend/ports.ts";
import { encode, type WriteEvent } from "../../src/backend/replication/outbox.ts";
import { createRelay } from "../../src/backend/replication/relay.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { createWorld, type Region, type World } from "./world.ts";

const SOON_MS = 300;

interface Listed {
  kind: string;
  key: number;
  winner: { state: string; value: number };
  loser: { state: string; value: number };
}

async function shown(region: Region, id: number) {
  const reply = await region.get(`properties/${id}`);
  const { price, version } = reply.json();
  return { price, version, state: reply.headers["etag"] };
}

async function conflictsOf(region: Region): Promise<readonly Listed[]> {
  return (await region.get("conflicts")).json().conflicts;
}

/** Asking waits a few milliseconds for what is on its way, so time must pass meanwhile. */
async function lagOf(world: World, region: Region) {
  const asked = region.get("replication-lag");
  await world.clock.advance(60);
  return (await asked).json();
}

const open = (options?: Parameters<typeof createWorld>[0]) => {
  const world = createWorld(options);
  return { world, us: world.regions["us"]!, eu: world.regions["eu"]! };
};

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

describe("lag", () => {
  test("is 0 while heartbeats come, grows when they do not, and is 0 again", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    await world.clock.advance(10_000);
    expect(await lagOf(world, us)).toEqual({
      region: "us",
      lag_seconds: 0,
      seconds_since_last_message: expect.any(Number),
      pending: 0,
      by_source: { eu: 0 },
    });
    world.log.down = true;
    await world.clock.advance(5_000);
    const behind = await lagOf(world, us);
    expect(behind.lag_seconds).toBeGreaterThan(4.5);
    expect(behind.lag_seconds).toBeLessThan(5.5);
    expect(behind.by_source).toEqual({ eu: behind.lag_seconds });
    // Nobody can say what is in the log.
    expect(behind.pending).toBeNull();
    world.log.down = false;
    await world.clock.advance(1_000);
    expect(await lagOf(world, us)).toMatchObject({ lag_seconds: 0, pending: 0 });
    expect(eu.said).toContainEqual(expect.stringContaining("publishing again"));
  });

  test("pending is never 0 while something that was committed before is not applied here", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    await world.clock.advance(1_000);
    const { transaction } = eu.store;
    eu.store.transaction = async () => {
      throw new Error("away");
    };
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(SOON_MS);
    expect((await lagOf(world, eu)).pending).toBeGreaterThan(0);
    eu.store.transaction = transaction;
    await world.clock.advance(1_000);
    expect((await lagOf(world, eu)).pending).toBe(0);
    expect((await shown(eu, 1)).price).toBe(10);
  });

  test("an event that was not published counts where it was made", async () => {
    const { world, us } = open({ replicating: false });
    await using _ = world;
    await us.put(1, { price: 10, version: 1 });
    expect((await lagOf(world, us)).pending).toBe(1);
  });

  test("a log that began anew is not mistaken for one that was read", async () => {
    const { world, us } = open({ replicating: false });
    await using _ = world;
    await us.store.moveTo({ next: 500, heard: { eu: 1 } });
    world.log.append([{ key: "x", value: "1" }]);
    us.backend.replicate();
    await world.clock.advance(1);
    expect((await lagOf(world, us)).pending).toBeGreaterThan(0);
  });
});

describe("broken on purpose", () => {
  const broken = (word: NonNullable<Parameters<typeof createWorld>[0]>["settings"]) => open({ settings: word });

  test("ack-before-commit acknowledges writes whose commit never comes", async () => {
    const { world, us } = broken({ us: { broken: "ack-before-commit" } });
    await using _ = world;
    for (let id = 1; id <= LOSE_EVERY; id++) {
      expect((await us.put(id, { price: 10, version: 1 })).statusCode).toBe(200);
    }
    await world.clock.advance(SOON_MS);
    expect((await shown(us, 1)).version).toBe(2);
    expect((await shown(us, LOSE_EVERY)).version).toBe(1);
  });

  test("skip-dedup lets a repeat take effect again", async () => {
    const { world, us } = broken({ us: { broken: "skip-dedup" } });
    await using _ = world;
    const put = () => us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    expect([(await put()).statusCode, (await put()).statusCode]).toEqual([200, 200]);
    expect((await shown(us, 1)).version).toBe(3);
    expect((await us.put(1, { price: 10, version: 1 })).statusCode).toBe(409);
    await world.clock.advance(SOON_MS);
    expect(await conflictsOf(world.regions["eu"]!)).toEqual([]);
  });

  test("drop-event keeps every third write from the others", async () => {
    const { world, us, eu } = broken({ us: { broken: "drop-event" } });
    await using _ = world;
    for (let id = 1; id <= 20; id++) {
      await us.put(id, { price: 10, version: 1 });
      await world.clock.advance(SOON_MS);
    }
    const arrived = (await eu.store.properties(0, 100)).filter((row) => row.write.value === 10);
    expect(arrived).toHaveLength(20 - Math.floor(20 / DROP_EVERY));
    expect(await us.store.backlog()).toBe(0);
  });

  test("arrival-order leaves the regions different, without a word", async () => {
    const { world, us, eu } = broken({ us: { broken: "arrival-order" }, eu: { broken: "arrival-order" } });
    await using _ = world;
    world.log.down = true;
    await us.put(1, { price: 10, version: 1 });
    await eu.put(1, { price: 20, version: 1 });
    world.log.down = false;
    await world.clock.advance(1_000);
    expect((await shown(us, 1)).price).toBe(20);
    expect((await shown(eu, 1)).price).toBe(10);
    expect(await conflictsOf(us)).toEqual([]);
  });

  test("no-stamps lets a write lose that knew the other, in every region and without a word", async () => {
    const { world, us, eu } = broken({ us: { broken: "no-stamps" }, eu: { broken: "no-stamps" } });
    await using _ = world;
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(SOON_MS);
    expect((await eu.put(1, { price: 20, version: 2 })).statusCode).toBe(200);
    await world.clock.advance(SOON_MS);
    for (const region of [us, eu]) expect(await shown(region, 1)).toMatchObject({ price: 10, version: 3 });
    expect(await conflictsOf(us)).toEqual([]);
  });

  test("remember-before-effect answers a repeat as done that never was", async () => {
    const { world, us } = broken({ us: { broken: "remember-before-effect" } });
    await using _ = world;
    const put = (version: number) => us.put(1, { price: 10, version }, { "x-request-id": "a" });
    expect((await put(5)).statusCode).toBe(409);
    const again = await put(5);
    expect(again.statusCode).toBe(422);
    expect(again.json()).toMatchObject({ original_response: { price: 10 } });
    expect((await shown(us, 1)).version).toBe(1);
    // What goes well goes as well as ever.
    expect((await us.put(2, { price: 10, version: 1 }, { "x-request-id": "b" })).statusCode).toBe(200);
    expect((await us.put(2, { price: 10, version: 1 }, { "x-request-id": "b" })).statusCode).toBe(422);
    expect((await shown(us, 2)).version).toBe(2);
  });

  test("relay-by-greatest-id skips an event whose transaction took longer than a later one", async () => {
    for (const [word, arrived] of [
      ["relay-by-greatest-id", ["second", "third"]],
      [undefined, ["second", "first", "third"]],
    ] as const) {
      const ended = new AbortController();
      const sent: string[] = [];
      let outbox: OutboxRow[] = [{ id: 2, key: "b", event: "second" }];
      const store = {
        unpublished: async () => outbox,
        published: async (ids: readonly number[]) => void (outbox = outbox.filter(({ id }) => !ids.includes(id))),
      };
      const log = {
        append: async (messages: readonly Message[]) => void sent.push(...messages.map(({ value }) => value)),
      };
      const clock = virtualClock();
      const relay = createRelay("us", { store, log, clock, say: () => {} } as unknown as Ports, word);
      const running = relay.run(ended.signal);
      await clock.advance(SOON_MS);
      for (const row of [
        { id: 1, key: "a", event: "first" }, // drew its number before, and commits only now
        { id: 3, key: "c", event: "third" },
      ]) {
        outbox.push(row);
        relay.ring();
        await clock.advance(SOON_MS);
      }
      ended.abort();
      await running;
      expect(
        sent.filter((text) => !text.includes("heartbeat")),
        String(word),
      ).toEqual(arrived);
      expect(outbox).toEqual([]);
    }
  });

  test("lag-lies is never behind", async () => {
    const { world, us } = broken({ us: { broken: "lag-lies" } });
    await using _ = world;
    world.log.down = true;
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(5_000);
    expect(await lagOf(world, us)).toMatchObject({ lag_seconds: 0, pending: 0, by_source: { eu: 0 } });
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

test("an event is refused unless it is whole", async () => {
  const { decode } = await import("../../src/backend/replication/outbox.ts");
  const event: WriteEvent = {
    type: "write",
    key: 1,
    write: { value: 1, written: { us: 1 }, stamp: 5, region: "us", requestId: null, at: 5 },
    fingerprint: null,
    answer: { body: { id: 1, price: 1, version: 2, updated_at: "2026-01-01T00:00:00.000Z" }, etag: '"us:1"' },
    committedAt: 5,
  };
  expect(decode(encode(event))).toEqual(event);
  for (const wrong of [
    { ...event, key: 1.5 },
    { ...event, committedAt: null },
    { ...event, answer: undefined },
    { ...event, fingerprint: 7 },
    { ...event, write: { ...event.write, written: { us: -1 } } },
    { ...event, write: { ...event.write, written: { eu: 1 } } },
    { ...event, write: { ...event.write, stamp: "5" } },
    { ...event, type: "other" },
  ])
    expect(decode(JSON.stringify(wrong))).toBeUndefined();
});
