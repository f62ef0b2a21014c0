// Backends that are broken on purpose really are, each in its own way: what the scenarios must catch.
import { describe, expect, test } from "vitest";
import { BETWEEN_MS, DROP_EVERY, LAGGING_MS, LOSE_EVERY } from "../../src/backend/broken.ts";
import type { Message, OutboxRow, Ports } from "../../src/backend/ports.ts";
import { createRelay } from "../../src/backend/replication/relay.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { conflictsOf, createWorld, lagOf, open, shown, SOON_MS } from "./world.ts";

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

  test("stale-read-after-failover answers who was moved from a copy that it made long before", async () => {
    for (const word of ["stale-read-after-failover", undefined] as const) {
      const { world, us, eu } = broken({ eu: { broken: word } });
      await using _ = world;
      const moved = async () => (await eu.ask("/us/properties/1")).json().price;
      const first = await moved();
      await us.put(1, { price: 20, version: 1 });
      await world.clock.advance(SOON_MS);
      expect(await moved()).toBe(word === undefined ? 20 : first);
      expect((await shown(eu, 1)).price).toBe(20); // its own clients see what is there
    }
  });

  test("lagging-replica shows what was there a while ago; who writes meets what is there", async () => {
    const { world, us, eu } = broken({ us: { broken: "lagging-replica" }, eu: { broken: "lagging-replica" } });
    await using _ = world;
    const before = await shown(us, 1);
    expect((await us.put(1, { price: 10, version: 1 })).statusCode).toBe(200);
    expect((await us.put(1, { price: 20, version: 2 })).statusCode).toBe(200);
    expect(await shown(us, 1)).toEqual(before);
    await world.clock.advance(LAGGING_MS - 1);
    expect(await shown(us, 1)).toEqual(before);
    await world.clock.advance(2);
    expect(await shown(us, 1)).toMatchObject({ price: 20, version: 3 });
    await world.clock.advance(LAGGING_MS);
    expect(await shown(eu, 1)).toMatchObject({ price: 20, version: 3 });
  });

  test("non-atomic-idempotency lets two at the same instant both take effect, and knows those that come later", async () => {
    for (const [word, answers, version] of [
      ["non-atomic-idempotency", [200, 200], 3],
      [undefined, [200, 422], 2],
    ] as const) {
      const { world, us } = broken({ us: { broken: word } });
      await using _ = world;
      const put = () => us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
      const inTime = async <T>(asked: Promise<T>): Promise<T> => {
        let over = false;
        void asked.finally(() => (over = true));
        while (!over) await world.clock.advance(BETWEEN_MS);
        return asked;
      };
      const both = await inTime(Promise.all([put(), put()]));
      expect(both.map(({ statusCode }) => statusCode)).toEqual(answers);
      expect((await put()).statusCode).toBe(422);
      expect((await shown(us, 1)).version).toBe(version);
      // One alone is as good as ever.
      expect((await inTime(us.put(2, { price: 10, version: 1 }, { "x-request-id": "b" }))).statusCode).toBe(200);
    }
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
