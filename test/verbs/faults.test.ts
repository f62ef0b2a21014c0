// The verbs that break and mend, and `wait`: what each does to nodes, and when its step is over.
import { describe, expect, it } from "vitest";
import { verbs } from "../../src/verbs/index.ts";
import { twoRegions } from "../support/topology.ts";
import { fakeScene, perform } from "./scene.ts";

describe("kill, stop, start, restart", () => {
  it("do to their targets what they say, and are over once it is so", async () => {
    const scene = fakeScene();
    await perform(scene, "kill", { target: "us.backend" });
    await perform(scene, "stop", { target: ["db-eu"], grace: "2s" });
    expect(scene.cluster.troubled()).toEqual({ "backend-us": "down", "db-eu": "down" });
    await perform(scene, "start", { target: "backend-us, db-eu" });
    expect(scene.cluster.troubled()).toEqual({});
    await perform(scene, "restart", { target: "kafka" });
    expect(scene.cluster.moves).toEqual([
      "kill backend-us",
      "stop db-eu 2000",
      "start backend-us",
      "start db-eu",
      "stop kafka 5000",
      "start kafka",
    ]);
    expect(scene.faults.active()).toEqual([]);
  });

  it("draw `one` by seed and step: the same again in the same step", async () => {
    const drawn = async (path: string) => {
      const scene = fakeScene();
      await perform(scene, "kill", { target: "one(backend)" }, { path });
      return Object.keys(scene.cluster.troubled()).join();
    };
    const steps = Array.from({ length: 12 }, (_, i) => String(i + 1));
    const first = await Promise.all(steps.map(drawn));
    expect(await Promise.all(steps.map(drawn))).toEqual(first);
    expect(new Set(first)).toEqual(new Set(["backend-us", "backend-eu"]));
  });

  it("end by themselves with `for`; `start` ends that early", async () => {
    const scene = fakeScene();
    await perform(scene, "kill", { target: "backend-us" }, { forMs: 2_000 });
    await perform(scene, "kill", { target: "backend-eu" }, { forMs: 60_000 });
    await perform(scene, "start", { target: "backend-eu" });
    expect(scene.cluster.troubled()).toEqual({ "backend-us": "down" });
    const timed = scene.faults.timed();
    await scene.clock.advance(2_000);
    await timed;
    expect(scene.cluster.troubled()).toEqual({});
  });

  it("take a whole region down, and start it again node by node", async () => {
    const scene = fakeScene();
    await perform(scene, "region-outage", { target: "us" });
    expect(scene.cluster.troubled()).toEqual({ "backend-us": "down", "db-us": "down", kafka: "down" });
    await perform(scene, "start", { target: "kafka" });
    expect(scene.cluster.troubled()).toEqual({ "backend-us": "down", "db-us": "down" });
    await perform(scene, "start", { target: "us" });
    expect([scene.cluster.troubled(), scene.faults.active()]).toEqual([{}, []]);
  });

  it("refuse nodes that do not exist", () => {
    for (const verb of ["kill", "stop", "start", "restart", "pause", "resume", "hold"]) {
      const check = (target: string) => verbs[verb]!.check!(verbs[verb]!.args.parse({ target }) as never, twoRegions);
      expect(check("backend-us"), verb).toEqual([]);
      expect(check("backend-usa"), verb).toMatchObject([
        { word: "backend-usa", hint: expect.stringMatching(/Did you/) },
      ]);
    }
  });
});

describe("pause and resume", () => {
  it("stop a node where it is, and let it go on; a kill below is not ended by resume", async () => {
    const scene = fakeScene();
    await perform(scene, "pause", { target: "db-us" }, { forMs: 60_000 });
    await perform(scene, "pause", { target: "backend-eu" });
    await perform(scene, "kill", { target: "kafka" });
    expect(scene.cluster.troubled()).toEqual({ "db-us": "paused", "backend-eu": "paused", kafka: "down" });
    await perform(scene, "resume", { target: ["db-us", "kafka"] });
    expect(scene.cluster.troubled()).toEqual({ "backend-eu": "paused", kafka: "down" });
    await scene.faults.timed(); // its `for` was ended early
  });
});

