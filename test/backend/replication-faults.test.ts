// Replication faults in whole backends: what a region does to what it receives, what it says of it meanwhile, and that
// nothing is lost or applied twice, also when it dies in the middle.
import { describe, expect, test } from "vitest";
import { conflictsOf, createWorld, lagOf, open, receive, shown, SOON_MS, type Region, type World } from "./world.ts";

const before = { price: 350_000, version: 1, state: '"us:0,eu:0"' };
const arrived = { price: 10, version: 2, state: '"us:1,eu:0"' };

async function write(region: Region, ids: readonly number[], price = 10): Promise<void> {
  for (const id of ids) {
    const { version } = await shown(region, id);
    expect(
      (await region.put(id, { price, version }, { "x-request-id": `${region.name}-${id}-${price}` })).statusCode,
    ).toBe(200);
  }
}

async function areEqual(world: World): Promise<void> {
  const [first, ...others] = await Promise.all(
    Object.values(world.regions).map(({ store }) => store.properties(0, 20)),
  );
  for (const other of others) expect(other).toEqual(first);
}

const sourcesOf = async (region: Region) => (await region.backend.controls.observe()).sources;

test("pause applies nothing of one source until it ends; the other source goes on, and lag and pending tell", async () => {
  const world = createWorld({ names: ["us", "eu", "ap"] });
  await using _ = world;
  const { us, eu, ap } = world.regions as Record<"us" | "eu" | "ap", Region>;
  await world.clock.advance(SOON_MS);
  receive(eu, { us: { pause: true } });
  await write(us, [1, 2]);
  await write(ap, [3]);
  await world.clock.advance(5_000);
  expect((await shown(eu, 1)).version).toBe(1);
  expect((await shown(eu, 3)).price).toBe(10);
  expect((await shown(ap, 1)).price).toBe(10);
  const lag = await lagOf(world, eu);
  expect(lag.by_source["us"]).toBeGreaterThan(4.5);
  expect(lag).toMatchObject({ lag_seconds: lag.by_source["us"], pending: 2, by_source: { ap: 0 } });
  expect(await lagOf(world, ap)).toMatchObject({ lag_seconds: 0, pending: 0 });
  receive(eu, {});
  await world.clock.advance(1);
  expect((await shown(eu, 1)).price).toBe(10);
  expect(await lagOf(world, eu)).toMatchObject({ lag_seconds: 0, pending: 0 });
});

test("delay applies events and heartbeats as much later, so lag is what was asked; its end releases at once", async () => {
  const { world, us, eu } = open();
  await using _ = world;
  receive(eu, { us: { delayMs: 3_000 } });
  await world.clock.advance(5_000);
  await write(us, [1]);
  await world.clock.advance(2_900);
  expect(await shown(eu, 1)).toEqual(before);
  const { lag_seconds, pending } = await lagOf(world, eu);
  expect(lag_seconds).toBeGreaterThan(2.9);
  expect(lag_seconds).toBeLessThan(3.4);
  expect(pending).toBe(1);
  await world.clock.advance(200);
  expect(await shown(eu, 1)).toEqual(arrived);
  await write(us, [2]);
  await world.clock.advance(SOON_MS);
  expect((await shown(eu, 2)).version).toBe(1);
  receive(eu, {});
  await world.clock.advance(1);
  expect((await shown(eu, 2)).version).toBe(2);
  await world.clock.advance(SOON_MS);
  expect(await lagOf(world, eu)).toMatchObject({ lag_seconds: 0, pending: 0 });
});

test("duplicate hands events over twice, and each takes effect once", async () => {
  const { world, us, eu } = open();
  await using _ = world;
  receive(eu, { us: { duplicate: 1 } });
  for (let round = 0; round < 5; round++) {
    await write(us, [1, 2, 3, 4, 5], round);
    await world.clock.advance(SOON_MS);
  }
  await world.clock.advance(2_000);
  expect(await sourcesOf(eu)).toEqual({ us: { waiting: 0, duplicated: 25, reordered: 0 } });
  expect((await shown(eu, 1)).version).toBe(6);
  await areEqual(world);
  expect(await conflictsOf(eu)).toEqual([]);
  receive(eu, {});
  await write(us, [6]);
  await world.clock.advance(2_000);
  expect((await sourcesOf(eu))["us"]!.duplicated).toBe(25);
});

