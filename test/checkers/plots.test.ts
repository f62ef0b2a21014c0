// The plots of a run: what they show is what happened, they are bounded, and they never stand in the way.
import { describe, expect, test } from "vitest";
import { plotsOf } from "../../src/checkers/plots.ts";
import type { Event } from "../../src/model/event.ts";
import { MOST_POINTS } from "../../src/model/plot.ts";
import { Story } from "./story.ts";
import { goodHistory } from "./world.ts";

const named = (history: readonly Event[], title: RegExp) => plotsOf(history).find((plot) => title.test(plot.title));

/** us writes every 100 ms; eu sees each write 40 ms after it was acknowledged, us at once; both are read all the time. */
function replicating(writes: number): Story {
  const story = new Story();
  for (let n = 1; n <= writes; n++) {
    const start = n * 100;
    story.at(start).write("us", 7, n).ok(`us:${n},eu:0`);
    for (let ms = 5; ms < 95; ms += 10) {
      story
        .at(start + 1 + ms)
        .read("us", 7)
        .ok(`us:${n},eu:0`);
      story
        .at(start + 1 + ms)
        .read("eu", 7)
        .ok(`us:${ms < 40 ? n - 1 : n},eu:0`);
    }
  }
  return story;
}

describe("staleness", () => {
  const plot = named(replicating(50).events, /saw a write/)!;
  const curve = (name: string) => plot.series.find((one) => one.name === name)!.points;
  const at = (name: string, ms: number) => curve(name).findLast(([x]) => x <= ms)![1];

  test("a curve per pair of regions: here at once, there after 40 ms", () => {
    expect(plot.series.map(({ name }) => name)).toEqual(["us -> us", "us -> eu"]);
    expect(curve("us -> us").every(([, seen]) => seen === 100)).toBe(true);
    expect(at("us -> eu", 30)).toBe(0);
    expect(at("us -> eu", 90)).toBe(100);
  });

  test("by growing age, in percent, and bounded", () => {
    for (const { points } of plot.series) {
      expect(points.length).toBeLessThanOrEqual(MOST_POINTS);
      expect(points.map(([x]) => x)).toEqual(points.map(([x]) => x).toSorted((a, b) => a - b));
      expect(points.every(([x, y]) => x >= 0 && y >= 0 && y <= 100)).toBe(true);
    }
    expect([plot.x.unit, plot.y.unit]).toEqual(["ms", "%"]);
  });

  test("a single pair of a write and a read is told as well", () => {
    const story = new Story();
    story.at(100).write("us", 7, 1).ok("us:1,eu:0");
    story.at(201).read("eu", 7).ok("us:0,eu:0");
    expect(named(story.events, /saw a write/)!.series).toEqual([{ name: "us -> eu", points: [[100, 0]] }]);
  });

  test("nothing that can be compared: no plot", () => {
    const numbered = new Story();
    numbered.write("us", 7, 1).ok(undefined, { version: 2 });
    numbered.read("us", 7).ok(undefined, { version: 2 });
    const unwritten = new Story();
    unwritten.read("us", 7).ok("us:0,eu:0");
    for (const story of [new Story(), numbered, unwritten]) expect(named(story.events, /saw a write/)).toBeUndefined();
  });
});

describe("convergence", () => {
  const converging = (rounds: readonly (readonly number[])[]) => {
    const story = new Story();
    for (let key = 1; key <= 4; key++) story.write("us", key, key).ok("us:1,eu:0");
    story.at(1_000).healed();
    for (const [i, differing] of rounds.entries()) story.at(1_100 + i * 100).round(differing);
    return named(story.events, /same everywhere/)!;
  };

  test("the share of the keys, by when each differed last", () => {
    const plot = converging([[1, 2], [2], []]);
    expect(plot.series).toEqual([
      {
        name: "keys",
        points: [
          [0, 50],
          [100, 75],
          [200, 100],
          [300, 100],
        ],
      },
    ]);
    expect(plot.about).toBe(
      "Of 4 keys, the share that all regions agreed on, by the time since everything was healed.",
    );
  });

  test("a key that still differs in the end is not among them", () => {
    const plot = converging([[1, 2], [2]]);
    expect(plot.series[0]!.points.at(-1)).toEqual([200, 75]);
    expect(plot.about).toContain("1 key still differed at the last reading");
    expect(converging([[1, 2, 3, 4]]).series[0]!.points).toEqual([[100, 0]]);
  });

  test("many keys make few points, the first and the last among them", () => {
    const story = new Story();
    story.at(1_000).healed();
    const keys = Array.from({ length: 900 }, (_, key) => key);
    for (let n = 0; n <= 900; n++) story.at(1_010 + n * 10).round(keys.slice(n));
    const { points } = named(story.events, /same everywhere/)!.series[0]!;
    expect(points).toHaveLength(MOST_POINTS);
    expect(points[0]![1]).toBeCloseTo(100 / 900);
    expect(points.at(-1)).toEqual([9_010, 100]);
  });

  test("never healed, or never compared: no plot", () => {
    expect(plotsOf(new Story().events)).toEqual([]);
    expect(plotsOf(new Story().healed().events)).toEqual([]);
  });
});

test("a run of a correct system has both, twice the same, and what is no run has none", () => {
  const history = goodHistory({ seed: 5 });
  expect(plotsOf(history).map(({ series }) => series.length > 0)).toEqual([true, true]);
  expect(plotsOf(JSON.parse(JSON.stringify(history)) as Event[])).toEqual(plotsOf(history));
  expect(plotsOf([])).toEqual([]);
  expect(plotsOf(history.slice(1))).toEqual([]);
});
