// What the links should do, and in what they differ: the links' own delays, and a rule per direction of every fault.
import { describe, expect, it } from "vitest";
import { wantedControls } from "../../src/faults/controls.ts";
import { compareRules, inForce, wantedRules } from "../../src/faults/rules.ts";
import { differences, wanted } from "../../src/faults/wanted.ts";
import { type Fault, type FaultKind, NO_CONTROL } from "../../src/model/fault.ts";
import type { Direction } from "../../src/model/link.ts";
import type { Topology } from "../../src/model/topology.ts";
import { twoRegions } from "../support/topology.ts";

const BOTH: readonly Direction[] = [
  { from: "us", to: "eu" },
  { from: "eu", to: "us" },
];

const fault = (kind: FaultKind, id: string, more: Partial<Fault> = {}): Fault => ({
  id,
  kind,
  targets: [],
  parameters: {},
  since: 0,
  ...more,
});

const wan: Topology = {
  ...twoRegions,
  links: [
    { between: ["us", "eu"], rttMs: 80, jitterMs: 4 },
    { between: ["edge", "us"], rttMs: 0, jitterMs: 0 },
  ],
};

const said = (topology: Topology, ...faults: readonly Fault[]) =>
  wantedRules(topology, faults).map(({ id, effect, until }) => [id, effect, until]);

describe("the rules that are wanted", () => {
  it("are the links' own delays, half of a round trip each way, and none where there is none", () => {
    const half = { type: "delay", addMs: 40, jitterMs: 2 };
    expect(said(wan)).toEqual([
      ["wan us -> eu", half, undefined],
      ["wan eu -> us", half, undefined],
    ]);
    expect(said(twoRegions)).toEqual([]);
  });

  it("are one per direction of every fault, with what it does and when it ends", () => {
    const cut = fault("partition", "cut", { links: BOTH, parameters: { mode: "reset" }, until: 5_000 });
    const slow = fault("latency", "slow", { links: BOTH.slice(0, 1), parameters: { addMs: 80, jitterMs: 8 } });
    const narrow = fault("bandwidth", "narrow", { links: BOTH.slice(1), parameters: { bytesPerSecond: 125_000 } });
    const dying = fault("flaky", "dying", { links: BOTH.slice(0, 1), parameters: { resetsPerSecond: 0.05 } });
    expect(said(twoRegions, cut, slow, narrow, dying)).toEqual([
      ["cut: us -> eu", { type: "cut", mode: "reset" }, 5_000],
      ["cut: eu -> us", { type: "cut", mode: "reset" }, 5_000],
      ["slow: us -> eu", { type: "delay", addMs: 80, jitterMs: 8 }, undefined],
      ["narrow: eu -> us", { type: "cap", bytesPerSecond: 125_000 }, undefined],
      ["dying: us -> eu", { type: "flaky", resetsPerSecond: 0.05 }, undefined],
    ]);
  });

  it("of one crossing alone have names of their own, and a region that is out is cut off", () => {
    const crossing = { from: "eu", to: "kafka" };
    const one = fault("isolate", "one", { links: [...BOTH, ...BOTH.map((link) => ({ ...link, crossing }))] });
    const ids = wantedRules(twoRegions, [one]).map(({ id }) => id);
    expect(ids).toContain("one: us -> eu (eu to kafka)");
    expect(new Set(ids).size).toBe(4);
    const out = fault("region-outage", "out", { targets: ["db-us"], links: BOTH });
    expect(said(twoRegions, out)[0]).toEqual(["out: us -> eu", { type: "cut", mode: "drop" }, undefined]);
  });

  it("are over with their time, to the millisecond", () => {
    const [rule] = wantedRules(twoRegions, [fault("partition", "cut", { links: BOTH, until: 5_000 })]);
    expect([4_999, 5_000].map((now) => inForce(now)(rule!))).toEqual([true, false]);
    expect(inForce(Infinity)({ ...rule!, until: undefined })).toBe(false);
    expect(inForce(1e15)(wantedRules(wan, [])[0]!)).toBe(true);
  });

  it("leave nodes alone, and the link program is wanted where anything crosses a link", () => {
    const cut = fault("isolate", "cut", { links: BOTH });
    expect(wanted(twoRegions, [cut]).nodes).toEqual(wanted(twoRegions, []).nodes);
    expect(wanted(twoRegions, []).nodes.get("links")).toBe("up");
    const alone = { ...twoRegions, nodes: twoRegions.nodes.filter(({ name }) => name === "db-us") };
    expect([...wanted(alone, []).nodes.keys()]).toEqual(["db-us"]);
  });
});

