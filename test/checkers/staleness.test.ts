// staleness: how old the news was that a read did not show.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Ladder } from "../../src/checkers/sessions/ladder.ts";
import { staleness } from "../../src/checkers/staleness.ts";
import type { Event } from "../../src/model/event.ts";
import { staleReads } from "./session-oracle.ts";
import { changed } from "./spoiling.ts";
import { Story, topologyOf } from "./story.ts";
import { goodHistory } from "./world.ts";

const judge = (story: Story | readonly Event[], args: object = {}) =>
  staleness.judge(story instanceof Story ? story.events : story, { "at-most": 2_000, ...args });

/** us writes once, answered at 1,000 ms; eu is asked at that time and shows what is told. */
function writtenAndRead(askedAt: number, state: string, story = new Story()): Story {
  story.at(990).write("us", 7, 1).ok("us:1,eu:0", { tookMs: 10 });
  story.at(askedAt).read("eu", 7).ok(state);
  return story;
}

describe("the time", () => {
  test("counts from the answer to the write until the read is asked", () => {
    expect(judge(writtenAndRead(3_000, "us:0,eu:0"))).toMatchObject({
      valid: true,
      summary: expect.stringContaining(
        "none too stale: p50 2 s, p99 2 s, max 2,000 ms and 1 version behind (at most 2 s)",
      ),
    });
    expect(judge(writtenAndRead(3_001, "us:0,eu:0")).valid).toBe(false);
    expect(judge(writtenAndRead(3_001, "us:1,eu:0")).valid).toBe(true);
  });

  test("a concurrent write that was not seen is news too, one that was merged is not", () => {
    expect(judge(writtenAndRead(9_000, "us:0,eu:5")).valid).toBe(false);
    expect(judge(writtenAndRead(9_000, "us:1,eu:5")).valid).toBe(true);
  });

  test("counts from the earliest of the newer writes", () => {
    const story = new Story();
    story.at(1_000).write("us", 7, 1).ok("us:1,eu:0");
    story.at(2_000).write("us", 7, 2).ok("us:2,eu:0");
    story.at(3_500).read("eu", 7).ok("us:1,eu:0"); // knows the first: 1.5 s
    expect(judge(story).valid).toBe(true);
    story.read("eu", 7).ok("us:0,eu:0"); // knows none: 2.5 s
    expect(judge(story)).toMatchObject({
      valid: false,
      summary: expect.stringContaining("max 2,501 ms and 2 versions"),
    });
  });

  test("a write that is answered while the read is on its way was nobody's news yet", () => {
    const story = new Story().at(1_000);
    story.write("us", 8, 1).ok("us:1,eu:0");
    const write = story.write("us", 7, 1);
    story.at(5_000);
    const read = story.read("eu", 7);
    write.ok("us:1,eu:0");
    read.ok("us:0,eu:0");
    expect(judge(story)).toMatchObject({ valid: "unknown", summary: expect.stringContaining("1 read before any") });
  });

  test("an unanswered write is nobody's news", () => {
    const story = new Story();
    story.at(1_000).write("us", 7, 1).ok("us:1,eu:0");
    story.write("us", 7, 2, { client: "ann" }).unknown();
    story.at(9_000).read("eu", 7).ok("us:1,eu:0");
    expect(judge(story).valid).toBe(true);
  });
});

test("versions: so many newer writes, a repeated one counted once", () => {
  const story = new Story();
  for (let n = 1; n <= 3; n++) {
    const asked = story.write("us", 7, n, { id: `w${n}` });
    asked.ok(`us:${n},eu:0`);
    story.write("us", 7, n, { id: `w${n}`, repeatOf: asked.op }).ok(`us:${n},eu:0`, { stored: true });
  }
  story.read("eu", 7).ok("us:1,eu:0");
  expect(judge(story, { versions: 2 }).valid).toBe(true);
  expect(judge(story, { versions: 1 })).toMatchObject({
    valid: false,
    story: expect.arrayContaining([
      expect.stringContaining("missed 2 acknowledged writes (at most 2 s and 1 version)"),
    ]),
  });
});

