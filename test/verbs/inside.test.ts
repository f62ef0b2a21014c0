// Verbs whose target is a list of steps: at the same instant, several times, or drawn from.
import { describe, expect, it } from "vitest";
import type { Step } from "../../src/model/scenario.ts";
import { StepProblem } from "../../src/verbs/scene.ts";
import { verbs } from "../../src/verbs/index.ts";
import { type FakeScene, fakeScene, reply } from "./scene.ts";

/** As the loader makes it: steps inside are parsed already. */
function step(path: string, verb: string, args: object, modifiers: Partial<Step> = {}): Step {
  return {
    path,
    verb,
    text: verb,
    line: 1,
    ...modifiers,
    args: verbs[verb]!.inside ? args : verbs[verb]!.args.parse(args),
  };
}

const perform = (scene: FakeScene, one: Step) => verbs[one.verb]!.perform(scene, one as never);
const begun = (scene: FakeScene) =>
  scene.note.events.flatMap((event) =>
    event.type === "fault" && event.phase === "begun"
      ? [{ at: event.at, id: event.fault.id, until: event.fault.until }]
      : [],
  );

describe("together", () => {
  it("begins all steps before any is done, and goes on when all are", async () => {
    const scene = fakeScene();
    let answer = () => {};
    scene.answer = () => new Promise((resolve) => (answer = () => resolve(reply(200))));
    let done = false;
    const together = perform(
      scene,
      step("2", "together", {
        target: [
          step("2.1", "request", { target: "GET /us/health" }),
          step("2.2", "kill", { target: "backend-us" }, { forMs: 60_000 }),
          step("2.3", "wait", { target: "5s" }),
        ],
      }),
    ).then(() => (done = true));
    await scene.clock.advance(5_000);
    expect(scene.performed).toEqual(["2.1", "2.2", "2.3"]);
    expect(scene.cluster.troubled()).toEqual({ "backend-us": "down" }); // in force is done
    expect(done).toBe(false);
    answer();
    await together;
  });

  it("does what the worst of its steps did, after the others are done", async () => {
    const scene = fakeScene();
    scene.answer = ({ path }) => reply(path === "/eu" ? 500 : 200);
    const request = (path: string, target: string) => step(path, "request", { target, expect: { status: 200 } });
    const soon = step("1.3", "wait", { target: "lag(eu) > 1s" }, { withinMs: 10 });
    const target = [request("1.1", "GET /us"), request("1.2", "GET /eu"), soon];
    const failed = expect(perform(scene, step("1", "together", { target }))).rejects.toMatchObject({
      verdict: "failed",
      message: "expected status 200, got 500",
    });
    await scene.clock.advance(20);
    await scene.sample({ eu: { lagSeconds: { us: 0 } } });
    await failed;
  });

  it("passes on what is no problem of a step: an interrupt", async () => {
    const scene = fakeScene();
    const together = perform(scene, step("1", "together", { target: [step("1.1", "wait", { target: "5s" })] }));
    const ended = expect(together).rejects.toThrow("Ctrl-C");
    scene.interrupt.abort(new Error("Ctrl-C"));
    await ended;
  });

  it("refuses a settle, which would end what stands beside it", () => {
    const target = [step("1.1", "kill", { target: "db-us" }), step("1.2", "settle", {})];
    expect(verbs["together"]!.check!({ target } as never, fakeScene().topology)).toMatchObject([
      { path: ["target", 1], message: "a settle ends what the steps beside it begin" },
    ]);
  });
});

describe("repeat", () => {
  it("does its steps in their order, so many times, and draws anew in each round", async () => {
    const scene = fakeScene();
    const target = [step("1.1", "restart", { target: "one(backend)" }), step("1.2", "wait", { target: "0ms" })];
    const repeat = perform(scene, step("1", "repeat", { target, times: 12 }));
    await scene.clock.advance(0);
    await repeat;
    expect(scene.performed).toEqual(Array.from({ length: 12 }, () => ["1.1", "1.2"]).flat());
    expect(new Set(scene.cluster.moves.map((move) => move.split(" ")[1]))).toEqual(
      new Set(["backend-us", "backend-eu"]),
    );
    const alone = fakeScene();
    await perform(alone, target[0]!);
    expect(alone.cluster.moves).toEqual(scene.cluster.moves.slice(0, 2)); // the first round is what the step alone would draw
  });

  it("stops at the first step that does not do what it says, and says in which round", async () => {
    const scene = fakeScene();
    scene.answer = () => reply(scene.asked.length < 3 ? 200 : 409);
    const target = [step("1.1", "request", { target: "GET /us/health", expect: { status: 200 } })];
    const error = await perform(scene, step("1", "repeat", { target, times: 5 })).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StepProblem);
    expect(error).toMatchObject({ verdict: "failed", message: "round 3 of 5: expected status 200, got 409" });
    expect(scene.asked).toHaveLength(3);
  });
});

