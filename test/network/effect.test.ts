// What rules amount to, on a clock that is only imagined.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LinkRule } from "../../src/model/link.ts";
import {
  available,
  beginWaiting,
  createBucket,
  delayMs,
  effectOf,
  effectsOn,
  isDue,
  lifetimeMs,
  longestMs,
  take,
  timerMs,
} from "../../src/network/effect.ts";
import { cap, cut, delay, rule } from "./world.ts";

const CROSSING = { from: "us", to: "kafka", toZone: "eu" };

describe("several rules on one direction", () => {
  it("delays add up, the worst cut rules, every cap counts", () => {
    const rules = [
      rule("1", "us", "eu", delay(40, 5)),
      rule("2", "us", "eu", delay(10)),
      rule("3", "us", "eu", cut("drop")),
      rule("4", "us", "eu", cut("reset")),
      rule("5", "us", "eu", cap(1_000)),
      rule("6", "us", "eu", cap(2_000)),
    ];
    const { there, back } = effectsOn(CROSSING, rules);
    expect(there).toMatchObject({ cut: "reset", caps: [{ id: "5" }, { id: "6" }] });
    expect(longestMs(there.delays)).toBe(55);
    expect(delayMs(there.delays, () => 0)).toBe(45);
    expect(back).toEqual(effectOf([]));
  });

  it("act on those that they are for alone", () => {
    const concerned = (each: LinkRule) => effectsOn(CROSSING, [each]).there.cut !== undefined;
    expect(concerned(rule("1", "us", "eu", cut("drop")))).toBe(true);
    expect(concerned(rule("1", "us", "ap", cut("drop")))).toBe(false);
    const only = (crossing: { from: string; to: string }) => ({ ...rule("1", "us", "eu", cut("drop")), crossing });
    expect(concerned(only({ from: "us", to: "kafka" }))).toBe(true);
    expect(concerned(only({ from: "us", to: "db" }))).toBe(false);
    // Bytes from us to eu on a connection that eu opened.
    expect(concerned(only({ from: "eu", to: "kafka" }))).toBe(false);
  });
});

describe("who opens a connection", () => {
  const gate = (...rules: readonly LinkRule[]) => effectsOn(CROSSING, rules).gate.type;
  const there = (mode: "drop" | "reset" | "refuse") => rule(`there ${mode}`, "us", "eu", cut(mode));
  const back = (mode: "drop" | "reset" | "refuse") => rule(`back ${mode}`, "eu", "us", cut(mode));

  it("needs both directions; is refused only from where it is refused", () => {
    expect(gate()).toBe("open");
    expect([gate(there("drop")), gate(back("drop"))]).toEqual(["stall", "stall"]);
    expect([gate(there("reset")), gate(back("reset"))]).toEqual(["reset", "reset"]);
    expect([gate(there("refuse")), gate(back("refuse"))]).toEqual(["refuse", "reset"]);
  });

  it("meets the worst of several", () => {
    expect(gate(there("drop"), back("reset"))).toBe("reset");
    expect(gate(back("drop"), there("reset"), there("refuse"))).toBe("refuse");
  });

  it("is flaky only where it opens", () => {
    const flaky = { type: "flaky", resetsPerSecond: 0.5 } as const;
    expect(effectsOn(CROSSING, [rule("1", "us", "eu", flaky)]).flaky).toHaveLength(1);
    expect(effectsOn(CROSSING, [rule("1", "eu", "us", flaky)]).flaky).toHaveLength(0);
  });
});

describe("delays", () => {
  it("stay within the jitter, and never run backwards", () => {
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    const span = fc.double({ min: 0, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(span, span, chance, (addMs, jitterMs, random) => {
        const ms = delayMs([{ addMs, jitterMs }], () => random);
        expect(ms).toBeGreaterThanOrEqual(Math.max(0, addMs - jitterMs));
        expect(ms).toBeLessThanOrEqual(addMs + jitterMs);
      }),
    );
  });

  it("a timer never sleeps past what is due, and nothing is due earlier than by 0.8 ms", () => {
    const times = fc.double({ min: 0, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(times, times, (dueMs, nowMs) => {
        if (isDue(dueMs, nowMs)) {
          expect(dueMs - nowMs).toBeLessThanOrEqual(0.8);
          return;
        }
        const sleepMs = timerMs(dueMs, nowMs);
        expect(sleepMs).toBeGreaterThanOrEqual(1);
        // A whole millisecond is the least there is.
        expect(sleepMs).toBeLessThanOrEqual(Math.max(1, dueMs - nowMs));
      }),
    );
    expect(timerMs(1e12, 0)).toBe(2 ** 31 - 1);
  });
});

describe("a bucket", () => {
  it("hands out its rate, whenever it is asked, and never more", () => {
    const steps = fc.array(fc.double({ min: 0.01, max: 900, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fc.double({ min: 200, max: 1e9, noNaN: true }), steps, (rate, waits) => {
        const bucket = createBucket(rate, 0);
        beginWaiting(bucket, 0);
        let nowMs = 0;
        let bytes = 0;
        for (const ms of waits) {
          nowMs += ms;
          const tokens = available(bucket, nowMs);
          take(bucket, tokens);
          bytes += tokens;
          const earned = (rate * nowMs) / 1_000;
          expect(bytes).toBeLessThanOrEqual(earned * (1 + 1e-9) + 1e-3);
          expect(bytes).toBeGreaterThan(earned * (1 - 1e-9) - 1.001);
        }
      }),
    );
  });

  it("saves little while nobody waits, and does not make up for an age", () => {
    const bucket = createBucket(1_000_000, 0);
    beginWaiting(bucket, 10_000);
    expect(available(bucket, 10_000)).toBe(5_000);
    take(bucket, 5_000);
    expect(available(bucket, 10_000)).toBe(0);
    expect(available(bucket, 60_000)).toBe(1_000_000);
  });
});

describe("a flaky connection", () => {
  it("of many, the given share is gone after a second, and the same share of the rest after another", () => {
    // Evenly spread chances instead of drawn ones.
    const lives = Array.from({ length: 10_000 }, (_, i) => lifetimeMs(0.2, () => (i + 0.5) / 10_000));
    const after = (ms: number) => lives.filter((life) => life <= ms).length / lives.length;
    expect(after(1_000)).toBeCloseTo(0.2, 3);
    expect(after(2_000)).toBeCloseTo(1 - 0.8 ** 2, 3);
  });

  it("never at 0 %, nearly at once at 100 %", () => {
    expect(lifetimeMs(0, () => 0.999)).toBe(Infinity);
    const lives = Array.from({ length: 1_000 }, (_, i) => lifetimeMs(1, () => i / 1_000));
    expect(Math.max(...lives)).toBeLessThan(1_000);
  });
});
