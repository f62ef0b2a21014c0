import { describe, expect, test } from "vitest";
import { always } from "../../src/checkers/always.ts";
import { expecting, Story, traffic } from "./story.ts";

function ask(name: string, story: Story) {
  const question = always.find((one) => one.name === name)!;
  return { weight: question.weight, ...question.ask(story.events) };
}

const probed = (us: boolean, eu = true) => new Story().probe("us", us).probe("eu", eu);

describe("healthy before the first fault", () => {
  test("by the last probes of every region", () => {
    expect(ask("healthy-at-first", probed(true).fault("kill", ["backend-us"]).probe("us", false))).toMatchObject({
      valid: true,
    });
    expect(ask("healthy-at-first", probed(false).fault("kill", ["backend-eu"]))).toMatchObject({
      valid: false,
      weight: "errored",
      summary: "us not healthy before the first fault",
    });
    expect(
      ask("healthy-at-first", new Story().probe("us", true).fault("kill", ["backend-us"]).probe("eu", true)).valid,
    ).toBe("unknown");
  });

  test("one probe that fails on a busy machine is no illness, three in a row are", () => {
    const after = (failing: number) => {
      const story = probed(true).probes("us", true, 500);
      return ask("healthy-at-first", story.probes("us", false, 500 + failing * 100).fault("kill", ["backend-us"]))
        .valid;
    };
    expect(after(1)).toBe(true);
    expect(after(3)).toBe(false);
  });

  test("a node that had died before is no good start", () => {
    expect(ask("healthy-at-first", probed(true).node("kafka", "down", false).fault("kill", ["backend-us"])).valid).toBe(
      false,
    );
    const mended = probed(true).node("kafka", "down", false).node("kafka", "up", true);
    expect(ask("healthy-at-first", mended.fault("kill", ["backend-us"])).valid).toBe(true);
  });
});

test("every fault took effect: a fault without proof, or with a proof of nothing, makes a run inconclusive", () => {
  expect(ask("faults-took-effect", new Story()).valid).toBe(true);
  expect(ask("faults-took-effect", new Story().fault("kill", ["db-eu"])).valid).toBe(true);
  const idle = new Story().fault("kill", ["db-eu"]).fault("pause", ["kafka"], { effective: false });
  expect(ask("faults-took-effect", idle)).toMatchObject({
    valid: false,
    weight: "inconclusive",
    summary: "1 of 2 faults without measurable effect",
    story: [expect.stringContaining("it still answers")],
  });
  expect(ask("faults-took-effect", new Story().begun("kill", ["db-eu"])).valid).toBe(false);
});

describe("enough traffic", () => {
  const told = (reads: number, writes: number, options: object, region = "us") => {
    const story = new Story(options);
    for (let i = 0; i < reads; i++) story.read(region, i).ok("us:0,eu:0");
    for (let i = 0; i < writes; i++) story.write(region, i, i).ok("us:1,eu:0");
    return ask("enough-traffic", story).valid;
  };
  const ofUs = { traffic: [traffic(["us"])] };

  test("is asked when there is traffic: 20 answers, and some in every region of it", () => {
    expect(told(0, 0, {})).toBe(true);
    expect(told(19, 0, ofUs)).toBe("unknown");
    expect(told(20, 0, ofUs)).toBe(true);
    expect(told(20, 0, { traffic: [traffic()] })).toBe("unknown");
  });

  test("and when data is expected: nothing acknowledged proves nothing", () => {
    const data = { expect: [expecting("no-lost-writes")] };
    expect(told(30, 0, { ...ofUs, ...data })).toBe("unknown");
    expect(told(0, 0, data)).toBe("unknown");
    expect(told(0, 1, data)).toBe(true);
    expect(told(0, 0, { expect: [expecting("recovers")] })).toBe(true);
  });
});

describe("steps", () => {
  test("the worst of them decides, with its detail", () => {
    const story = new Story()
      .step("1", "passed")
      .step("2", "inconclusive", "never lagged")
      .step("3", "failed", "served by eu");
    expect(ask("steps", story)).toMatchObject({
      valid: false,
      weight: "failed",
      summary: 'step 3 (line 3, "wait 3") failed: served by eu',
      story: [expect.stringContaining("step 3"), expect.stringContaining("step 2")],
    });
    expect(ask("steps", new Story().step("1", "inconclusive"))).toMatchObject({ valid: false, weight: "inconclusive" });
    expect(ask("steps", story.step("4", "errored"))).toMatchObject({ weight: "errored" });
    expect(ask("steps", new Story().step("1", "passed")).valid).toBe(true);
  });

  test("a run that stopped in a step, or before one, is unknown; skipped ones are told by the one that failed", () => {
    const steps = [1, 2].map((n) => ({ path: String(n), verb: "wait", args: {}, text: `wait ${n}`, line: n }));
    const stopped = new Story({ steps }).step("1", "passed");
    expect(ask("steps", stopped)).toMatchObject({ valid: "unknown", summary: "1 step never began, from step 2 on" });
    stopped.tell({ type: "step", phase: "begin", path: "2", verb: "wait", text: "wait 2", line: 2 });
    expect(ask("steps", stopped)).toMatchObject({ valid: "unknown", summary: 'the run stopped in step 2, "wait 2"' });
    const skipped = new Story({ steps }).step("1", "failed", "no");
    skipped.tell({ type: "step", phase: "end", path: "2", verdict: "skipped" });
    expect(ask("steps", skipped).summary).toContain("step 1");
  });
});

describe("no node died unasked", () => {
  test.each([
    ["backend-us", "services-alive", "failed"],
    ["kafka", "surroundings-alive", "errored"],
    ["gateway", "surroundings-alive", "errored"],
    ["db-eu", "surroundings-alive", "errored"],
    ["links", "surroundings-alive", "errored"],
  ])("%s is a matter of %s: %s", (node, name, weight) => {
    const died = new Story().node(node, "down", false);
    expect(ask(name, died)).toMatchObject({
      valid: false,
      weight,
      summary: `${node} died and no fault had asked for it`,
    });
    const other = name === "services-alive" ? "surroundings-alive" : "services-alive";
    expect(ask(other, died).valid).toBe(true);
    expect(ask(name, new Story().node(node, "down", true)).valid).toBe(true);
  });
});

test("nothing is left: by the last look, and somebody must have looked", () => {
  expect(ask("nothing-left", new Story().leftovers().end())).toMatchObject({ valid: true });
  expect(ask("nothing-left", new Story().leftovers("backend-us is down").end())).toMatchObject({
    valid: false,
    weight: "errored",
    summary: "1 thing left: backend-us is down",
  });
  expect(ask("nothing-left", new Story().end()).valid).toBe(false);
  expect(ask("nothing-left", new Story().end("interrupted")).valid).toBe("unknown");
});

test("the run went to its end", () => {
  expect(ask("ended", new Story().end()).valid).toBe(true);
  for (const reason of ["timeout", "errored"] as const)
    expect(ask("ended", new Story().end(reason))).toMatchObject({ valid: false, weight: "errored" });
  expect(ask("ended", new Story().end("interrupted")).valid).toBe("unknown");
  expect(ask("ended", new Story().probe("us", true))).toMatchObject({ valid: false, evidence: [2] });
});
