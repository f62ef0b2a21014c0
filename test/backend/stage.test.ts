// The stage alone: when what has arrived may be applied, how often and in which order, whatever the faults.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStage, type Arrived, type Staged } from "../../src/backend/replication/stage.ts";
import { NO_REPLICATION_FAULT, type ReplicationFault } from "../../src/model/fault.ts";
import { seeded } from "../../src/model/random.ts";

const none = NO_REPLICATION_FAULT;
const ALL = 1_000_000;

/** Committed as late as its offset says, so that time and order can be compared. */
function event(offset: number, source = "us"): Arrived {
  const write = { value: offset, written: { [source]: offset + 1 }, stamp: 1, region: source, requestId: null, at: 1 };
  const answer = { body: { id: 1, price: 1, version: 2, updated_at: "" }, etag: "" };
  const event = { type: "write", key: 1, write, fingerprint: null, answer, committedAt: 1_000 + offset } as const;
  return { offset, source, event, size: 10 };
}

function beat(offset: number, source = "us"): Arrived {
  return { offset, source, event: { type: "heartbeat", region: source, at: 1_000 + offset }, size: 1 };
}

const newStage = (seed = "stage") => createStage(["us", "ap"], seeded(seed));
const offsets = (batch: readonly Staged[]) => batch.map(({ offset }) => offset);

describe("without a fault", () => {
  test("everything is due at once, in the order of the log, whatever its source", () => {
    const stage = newStage();
    const arrived = [event(0), event(1, "ap"), beat(2), event(3), beat(4, "ap")];
    for (const one of arrived) stage.put(one, 5_000);
    expect(stage.nextDueAt()).toBeLessThanOrEqual(5_000);
    const batch = stage.take(5_000, ALL);
    expect(offsets(batch)).toEqual([0, 1, 2, 3, 4]);
    stage.done(batch);
    expect(stage.take(5_000, ALL)).toEqual([]);
    expect([stage.nextDueAt(), stage.waiting(), stage.size()]).toEqual([Infinity, 0, 0]);
    expect(stage.faults()).toEqual({});
  });

  test("what is in hand still waits, comes again when it is given back, and is put only once", () => {
    const stage = newStage();
    for (const offset of [0, 1, 2]) stage.put(event(offset), 0);
    const batch = stage.take(0, 2);
    stage.put(event(0), 0); // delivered again
    expect([offsets(batch), stage.waiting(), stage.size()]).toEqual([[0, 1], 3, 30]);
    expect(stage.after([])).toEqual({ oldest: 0, heard: {} });
    stage.giveBack(batch);
    const again = stage.take(0, ALL);
    expect(offsets(again)).toEqual([0, 1, 2]);
    stage.done(again);
    expect([stage.waiting(), stage.size()]).toEqual([0, 0]);
  });

  test("a log that began anew has other messages at the same places", () => {
    const stage = newStage();
    stage.order({ us: { ...none, pause: true } });
    stage.put(event(500), 0);
    stage.put(event(7), 0);
    stage.put({ ...event(7), event: { ...event(7).event, key: 2 } as Arrived["event"] }, 0);
    expect(stage.after([]).oldest).toBe(7);
    stage.order({});
    expect(offsets(stage.take(0, ALL))).toEqual([500, 7, 7]);
  });
});

test("pause holds one source back, the others go on, and its end releases at once, in order", () => {
  const stage = newStage();
  stage.order({ us: { ...none, pause: true } });
  for (const one of [event(0), event(1, "ap"), beat(2), event(3)]) stage.put(one, 0);
  expect(offsets(stage.take(ALL, ALL))).toEqual([1]);
  expect(stage.nextDueAt()).toBe(Infinity);
  expect(stage.counters()).toMatchObject({ us: { waiting: 2 }, ap: { waiting: 1 } });
  stage.order({});
  expect(offsets(stage.take(0, ALL))).toEqual([0, 2, 3]);
});

