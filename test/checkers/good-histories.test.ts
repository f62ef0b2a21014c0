// The checkers against whole histories: those of a correct system are accepted, and each of them is rejected once it is spoiled.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge, verdictOf } from "../../src/checkers/index.ts";
import { noLostWrites } from "../../src/checkers/no-lost-writes.ts";
import { mutations } from "./mutations.ts";
import { goodHistory } from "./world.ts";

const seeds = fc.integer({ min: 0, max: 1e6 });

describe("what a correct system tells", () => {
  test("is accepted by every checker, whatever happened to it", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const verdicts = judge(goodHistory({ seed }));
        expect(verdicts.filter((verdict) => verdict.valid !== true)).toEqual([]);
        expect(verdictOf(verdicts)).toBe("passed");
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("is a demanding test: it has losers, repeats, unanswered writes that happened, and accounted duplicates", () => {
    const said = Array.from({ length: 50 }, (_, seed) =>
      judge(goodHistory({ seed }))
        .map((verdict) => verdict.summary)
        .join("\n"),
    );
    const share = (pattern: RegExp) => said.filter((text) => pattern.test(text)).length / said.length;
    expect(share(/[1-9]\d* lost to recorded conflicts/)).toBeGreaterThan(0.5);
    expect(share(/[1-9]\d* sent more than once/)).toBeGreaterThan(0.9);
    expect(share(/of which [1-9]/)).toBeGreaterThan(0.5);
    expect(share(/[1-9]\d* accounted duplicates/)).toBeGreaterThan(0.02);
    expect(share(/[1-9]\d* pairs? of concurrent writes/)).toBeGreaterThan(0.5);
    expect(share(/would be gone: [1-9]/)).toBeGreaterThan(0.3);
    expect(share(/eu at worst [1-9]/)).toBeGreaterThan(0.9);
  });

  test("losers are refused exactly where there are any", () => {
    const told = (seed: number) => {
      const { valid, summary } = noLostWrites.judge(goodHistory({ seed }), { losers: "refused" });
      return { valid, losers: Number(/(\d+) lost to recorded/.exec(summary)![1]) };
    };
    const all = Array.from({ length: 200 }, (_, seed) => told(seed));
    expect(all.filter(({ valid, losers }) => valid !== (losers === 0))).toEqual([]);
    expect(new Set(all.map(({ valid }) => valid))).toEqual(new Set([true, false]));
  });

  test.each(mutations)("is rejected when $what", ({ spoil, rejectedBy, as }) => {
    let spoiled = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = spoil(goodHistory({ seed }));
        if (history === undefined) return;
        spoiled++;
        const verdicts = judge(history);
        for (const name of rejectedBy)
          expect({ seed, name, valid: verdicts.find((verdict) => verdict.name === name)?.valid }).toEqual({
            seed,
            name,
            valid: as,
          });
        expect(verdictOf(verdicts)).not.toBe("passed");
      }),
      { numRuns: 60, seed: 2 },
    );
    expect(spoiled).toBeGreaterThan(10);
  });
});