describe("hold", () => {
  const held = (scene: ReturnType<typeof fakeScene>) =>
    scene.cluster.nodes.filter((node) => node.control.hold).map((node) => node.spec.name);

  it("keeps answers back until its time is over, or until heal, also over a kill", async () => {
    const scene = fakeScene();
    await perform(scene, "hold", { target: "backend-us" }, { forMs: 1_000 });
    await perform(scene, "hold", { target: "eu.backend" });
    expect(held(scene)).toEqual(["backend-us", "backend-eu"]);
    await scene.clock.advance(1_000);
    await scene.faults.timed();
    expect(held(scene)).toEqual(["backend-eu"]);
    await perform(scene, "kill", { target: "backend-eu" });
    await perform(scene, "start", { target: "backend-eu" });
    expect(held(scene)).toEqual(["backend-eu"]);
    await perform(scene, "heal", {});
    expect(held(scene)).toEqual([]);
  });

  it("is for backends alone", () => {
    const check = (target: string) => verbs["hold"]!.check!(verbs["hold"]!.args.parse({ target }) as never, twoRegions);
    expect(check("db-us")).toMatchObject([
      { message: "db-us is a postgres, and only a backend can keep answers back" },
    ]);
  });
});

describe("heal", () => {
  it("ends all, or what one step began, however often that step ran", async () => {
    const scene = fakeScene();
    await perform(scene, "kill", { target: "backend-us" }, { id: "cut" });
    await perform(scene, "kill", { target: "backend-eu" }, { id: "cut" });
    await perform(scene, "kill", { target: "db-us" }, { id: "cutter" });
    await perform(scene, "stop", { target: "kafka" });
    await perform(scene, "heal", { target: "cut" });
    expect(scene.cluster.troubled()).toEqual({ "db-us": "down", kafka: "down" });
    await perform(scene, "heal", {});
    expect(scene.cluster.troubled()).toEqual({});
    await perform(scene, "heal", {}); // harmless
  });
});

describe("wait", () => {
  it("lets a duration pass", async () => {
    const scene = fakeScene();
    let over = false;
    const step = perform(scene, "wait", { target: "5s" }).then(() => (over = true));
    await scene.clock.advance(4_999);
    expect(over).toBe(false);
    await scene.clock.advance(1);
    await step;
  });

  it("is over with the first sample in which its condition holds", async () => {
    const scene = fakeScene();
    const step = perform(scene, "wait", { target: "not healthy(us)" }, { withinMs: 1_000 });
    await scene.sample({ us: { healthy: true } });
    await scene.clock.advance(250);
    await scene.sample({ us: { healthy: false } });
    await step;
  });

  it("that never comes true is inconclusive: the thing was not tried", async () => {
    const scene = fakeScene();
    const step = perform(scene, "wait", { target: "lag(eu) > 3s" }, { withinMs: 1_000 });
    const failed = expect(step).rejects.toMatchObject({
      verdict: "inconclusive",
      message: "lag(eu) > 3s did not come true within 1 s",
    });
    await scene.sample({ eu: { lagSeconds: { us: 2.9 } } });
    await scene.clock.advance(1_000);
    await scene.sample({ eu: { lagSeconds: { us: 3 } } }); // at the bound: not yet too late
    await scene.clock.advance(250);
    await scene.sample({ eu: { lagSeconds: { us: 2.5 } } });
    await failed;
  });

  it("refuses what is neither, and says what it expected", () => {
    for (const target of ["5", "lag(eu)", "soon", 5]) {
      const result = verbs["wait"]!.args.safeParse({ target });
      expect(result.error?.issues[0]?.message, String(target)).toMatch(/expected a duration \(5s\) or a condition/);
    }
  });
});
