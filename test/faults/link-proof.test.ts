// A fault of the network is measured by probes through the links: they stall, are reset, are refused, or take as long as asked.
import { describe, expect, it } from "vitest";
import { prove } from "../../src/faults/proof.ts";
import { rulesOf, wantedRules } from "../../src/faults/rules.ts";
import type { Fault, FaultKind } from "../../src/model/fault.ts";
import type { Direction, ProbeAnswer } from "../../src/model/link.ts";
import type { Topology } from "../../src/model/topology.ts";
import { fakeCluster } from "../support/fake-cluster.ts";
import { twoRegions } from "../support/topology.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const direction = (text: string): Direction => {
  const [from, to] = text.split(" -> ") as [string, string];
  return { from, to };
};
const both = (a: string, b: string) => [direction(`${a} -> ${b}`), direction(`${b} -> ${a}`)];

const fault = (kind: FaultKind, links: readonly Direction[], parameters: Fault["parameters"] = {}): Fault => ({
  id: `${kind} it`,
  kind,
  targets: [],
  links,
  parameters,
  since: 0,
});

/** Links on which these faults are in force. */
function links(faults: readonly Fault[], topology: Topology = twoRegions) {
  const cluster = fakeCluster(topology);
  cluster.links.rules = wantedRules(topology, faults);
  const proving = { topology, cluster, clock: virtualClock(), faults: () => faults };
  return { cluster, proving, prove: (one: Fault = faults[0]!, patienceMs = 500) => prove(one, proving, patienceMs) };
}

describe("a cut", () => {
  it("stalls, resets or refuses a probe, as asked; otherwise nothing was cut", async () => {
    for (const [mode, said] of [
      ["drop", "stalled (500 ms)"],
      ["reset", "reset (0 ms)"],
      ["refuse", "refused (0 ms)"],
    ] as const) {
      const { cluster, prove } = links([fault("partition", both("us", "eu"), { mode })]);
      expect(await prove()).toEqual({ effective: true, measured: `eu to kafka: ${said}` });
      cluster.links.rules = [];
      const without = { drop: "stalled", reset: "reset", refuse: "refused" }[mode];
      expect(await prove()).toEqual({
        effective: false,
        measured: `eu to kafka: answered (1 ms), it should be ${without}`,
      });
    }
  });

  it("is probed on every link that it acts on, once for both directions", async () => {
    const { cluster, prove } = links([fault("isolate", [...both("us", "eu"), ...both("us", "edge")])]);
    expect((await prove()).effective).toBe(true);
    expect(cluster.links.probed.toSorted()).toEqual(["edge to backend-us", "eu to kafka"]);
    // One of them passes: the fault is not what it says.
    cluster.links.rules = cluster.links.rules.filter(({ from, to }) => from !== "edge" && to !== "edge");
    expect(await prove()).toMatchObject({ effective: false, measured: expect.stringContaining("answered") });
  });

  it("one way is seen too: a round trip needs both", async () => {
    for (const way of ["us -> eu", "eu -> us"])
      expect((await links([fault("partition", [direction(way)])]).prove()).effective).toBe(true);
  });

  it("of a crossing alone is probed there and nowhere else", async () => {
    const crossing = { from: "edge", to: "backend-eu" };
    const { cluster, prove } = links([fault("partition", [{ ...direction("edge -> eu"), crossing }])]);
    expect((await prove()).effective).toBe(true);
    expect(cluster.links.probed).toEqual(["edge to backend-eu"]);
  });

  it("whose node is dead shows by a refusal, which is said", async () => {
    const { cluster, prove } = links([fault("partition", both("us", "eu"))]);
    cluster.node("kafka").state = "down";
    expect(await prove()).toEqual({
      effective: true,
      measured: "eu to kafka: refused (0 ms): kafka accepts nothing",
    });
    // A refusal by a node that is well is another mode than was asked for.
    cluster.node("kafka").state = "up";
    cluster.links.instead = () => ({ outcome: "refused", tookMs: 0 });
    expect(await prove()).toMatchObject({ effective: false });
  });

  it("under a worse cut shows that one", async () => {
    const drop = fault("partition", both("us", "eu"));
    const reset = { ...fault("partition", both("us", "eu"), { mode: "reset" as const }), id: "worse" };
    const { prove } = links([drop, reset]);
    expect(await prove(drop)).toEqual({ effective: true, measured: "eu to kafka: reset (0 ms)" });
  });

  it("is not believed of a probe that was not waited for as long as its link is", async () => {
    const far = { ...twoRegions, links: [{ between: ["us", "eu"], rttMs: 800, jitterMs: 0 }] as const };
    const cut = fault("partition", both("us", "eu"));
    expect(await links([cut], far).prove()).toMatchObject({
      effective: true,
      measured: "eu to kafka: stalled (1.3 s)",
    });
    const short = { ...cut, until: 600 };
    expect(await links([short], far).prove()).toEqual({
      effective: false,
      measured: "eu to kafka: stalled (300 ms), but the link alone takes 800 ms",
    });
  });

  it("of a whole region is seen on its nodes and on its links", async () => {
    const outage = { ...fault("region-outage", both("us", "eu")), targets: ["backend-us", "db-us", "kafka"] };
    const { cluster, prove } = links([outage]);
    expect((await prove()).effective).toBe(false); // nobody is dead yet
    for (const name of outage.targets) cluster.node(name).state = "down";
    const { effective, measured } = await prove();
    expect([effective, measured]).toEqual([true, expect.stringMatching(/db-us has no process.*eu to kafka: refused/)]);
  });
});

