// One client: one thing after the other, and nothing begun so late that nobody would still wait for it.
import { describe, expect, it } from "vitest";
import type { Arrival } from "../../src/traffic/arrivals.ts";
import { startClient } from "../../src/traffic/clients.ts";
import { manualClock } from "./support.ts";

function story() {
  const clock = manualClock();
  const told: string[] = [];
  const finish: (() => void)[] = [];
  const errors: unknown[] = [];
  const client = startClient({
    clock,
    perform: ({ key }) => {
      told.push(`${key} begun at ${clock.now()}`);
      return new Promise((resolve) => finish.push(resolve));
    },
    missed: ({ key }) => told.push(`${key} missed at ${clock.now()}`),
    broken: (error) => errors.push(error),
  });
  const accept = (key: string) =>
    client.accept({ due: clock.now(), key, client: 0, region: "us", kind: "read", repeat: "none" } satisfies Arrival);
  return { clock, told, finish, client, accept, errors };
}

describe("a client", () => {
  it("does one thing after the other, in the order in which they were due", async () => {
    const { clock, told, finish, accept, client } = story();
    accept("a");
    accept("b");
    await clock.advance(10);
    expect(told).toEqual(["a begun at 0"]);
    finish.shift()!();
    await clock.advance(0);
    expect(told).toEqual(["a begun at 0", "b begun at 10"]);
    finish.shift()!();
    await client.idle();
    await clock.advance(5_000);
    expect(told).toHaveLength(2);
  });

  it("says that it missed something one second after it was due, though it is still busy", async () => {
    const { clock, told, finish, accept } = story();
    accept("a");
    await clock.advance(100);
    accept("b");
    await clock.advance(500);
    accept("c");
    await clock.advance(499); // 1099: b has waited for 999 ms
    expect(told).toEqual(["a begun at 0"]);
    await clock.advance(1);
    expect(told).toEqual(["a begun at 0", "b missed at 1100"]);
    finish.shift()!();
    await clock.advance(0);
    expect(told.at(-1)).toBe("c begun at 1100");
  });

  it("begins nothing that a stall of the whole process made too late", async () => {
    const { clock, told, accept } = story();
    accept("a");
    accept("b");
    await clock.advance(0);
    await clock.advance(3_000);
    expect(told).toEqual(["a begun at 0", "b missed at 3000"]);
  });

  it("is not idle before its queue is empty, unless what waits is dismissed", async () => {
    const { clock, told, finish, accept, client } = story();
    accept("a");
    accept("b");
    await clock.advance(0);
    client.dismiss();
    finish.shift()!();
    await client.idle();
    expect(told).toEqual(["a begun at 0"]);
  });

  it("reports what breaks in ourselves, and goes on", async () => {
    const { clock, errors, client } = story();
    const broken = startClient({
      clock,
      perform: () => Promise.reject(new Error("the disk is full")),
      missed: () => {},
      broken: (error) => errors.push(error),
    });
    broken.accept({ due: 0, key: "a", client: 0, region: "us", kind: "read", repeat: "none" });
    await Promise.all([broken.idle(), client.idle()]);
    expect(errors).toEqual([new Error("the disk is full")]);
  });
});
