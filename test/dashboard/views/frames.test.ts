// A screen of any size: no line is wider than it, there are never too many, nothing wraps, and without colour there is no colour.
import { describe, expect, it } from "vitest";
import { widthOf } from "../../../src/dashboard/components/text.ts";
import { frame, type FrameOf } from "../../../src/dashboard/frame.tsx";
import type { Picture } from "../../../src/dashboard/picture.ts";
import { INITIAL, type Ui } from "../../../src/dashboard/ui.ts";
import {
  fault,
  line,
  NOTHING,
  NOW,
  SIX,
  system,
  verdict,
  withEffect,
  withNode,
  withRegion,
  withRun,
} from "./pictures.ts";

const SIZES = [
  [60, 15],
  [80, 24],
  [120, 40],
  [200, 60],
  [40, 10],
  [20, 5],
  [61, 7],
  [10, 3],
  [1, 1],
] as const;

/** Everything that can go wrong at once, and text of others that does its worst. */
function troubled(regions: readonly string[]): Picture {
  const [first, second] = regions as [string, string];
  const cut = fault("partition", `partition ${first} | ${second}`, { until: NOW + 12_000 });
  const slow = fault("latency", `latency ${first} | ${second}`, { parameters: { addMs: 80 } });
  let picture = withNode(system(regions, "a-stack-with-a-rather-long-name-that-goes-on-and-on"), "kafka", "paused");
  picture = withNode(picture, `backend-${first}`, "down", true);
  picture = withRegion(picture, first, {
    healthy: false,
    lagSeconds: null,
    pending: null,
    conflicts: null,
    p50Ms: null,
  });
  picture = withRegion(picture, second, { requestsPerSecond: 123_456, errorsPerSecond: 99_999, conflicts: 9_999_999 });
  picture = withEffect(picture, [first, second], { type: "cut", mode: "drop" }, cut, [true, false]);
  picture = withEffect(picture, [first, second], { type: "delay", addMs: 80, jitterMs: 10 }, slow);
  const lines = Array.from({ length: 200 }, (_, i) =>
    line(i, i * 3_000, "bad", `\u001b[31m事件 ${i} 世界世界 👩\u200d🚀\t${"long ".repeat(60)}\u001b[2J\u0007`),
  );
  const faults = [...picture.faults, ...Array.from({ length: 20 }, (_, i) => fault("kill", `kill node-${i}`))];
  return { ...picture, lines, faults };
}

const verdicts = Array.from({ length: 12 }, (_, i) =>
  verdict(
    `no-lost-writes: ${"x".repeat(i * 10)}`,
    i % 3 === 0 ? true : i % 3 === 1 ? false : "unknown",
    "世界".repeat(60),
  ),
);

const PICTURES: Readonly<Record<string, Picture>> = {
  nothing: NOTHING,
  "two regions": system(),
  "six regions": system(SIX),
  "two in trouble": troubled(["us", "eu"]),
  "six in trouble": troubled(SIX),
  "a run of two": withRun(troubled(["us", "eu"]), 40, 17),
  "a run of six": withRun(troubled(SIX), 40, 17),
  "a region with a very long name": system(["a-region-whose-name-nobody-would-ever-want-to-type-in-full", "eu"]),
};

const log = ["plain", "\u001b[1mbold\u001b[0m 世界 ".repeat(40), "tab\tand\u0008more", ""];
const PANES: readonly (Ui | undefined)[] = [
  undefined,
  INITIAL,
  { ...INITIAL, pane: "help" },
  { ...INITIAL, pane: "detail", log: { node: "backend-us", lines: Array.from({ length: 80 }, () => log).flat() } },
  { ...INITIAL, pane: "detail", chosen: { type: "region", name: "us" } },
  { ...INITIAL, pane: "detail", chosen: { type: "link", between: ["us", "eu"] } },
  {
    ...INITIAL,
    notice: { state: "failed", text: "regionctl kill backend-us ".repeat(9), result: "世界 because".repeat(20) },
  },
  { ...INITIAL, notice: { state: "doing", number: 1, text: "regionctl kill backend-us   ·   - kill: backend-us" } },
];

const ESCAPE = "\u001b";

describe.each(Object.entries(PICTURES))("a screen of %s", (_name, picture) => {
  it.each(SIZES)("fits into %i x %i", (columns, rows) => {
    for (const mode of ["stack", "run", "saved"] as const) {
      const playing = { lengthMs: 80_000, positionMs: 32_000, isPlaying: false, speed: 0.25 };
      for (const ui of mode === "stack" ? PANES : PANES.slice(0, 3)) {
        const how: FrameOf = { columns, rows, colour: false, mode, verdicts, ui, ...(mode === "saved" && { playing }) };
        const lines = frame(picture, how).split("\n");
        expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
        for (const text of lines) expect(widthOf(text), text).toBeLessThanOrEqual(columns);
        expect(lines.join("\n")).toMatch(/^[\p{L}\p{M}\p{N}\p{P}\p{S} \n]*$/u); // nothing that a terminal would act on
        expect(lines.every((text) => text === text.trimEnd())).toBe(true);
      }
    }
  });
});