describe("latency", () => {
  const wan = { ...twoRegions, links: [{ between: ["us", "eu"], rttMs: 80, jitterMs: 0 }] as const };
  const slow = fault("latency", both("us", "eu"), { addMs: 40, jitterMs: 0 });

  it("is the round trip that all delays together ask for, and not a millisecond's rounding less", async () => {
    const { cluster, prove } = links([slow], wan);
    expect(await prove()).toEqual({ effective: true, measured: "eu to kafka: round trip 161 ms (160 ms wanted)" });
    const took = (tookMs: number) => {
      cluster.links.instead = () => ({ outcome: "answered", tookMs });
      return prove();
    };
    expect(await took(158.5)).toMatchObject({ effective: true });
    expect(await took(81)).toEqual({
      effective: false,
      measured: "eu to kafka: round trip 81 ms (160 ms wanted)",
    });
  });

  it("may be shorter by its jitter", async () => {
    const rough = fault("latency", both("us", "eu"), { addMs: 40, jitterMs: 10 });
    const { cluster, prove } = links([rough]);
    for (const [tookMs, effective] of [
      [62, true],
      [50, false],
    ] as const) {
      cluster.links.instead = () => ({ outcome: "answered", tookMs });
      expect(await prove()).toMatchObject({ effective });
    }
  });

  it("one way makes a round trip longer once", async () => {
    const { prove } = links([fault("latency", [direction("us -> eu")], { addMs: 70 })]);
    expect(await prove()).toEqual({ effective: true, measured: "eu to kafka: round trip 71 ms (70 ms wanted)" });
  });

  it("that lasts longer than anybody waits shows by what has not come", async () => {
    const ocean = fault("latency", both("us", "eu"), { addMs: 30_000 });
    expect(await links([ocean]).prove()).toEqual({
      effective: true,
      measured: "eu to kafka: round trip over 5 s (1 min wanted)",
    });
    const dead = links([slow]);
    dead.cluster.links.instead = () => ({ outcome: "stalled", tookMs: 0 });
    expect(await dead.prove()).toMatchObject({
      effective: false,
      measured: expect.stringContaining("unknown, stalled"),
    });
  });

  it("under a cut, or before a dead node, has nothing to be seen by", async () => {
    const cut = fault("partition", both("us", "eu"));
    expect(await links([slow, cut]).prove(slow)).toEqual({
      effective: true,
      measured: "eu to kafka: round trip unknown, stalled by a cut (80 ms wanted)",
    });
    const { cluster, prove } = links([slow]);
    cluster.node("kafka").state = "down";
    expect(await prove()).toMatchObject({
      effective: true,
      measured: expect.stringContaining("kafka accepts nothing"),
    });
  });

  it("is probed again where the link is flaky as well", async () => {
    const { cluster, prove } = links([slow]);
    const answers: ProbeAnswer[] = [{ outcome: "reset", tookMs: 5 }];
    cluster.links.instead = () => answers.shift();
    expect((await prove()).effective).toBe(true);
    cluster.links.instead = () => ({ outcome: "reset", tookMs: 5 });
    expect(await prove()).toMatchObject({ effective: false, measured: expect.stringContaining("reset") });
  });
});