describe("fault windows", () => {
  const during = (readAt: number) => {
    const story = new Story().at(500).begun("partition", [], "cut");
    story.at(990).write("us", 7, 1).ok("us:1,eu:0", { tookMs: 10 });
    const read = () => void story.at(readAt).read("eu", 7).ok("us:0,eu:0");
    if (readAt < 10_000) read();
    story.at(10_000).ended("cut", []);
    if (readAt >= 10_000) read();
    story.at(20_000).read("us", 7).ok("us:1,eu:0");
    return story;
  };

  test("inside is told, and judged only when asked for", () => {
    const inside = judge(during(5_000));
    expect(inside).toMatchObject({
      valid: true,
      summary: expect.stringMatching(/1 read checked inside .* 1 too stale.*, not judged/),
    });
    expect(inside.breakdown).toEqual([
      { of: "same region, outside fault windows", checked: 1, violated: 0 },
      { of: "moved region, outside fault windows", checked: 0, violated: 0 },
      { of: "same region, inside fault windows", checked: 0, violated: 0 },
      { of: "moved region, inside fault windows", checked: 1, violated: 1 },
    ]);
    expect(judge(during(5_000), { during: "faults" }).valid).toBe(false);
    expect(judge(during(2_000), { during: "faults" }).valid).toBe(true);
  });

  test("a grace after the end belongs to the fault, a second unless said", () => {
    expect(judge(during(11_000)).valid).toBe(true);
    expect(judge(during(11_001)).valid).toBe(false);
    expect(judge(during(12_000), { grace: 2_000 }).valid).toBe(true);
    expect(judge(during(10_001), { grace: 0 }).valid).toBe(false);
  });

  test("nothing on the side that is judged: unknown", () => {
    expect(judge(writtenAndRead(1_500, "us:1,eu:0"), { during: "faults" })).toMatchObject({
      valid: "unknown",
      summary: expect.stringMatching(
        /^nothing to check: no read followed .* inside fault windows; 1 read checked outside/,
      ),
    });
  });
});

describe("what is left out", () => {
  test("no write, no read: unknown", () => {
    expect(judge(new Story()).valid).toBe("unknown");
    const story = new Story();
    story.read("us", 7).ok("us:0,eu:0");
    expect(judge(story)).toMatchObject({
      valid: "unknown",
      summary:
        "nothing to check: no read followed an acknowledged write of its key outside fault windows; 1 read before any acknowledged write of the key left out",
    });
  });

  test("numbers are compared within a region only", () => {
    const story = new Story();
    story.at(1_000).write("us", 7, 1).ok(undefined, { version: 5 });
    story.at(9_000).read("eu", 7).ok(undefined, { version: 2 });
    expect(judge(story)).toMatchObject({ valid: "unknown", summary: expect.stringContaining("only version vectors") });
    story.read("us", 7).ok(undefined, { version: 4 });
    expect(judge(story)).toMatchObject({
      valid: false,
      story: expect.arrayContaining([expect.stringContaining("But version 4 is less than version 5")]),
    });
  });

  test("region: only what it answered", () => {
    const story = writtenAndRead(9_000, "us:0,eu:0");
    story.read("us", 7).ok("us:1,eu:0");
    expect(judge(story, { region: "us" }).valid).toBe(true);
    expect(judge(story, { region: "eu" }).valid).toBe(false);
    story.read("us", 7).ok("us:0,eu:0", { by: "eu" });
    expect(judge(story, { region: "us" }).summary).toContain("1 read checked");
  });
});

test("a failure names the write, the read, and what lies between them; the worst of each key", () => {
  const story = writtenAndRead(3_500, "us:0,eu:0");
  story.at(4_000).read("eu", 7).ok("us:0,eu:0", { value: 0 });
  const { story: told, evidence } = judge(story);
  expect(told).toEqual([
    "Client us-1 wrote 1 to key 7 in us at 990 ms (event 2); answered at 1,000 ms (event 3) with us:1,eu:0.",
    "Client eu-1 read 0 of key 7 in eu at 4,000 ms (event 6), at us:0,eu:0.",
    "But us:0,eu:0 does not cover us:1,eu:0: it was asked 3 s after the answer to that write, and missed 1 acknowledged write (at most 2 s).",
    "And 1 more like this.",
  ]);
  expect(evidence).toEqual([7, 3, 6, 2]);
});

