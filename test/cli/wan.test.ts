// The WAN in `regionctl status`: per link its round trip, who uses it, and what is done to it.
import { describe, expect, it } from "vitest";
import { formatBytes, wanLines, wanOf } from "../../src/commands/status/wan.ts";
import type { CrossingState, LinksState } from "../../src/model/link.ts";
import { twoRegions } from "../support/topology.ts";

const crossing = (from: string, to: string, toZone: string, more: Partial<CrossingState> = {}): CrossingState => ({
  from,
  to,
  toZone,
  connections: 0,
  opened: 0,
  turnedAway: 0,
  accepts: true,
  bytesThere: 0,
  bytesBack: 0,
  ...more,
});

const topology = { ...twoRegions, links: [{ between: ["eu", "us"], rttMs: 80, jitterMs: 4 }] } as const;

const crossings = [
  crossing("edge", "backend-us", "us", { connections: 12, bytesThere: 1_240_000, bytesBack: 3_400_000 }),
  crossing("edge", "backend-eu", "eu"),
  crossing("eu", "kafka", "us", { connections: 2, bytesThere: 34_000, bytesBack: 999 }),
];
const wan = (from: string, to: string): LinksState["rules"][number] => ({
  id: `wan ${from} -> ${to}`,
  from,
  to,
  effect: { type: "delay", addMs: 40, jitterMs: 2 },
});
const OWN = new Set(["wan us -> eu", "wan eu -> us"]);

const stateWith = (...rules: LinksState["rules"]): LinksState => ({
  rules: [wan("us", "eu"), wan("eu", "us"), ...rules],
  crossings,
  queuedBytes: 0,
  queueLimitBytes: 1 << 26,
});
const linesOf = (state: LinksState) => wanLines(wanOf(topology, state, OWN), state, OWN);

describe("the WAN", () => {
  it("without faults: every link that something crosses, and nothing of the others", () => {
    expect(linesOf(stateWith())).toEqual([
      "  link       round trip          open  there ->  back <-",
      "  edge | us  0 ms                12    1.2 MB    3.4 MB",
      "  edge | eu  0 ms                0     0 B       0 B",
      "  us | eu    80 ms, jitter 4 ms  2     999 B     34 kB",
    ]);
  });

  it("with faults: what they do, to which direction, and for how long", () => {
    const both = { type: "delay", addMs: 80, jitterMs: 5 } as const;
    const state = stateWith(
      { id: "latency us | eu: us -> eu", from: "us", to: "eu", effect: both, endsInMs: 7_204 },
      { id: "latency us | eu: eu -> us", from: "eu", to: "us", effect: both, endsInMs: 7_200 },
      { id: "cut: us -> eu", from: "us", to: "eu", effect: { type: "cut", mode: "drop" } },
      {
        id: "slow: eu -> us",
        from: "eu",
        to: "us",
        effect: { type: "cap", bytesPerSecond: 125_000 },
        endsInMs: 61_000,
      },
      { id: "shaky: edge -> us", from: "edge", to: "us", effect: { type: "flaky", resetsPerSecond: 0.05 }, resets: 3 },
      {
        id: "isolate backend-us: us -> edge (edge to backend-us)",
        from: "us",
        to: "edge",
        crossing: { from: "edge", to: "backend-us" },
        effect: { type: "cut", mode: "refuse" },
      },
    );
    expect(linesOf(state)).toEqual([
      "  link       round trip                   open  there ->  back <-",
      "  edge | us  0 ms                         12    1.2 MB    3.4 MB",
      "    edge -> us: 5% of the connections reset in a second, 3 reset so far, until healed",
      "    us -> edge (edge to backend-us): connections are refused (refuse), until healed",
      "  edge | eu  0 ms                         0     0 B       0 B",
      "  us | eu    80 ms + 160 ms, jitter 4 ms  2     999 B     34 kB",
      "    us | eu: 80 ms later, give or take 5 ms, 7.2 s left",
      "    us -> eu: nothing passes (drop), until healed",
      "    eu -> us: at most 1 mbit, 1 min left",
    ]);
    expect(wanOf(topology, state, OWN).map(({ between, addedMs }) => [between.join(" "), addedMs])).toEqual([
      ["edge us", 0],
      ["edge eu", 0],
      ["us eu", 160],
    ]);
    for (const line of linesOf(state)) expect(line.length).toBeLessThanOrEqual(90);
  });

  it("says when connections had to be turned away", () => {
    const state = { ...stateWith(), crossings: [crossing("edge", "backend-us", "us", { turnedAway: 7 })] };
    expect(linesOf(state).at(-1)).toBe("  edge to backend-us: 7 connections turned away, there were too many");
  });
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1 kB"],
  [34_050, "34 kB"],
  [1_240_000, "1.2 MB"],
  [5e9, "5 GB"],
  [5e15, "5000 TB"],
])("%d bytes are %s", (bytes, said) => {
  expect(formatBytes(bytes)).toBe(said);
});