describe("bandwidth", () => {
  it("is the time that bytes take in the direction that is capped", async () => {
    for (const way of ["us -> eu", "eu -> us"]) {
      const { cluster, prove } = links([fault("bandwidth", [direction(way)], { bytesPerSecond: 125_000 })]);
      expect(await prove()).toEqual({
        effective: true,
        measured: "eu to kafka: 25000 bytes in 201 ms (200 ms wanted)",
      });
      cluster.links.rules = [];
      expect(await prove()).toMatchObject({ effective: false, measured: expect.stringContaining("in 1 ms") });
    }
  });

  it("is measured with no less than a packet and no more than 2 MiB", async () => {
    const cap = (bytesPerSecond: number) =>
      links([fault("bandwidth", [direction("us -> eu")], { bytesPerSecond })]).prove();
    expect(await cap(1_000)).toMatchObject({
      effective: true,
      measured: expect.stringContaining("1024 bytes in 1.02 s"),
    });
    expect(await cap(125_000_000)).toMatchObject({
      effective: true,
      measured: expect.stringContaining("2097152 bytes"),
    });
    // Not passed yet, and without the cap it had long been there.
    expect(await cap(10)).toMatchObject({ effective: true, measured: expect.stringContaining("in over 5 s") });
  });

  it("is not mistaken for the length of the link", async () => {
    const far = { ...twoRegions, links: [{ between: ["us", "eu"], rttMs: 300, jitterMs: 0 }] as const };
    const { cluster, prove } = links([fault("bandwidth", [direction("eu -> us")], { bytesPerSecond: 125_000 })], far);
    expect(await prove()).toMatchObject({ effective: true, measured: expect.stringContaining("in 501 ms") });
    cluster.links.rules = cluster.links.rules.filter(({ effect }) => effect.type === "delay");
    expect(await prove()).toMatchObject({ effective: false, measured: expect.stringContaining("in 301 ms") });
  });

  it("that others use up is one all the same: less passes than may", async () => {
    const { cluster, prove } = links([fault("bandwidth", [direction("eu -> us")], { bytesPerSecond: 125_000 })]);
    cluster.links.instead = () => ({ outcome: "stalled", tookMs: Infinity });
    expect(await prove()).toMatchObject({ effective: true, measured: expect.stringContaining("in over 1.2 s") });
  });

  it("is measured each direction by itself", async () => {
    const { cluster, proving, prove } = links([fault("bandwidth", both("us", "eu"), { bytesPerSecond: 125_000 })]);
    expect(await prove()).toEqual({
      effective: true,
      measured: [
        "eu to kafka: 25000 bytes in 401 ms (200 ms wanted, after 200 ms there)",
        "eu to kafka: 25000 bytes in 201 ms (200 ms wanted)",
      ].join("; "),
    });
    for (const missing of ["us", "eu"]) {
      cluster.links.rules = proving
        .faults()
        .flatMap(rulesOf)
        .filter(({ from }) => from !== missing);
      expect((await prove()).effective, missing).toBe(false);
    }
  });
});

describe("flaky links", () => {
  const dying = fault("flaky", [direction("eu -> us")], { resetsPerSecond: 0.5 });

  it("are counted: connections that were reset, beside how many were to be expected", async () => {
    const { cluster, proving, prove } = links([dying]);
    await proving.clock.advance(2_000);
    expect(await prove()).toEqual({
      effective: false,
      measured: "0 connections reset in 2.0 s (2 open now, about 2 to be expected)",
    });
    cluster.links.resets[`${dying.id}: eu -> us`] = 3;
    expect(await prove()).toMatchObject({ effective: true, measured: expect.stringMatching(/^3 connections reset/) });
  });

  it("that are over cannot be asked any more", async () => {
    const { cluster, prove } = links([dying]);
    cluster.links.rules = [];
    expect(await prove()).toEqual({ effective: false, measured: "its rules were over before anybody could ask" });
  });
});

describe("what cannot be measured has no measurable effect", () => {
  it("the link program is dead or does not answer, or nothing crosses the link", async () => {
    const cut = fault("partition", both("us", "eu"));
    for (const kind of ["partition", "latency", "bandwidth", "flaky"] as const) {
      const { cluster, prove } = links([{ ...cut, kind }]);
      cluster.node("links").state = "down";
      expect(await prove(), kind).toEqual({
        effective: false,
        measured: "it cannot be measured: the link program cannot be reached",
      });
    }
    expect(await links([fault("partition", both("us", "ap"))]).prove()).toEqual({
      effective: false,
      measured: "nothing crosses us -> ap; nothing crosses ap -> us",
    });
  });
});