describe("whole histories", () => {
  const seeds = fc.integer({ min: 0, max: 1e6 });
  const world = (seed: number) => goodHistory({ seed, operations: 150, keys: 2 });
  const numbered = (seed: number) =>
    changed(world(seed), (event) => (event.type === "complete" ? { ...event, state: undefined } : event));

  test.each([
    ["with vectors", world],
    ["with numbers", numbered],
  ])("%s: the tightest bounds hold, and not a little less", (_, tell) => {
    let stale = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = tell(seed);
        const reads = staleReads(history);
        for (const during of [undefined, "faults"]) {
          const asked = reads.filter(({ inside }) => inside === (during === "faults"));
          const timeMs = Math.max(0, ...asked.map((read) => read.timeMs));
          const versions = Math.max(0, ...asked.map((read) => read.versions));
          const bounds = { "at-most": timeMs, versions, during };
          expect(judge(history, bounds).valid).toBe(asked.length === 0 ? "unknown" : true);
          const checked = judge(history, bounds).breakdown!.reduce((total, part) => total + part.checked, 0);
          expect(checked).toBe(reads.length);
          if (timeMs === 0) continue;
          stale++;
          expect(judge(history, { ...bounds, "at-most": timeMs - 1e-6 }).valid).toBe(false);
          expect(judge(history, { ...bounds, versions: versions - 1 }).valid).toBe(false);
        }
      }),
      { numRuns: 60, seed: 7 },
    );
    expect(stale > 0).toBe(tell === world); // a region is never behind itself
  });

  test("a read that is answered much later as of the beginning is rejected", () => {
    let spoiled = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const good = world(seed);
        if (judge(good, { "at-most": 60_000, grace: 0 }).valid !== true) return;
        const last = good.findLast((event) => event.type === "invoke" && event.kind === "read");
        const answer = good.find((event) => event.type === "complete" && event.op === (last as { op: number }).op);
        if (answer?.type !== "complete" || answer.outcome.type !== "ok" || answer.state === "us:0,eu:0") return;
        spoiled++;
        const late = changed(good, (event) => {
          if (event === answer) return { ...answer, at: 100_001, state: "us:0,eu:0" };
          return event === last ? { ...event, at: 100_000 } : event;
        });
        expect(judge(late, { "at-most": 60_000, grace: 0 }).valid).toBe(false);
      }),
      { numRuns: 60, seed: 8 },
    );
    expect(spoiled).toBeGreaterThan(10);
  });
});

test("work does not grow faster than the writes of a key", () => {
  const looks = (count: number) => {
    let looked = 0;
    const completed = Float64Array.from({ length: count }, (_, i) => i);
    const levelOf = (write: number) => {
      looked++;
      return write;
    };
    const ladder = new Ladder([...completed.keys()], levelOf, completed);
    for (let i = 0; i < count; i++) ladder.count(i);
    expect([ladder.oldestAbove(count / 2), ladder.countedAbove(count / 2)]).toEqual([count / 2 + 1, count / 2 - 1]);
    expect(ladder.oldestAbove(count)).toBe(-1);
    return looked;
  };
  expect(looks(4_000) / looks(2_000)).toBeLessThan(2.5);

  const story = new Story();
  for (let i = 1; i <= 30_000; i++) {
    story.write("us", 1, i).ok(`us:${i},eu:0`);
    story.read("eu", 1).ok("us:0,eu:0");
  }
  expect(judge(story, { "at-most": 1e9, versions: 30_000 }).valid).toBe(true);
  expect(judge(story, { "at-most": 1e9, versions: 29_999 }).valid).toBe(false);
});

test("its words", () => {
  const parsed = (args: unknown) => staleness.args.safeParse(args);
  expect(parsed({ "at-most": "2s", versions: 3, region: "us", grace: "500ms", during: "faults" }).data).toEqual({
    "at-most": 2_000,
    versions: 3,
    region: "us",
    grace: 500,
    during: "faults",
  });
  for (const wrong of [{}, { "at-most": 2 }, { "at-most": "2s", versions: -1 }, { "at-most": "2s", during: "fault" }])
    expect(parsed(wrong).success).toBe(false);
  const topology = topologyOf(["us", "eu"]);
  expect(staleness.check!({ "at-most": 1 }, topology)).toEqual([]);
  expect(staleness.check!({ "at-most": 1, region: "use" }, topology)[0]!.hint).toContain('Did you mean "us"');
});
