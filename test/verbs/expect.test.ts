// expect: conditions that hold now or throughout, judged by samples taken after it began.
import { describe, expect, it } from "vitest";
import { verbs } from "../../src/verbs/index.ts";
import { fakeScene, perform } from "./scene.ts";

const well = { us: { healthy: true }, eu: { healthy: true, lagSeconds: { us: 0.2 } } };
const ill = { ...well, us: { healthy: false } };

describe("expect", () => {
  it("asks the next sample, not one from before", async () => {
    const scene = fakeScene();
    await scene.sample(ill);
    const step = perform(scene, "expect", { target: ["healthy(us)", "lag(eu) < 1s"] });
    await scene.sample(well);
    await step;
  });

  it("fails with the condition that does not hold", async () => {
    const scene = fakeScene();
    const step = perform(scene, "expect", { target: ["lag(eu) < 1s", "healthy(us)"] });
    const failed = expect(step).rejects.toMatchObject({ verdict: "failed", message: "healthy(us) does not hold" });
    await scene.sample(ill);
    await failed;
  });

  it.each([
    ["holds", [well, well, well], undefined],
    ["does not hold in one of them", [well, ill], "healthy(us) does not hold, 500 ms after it was expected to"],
  ])("with `for` asks every sample until the time is over: %s", async (_, samples, message) => {
    const scene = fakeScene();
    const step = perform(scene, "expect", { target: "healthy(us)" }, { forMs: 750 }).catch((error: unknown) => error);
    for (const regions of samples) {
      await scene.clock.advance(250);
      await scene.sample(regions);
    }
    const error = await step;
    if (message === undefined) expect(error).toBeUndefined();
    else expect(error).toMatchObject({ verdict: "failed", message });
  });

  it("is inconclusive where nobody can tell", async () => {
    const scene = fakeScene();
    const step = expect(perform(scene, "expect", { target: "lag(eu) < 1s" })).rejects.toMatchObject({
      verdict: "inconclusive",
      message: "nobody can tell whether lag(eu) < 1s",
    });
    await scene.sample({ ...well, eu: { lagSeconds: null } });
    await step;
  });

  it("refuses what is no condition", () => {
    for (const target of ["5s", ["healthy(us)", "soon"], [], 7, undefined]) {
      const parsed = verbs["expect"]!.args.safeParse({ target });
      expect(parsed.error?.issues[0]?.message, JSON.stringify(target)).toMatch(/expected a condition/);
    }
  });
});
