// Chance with a seed: the same seed draws the same, streams do not disturb each other, and draws are fair.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../src/model/random.ts";

const draws = (seed: number | string, n = 8) => {
  const random = seeded(seed);
  return Array.from({ length: n }, () => random.next());
};

describe("seeded chance", () => {
  it("draws the same for the same seed, in every version of regionctl", () => {
    expect(draws(42, 4).map((x) => Math.floor(x * 2 ** 32))).toMatchInlineSnapshot(`
      [
        3415929203,
        220504180,
        3558451373,
        2359703682,
      ]
    `);
    fc.assert(fc.property(fc.integer(), (seed) => void expect(draws(seed)).toEqual(draws(String(seed)))));
  });

  it("draws otherwise for another seed", () => {
    const first = new Set(Array.from({ length: 1_000 }, (_, seed) => draws(seed, 1)[0]));
    expect(first.size).toBe(1_000);
  });

  it("stays in [0, 1)", () => {
    const all = draws("bounds", 100_000);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all)).toBeLessThan(1);
  });

  it("is fair: 100,000 draws over 20 boxes, and over 20 boxes of each draw's successor", () => {
    const all = draws("fair", 100_000);
    // Chi squared with 19 degrees of freedom is above 43.8 once in a thousand times; the seed is fixed.
    expect(chiSquared(all, 20)).toBeLessThan(43.8);
    expect(
      chiSquared(
        all.filter((_, i) => all[i - 1]! < 0.05),
        20,
      ),
    ).toBeLessThan(43.8);
    const firsts = Array.from({ length: 20_000 }, (_, seed) => draws(seed, 1)[0]!);
    expect(chiSquared(firsts, 20)).toBeLessThan(43.8);
  });

  it("picks each element, and says when there is none", () => {
    const random = seeded(7);
    const picked = Array.from({ length: 3_000 }, () => random.pick(["a", "b", "c"]));
    for (const letter of ["a", "b", "c"]) {
      const times = picked.filter((one) => one === letter).length;
      expect(times).toBeGreaterThan(850);
      expect(times).toBeLessThan(1_150);
    }
    expect(() => random.pick([])).toThrow("cannot pick from an empty list");
  });
});

describe("a fork", () => {
  it("depends on the seed and the label, never on what was drawn before", () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), fc.nat(20), (seed, label, drawn) => {
        const [fresh, used] = [seeded(seed), seeded(seed)];
        for (let i = 0; i < drawn; i++) used.next();
        expect(used.fork(label).next()).toBe(fresh.fork(label).next());
      }),
    );
  });

  it("leaves its parent as it was, and differs from it and from other forks", () => {
    const parent = seeded(42);
    const forks = Array.from({ length: 1_000 }, (_, i) => parent.fork(`step ${i}`).next());
    const next = parent.next();
    expect(next).toBe(seeded(42).next());
    expect(new Set([...forks, next]).size).toBe(1_001);
    expect(chiSquared(forks, 10)).toBeLessThan(27.9); // 9 degrees of freedom, once in a thousand times
  });
});

function chiSquared(values: readonly number[], boxes: number): number {
  const counts = Array.from({ length: boxes }, () => 0);
  for (const value of values) counts[Math.floor(value * boxes)]! += 1;
  const expected = values.length / boxes;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
