// The broken axis of a counterexample: what overlaps stays so, and what is far apart comes near enough to be seen together.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lanesOf, warpOf } from "../../src/reporters/html/page/warp.ts";

const width = (warp: ReturnType<typeof warpOf>, from: number, to: number) => warp.place(to) - warp.place(from);

describe("a broken axis of time", () => {
  it("leaves out what lies between two operations, and never what lies in one", () => {
    const warp = warpOf([
      { from: 1_000, to: 1_008 },
      { from: 1_004, to: 1_012 },
      { from: 10_000, to: 10_010 },
    ]);
    expect(warp.breaks).toMatchObject([{ ms: 8_988 }]);
    expect(width(warp, 1_000, 1_008)).toBeGreaterThan(0.2);
    expect(width(warp, 1_000, 1_008)).toBeCloseTo(width(warp, 1_004, 1_012), 9);
    expect(warp.starts).toEqual([1_000, 10_000]);
  });

  it("breaks a long wait only where it would leave no room for anything else", () => {
    const waits = (ms: number) => warpOf([{ from: 0, to: ms }, { from: 10, to: 20 }]); // prettier-ignore
    expect(waits(200).breaks).toEqual([]);
    expect(waits(30_000).breaks).toMatchObject([{ ms: 29_980 }]);
  });

  it("shows a single moment, and evenly what needs no break", () => {
    expect(warpOf([{ from: 5, to: 5 }]).place(5)).toBe(0);
    const even = warpOf([0, 10, 20, 30, 40, 50, 60, 70].map((from) => ({ from, to: from + 10 })));
    expect(even.breaks).toEqual([]);
    expect(even.place(20)).toBeCloseTo(0.25, 9);
  });

  it("keeps the order of all moments, from 0 to 1", () => {
    const span = fc.tuple(fc.nat(100_000), fc.nat(5_000)).map(([from, ms]) => ({ from, to: from + ms }));
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 40 }), (spans) => {
        const warp = warpOf(spans);
        const moments = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b);
        const places = moments.map((at) => warp.place(at));
        expect(places[0]).toBe(0);
        if (moments.length > 1) expect(places.at(-1)).toBeCloseTo(1, 9);
        for (const [i, place] of places.entries()) if (i > 0) expect(place).toBeGreaterThan(places[i - 1]!);
      }),
    );
  });
});

describe("lanes", () => {
  it("keep apart what overlaps, and use a lane again when it is free", () => {
    const items = [{ from: 0, to: 10 }, { from: 5, to: 12 }, { from: 10, to: 20 }, { from: 11, to: 13 }]; // prettier-ignore
    expect(lanesOf(items)).toEqual([0, 1, 0, 2]);
  });
});
