// How far a region says that it is behind, and what it says is pending: never less than the truth.
import { describe, expect, test } from "vitest";
import { lagOf, open, shown, SOON_MS } from "./world.ts";

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

  test("what arrives while the log is asked for its end does not count: it is behind that end", async () => {
    const { world, us, eu } = open();
    await using _ = world;
    await world.clock.advance(1_000);
    // As far away as a slow ocean: many heartbeats come and are applied before the answer does.
    const { end } = eu.log;
    eu.log.end = async () => {
      const then = await end();
      await world.clock.sleep(2_000);
      return then;
    };
    const asked = eu.get("replication-lag");
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(3_000);
    expect((await asked).json()).toMatchObject({ pending: 0, lag_seconds: 0 });
  });

  test("own messages are not waited for: only what others wrote is pending", async () => {
    const { world, us } = open();
    await using _ = world;
    await world.clock.advance(1_000);
    us.log.deaf = true;
    await world.regions["eu"]!.backend.close();
    await us.put(1, { price: 10, version: 1 });
    await world.clock.advance(2_000);
    expect((await lagOf(world, us)).pending).toBe(0);
    world.log.append([{ key: "x", value: "1" }]);
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