describe("rules that differ", () => {
  const cut = wantedRules(twoRegions, [fault("partition", "partition us | eu", { links: BOTH, until: 5_000 })]);

  it("are told by what they do and to what, not by their end or the order in which they are written", () => {
    const same = cut.map(({ until: _until, ...rule }) => ({ ...rule, effect: { mode: "drop", type: "cut" } as const }));
    expect(compareRules(same.toReversed(), cut)).toEqual({ left: [], missing: [] });
    const other = [{ ...cut[0]!, effect: { type: "cut", mode: "reset" } as const }, cut[1]!];
    expect(compareRules(other, cut)).toEqual({ left: [other[0]], missing: [cut[0]] });
  });

  it("are what is left of a fault, in words", () => {
    const should = wanted(wan, []);
    expect(differences({ ...should, links: [...cut, should.links[0]!] }, should)).toEqual([
      "us -> eu still has drop of partition us | eu",
      "eu -> us still has drop of partition us | eu",
      "eu -> us has not the delay (40 ms) of the link itself, it should",
    ]);
    expect(differences(should, should)).toEqual([]);
    expect(differences({ ...should, links: undefined }, should)).toEqual([
      "links does not tell which rules are in force",
    ]);
    const dead = { ...should, nodes: new Map(should.nodes).set("links", "down" as const), links: undefined };
    expect(differences(dead, should)).toEqual(["links is down, it should be up"]);
  });
});

describe("what backends should do to themselves", () => {
  const stream = (replication: Fault["parameters"]["replication"], source = "us") =>
    fault("replication", "r", { targets: ["backend-eu"], parameters: { source, replication } });
  const control = (...faults: readonly Fault[]) =>
    wantedControls(twoRegions, wanted(twoRegions, faults).nodes, faults).get("backend-eu");

  it("is nothing, and then what all faults ask together, per source", () => {
    expect(control()).toEqual(NO_CONTROL);
    const all = [
      stream({ delayMs: 2_000, reorderMs: 300 }),
      stream({ delayMs: 3_000, reorderMs: 200 }),
      stream({ duplicate: 0.5 }),
      stream({ duplicate: 0.2 }),
      stream({ pause: true }, "ap"),
    ];
    const us = { pause: false, delayMs: 5_000, duplicate: 0.6, reorderMs: 300 };
    const ap = { pause: true, delayMs: 0, duplicate: 0, reorderMs: 0 };
    expect(control(...all)).toEqual({ ...NO_CONTROL, replication: { us, ap } });
    expect(control(...all.toReversed())).toEqual({ ...NO_CONTROL, replication: { us, ap } });
  });

  it("is as many skews as there are, added up, and only on who is their target", () => {
    const skew = (byMs: number) => fault("clock-skew", "s", { targets: ["backend-eu"], parameters: { byMs } });
    expect(control(skew(-120_000), skew(30_000))).toEqual({ ...NO_CONTROL, skewMs: -90_000 });
    const states = wanted(twoRegions, []).nodes;
    expect(wantedControls(twoRegions, states, [skew(1_000)]).get("backend-us")).toEqual(NO_CONTROL);
  });

  it("differs in words; a clock may be a little off by itself", () => {
    const should = wanted(twoRegions, [stream({ pause: true })]);
    const with2 = (eu: typeof NO_CONTROL) => ({ ...should, controls: new Map([["backend-eu", eu]]) });
    const paused = should.controls.get("backend-eu")!;
    expect(differences(with2({ ...paused, skewMs: 3 }), should)).toEqual([]);
    expect(differences(with2({ ...NO_CONTROL, skewMs: -60_000 }), should)).toEqual([
      "backend-eu has its clock 1 min behind, it should have its clock right",
      "backend-eu applies what us writes as it comes, it should apply what us writes not at all",
    ]);
    expect(differences(with2(paused), wanted(twoRegions, []))).toEqual([
      "backend-eu applies what us writes not at all, it should apply what us writes as it comes",
    ]);
  });
});
