// Tokens of the caps, on a clock that is only imagined: exact, shared by turns, the tightest rules.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCaps, type Caps, type Claimant } from "../../src/network/caps.ts";
import { createBucket, type Bucket } from "../../src/network/effect.ts";

let caps: Caps;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  caps = createCaps(() => performance.now());
});
afterEach(() => {
  caps.close();
  vi.useRealTimers();
});

/** Always has more to send, until told otherwise. */
function sender(...buckets: readonly Bucket[]): Claimant & { got: number; left: number; grants: number } {
  const claimant = {
    buckets,
    got: 0,
    left: Infinity,
    grants: 0,
    demand: () => Math.min(claimant.left, 65_536),
    grant(bytes: number) {
      claimant.got += bytes;
      claimant.left -= bytes;
      claimant.grants++;
    },
  };
  return claimant;
}

const bucket = (bytesPerSecond: number) => createBucket(bytesPerSecond, performance.now());

describe("one cap", () => {
  it.each([125, 125_000, 10_000_000, 1_000_000_000])("%d bytes a second are that, to a thousandth", (rate) => {
    const one = sender(bucket(rate));
    caps.claim(one);
    vi.advanceTimersByTime(60_000);
    expect(one.got / (rate * 60)).toBeGreaterThan(0.999);
    expect(one.got / (rate * 60)).toBeLessThan(1.001);
  });

  it("is shared: all together get no more, and each its share", () => {
    const shared = bucket(1_000_000);
    const senders = Array.from({ length: 7 }, () => sender(shared));
    for (const each of senders) caps.claim(each);
    vi.advanceTimersByTime(30_000);
    const total = senders.reduce((sum, { got }) => sum + got, 0);
    expect(total / 30_000_000).toBeCloseTo(1, 3);
    for (const { got } of senders) expect(got / (total / 7)).toBeCloseTo(1, 2);
  });

  it("a short message does not wait behind a long stream", () => {
    const shared = bucket(1_000_000);
    const stream = sender(shared);
    caps.claim(stream);
    vi.advanceTimersByTime(1_000);
    const message = sender(shared);
    message.left = 100;
    caps.claim(message);
    vi.advanceTimersByTime(10);
    expect(message.left).toBe(0);
    expect(stream.left).toBe(Infinity);
  });

  it("sleeps while nobody wants anything", () => {
    const one = sender(bucket(1_000));
    one.left = 10;
    caps.claim(one);
    vi.advanceTimersByTime(1_000);
    expect([one.left, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it("does not wake up for every byte", () => {
    const slow = sender(bucket(125_000));
    caps.claim(slow);
    vi.advanceTimersByTime(10_000);
    expect(slow.grants).toBeLessThan(1_000);
  });
});

describe("several caps", () => {
  it("the tightest rules, and the rest is for others", () => {
    const [wide, narrow] = [bucket(1_000_000), bucket(100_000)];
    const both = sender(wide, narrow);
    const free = sender(wide);
    caps.claim(both);
    caps.claim(free);
    vi.advanceTimersByTime(20_000);
    expect(both.got / 2_000_000).toBeCloseTo(1, 2);
    expect((both.got + free.got) / 20_000_000).toBeCloseTo(1, 2);
  });

  it("who leaves gets nothing any more", () => {
    const shared = bucket(100_000);
    const [one, other] = [sender(shared), sender(shared)];
    caps.claim(one);
    caps.claim(other);
    vi.advanceTimersByTime(1_000);
    caps.leave(one);
    const had = one.got;
    vi.advanceTimersByTime(1_000);
    expect([one.got, shared.waiting]).toEqual([had, 1]);
    expect(other.got / 150_000).toBeCloseTo(1, 1);
  });
});
