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
