import { describe, expect, test } from "vitest";
import { converges } from "../../src/checkers/converges.ts";
import { Story } from "./story.ts";

const judge = (story: Story, within = 10_000) => converges.judge(story.events, { within });

/** us writes 10 to key 7; key 8 is only read. The heal is at 1,000 ms. */
function written(): Story {
  const story = new Story();
  story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
  story.read("us", 8).ok("us:0,eu:0", { value: 3 });
  return story.at(1_000).healed();
}

const equal = (story: Story) => story.finals(7, 10, "us:1,eu:0", 2).finals(8, 3, "us:0,eu:0", 1);

describe("equal everywhere, in time", () => {
  test("the time counts from the heal to the last reading that differed, over all keys", () => {
    const story = equal(written().at(1_500).round([7]).at(3_000).round([7]).at(3_100).round([]));
    expect(judge(story, 2_000)).toMatchObject({
      valid: true,
      summary: "2 keys equal everywhere; time to converge p50 0 ms, max 2 s",
    });
    const late = judge(story, 1_999);
    expect(late).toMatchObject({
      valid: false,
      summary: expect.stringContaining("1 key still differed 2 s after the heal"),
    });
    expect(late.story).toEqual([expect.stringMatching(/Still different at event \d+: 7\./)]);
  });

  test.each([
    ["value", 11, "us:1,eu:0", 2],
    ["state", 10, "us:0,eu:0", 2],
    ["version", 10, "us:1,eu:0", 1],
  ])("a region that differs in %s is not equal", (_, value, state, version) => {
    const story = written()
      .at(12_000)
      .round([])
      .final("us", 7, 10, "us:1,eu:0", 2)
      .final("eu", 7, value, state, version);
    const { valid, story: told } = judge(story.finals(8, 3, "us:0,eu:0", 1));
    expect(valid).toBe(false);
    expect(told!.join("\n")).toMatch(/Key 7: us holds 10 at us:1,eu:0 \(event \d+\), and eu holds/);
  });

  test("the order of regions in a state does not matter", () => {
    const story = written().round([]).final("us", 7, 10, "us:1,eu:0", 2).final("eu", 7, 10, "eu:0,us:1", 2);
    expect(judge(story.finals(8, 3, "us:0,eu:0", 1)).valid).toBe(true);
  });

  test("keys that still differ when nobody looked long enough are unknown, after the bound they are false", () => {
    const apart = (at: number) =>
      written()
        .at(at)
        .round([7])
        .final("us", 7, 10, "us:1,eu:0")
        .final("eu", 7, 3, "us:0,eu:0")
        .finals(8, 3, "us:0,eu:0");
    expect(judge(apart(5_000)).valid).toBe("unknown");
    expect(judge(apart(12_000)).valid).toBe(false);
  });

  test("a key that nobody read in one region is unknown, one that could not be read is not equal", () => {
    expect(judge(written().round([]).finals(7, 10, "us:1,eu:0")).valid).toBe("unknown");
    const dead = written().round([]).finals(8, 3, "us:0,eu:0").final("us", 7, 10, "us:1,eu:0").unread("eu", 7);
    expect(judge(dead).valid).toBe(false);
  });
});

describe("drained", () => {
  test.each([
    [0, true],
    [3, false],
    [null, "unknown"],
  ])("%s events on their way at the end: %s", (pending, valid) => {
    expect(judge(equal(written().round([], 5).at(12_000).round([], pending))).valid).toBe(valid);
  });
});

describe("explained by what was written", () => {
  const ending = (value: number, outcome: "ok" | "unknown" | "refused") => {
    const story = new Story();
    story.write("us", 8, 1, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    story.read("us", 7).ok("us:0,eu:0", { value: 3 });
    const asked = story.write("us", 7, 10, { basis: "us:0,eu:0" });
    if (outcome === "ok") asked.ok("us:1,eu:0");
    else if (outcome === "unknown") asked.unknown();
    else asked.refused();
    return judge(story.settled({ 8: [1, "us:1,eu:0"], 7: [value, value === 3 ? "us:0,eu:0" : "us:1,eu:0"] }));
  };

  test("a value is that of a write that may have happened, or the untouched starting value", () => {
    expect(ending(10, "ok").valid).toBe(true);
    expect(ending(10, "unknown").valid).toBe(true);
    expect(ending(3, "unknown").valid).toBe(true);
    expect(ending(3, "refused").valid).toBe(true);
  });

  test("a refused value, a starting value that was replaced, and one from nowhere are not", () => {
    expect(ending(10, "refused")).toMatchObject({
      valid: false,
      summary: expect.stringContaining("1 final value that nobody wrote"),
    });
    expect(ending(3, "ok").valid).toBe(false);
    for (const outcome of ["ok", "unknown", "refused"] as const) expect(ending(99, outcome).valid).toBe(false);
  });

  test("equality alone is not enough: all lost alike is not converged", () => {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    story.write("us", 7, 11, { basis: "us:1,eu:0" }).ok("us:2,eu:0");
    const { valid, summary, story: told } = judge(story.settled({ 7: [10, "us:1,eu:0"] }));
    expect({ valid, summary }).toMatchObject({
      valid: false,
      summary: expect.stringContaining("acknowledged writes are lost"),
    });
    expect(told!.join("\n")).toContain("ROLLBACK");
  });
});

test("without a heal at rest, a comparison, or an acknowledged write: unknown", () => {
  const nothing = new Story();
  nothing.read("us", 7).ok("us:0,eu:0", { value: 3 });
  expect(judge(nothing.settled({ 7: [3, "us:0,eu:0"] })).valid).toBe("unknown");
  expect(judge(equal(written())).valid).toBe("unknown");
  const busy = new Story();
  busy.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
  expect(judge(equal(busy.healed(false).round([]))).valid).toBe("unknown");
});
