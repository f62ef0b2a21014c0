// settle: the end of the trouble. What it waits for, in which order, and what it says when the system does not get there.
import { describe, expect, it } from "vitest";
import type { Topology } from "../../src/model/topology.ts";
import { twoRegions } from "../support/topology.ts";
import { type FakeScene, fakeScene, perform } from "./scene.ts";

const topology: Topology = {
  ...twoRegions,
  observe: { lag: "/:region/replication-lag" },
  workloads: {
    "edit-properties": {
      name: "edit-properties",
      kind: "register",
      keys: { from: 1, to: 100 },
      read: {
        request: { method: "GET", path: "/${region}/properties/${key}", headers: {} },
        value: "body.price",
        version: "body.version",
      },
      write: {
        request: { method: "PUT", path: "/${region}/properties/${key}", headers: {} },
        refused: [409],
        done: {},
      },
    },
  },
};

/** What the backends hold and have still to apply; a test changes it as replication would. */
function regions(scene: FakeScene) {
  const held: Record<string, { price: Record<string, number>; pending: number | null }> = {
    us: { price: { 7: 10, 8: 20 }, pending: 0 },
    eu: { price: { 7: 10, 8: 20 }, pending: 0 },
  };
  for (const region of ["us", "eu"]) {
    scene.cluster.node(`backend-${region}`).request = async (path) => {
      const { price, pending } = held[region]!;
      if (path.endsWith("/replication-lag")) return { status: 200, headers: {}, body: { lag_seconds: 0, pending } };
      const key = path.split("/").at(-1)!;
      if (price[key] === undefined) throw new Error("no answer");
      return { status: 200, headers: {}, body: { price: price[key], version: 1 } };
    };
  }
  for (const key of ["7", "8"]) scene.touched.add(key);
  return held;
}

const healthy = { us: { healthy: true }, eu: { healthy: true } };
const rounds = (scene: FakeScene) =>
  scene.note.events.flatMap((event) => (event.type === "round" ? [[event.differing, event.pending]] : []));

describe("settle", () => {
  it("stops the traffic, heals, and sees every region healthy, equal and drained; the traffic goes on with the next step, if there is one", async () => {
    const scene = fakeScene(topology);
    regions(scene);
    await scene.sample(healthy);
    await perform(scene, "kill", { target: "backend-us" });
    await perform(scene, "settle", {});
    expect(scene.trafficMoves).toEqual(["pause"]);
    expect(scene.cluster.troubled()).toEqual({});
    const order = scene.note.events.map((event) => ("phase" in event ? `${event.type} ${event.phase}` : event.type));
    expect(order.slice(-3)).toEqual(["fault ended", "healed", "round"]);
    expect(rounds(scene)).toEqual([[[], { us: 0, eu: 0 }]]);
  });

  it("waits for every running `for` before it heals", async () => {
    const scene = fakeScene(topology);
    regions(scene);
    await scene.sample(healthy);
    await perform(scene, "kill", { target: "backend-us" }, { forMs: 5_000 });
    const settling = perform(scene, "settle", {}, { withinMs: 1_000 });
    await scene.clock.advance(4_900);
    expect(scene.trafficMoves).toEqual([]);
    expect(scene.cluster.troubled()).toEqual({ "backend-us": "down" });
    await scene.clock.advance(100);
    await settling;
    expect(scene.note.story().at(-1)).toBe("ended kill backend-us by time: backend-us");
  });

  it("goes on until regions are equal and nothing is pending, and records each round", async () => {
    const scene = fakeScene(topology);
    const held = regions(scene);
    await scene.sample(healthy);
    held["eu"] = { price: { 7: 9, 8: 20 }, pending: 1 };
    const settling = perform(scene, "settle", {}, { withinMs: 1_000 });
    await scene.clock.advance(50);
    held["eu"] = { price: { 7: 10, 8: 20 }, pending: 1 };
    await scene.clock.advance(100);
    held["eu"] = { price: { 7: 10, 8: 20 }, pending: 0 };
    await scene.clock.advance(100);
    await settling;
    expect(rounds(scene)).toEqual([
      [["7"], { us: 0, eu: 1 }],
      [[], { us: 0, eu: 1 }],
      [[], { us: 0, eu: 0 }],
    ]);
  });

  it("fails with what still differs when the bound is missed", async () => {
    const scene = fakeScene(topology);
    const held = regions(scene);
    await scene.sample(healthy);
    held["eu"] = { price: { 7: 9 }, pending: null }; // 8 cannot be read there, and nobody knows what is pending
    const settling = expect(perform(scene, "settle", {}, { withinMs: 1_000 })).rejects.toMatchObject({
      verdict: "failed",
      message: "2 keys still differ (7, 8); eu has an unknown number of events to apply 1 s after the faults ended",
    });
    await scene.clock.advance(1_200);
    await settling;
    expect(scene.trafficMoves).toEqual(["pause"]);
  });

  it("fails with who is not healthy: nodes that do not answer first, then regions", async () => {
    for (const [silent, words] of [
      [true, "db-eu still not healthy 1 s after the faults ended"],
      [false, "us still not healthy 1 s after the faults ended"],
    ] as const) {
      const scene = fakeScene(topology);
      regions(scene);
      await scene.sample({ us: { healthy: false }, eu: { healthy: true } });
      if (silent) scene.cluster.node("db-eu").answers = async () => false;
      const settling = expect(perform(scene, "settle", {}, { withinMs: 1_000 })).rejects.toMatchObject({
        verdict: "failed",
        message: words,
      });
      await scene.clock.advance(1_200);
      await settling;
      expect(rounds(scene)).toEqual([]);
    }
  });
});
