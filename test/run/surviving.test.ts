// What would be left of a region: read in the others just before its fault ends, when the scenario asks for it.
import { describe, expect, it } from "vitest";
import type { Scenario } from "../../src/model/scenario.ts";
import type { Topology } from "../../src/model/topology.ts";
import { readSurvivors } from "../../src/run/surviving.ts";
import { properties } from "../traffic/support.ts";
import { spec, twoRegions } from "../support/topology.ts";
import { fakeScene } from "../verbs/scene.ts";

const topology: Topology = {
  ...twoRegions,
  regions: ["us", "eu", "ap"],
  nodes: [...twoRegions.nodes, spec("backend-ap", "backend", "ap"), spec("db-ap", "postgres", "ap")],
  workloads: { "edit-properties": properties },
};

function run(...asking: readonly { name: string; region: string }[]) {
  const scene = fakeScene(topology);
  for (const region of topology.regions) {
    scene.cluster.node(`backend-${region}`).request = async (path) => {
      if (scene.cluster.node(`backend-${region}`).state !== "up") throw new Error("connection refused");
      return { status: 200, headers: { etag: '"us:1"' }, body: { price: 10, version: 2, path } };
    };
  }
  for (const key of ["7", "8"]) scene.touched.add(key);
  const expect = asking.map(({ name, region }) => ({ name, args: { region }, text: name, line: 1 }));
  scene.faults.beforeEnd(readSurvivors(scene, { expect } as Partial<Scenario> as Scenario));
  const found = () =>
    scene.note.events.flatMap((event) =>
      event.type === "surviving" ? [`${event.fault}: ${event.region} ${event.key}`] : [],
    );
  return { ...scene, scene, found };
}

const kill = (...targets: string[]) => ({ kind: "kill" as const, targets, parameters: {} });

describe("just before a fault on the region ends", () => {
  it("every touched key is read in every region that nothing is wrong with", async () => {
    const { faults, found, note } = run({ name: "rpo", region: "us" });
    const fault = await faults.begin(kill("backend-us", "db-us"));
    await faults.begin({ ...kill("db-eu"), kind: "pause" });
    expect(found()).toEqual([]);
    await faults.end([fault.id], "heal");
    expect(found()).toEqual(["kill backend-us db-us: ap 7", "kill backend-us db-us: ap 8"]);
    const surviving = note.events.find(({ type }) => type === "surviving")!;
    const ended = note.events.find((event) => event.type === "fault" && event.phase === "ended")!;
    expect(surviving).toMatchObject({ outcome: { type: "ok" }, value: 10, state: "us:1" });
    expect(surviving.seq).toBeLessThan(ended.seq);
  });

  it("also when it ends by itself, and only once when it ends in parts", async () => {
    const { faults, found, clock } = run({ name: "rpo", region: "us" });
    await faults.begin(kill("backend-us"), { forMs: 1_000 });
    await clock.advance(1_000);
    await faults.timed();
    expect(found()).toHaveLength(4); // two keys in eu and ap
    await faults.begin(kill("backend-us", "db-us"), { id: "parts" });
    await faults.release(["db-us"], ["kill"], "start");
    expect(found()).toHaveLength(8);
    await faults.release(["backend-us"], ["kill"], "start");
    expect(found()).toHaveLength(8);
  });

  it("a key that cannot be read is an answer too, and a region without a word is none", async () => {
    const { faults, cluster, note } = run({ name: "rpo", region: "us" });
    const fault = await faults.begin(kill("kafka"));
    cluster.node("backend-eu").request = () => Promise.reject(new Error("reset"));
    await faults.end([fault.id], "heal");
    const eu = note.events.filter((event) => event.type === "surviving" && event.region === "eu");
    expect(eu).toMatchObject([{ outcome: { type: "unknown" } }, { outcome: { type: "unknown" } }]);
  });

  it("nothing is read for a fault on another region, nor when nobody asks", async () => {
    for (const asking of [[{ name: "rpo", region: "eu" }], [{ name: "available", region: "us" }]]) {
      const { faults, found } = run(...asking);
      await faults.begin(kill("backend-us"));
      await faults.heal();
      expect(found()).toEqual([]);
    }
  });
});
