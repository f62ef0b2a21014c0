// Figures are short, and tell what they are of.
import { describe, expect, it } from "vitest";
import {
  age,
  bars,
  clockTime,
  figure,
  lagged,
  milliseconds,
  remaining,
} from "../../../src/dashboard/components/say.ts";

describe("figures", () => {
  it("say how long, in two words at most", () => {
    const said = [-5, 900, 59_999, 60_000, 3_599_000, 3_600_000, 7_500_000, 86_400_000, 97_200_000].map(age);
    expect(said).toEqual(["0 s", "0 s", "59 s", "1 min", "59 min", "1 h", "2 h 5 min", "1 d", "1 d 3 h"]);
  });

  it("say what is left of a fault, which is never nothing", () => {
    expect([12_000, 11_001, 1, 0, -500].map(remaining)).toEqual(["12 s", "12 s", "1 s", "0 s", "0 s"]);
  });

  it("say when, as a clock does", () => {
    expect([0, 12_340, 200_100, 18_012_300].map(clockTime)).toEqual(["0:00.0", "0:12.3", "3:20.1", "5:00:12"]);
  });

  it("say how many and how fast", () => {
    expect([0, 4.54, 101.4, 12_345, 2_500_000].map(figure)).toEqual(["0", "4.5", "101", "12.3k", "2.5M"]);
    expect([null, 3.24, 12.4, 1_240, 31_000].map(milliseconds)).toEqual(["-", "3.2 ms", "12 ms", "1.2 s", "31 s"]);
    expect([0.041, 12.34, 200].map(lagged)).toEqual(["0.04 s", "12.3 s", "3 min"]);
  });
});

describe("a minute of lag", () => {
  const minute = (of: (i: number) => number | null) =>
    Array.from({ length: 60 }, (_, i) => ({ at: i * 1_000, seconds: of(i) }));

  it("grows from left to right, and the worst of each part counts", () => {
    expect(
      bars(
        minute((i) => i / 10),
        60_000,
        60_000,
        6,
      ),
    ).toBe("▂▃▄▆▇█");
    expect(
      bars(
        minute((i) => (i === 30 ? 10 : 0)),
        60_000,
        60_000,
        6,
      ),
    ).toBe("▁▁▁█▁▁");
  });

  it("makes no mountains of little", () => {
    expect(
      bars(
        minute(() => 0.05),
        60_000,
        60_000,
        4,
      ),
    ).toBe("▁▁▁▁");
    expect(
      bars(
        minute(() => 1),
        60_000,
        60_000,
        4,
      ),
    ).toBe("████");
  });

  it("has gaps where nobody could be asked, or had begun to ask", () => {
    expect(
      bars(
        minute((i) => (i < 20 || i >= 40 ? 0 : null)),
        60_000,
        60_000,
        3,
      ),
    ).toBe("▁ ▁");
    expect(bars(minute(() => 0).slice(-20), 60_000, 60_000, 3)).toBe("  ▁");
    expect(bars([], 60_000, 60_000, 3)).toBe("   ");
  });

  it("forgets what is older", () => {
    expect(bars([{ at: 0, seconds: 9 }], 60_001, 60_000, 3)).toBe("   ");
  });
});
