// Units as users write them, and durations as people read them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatDuration,
  parseDuration,
  parsePercent,
  parseRate,
  formatBandwidth,
  parseBandwidth,
  parseOffset,
} from "../../src/model/units.ts";

const WRONG = ["", "5", "s", "5 s", " 5s", "5S", "-5s", "5sec", "1e3s", ".5s", "5.s", "5s!", "5%", "५s", "0x1s"];

describe("durations", () => {
  it("carry their unit", () => {
    const right: [string, number][] = [
      ["80ms", 80],
      ["0.5ms", 0.5],
      ["1.5s", 1_500],
      ["2m", 120_000],
      ["1h", 3_600_000],
      ["1m30s", 90_000],
      ["0s", 0],
    ];
    for (const [text, ms] of right) expect(parseDuration(text), text).toBe(ms);
    for (const text of WRONG) expect(parseDuration(text), text).toBeUndefined();
  });

  it("are no longer than timers can wait", () => {
    expect(parseDuration("576h")).toBeLessThan(2 ** 31);
    for (const text of ["577h", "9".repeat(400) + "s"]) expect(parseDuration(text), text).toBeUndefined();
  });

  it("add up, and never come out as something that is no number", () => {
    const part = fc.tuple(fc.nat(1_000), fc.constantFrom("ms", "s", "m"));
    fc.assert(
      fc.property(part, part, ([a, u], [b, v]) => {
        expect(parseDuration(`${a}${u}${b}${v}`)).toBe(parseDuration(`${a}${u}`)! + parseDuration(`${b}${v}`)!);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseDuration(text);
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});

describe("percentages and rates", () => {
  it("carry their unit too", () => {
    expect(["5%", "99.5%", "0%", "100%"].map(parsePercent)).toEqual([0.05, 0.995, 0, 1]);
    expect(["200/s", "600/m", "7200/h", "0.5/s"].map(parseRate)).toEqual([200, 10, 2, 0.5]);
    for (const text of ["5", "5 %", "-5%", "%", "5%%", "5/s", "five%"])
      expect(parsePercent(text), text).toBeUndefined();
    for (const text of ["200", "200/", "/s", "200/ms", "200 /s", "-1/s", "200/s/s"]) {
      expect(parseRate(text), text).toBeUndefined();
    }
  });
});

describe("durations for people", () => {
  it("have as many digits as one wants to read", () => {
    const said: [number, string][] = [
      [0, "0 ms"],
      [79.6, "80 ms"],
      [999.4, "999 ms"],
      [999.6, "1 s"],
      [1_500, "1.5 s"],
      [9_876, "9.88 s"],
      [12_345, "12.3 s"],
      [59_949, "59.9 s"],
      [59_960, "1 min"],
      [90_000, "1.5 min"],
      [120_000, "2 min"],
    ];
    for (const [ms, text] of said) expect(formatDuration(ms), String(ms)).toBe(text);
  });

  it("are never off by more than a twentieth", () => {
    const factor = { ms: 1, s: 1_000, min: 60_000 };
    fc.assert(
      fc.property(fc.double({ min: 10, max: 1e8, noNaN: true }), (ms) => {
        const [, digits, unit] = /^([\d.]+) (ms|s|min)$/.exec(formatDuration(ms))!;
        const back = Number(digits) * factor[unit as keyof typeof factor];
        expect(Math.abs(back - ms) / ms).toBeLessThan(0.051);
      }),
    );
  });
});

it.each([
  ["1mbit", 125_000, "1 mbit"],
  ["512kbit", 64_000, "512 kbit"],
  ["10MB/s", 10_000_000, "80 mbit"],
  ["1.5gbit", 187_500_000, "1.5 gbit"],
])("a rate of bytes says its unit: %s", (text, bytesPerSecond, said) => {
  expect(parseBandwidth(text)).toBe(bytesPerSecond);
  expect(formatBandwidth(bytesPerSecond)).toBe(said);
});

it.each(["1", "1mb", "mbit", "-1mbit", "1 mbit", "1Mbit"])("%s is no rate of bytes", (text) =>
  expect(parseBandwidth(text)).toBeUndefined(),
);

it("an offset goes both ways", () => {
  expect(["-2m", "+500ms", "3s", "--1s", "-2", "1"].map(parseOffset)).toEqual([
    -120_000,
    500,
    3_000,
    undefined,
    undefined,
    undefined,
  ]);
});
