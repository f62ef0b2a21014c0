import { describe, expect, test } from "vitest";
import { latency } from "../../src/checkers/latency.ts";
import { Story, topologyOf } from "./story.ts";

const judge = (story: Story, args: object) => latency.judge(story.events, { region: "us", ...args });

/** Reads of us 100 ms apart, answered after these times; undefined: never. */
function reads(tookMs: readonly (number | undefined)[], story = new Story()): Story {
  for (const [n, took] of tookMs.entries()) {
    const due = 1_000 + n * 100;
    const asked = story.at(due).read("us", 7, { due });
    if (took === undefined) asked.unknown();
    else asked.ok("us:0,eu:0", { value: 3, tookMs: took });
  }
  return story;
}

const times = (n: number, took: number | undefined) => Array.from({ length: n }, () => took);

describe("by nearest rank, counted from when an operation was due", () => {
  test("p99 of 100 is the 99th: one may be slower, two may not", () => {
    expect(judge(reads([...times(99, 10), 500]), { p99: 10 })).toMatchObject({
      valid: true,
      summary: "p99 10 ms (at most 10 ms); 100 due operations of the clients of us, 0 of them never answered",
    });
    const slow = judge(reads([...times(98, 10), 500, 500]), { p99: 499 });
    expect(slow).toMatchObject({ valid: false, summary: expect.stringContaining("p99 500 ms (at most 499 ms)") });
    expect(slow.story![0]).toMatch(
      /98 of 100 were answered within 499 ms, and 99 had to be; .* was due at 10,[89]00 ms/,
    );
    expect(judge(reads([...times(98, 10), 500, 500]), { p99: 500 }).valid).toBe(true);
  });

  test("p50 beside it, each with its own bound", () => {
    const story = reads([...times(50, 10), ...times(50, 200)]);
    expect(judge(story, { p50: 10, p99: 200 }).valid).toBe(true);
    expect(judge(story, { p50: 9, p99: 200 }).valid).toBe(false);
    expect(judge(story, { p50: 10, p99: 199 }).valid).toBe(false);
  });

  test("time spent waiting for a free client counts", () => {
    const story = new Story();
    for (let n = 0; n < 20; n++)
      story
        .at(5_000 + n)
        .read("us", 7, { due: 4_200 + n })
        .ok("us:0,eu:0");
    expect(judge(story, { p50: 801 }).valid).toBe(true);
    expect(judge(story, { p50: 800 }).valid).toBe(false);
  });
});

describe("what was never answered took for ever", () => {
  const spoiled = (tell: (story: Story, due: number) => unknown) => {
    const story = reads(times(98, 10));
    for (const due of [11_000, 11_100]) tell(story.at(due), due);
    return judge(story, { p99: 60_000 });
  };

  test.each<[string, boolean, (story: Story, due: number) => unknown]>([
    ["a timeout", false, (story) => story.read("us", 7).unknown()],
    ["an operation that nobody could begin", false, (story, due) => story.missed("us", due)],
    ["an operation that is still open", false, (story) => story.read("us", 7)],
    ["the gateway saying that nobody is there", false, (story) => story.read("us", 7).refused(503, { by: null })],
    ["not now (429)", false, (story) => story.read("us", 7).refused(429)],
    ["a correct refusal", true, (story) => story.write("us", 7, 1).refused(409)],
    ["an answer by the other region", true, (story) => story.read("us", 7).ok("us:0,eu:0", { by: "eu" })],
    ["a late answer", true, (story) => story.read("us", 7).ok("us:0,eu:0", { tookMs: 5_000 })],
  ])("%s: answered %s", (_, answered, tell) => {
    const { valid, summary } = spoiled(tell);
    expect(valid).toBe(answered);
    expect(summary).toContain(answered ? "0 of them never answered" : "p99 never (at most 1 min)");
  });

  test("a stall that stops all answers cannot hide behind the fast ones before it", () => {
    expect(judge(reads([...times(95, 1), ...times(5, undefined)]), { p99: 10_000 }).valid).toBe(false);
    expect(judge(reads([...times(99, 1), ...times(1, undefined)]), { p99: 10_000 }).valid).toBe(true);
  });
});

test("during faults: only what was due while one was in force", () => {
  const story = reads([...times(100, 10), ...times(100, 300), ...times(100, 10)]);
  story.at(11_000).begun("kill", ["backend-eu"], "k").at(20_999).ended("k", ["backend-eu"]);
  expect(judge(story, { p99: 300, during: "faults" })).toMatchObject({
    valid: true,
    summary: expect.stringContaining("100 due operations of the clients of us while a fault was in force"),
  });
  expect(judge(story, { p50: 299, during: "faults" }).valid).toBe(false);
  expect(judge(story, { p50: 10 }).valid).toBe(true);
});

test("too few operations tell nothing, and another region's do not count", () => {
  expect(judge(reads(times(100, 10)), { p99: 10 }).valid).toBe(true);
  expect(judge(reads(times(99, 10)), { p99: 10 })).toMatchObject({
    valid: "unknown",
    summary: "99 due operations of the clients of us: at least 100 are needed to tell p99",
  });
  expect(judge(reads(times(20, 10)), { p50: 10 }).valid).toBe(true);
  expect(judge(reads(times(19, 10)), { p50: 10 }).valid).toBe("unknown");
  expect(judge(reads(times(100, 10)), { region: "eu", p99: 10 }).valid).toBe("unknown");
  expect(judge(new Story(), { p50: 10, p99: 10 }).valid).toBe("unknown");
});

test("its words", () => {
  const parsed = (args: unknown) => latency.args.safeParse(args);
  expect(parsed({ region: "us", p50: "5ms", p99: "1s" }).data).toEqual({ region: "us", p50: 5, p99: 1_000 });
  for (const wrong of [{ region: "us" }, { p99: "1s" }, { region: "us", p99: 50 }, { region: "us", p95: "1s" }])
    expect(parsed(wrong).success).toBe(false);
  expect(parsed({ region: "us" }).error!.issues[0]!.message).toBe("expected a bound for p99 or p50, like p99: 50ms");
  expect(latency.check!({ region: "ue" }, topologyOf(["us", "eu"]))).toHaveLength(1);
});