describe("colour", () => {
  const picture = PICTURES["two in trouble"]!;
  const how = { columns: 80, rows: 24, mode: "stack", ui: INITIAL } as const;

  it("is there for those who want it, and adds nothing but itself", () => {
    const coloured = frame(picture, { ...how, colour: true });
    expect(coloured).toContain(ESCAPE);
    // oxlint-disable-next-line no-control-regex -- escape codes are what it looks for
    const bare = coloured.replaceAll(/\u001b\[\d+(;\d+)*m/g, "");
    const plain = frame(picture, { ...how, colour: false });
    expect(bare.split("\n").map((text) => text.trimEnd())).toEqual(plain.split("\n"));
    expect(plain).not.toContain(ESCAPE);
  });

  it("is red for what is down, yellow for what is done to it, green for what is well", () => {
    const coloured = frame(withNode(PICTURES["two regions"]!, "db-us", "paused"), { ...how, colour: true });
    expect(coloured).toContain("\u001b[33mPAUSED");
    expect(coloured).toContain("\u001b[32mup");
    expect(frame(picture, { ...how, colour: true })).toContain("\u001b[31m\u001b[1mDOWN");
  });
});

describe("columns of regions", () => {
  it("stand in line, whatever they hold", () => {
    for (const picture of [PICTURES["six regions"]!, PICTURES["six in trouble"]!, PICTURES["two in trouble"]!]) {
      for (const [columns, rows] of [
        [80, 24],
        [120, 40],
        [200, 60],
      ] as const) {
        const lines = frame(picture, { columns, rows, colour: false, mode: "stack" }).split("\n");
        const walls = lines.flatMap((text) =>
          text.includes("│") ? [text.split("").flatMap((c, i) => (c === "│" ? [i] : []))] : [],
        );
        expect(walls.length).toBeGreaterThan(0);
        // A column that ends sooner leaves its wall where it was.
        for (const at of walls) expect(at).toEqual(walls[0]!.slice(0, at.length));
      }
    }
  });

  it("are as many as fit, then narrower, then rows", () => {
    const of = (columns: number, rows: number) =>
      frame(system(SIX), { columns, rows, colour: false, mode: "stack" })
        .split("\n")
        .find((text) => text.includes("us-east-1"))!;
    expect(of(240, 30).split("│").length).toBe(6);
    expect(of(120, 40).split("│").length).toBe(3);
    expect(of(80, 24).split("│").length).toBe(3);
    expect(of(60, 15).split("│").length).toBe(1);
  });

  it("leave no figure out while there are lines for them", () => {
    const words = ["101/s", "0 errors/s", "p50 3.2 ms", "p99 12 ms", "pending 3", "conflicts 12, +3/min", "lag"];
    for (const [count, columns, rows] of [
      [3, 80, 24],
      [4, 120, 24],
      [6, 100, 36],
    ] as const) {
      const text = frame(system(SIX.slice(0, count)), { columns, rows, colour: false, mode: "stack" });
      for (const word of words) expect(text.split(word).length - 1, `${word} in ${text}`).toBeGreaterThanOrEqual(count);
    }
  });

  it("stay where they are, however much there is to tell of a key", () => {
    const long = "regionctl partition us eu   ·   - partition: us | eu ".repeat(12);
    const told: Ui = { ...INITIAL, notice: { state: "done", number: 1, text: long, result: long } };
    for (const [columns, rows] of SIZES) {
      for (const count of [2, 3, 4, 6]) {
        for (const pane of ["none", "detail"] as const) {
          const picture = system(SIX.slice(0, count));
          const of = (ui: Ui) => frame(picture, { columns, rows, colour: false, mode: "stack", ui: { ...ui, pane } });
          const regions = (text: string) =>
            text.split("\n").flatMap((one, row) => (/│|^[› ] (us|eu|ap|sa|af)-/.test(one) ? [`${row} ${one}`] : []));
          expect(regions(of(told))).toEqual(regions(of(INITIAL)));
        }
      }
    }
  });

  it("say how many more there are where not all fit, and show the one that is chosen", () => {
    const ui: Ui = { ...INITIAL, chosen: { type: "region", name: "af-south-1" } };
    const text = frame(system(SIX), { columns: 40, rows: 10, colour: false, mode: "stack", ui });
    expect(text).toContain("› af-south-1");
    expect(text).toMatch(/… \d more regions/);
    expect(text).not.toContain("us-east-1");
  });
});
