// A fault is measured, never assumed.
import { describe, expect, it } from "vitest";
import { type Proving, prove } from "../../src/faults/proof.ts";
import { type Fault, type FaultKind, NO_CONTROL } from "../../src/model/fault.ts";
import { type FakeCluster, fakeCluster } from "../support/fake-cluster.ts";
import { twoRegions } from "../support/topology.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const fault = (kind: FaultKind, ...targets: string[]): Fault => ({ id: kind, kind, targets, parameters: {}, since: 0 });

const on = (cluster: FakeCluster, ...faults: readonly Fault[]): Proving => ({
  topology: twoRegions,
  cluster,
  clock: virtualClock(),
  faults: () => faults,
});

describe("prove", () => {
  it("believes what it sees: the process is gone or stopped, and nobody answers", async () => {
    const cluster = fakeCluster(twoRegions);
    cluster.node("db-us").state = "down";
    cluster.node("kafka").state = "paused";
    expect(await prove(fault("kill", "db-us"), on(cluster))).toEqual({
      effective: true,
      measured: expect.stringMatching(/^db-us has no process, no answer \(\d+ ms\)$/),
    });
    expect(await prove(fault("pause", "kafka"), on(cluster))).toEqual({
      effective: true,
      measured: expect.stringMatching(/^kafka is paused, no answer/),
    });
    expect(await prove(fault("pause", "db-us"), on(cluster))).toMatchObject({ effective: true }); // a kill lies over the pause
  });

  it("of a pause: connections open, and nobody answers", async () => {
    const cluster = fakeCluster(twoRegions);
    cluster.node("kafka").state = "paused";
    const { measured } = await prove(fault("pause", "kafka"), on(cluster));
    expect(measured).toMatch(/^kafka is paused, no answer \(\d+ ms\), though connections to it open$/);
    cluster.node("kafka").connects = async () => false;
    expect(await prove(fault("pause", "kafka"), on(cluster))).toMatchObject({
      effective: false,
      measured: expect.stringMatching(/and no connection to it opens$/),
    });
  });

  it("of a pause: no answer is one that does not come in time", async () => {
    const cluster = fakeCluster(twoRegions);
    cluster.node("kafka").state = "paused";
    cluster.node("kafka").answers = () => new Promise(() => {});
    expect((await prove(fault("pause", "kafka"), on(cluster), 5)).effective).toBe(true);
  });

  it("of a hold: a trial answer is kept back, as the node itself says; or the node is gone", async () => {
    const cluster = fakeCluster(twoRegions);
    const held = fault("hold", "backend-us");
    expect(await prove(held, on(cluster))).toEqual({
      effective: false,
      measured: "backend-us gives a trial answer after the commit",
    });
    cluster.node("backend-us").control = { ...NO_CONTROL, hold: true };
    expect(await prove(held, on(cluster))).toEqual({
      effective: true,
      measured: "backend-us keeps a trial answer back after the commit",
    });
    cluster.node("backend-us").state = "down";
    expect((await prove(held, on(cluster))).effective).toBe(true);
  });

  it("of a region: every node of it", async () => {
    const cluster = fakeCluster(twoRegions);
    const outage = fault("region-outage", "backend-us", "db-us", "kafka");
    for (const name of ["backend-us", "db-us"]) cluster.node(name).state = "down";
    expect((await prove(outage, on(cluster))).effective).toBe(false);
    cluster.node("kafka").state = "down";
    const { effective, measured } = await prove(outage, on(cluster));
    expect([effective, measured.split("; ").map((one) => one.split(" ")[0])]).toEqual([true, outage.targets]);
  });

  it("does not believe a node that runs, one that still answers, one that is only paused, or one that is not there", async () => {
    const cluster = fakeCluster(twoRegions);
    cluster.node("db-us").state = "down";
    cluster.node("db-us").stubborn = true;
    cluster.node("kafka").state = "paused";
    cluster.node("db-eu").state = "down";
    const no: [Fault, string][] = [
      [fault("kill", "gateway"), "gateway is up, but still answers"],
      [fault("stop", "db-us"), "db-us has no process, but still answers"],
      [fault("kill", "kafka"), "kafka is paused, no answer"],
      [fault("kill", "db-eu", "db-asia"), "there is no node db-asia"],
      [fault("kill"), "it has no target"],
    ];
    for (const [wrong, words] of no) {
      const { effective, measured } = await prove(wrong, on(cluster));
      expect(measured).toContain(words);
      expect(effective, words).toBe(false);
    }
  });
});

describe("what a backend does to itself", () => {
  const told = (kind: FaultKind, parameters: Fault["parameters"], id: string = kind): Fault => ({
    ...fault(kind, "backend-eu"),
    id,
    parameters,
  });
  const late = told("replication", { source: "us", replication: { delayMs: 5_000 } });

  it("to what arrives is as it says, and all faults on one stream together", async () => {
    const cluster = fakeCluster(twoRegions);
    const eu = cluster.node("backend-eu");
    const delay = (delayMs: number) => ({
      ...NO_CONTROL,
      replication: { us: { pause: false, delayMs, duplicate: 0, reorderMs: 0 } },
    });
    expect(await prove(late, on(cluster, late))).toEqual({
      effective: false,
      measured: "backend-eu applies what us writes as it comes",
    });
    eu.control = delay(5_000);
    expect(await prove(late, on(cluster, late))).toEqual({
      effective: true,
      measured: "backend-eu applies what us writes 5 s late",
    });
    const later = { ...late, id: "later" };
    expect(await prove(late, on(cluster, late, later))).toMatchObject({ effective: false });
    eu.control = delay(10_000);
    expect(await prove(late, on(cluster, late, later))).toMatchObject({ effective: true });
    // Healed by somebody a moment ago: nothing is wanted any more, and nothing was proved either.
    eu.control = NO_CONTROL;
    expect(await prove(late, on(cluster))).toMatchObject({ effective: false });
  });

  it("to its clock is measured, and a clock is never exact", async () => {
    const cluster = fakeCluster(twoRegions);
    const eu = cluster.node("backend-eu");
    const skew = told("clock-skew", { byMs: -120_000 });
    eu.control = { ...NO_CONTROL, skewMs: -119_999 };
    expect(await prove(skew, on(cluster, skew))).toEqual({
      effective: true,
      measured: "backend-eu has its clock 2 min behind",
    });
    eu.control = { ...NO_CONTROL, skewMs: -60_000 };
    expect(await prove(skew, on(cluster, skew))).toEqual({
      effective: false,
      measured: "backend-eu has its clock 1 min behind",
    });
  });

  it("is nothing when it does not tell, and less than that it is dead", async () => {
    const cluster = fakeCluster(twoRegions);
    const { observe } = cluster;
    cluster.observe = async () => ({ ...(await observe()), controls: new Map() });
    expect(await prove(late, on(cluster, late))).toEqual({
      effective: false,
      measured: "backend-eu does not tell what it does to itself",
    });
    cluster.node("backend-eu").state = "down";
    expect(await prove(late, on(cluster, late))).toMatchObject({
      effective: true,
      measured: expect.stringMatching(/^backend-eu has no process/),
    });
  });
});