test("delay hands over events and heartbeats as much later, and its end at once", () => {
  const stage = newStage();
  stage.order({ us: { ...none, delayMs: 500 } });
  stage.put(event(0), 100);
  stage.put(beat(1), 200);
  stage.put(event(2), 300);
  expect(offsets(stage.take(599, ALL))).toEqual([]);
  expect(stage.nextDueAt()).toBe(600);
  expect(offsets(stage.take(700, ALL))).toEqual([0, 1]);
  expect(stage.nextDueAt()).toBe(800);
  stage.order({ us: { ...none, delayMs: 2_000 } }); // a longer one is for what waits too
  expect(stage.nextDueAt()).toBe(2_300);
  stage.order({});
  expect(offsets(stage.take(300, ALL))).toEqual([2]);
});

describe("duplicate", () => {
  const handedOver = (duplicate: number) => {
    const stage = newStage();
    stage.order({ us: { ...none, duplicate } });
    for (let offset = 0; offset < 1_000; offset++) stage.put(offset % 10 === 9 ? beat(offset) : event(offset), offset);
    const times = new Map<number, number>();
    const ats = new Map<number, number[]>();
    for (let now = 0; now <= 3_000; now += 10) {
      const batch = stage.take(now, ALL);
      for (const { offset } of batch) {
        times.set(offset, (times.get(offset) ?? 0) + 1);
        ats.set(offset, [...(ats.get(offset) ?? []), now]);
      }
      stage.done(batch);
    }
    const twice = [...times].filter(([, count]) => count === 2).map(([offset]) => offset);
    const later = twice.filter((offset) => ats.get(offset)![0] !== ats.get(offset)![1]);
    return { times, twice, later, counters: stage.counters()["us"]!, size: stage.size() };
  };

  test("hands that share of events over twice, some of them in a later batch, and no heartbeat", () => {
    const { times, twice, later, counters, size } = handedOver(0.1);
    expect([times.size, size]).toEqual([1_000, 0]);
    expect(twice.length).toBeGreaterThan(60);
    expect(twice.length).toBeLessThan(130);
    expect(later.length).toBeGreaterThan(twice.length / 5);
    expect(later.length).toBeLessThan(twice.length);
    expect(twice.filter((offset) => offset % 10 === 9)).toEqual([]);
    expect(counters).toEqual({ waiting: 0, duplicated: twice.length, reordered: 0 });
    expect(handedOver(1).twice.length).toBe(900);
    expect(handedOver(0).twice).toEqual([]);
  });

  test("draws the same from the same seed", () => {
    expect(handedOver(0.1).twice).toEqual(handedOver(0.1).twice);
  });

  test("a copy that comes later holds nothing back: not the position, and not beyond the fault", () => {
    const stage = newStage();
    stage.order({ us: { ...none, duplicate: 1 } });
    for (let offset = 0; offset < 20; offset++) stage.put(event(offset), 0);
    const first = stage.take(0, ALL);
    expect(stage.after(first)).toEqual({ oldest: Infinity, heard: { us: 1_019 } });
    stage.done(first);
    expect(stage.waiting()).toBe(0);
    expect(stage.nextDueAt()).toBeGreaterThan(0);
    stage.order({});
    stage.done(stage.take(0, ALL));
    expect(stage.counters()["us"]!.duplicated).toBe(20);
    expect(stage.size()).toBe(0);
  });
});

describe("reorder", () => {
  test("draws a new order within its span; a heartbeat never overtakes an event that it came after", () => {
    const stage = newStage();
    stage.order({ us: { ...none, reorderMs: 1_000 } });
    for (let offset = 0; offset < 100; offset++) stage.put(offset % 20 === 19 ? beat(offset) : event(offset), offset);
    const handed: number[] = [];
    for (let now = 0; now <= 1_100; now += 5) {
      const batch = stage.take(now, ALL);
      for (const {
        offset,
        arrivedAt,
        event: { type },
      } of batch) {
        expect(now - arrivedAt).toBeLessThanOrEqual(1_005);
        if (type === "heartbeat")
          expect(handed.filter((other) => other < offset && other % 20 !== 19)).toHaveLength(
            offset - Math.floor(offset / 20),
          );
        handed.push(offset);
      }
      stage.done(batch);
    }
    expect(handed).toHaveLength(100);
    expect(handed).not.toEqual(handed.toSorted((a, b) => a - b));
    expect(stage.counters()["us"]!.reordered).toBeGreaterThan(20);
  });

  test("neither the position nor what was heard passes an event that was overtaken", () => {
    const stage = newStage("overtaken");
    stage.order({ us: { ...none, reorderMs: 1_000 } });
    for (let offset = 0; offset < 10; offset++) stage.put(event(offset), 0);
    const [first] = stage.take(stage.nextDueAt(), 1);
    expect(first!.offset).toBeGreaterThan(0);
    const { oldest, heard } = stage.after([first!]);
    expect(oldest).toBe(0);
    expect(heard["us"]).toBe(1_000);
  });
});

