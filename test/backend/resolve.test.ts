// Regions write at the same time and tell each other in any order, twice, or late: in the end all hold the same, and
// nothing that was acknowledged is gone without a record. Pure, so thousands of worlds are tried.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLOCKS, hybridClock, type Policy } from "../../src/backend/conflict/clock.ts";
import { arrive, compare, keep, make, type Held, type Write } from "../../src/backend/conflict/resolve.ts";
import { covers, equal, formatVector, versionOf } from "../../src/backend/conflict/vector.ts";

const REGIONS = ["ap", "eu", "us"];
const SEED: Held = { seen: {}, write: { value: 0, written: {}, stamp: 0, region: "", requestId: null, at: 0 } };

type Act = { write: number } | { deliver: number; to: number } | { restart: number };

interface Outcome {
  held: readonly Held[];
  writes: readonly Write[];
  conflicts: readonly { winner: Write; loser: Write }[];
  /** Of every row, in the order of its life. */
  lives: readonly (readonly Held[])[];
}

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ write: fc.nat(2) }) },
  { weight: 6, arbitrary: fc.record({ deliver: fc.nat(1_000), to: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ restart: fc.nat(2) }) },
);

/** Plays the acts, then delivers everything everywhere, in the order of `rest`. */
function play(acts: readonly Act[], skews: readonly number[], rest: readonly number[], policy: Policy): Outcome {
  let nowMs = 1_000_000;
  const clockOf = (index: number) => CLOCKS[policy](() => nowMs + skews[index]!);
  const clocks = REGIONS.map((_, index) => clockOf(index));
  const held = REGIONS.map(() => SEED);
  const lives = REGIONS.map((): Held[] => [SEED]);
  const writes: Write[] = [];
  const conflicts: { winner: Write; loser: Write }[] = [];
  const move = (index: number, after: Held) => {
    held[index] = after;
    lives[index]!.push(after);
  };
  const deliver = (write: Write, index: number) => {
    const arrival = arrive(held[index]!, write, policy);
    clocks[index]!.observe(write.stamp);
    if (arrival.conflict) conflicts.push(arrival.conflict);
    move(index, arrival.held);
  };
  for (const act of acts) {
    nowMs += 1;
    if ("write" in act) {
      const row = held[act.write]!;
      const stamp = clocks[act.write]!.next(row.write.stamp);
      const write = make(row, REGIONS[act.write]!, { value: writes.length + 1, stamp, requestId: null, at: nowMs });
      writes.push(write);
      move(act.write, keep(row, write));
    } else if ("deliver" in act) {
      const write = writes[act.deliver % Math.max(1, writes.length)];
      if (write) deliver(write, act.to);
    } else {
      clocks[act.restart] = clockOf(act.restart);
      clocks[act.restart]!.observe(held[act.restart]!.write.stamp);
    }
  }
  const order = writes.map((write, index) => ({ write, rank: rest[index % rest.length]! + index / 1e6 }));
  for (const [index] of REGIONS.entries()) {
    const mine = index % 2 === 0 ? order : order.toReversed();
    for (const { write } of mine.toSorted((a, b) => a.rank - b.rank)) deliver(write, index);
  }
  return { held, writes, conflicts, lives };
}

const world = [
  fc.array(act, { minLength: 1, maxLength: 40 }),
  fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 }),
  fc.array(fc.nat(100), { minLength: 1, maxLength: 20 }),
] as const;

describe("hybrid-clock", () => {
  test("all regions end with the same value, state and version", () => {
    fc.assert(
      fc.property(...world, (acts, skews, rest) => {
        const { held, writes } = play(acts, skews, rest, "hybrid-clock");
        const [first, ...others] = held.map(({ seen, write }) => [formatVector(seen, REGIONS), versionOf(seen), write]);
        for (const other of others) expect(other).toEqual(first);
        if (writes.length > 0) expect(versionOf(held[0]!.seen)).toBe(writes.length + 1);
      }),
      { numRuns: 2_000 },
    );
  });

  test("every write is current, in the past of another, or a recorded loser; the winner is the greatest of all", () => {
    fc.assert(
      fc.property(...world, (acts, skews, rest) => {
        const { held, writes, conflicts } = play(acts, skews, rest, "hybrid-clock");
        const current = held[0]!.write;
        for (const write of writes) {
          const superseded = writes.some((other) => other !== write && covers(other.written, write.written));
          expect(write === current || superseded || conflicts.some(({ loser }) => loser === write)).toBe(true);
        }
        if (writes.length > 0) expect(current).toBe(writes.toSorted(compare).at(-1));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a version never goes back, and names one value for as long as it stays", () => {
    fc.assert(
      fc.property(...world, (acts, skews, rest) => {
        for (const life of play(acts, skews, rest, "hybrid-clock").lives)
          for (const [index, after] of life.entries()) {
            const before = life[index - 1] ?? after;
            expect(versionOf(after.seen)).toBeGreaterThanOrEqual(versionOf(before.seen));
            if (equal(before.seen, after.seen)) expect(after.write).toBe(before.write);
          }
      }),
      { numRuns: 1_000 },
    );
  });

  test("only writes that did not know of each other are recorded, the greater stamp as the winner", () => {
    let recorded = 0;
    fc.assert(
      fc.property(...world, (acts, skews, rest) => {
        for (const { winner, loser } of play(acts, skews, rest, "hybrid-clock").conflicts) {
          recorded++;
          expect(covers(winner.written, loser.written) || covers(loser.written, winner.written)).toBe(false);
          expect(winner.stamp).toBeGreaterThanOrEqual(loser.stamp);
        }
      }),
      { numRuns: 500 },
    );
    expect(recorded).toBeGreaterThan(100);
  });
});

describe("wall-clock", () => {
  test("regions still end equal", () => {
    fc.assert(
      fc.property(...world, (acts, skews, rest) => {
        const { held } = play(acts, skews, rest, "wall-clock");
        for (const { seen, write } of held) {
          expect(equal(seen, held[0]!.seen)).toBe(true);
          expect(write).toBe(held[0]!.write);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("a write by a clock that is behind raises the counter, and the row keeps its value; a hybrid one does not lose", () => {
    const ahead = make(SEED, "us", { value: 1, stamp: 2_000, requestId: null, at: 0 });
    const row = arrive(SEED, ahead, "wall-clock").held;
    const behind = make(row, "eu", { value: 2, stamp: 1_000, requestId: null, at: 0 });
    expect(keep(row, behind)).toEqual({ seen: { us: 1, eu: 1 }, write: ahead });
    const hybrid = make(row, "eu", {
      value: 2,
      stamp: hybridClock(() => 1).next(row.write.stamp),
      requestId: null,
      at: 0,
    });
    expect(keep(row, hybrid).write).toBe(hybrid);
  });
});

describe("the hybrid clock", () => {
  test("follows real time, and is always above what it follows", () => {
    let nowMs = 10;
    const clock = hybridClock(() => nowMs);
    expect(clock.next(0)).toBe(10_000);
    expect(clock.next(0)).toBe(10_001);
    expect(clock.next(50_000)).toBe(50_001);
    nowMs = 5;
    expect(clock.next(0)).toBe(50_002);
    clock.observe(70_000);
    expect(clock.next(0)).toBe(70_001);
    nowMs = 100;
    expect(clock.next(0)).toBe(100_000);
  });
});
