import { describe, expect, test } from "vitest";
import { always } from "../../src/checkers/always.ts";
import { available } from "../../src/checkers/available.ts";
import { faultsOf, inForce, sayFault } from "../../src/checkers/faults.ts";
import { recovers } from "../../src/checkers/recovers.ts";
import { rpo } from "../../src/checkers/rpo.ts";
import type { Fault } from "../../src/model/fault.ts";
import { Story } from "./story.ts";

const BOTH = [
  { from: "us", to: "eu" },
  { from: "eu", to: "us" },
];
const cut: Fault = {
  id: "cable",
  kind: "partition",
  targets: [],
  links: BOTH,
  regions: ["us", "eu"],
  parameters: { mode: "drop" },
  since: 1_000,
};

const begun = (story: Story, fault: Fault) => story.tell({ type: "fault", phase: "begun", fault });
const windowOf = (fault: Fault) => faultsOf(begun(new Story({ regions: ["us", "eu", "ap"] }), fault).events)[0]!;

describe("a fault of the network", () => {
  test("has an end though it has no target: the one event that says so", () => {
    const story = begun(new Story().at(1_000), cut).at(3_000).ended("cable", []);
    const windows = faultsOf(story.events);
    expect(windows[0]).toMatchObject({ from: 1_000, to: 3_000 });
    expect([999, 1_000, 3_000, 3_001].map((at) => inForce(windows, at))).toEqual([false, true, true, false]);
    expect(faultsOf(begun(new Story(), cut).events)[0]!.to).toBe(Infinity);
    const other = begun(new Story(), cut).ended("another", []);
    expect(faultsOf(other.events)[0]!.to).toBe(Infinity);
  });

  test("that also has nodes is over with the last of them", () => {
    const outage: Fault = { ...cut, kind: "region-outage", targets: ["backend-us", "db-us"], regions: ["us"] };
    const story = begun(new Story().at(1_000), outage).at(2_000).ended("cable", ["db-us"]);
    expect(faultsOf(story.events)[0]!.to).toBe(Infinity);
    expect(faultsOf(story.at(3_000).ended("cable", ["backend-us"]).events)[0]!.to).toBe(3_000);
  });

  test("touches the regions that it says, otherwise those of its targets; the edge is none", () => {
    const touched = (fault: Partial<Fault>) => [...windowOf({ ...cut, ...fault }).regions];
    expect(touched({})).toEqual(["us", "eu"]);
    expect(touched({ kind: "isolate", regions: ["us"] })).toEqual(["us"]);
    expect(touched({ kind: "isolate", regions: [] })).toEqual([]);
    expect(touched({ kind: "replication", targets: ["backend-eu"], regions: ["eu"] })).toEqual(["eu"]);
    expect(touched({ regions: undefined, targets: ["backend-eu", "gateway"] })).toEqual(["eu"]);
  });

  test("is said by its links", () => {
    const said = (fault: Partial<Fault>) => sayFault(windowOf({ ...cut, ...fault }));
    expect(said({})).toBe("partition us | eu (event 2)");
    expect(said({ links: BOTH.slice(1) })).toBe("partition eu -> us (event 2)");
    const several = [...BOTH, { from: "us", to: "ap", crossing: { from: "ap", to: "kafka" } }];
    expect(said({ kind: "isolate", links: several })).toBe("isolate us | eu, us -> ap (event 2)");
    const late: Partial<Fault> = { kind: "replication", targets: ["backend-eu"], parameters: { source: "us" } };
    expect(said(late)).toBe("replication us -> backend-eu (event 2)");
    expect(said({ kind: "clock-skew", targets: ["backend-eu"] })).toBe("clock-skew backend-eu (event 2)");
  });
});

describe("what is asked after it", () => {
  const outage = (fault: Fault) => {
    const story = begun(new Story().probes("us", true, 1_000).at(1_000), fault);
    return story.probes("us", false, 1_500).probes("us", true, 3_000);
  };

  test("recovery of a region that it touched, and of no other", () => {
    const judge = (region: string) =>
      recovers.judge(outage({ ...cut, regions: ["us"] }).events, { region, rto: 1_000 });
    expect(judge("us")).toMatchObject({
      valid: true,
      summary: expect.stringContaining("1 fault touched us; healthy again after 500 ms at worst"),
    });
    expect(judge("eu")).toMatchObject({ valid: "unknown", summary: expect.stringContaining("touched eu") });
    const late = recovers.judge(outage(cut).events, { region: "us", rto: 400 });
    expect(late).toMatchObject({
      valid: false,
      story: [expect.stringMatching(/^partition us \| eu \(event/), expect.any(String), expect.any(String)],
    });
  });

  test("what an isolated region had alone", () => {
    const told = (state: string) => {
      const story = new Story().at(500);
      story.write("us", 7, 100).ok("us:1,eu:0");
      begun(story.at(1_000), { ...cut, kind: "isolate", regions: ["us"] });
      story
        .at(2_000)
        .surviving("cable", "eu", 7, state === "us:1,eu:0" ? 100 : 1, state)
        .ended("cable", []);
      return rpo.judge(story.events, { region: "us", "at-most": 100 });
    };
    expect(told("us:1,eu:0").valid).toBe(true);
    expect(told("us:0,eu:0")).toMatchObject({
      valid: false,
      story: expect.arrayContaining([expect.stringMatching(/isolate us \| eu/)]),
    });
  });

  test("availability while it lasted", () => {
    const story = begun(new Story().at(1_000), cut).at(1_100);
    story.read("us", 1).ok("us:0,eu:0");
    story.at(3_000).ended("cable", []);
    const summary = available.judge(story.events, { region: "us", "at-least": 0.5, during: "faults" } as never).summary;
    expect(summary).toMatch(/of 1 due operation/);
  });
});

test("the death of the link program is one of what the system stands on, told once however many saw it", () => {
  const asked = (story: Story) => always.find(({ name }) => name === "surroundings-alive")!.ask(story.events);
  const dead = new Story().node("links", "down", false).node("links", "down", false);
  expect(asked(dead)).toMatchObject({ valid: false, story: [expect.stringMatching(/^links died at/)] });
  const twice = new Story().node("links", "down", false).node("links", "up", true).node("links", "down", false);
  expect(asked(twice).story).toHaveLength(2);
  expect(asked(new Story().node("links", "down", true)).valid).toBe(true);
  expect(always.find(({ name }) => name === "services-alive")!.ask(dead.events).valid).toBe(true);
});