test("reorder hands events over in another order, and the regions still come to the same", async () => {
  const { world, us, eu } = open();
  await using _ = world;
  receive(eu, { us: { reorderMs: 2_000 } });
  for (let round = 0; round < 20; round++) {
    await write(us, [1, 2], round);
    await world.clock.advance(20);
  }
  await world.clock.advance(SOON_MS);
  const { waiting, reordered } = (await sourcesOf(eu))["us"]!;
  expect(reordered).toBeGreaterThan(0);
  expect(waiting).toBeGreaterThan(0);
  // The oldest that waits is behind, though newer ones have been applied.
  await world.clock.advance(700);
  expect((await lagOf(world, eu)).lag_seconds).toBeGreaterThan(0);
  await world.clock.advance(2_500);
  await areEqual(world);
  expect(await shown(eu, 1)).toMatchObject({ price: 19, version: 21 });
  expect(await conflictsOf(eu)).toEqual([]);
  expect((await sourcesOf(eu))["us"]!.reordered).toBeGreaterThan(5);
});

describe("a restart in the middle", () => {
  test.each([
    ["a pause", { pause: true }],
    ["a delay", { delayMs: 60_000 }],
    ["a reorder", { reorderMs: 60_000 }],
    ["all at once", { delayMs: 20_000, reorderMs: 40_000, duplicate: 1 }],
  ])("of %s loses nothing and applies nothing twice", async (_what, fault) => {
    const { world, us, eu } = open();
    await using _ = world;
    receive(eu, { us: fault });
    for (let round = 0; round < 5; round++) {
      await write(us, [1, 2, 3, 4], round);
      await world.clock.advance(2_000);
    }
    // A heartbeat of its own would move a position that did not mind what waits.
    await world.clock.advance(20_000);
    expect((await sourcesOf(eu))["us"]!.waiting).toBeGreaterThan(0);
    expect((await lagOf(world, eu)).pending).toBe((await sourcesOf(eu))["us"]!.waiting);
    await eu.restart();
    expect(await sourcesOf(eu)).toMatchObject({ us: { duplicated: 0, reordered: 0 } });
    await world.clock.advance(SOON_MS);
    await areEqual(world);
    expect(await shown(eu, 1)).toEqual({ price: 4, version: 6, state: '"us:5,eu:0"' });
    expect(await conflictsOf(eu)).toEqual([]);
    expect(await lagOf(world, eu)).toMatchObject({ lag_seconds: 0, pending: 0 });
  });
});

test("what waits is bounded: beyond it the log keeps the rest, and everything arrives in the end", async () => {
  const { world, us, eu } = open();
  await using _ = world;
  receive(eu, { us: { pause: true } });
  world.log.down = true;
  await write(us, [1]);
  const [{ event } = { event: "" }] = await us.store.unpublished(1);
  world.log.down = false;
  await world.clock.advance(SOON_MS);
  // A long name weighs as much as many events.
  const heavy = JSON.stringify({ ...JSON.parse(event), fingerprint: "x".repeat(1_000_000) });
  for (let n = 0; n < 40; n++) {
    world.log.append([{ key: "1", value: heavy }]);
    await world.clock.advance(1);
  }
  await write(us, [2]);
  await world.clock.advance(5_000);
  const { waiting } = (await sourcesOf(eu))["us"]!;
  expect(waiting).toBeLessThan(40);
  expect((await lagOf(world, eu)).pending).toBeGreaterThanOrEqual(42);
  expect(eu.said.filter((line) => line.includes("the log keeps the others"))).toHaveLength(1);
  receive(eu, {});
  await world.clock.advance(1_500);
  expect((await shown(eu, 2)).price).toBe(10);
  expect(eu.said).toContainEqual(expect.stringContaining("receiving again"));
});

describe("a database that is away while a fault is in force", () => {
  test("gets what is due once it is back, and nothing that is not", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    const { transaction } = eu.store;
    eu.store.transaction = async () => {
      throw new Error("away");
    };
    await write(us, [1]);
    await world.clock.advance(1_000);
    receive(eu, { us: { pause: true } });
    await write(us, [2]);
    await world.clock.advance(1_000);
    eu.store.transaction = transaction;
    await world.clock.advance(1_000);
    expect([(await shown(eu, 1)).version, (await shown(eu, 2)).version]).toEqual([1, 1]);
    receive(eu, {});
    await world.clock.advance(1);
    expect([(await shown(eu, 1)).version, (await shown(eu, 2)).version]).toEqual([2, 2]);
  });
});