describe("chaos", () => {
  const faults = [
    step("1.1", "kill", { target: "one(backend)" }, { forMs: 2_000 }),
    step("1.2", "pause", { target: "one(postgres)" }, { forMs: 1_000 }),
    step("1.3", "hold", { target: "backend-us" }),
  ];
  const chaos = (modifiers: Partial<Step> = { forMs: 60_000 }) =>
    step("1", "chaos", { target: faults, every: 5_000 }, modifiers);

  async function minute(seed?: string) {
    const scene = fakeScene();
    if (seed !== undefined) scene.random = scene.random.fork(seed);
    await perform(scene, chaos());
    const over = scene.faults.timed();
    await scene.clock.advance(60_000);
    await over;
    return scene;
  }

  it("begins one of them every so often beside the steps that follow, each for its own time, until its end", async () => {
    const scene = await minute();
    const found = begun(scene);
    expect(found.map(({ at }) => at)).toEqual(Array.from({ length: 12 }, (_, i) => i * 5_000));
    for (const { at, id, until } of found) {
      expect(until! - at).toBe(id.startsWith("kill") ? 2_000 : id.startsWith("pause") ? 1_000 : 5_000);
    }
    expect(scene.faults.active()).toEqual([]);
    expect(scene.cluster.troubled()).toEqual({});
  });

  it("draws by the seed: the same again, another one otherwise", async () => {
    const drawn = async (seed?: string) => begun(await minute(seed)).map(({ id }) => id);
    const first = await drawn();
    expect(await drawn()).toEqual(first);
    expect(await drawn("another")).not.toEqual(first);
    expect(new Set(first.map((id) => id.split(" ")[0])).size).toBe(3);
  });

  it("never has two at a time: a node that is slow to come back delays the next", async () => {
    const scene = fakeScene();
    scene.cluster.before = (move) => (move === "start" || move === "resume" ? scene.clock.sleep(7_000) : undefined);
    await perform(scene, chaos());
    const over = scene.faults.timed();
    let most = 0;
    for (let ms = 0; ms < 90_000; ms += 500) {
      await scene.clock.advance(500);
      most = Math.max(most, scene.faults.active().length);
    }
    await over;
    expect(most).toBe(1);
    expect(begun(scene).length).toBeLessThan(12);
  });

  it.each([
    ["heal", (scene: FakeScene) => perform(scene, step("2", "heal", {}))],
    ["heal by its id", (scene: FakeScene) => perform(scene, step("2", "heal", { target: "storm" }))],
  ])("is ended by %s at once, with the fault that is there, and begins none afterwards", async (_, heal) => {
    const scene = fakeScene();
    await perform(scene, chaos({ id: "storm" })); // without an end
    await scene.faults.timed(); // for which nobody waits
    await scene.clock.advance(15_100);
    expect(scene.faults.active()).toHaveLength(1);
    await heal(scene);
    expect([scene.faults.active(), scene.cluster.troubled()]).toEqual([[], {}]);
    const before = begun(scene).length;
    await scene.clock.advance(30_000);
    expect(begun(scene)).toHaveLength(before);
  });

  it("ends with the step that failed, and whoever waits for it is told", async () => {
    const scene = fakeScene();
    scene.cluster.before = () => {
      throw new Error("this node cannot be broken");
    };
    await perform(scene, step("1", "chaos", { target: faults.slice(0, 1), every: 5_000 }, { forMs: 60_000 }));
    await scene.clock.advance(0);
    await expect(scene.faults.timed()).rejects.toThrow("cannot be broken");
    expect(begun(scene)).toHaveLength(1);
  });

  it("refuses a fault that would still be there when the next one begins", () => {
    const target = [step("1.1", "kill", { target: "db-us" }, { forMs: 6_000 }), ...faults];
    expect(verbs["chaos"]!.check!({ target, every: 5_000 } as never, fakeScene().topology)).toMatchObject([
      { path: ["target", 0, "for"], message: "this kill would still be there when the next fault begins, 5 s later" },
    ]);
  });
});