test("faults compose: delayed, shuffled, doubled, and all of it paused", () => {
  const stage = newStage();
  const fault = { pause: true, delayMs: 500, duplicate: 1, reorderMs: 200 };
  stage.order({ us: fault });
  for (let offset = 0; offset < 50; offset++) stage.put(event(offset), 0);
  expect(stage.faults()).toEqual({ us: fault });
  expect(stage.take(10_000, ALL)).toEqual([]);
  stage.order({ us: { ...fault, pause: false } });
  expect(stage.take(499, ALL)).toEqual([]);
  const handed = offsets(stage.take(10_000, ALL));
  expect(handed).toHaveLength(100);
  expect(new Set(handed).size).toBe(50);
  expect(handed.slice(0, 50)).not.toEqual(handed.slice(0, 50).toSorted((a, b) => a - b));
});

describe("whatever happens", () => {
  const fault: fc.Arbitrary<ReplicationFault> = fc.record({
    pause: fc.boolean(),
    delayMs: fc.constantFrom(0, 30),
    duplicate: fc.constantFrom(0, 0.5, 1),
    reorderMs: fc.constantFrom(0, 50),
  });
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ put: fc.constantFrom("event", "beat"), source: fc.constantFrom("us", "ap") }) },
    { weight: 4, arbitrary: fc.record({ apply: fc.integer({ min: 1, max: 5 }), fails: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ order: fault, source: fc.constantFrom("us", "ap") }) },
    { weight: 3, arbitrary: fc.record({ passMs: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.constant({ crash: true } as const) },
  );

  test("a crash at any point loses nothing, and no heartbeat speaks for an event that is not applied", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer(), (steps, seed) => {
        const log: Arrived[] = [];
        const applied = new Set<number>();
        let [now, received, position, lives] = [0, 0, 0, 0];
        const heard: Record<string, number> = {};
        let stage = newStage(`${seed}`);

        const apply = (limit: number, fails = false) => {
          const batch = stage.take(now, limit);
          if (fails) return void stage.giveBack(batch);
          const after = stage.after(batch);
          for (const { offset } of batch) applied.add(offset);
          position = Math.min(received, after.oldest);
          for (const [source, at] of Object.entries(after.heard)) heard[source] = Math.max(heard[source] ?? 0, at);
          stage.done(batch);
          const isMissing = ({ offset }: Arrived) => !applied.has(offset);
          for (const one of log.filter(isMissing)) {
            expect(one.offset).toBeGreaterThanOrEqual(position);
            // Its own commit time is the most that may be heard while it is not applied.
            if (one.event.type === "write") expect(heard[one.source] ?? 0).toBeLessThanOrEqual(1_000 + one.offset);
          }
          return batch;
        };

        for (const one of steps) {
          if ("put" in one) log.push(one.put === "beat" ? beat(log.length, one.source) : event(log.length, one.source));
          else if ("apply" in one) apply(one.apply, one.fails);
          else if ("order" in one) stage.order({ ...stage.faults(), [one.source]: one.order });
          else if ("passMs" in one) now += one.passMs;
          else {
            stage = newStage(`${seed} ${++lives}`);
            received = position;
          }
          while (received < log.length) stage.put(log[received++]!, now);
        }
        stage.order({});
        while (apply(3)!.length > 0);
        expect(applied.size).toBe(log.length);
        expect([position, stage.size(), stage.waiting()]).toEqual([log.length, 0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
