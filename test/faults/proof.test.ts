// A fault is measured, never assumed.
import { describe, expect, it } from "vitest";
import { prove } from "../../src/faults/proof.ts";
import type { Fault, FaultKind } from "../../src/model/fault.ts";
import { fakeCluster } from "../support/fake-cluster.ts";
import { twoRegions } from "../support/topology.ts";

const fault = (kind: FaultKind, ...targets: string[]): Fault => ({ id: kind, kind, targets, parameters: {}, since: 0 });

describe("prove", () => {
  it("believes what it sees: the process is gone or stopped, and nobody answers", async () => {
    const cluster = fakeCluster(twoRegions);
    cluster.node("db-us").state = "down";
    cluster.node("kafka").state = "paused";
    expect(await prove(fault("kill", "db-us"), cluster)).toEqual({
      effective: true,
      measured: expect.stringMatching(/^db-us has no process, no answer \(\d+ ms\)$/),
    });
    expect(await prove(fault("pause", "kafka"), cluster)).toEqual({
      effective: true,
      measured: expect.stringMatching(/^kafka is paused, no answer/),
    });
    expect(await prove(fault("pause", "db-us"), cluster)).toMatchObject({ effective: true }); // a kill lies over the pause
  });

  it("of a pause: connections open, and nobody answers", async () => {
    const cluster = fakeCluster(twoRegions);
    cluster.node("kafka").state = "paused";
    const { measured } = await prove(fault("pause", "kafka"), cluster);
    expect(measured).toMatch(/^kafka is paused, no answer \(\d+ ms\), though connections to it open$/);
    cluster.node("kafka").connects = async () => false;
    expect(await prove(fault("pause", "kafka"), cluster)).toMatchObject({
      effective: false,
      measured: expect.stringMatching(/and no connection to it opens$/),
    });
  });

  it("of a pause: no answer is one that does not come in time", async () => {
    const cluster = fakeCluster(twoRegions);
    cluster.node("kafka").state = "paused";
    cluster.node("kafka").answers = () => new Promise(() => {});
    expect((await prove(fault("pause", "kafka"), cluster, 5)).effective).toBe(true);
  });

  it("of a hold: a trial answer is kept back, as the node itself says; or the node is gone", async () => {
    const cluster = fakeCluster(twoRegions);
    const held = fault("hold", "backend-us");
    expect(await prove(held, cluster)).toEqual({
      effective: false,
      measured: "backend-us gives a trial answer after the commit",
    });
    cluster.node("backend-us").control = { hold: true };
    expect(await prove(held, cluster)).toEqual({
      effective: true,
      measured: "backend-us keeps a trial answer back after the commit",
    });
    cluster.node("backend-us").state = "down";
    expect((await prove(held, cluster)).effective).toBe(true);
  });

  it("of a region: every node of it", async () => {
    const cluster = fakeCluster(twoRegions);
    const outage = fault("region-outage", "backend-us", "db-us", "kafka");
    for (const name of ["backend-us", "db-us"]) cluster.node(name).state = "down";
    expect((await prove(outage, cluster)).effective).toBe(false);
    cluster.node("kafka").state = "down";
    const { effective, measured } = await prove(outage, cluster);
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
      const { effective, measured } = await prove(wrong, cluster);
      expect(measured).toContain(words);
      expect(effective, words).toBe(false);
    }
  });
});
