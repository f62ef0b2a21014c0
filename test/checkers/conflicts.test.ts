import { describe, expect, test } from "vitest";
import { conflicts } from "../../src/checkers/conflicts.ts";
import { side, Story } from "./story.ts";
import type { StoryOptions } from "./story.ts";

const judge = (story: Story, args: object = {}) => conflicts.judge(story.events, args);

const [us, eu] = [side(10, "us:1,eu:0", "a"), side(20, "us:0,eu:1", "b")];

/** us and eu write without knowing of each other; eu's wins. */
function met(options: StoryOptions = {}): Story {
  const story = new Story(options);
  story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
  story.write("eu", 7, 20, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
  return story.settled({ 7: [20, "us:1,eu:1"] });
}

describe("counted", () => {
  test("distinct unordered pairs over all regions, however often they were recorded", () => {
    const both = met().conflict("us", 7, eu, us).conflict("eu", 7, eu, us);
    expect(judge(both, { counted: 1, silent: 0 })).toMatchObject({
      valid: true,
      summary:
        "1 pair of concurrent writes in 2 records of 2 regions (exactly 1 expected); 0 overwritten silently (at most 0)",
    });
    expect(judge(both, { counted: 2 }).valid).toBe(false);
    expect(judge(both, { counted: 0 })).toMatchObject({
      valid: false,
      story: [expect.stringContaining("us recorded (concurrent, event")],
    });
  });

  test("at least is a lower bound, counted an exact one", () => {
    const one = met().conflict("us", 7, eu, us);
    expect(judge(one, { "at-least": 1 }).valid).toBe(true);
    expect(judge(one, { "at-least": 0 }).valid).toBe(true);
    expect(judge(one, { "at-least": 2 }).valid).toBe(false);
    expect(judge(met(), { "at-least": 1 }).valid).toBe(false);
    expect(judge(one, { counted: 1, "at-least": 2 }).valid).toBe(false);
  });

  test("refusals and one id in two regions are no pairs of concurrent writes", () => {
    const others = met()
      .conflict("us", 7, eu, us)
      .conflict("us", 7, eu, null, "rejected")
      .conflict("us", 7, side(10, "us:1,eu:0", "a"), side(10, "us:0,eu:9", "a"), "duplicate-request");
    expect(judge(others, { counted: 1 }).valid).toBe(true);
  });

  test("one spelling of a state is as good as another", () => {
    const spelt = met()
      .conflict("us", 7, eu, us)
      .conflict("eu", 7, side(20, "eu:1,us:0", "b"), side(10, "us:1", "a"));
    expect(judge(spelt, { counted: 1 }).valid).toBe(true);
  });
});

describe("silent", () => {
  test("an acknowledged write that is not current, not known to another, and no recorded loser", () => {
    expect(judge(met().conflict("us", 7, eu, us), { silent: 0 }).valid).toBe(true);
    const silent = judge(met(), { silent: 0 });
    expect(silent).toMatchObject({
      valid: false,
      summary: expect.stringContaining("1 overwritten silently (at most 0)"),
    });
    expect(silent.story![0]).toContain("wrote 10 to key 7");
    expect(judge(met(), { silent: 1 }).valid).toBe(true);
    expect(judge(met()).valid).toBe(true); // nobody asked
  });

  test("one that a later write had seen is not silent, a loser or not", () => {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
    story.write("eu", 7, 20, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
    const merged = (basis: string) => {
      story.write("eu", 7, 30, { basis, id: "c" }).ok("us:1,eu:2");
      return judge(story.settled({ 7: [30, "us:1,eu:2"] }).conflict("us", 7, eu, us), { silent: 0 }).valid;
    };
    expect(merged("us:1,eu:1")).toBe(true);
  });

  test("regions that could not be read, or that differ, leave it open", () => {
    const unread = new Story();
    unread.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
    unread.healed().round([]).unread("us", 7).final("eu", 7, 3, "us:0,eu:0");
    expect(judge(unread, { silent: 0 })).toMatchObject({
      valid: "unknown",
      summary: expect.stringContaining("key not equal everywhere"),
    });
  });
});

describe("every record, recomputed", () => {
  test("no record for a pair of which one had seen the other", () => {
    const story = (basis: string, state: string) => {
      const told = new Story();
      told.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
      told.write("eu", 7, 20, { basis, id: "b" }).ok(state);
      return told.settled({ 7: [20, "us:1,eu:1"] }).conflict("us", 7, side(20, state, "b"), us);
    };
    expect(judge(story("us:0,eu:0", "us:0,eu:1")).valid).toBe(true);
    const ordered = judge(story("us:1,eu:0", "us:1,eu:1"));
    expect(ordered).toMatchObject({ valid: false, summary: expect.stringContaining("1 contradiction in them") });
    expect(ordered.story).toContain(
      "But us:1,eu:1 covers us:1,eu:0: its author had seen the other one, so it is no conflict.",
    );
    const backwards = new Story();
    backwards.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
    backwards.write("us", 7, 11, { basis: "us:1,eu:0", id: "c" }).ok("us:2,eu:0");
    backwards.write("us", 7, 12, { basis: "us:2,eu:0", id: "d" }).ok("us:3,eu:0");
    backwards.settled({ 7: [12, "us:3,eu:0"] });
    expect(judge(backwards).valid).toBe(true);
    const said = judge(backwards.conflict("eu", 7, us, side(11, "us:2,eu:0", "c"))).story;
    expect(said).toContain("But us:2,eu:0 covers us:1,eu:0: its author had seen the other one, so it is no conflict.");
    expect(judge(met().conflict("us", 7, eu, eu)).valid).toBe(false);
    expect(judge(met().conflict("us", 7, eu, null)).valid).toBe(false);
  });

  test("the same winner everywhere", () => {
    const agreeing = met().conflict("us", 7, eu, us).conflict("eu", 7, eu, us);
    expect(judge(agreeing).valid).toBe(true);
    const split = new Story();
    split.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
    split.write("eu", 7, 20, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
    split.write("eu", 7, 30, { basis: "us:1,eu:1", id: "c" }).ok("us:1,eu:2");
    split.settled({ 7: [30, "us:1,eu:2"] }).conflict("us", 7, us, eu);
    expect(judge(split).valid).toBe(true); // which of the two won, nobody can see any more
    const both = judge(split.conflict("eu", 7, eu, us));
    expect(both.valid).toBe(false);
    expect(both.story).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^us recorded .* that 10 .* won over 20/),
        expect.stringMatching(/^eu recorded .* that 20 .* won over 10/),
      ]),
    );
    expect(both.story!.at(-1)).toContain("one winner is wrong");
  });

  test("what stands in the end has lost to nobody", () => {
    const wrong = judge(met().conflict("us", 7, us, eu));
    expect(wrong.valid).toBe(false);
    expect(wrong.story!.join("\n")).toContain("But in the end all regions hold 20");
    const again = new Story();
    again.write("us", 7, 20, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
    again.write("eu", 7, 15, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
    again.write("eu", 7, 20, { basis: "us:1,eu:1", id: "c" }).ok("us:1,eu:2");
    again.settled({ 7: [20, "us:1,eu:2"] }).conflict("eu", 7, side(15, "us:0,eu:1", "b"), side(20, "us:1,eu:0", "a"));
    expect(judge(again).valid).toBe(true); // another write of the same value stands there
    const twice = met()
      .conflict("us", 7, us, eu)
      .conflict("us", 7, side(20, "us:2,eu:0", "b"), eu, "duplicate-request");
    expect(judge(twice).valid).toBe(true); // it lost with one of its states and stands with the other
  });

  /** us writes a, then b having seen it; eu writes x knowing neither. eu met a, us met b. */
  const chain = (policy: "hybrid-clock" | "wall-clock", winners: readonly ["a" | "x", "b" | "x"]) => {
    const sides = { a: us, b: side(11, "us:2,eu:0", "b2"), x: eu };
    const story = new Story({ conflicts: policy });
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
    story.write("us", 7, 11, { basis: "us:1,eu:0", id: "b2" }).ok("us:2,eu:0");
    story.write("eu", 7, 20, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
    story.write("eu", 7, 30, { basis: "us:2,eu:1", id: "z" }).ok("us:2,eu:2");
    story.settled({ 7: [30, "us:2,eu:2"] });
    const pairs = [["a", "x"] as const, ["b", "x"] as const];
    for (const [n, region] of ["eu", "us"].entries()) {
      const winner = winners[n]!;
      const loser = pairs[n]!.find((name) => name !== winner)!;
      story.conflict(region, 7, sides[winner], sides[loser]);
    }
    return judge(story);
  };

  test("under hybrid clocks a write is above all that it had seen, so who loses to it loses to what follows it", () => {
    expect(chain("hybrid-clock", ["a", "b"]).valid).toBe(true);
    expect(chain("hybrid-clock", ["x", "b"]).valid).toBe(true);
    expect(chain("hybrid-clock", ["x", "x"]).valid).toBe(true);
    const circle = chain("hybrid-clock", ["a", "x"]);
    expect(circle.valid).toBe(false);
    expect(circle.story!.join("\n")).toContain("us:2 had seen us:1, so its stamp is above that.");
  });

  test("under wall clocks a later write may carry the smaller stamp", () => {
    expect(chain("wall-clock", ["a", "x"]).valid).toBe(true);
  });

  test("three that win over each other in a circle, under any clock", () => {
    const three = (last: "a over c" | "c over a") => {
      const story = new Story({ regions: ["us", "eu", "ap"], conflicts: "wall-clock" });
      const [a, b, c] = [side(1, "us:1", "a"), side(2, "eu:1", "b"), side(3, "ap:1", "c")];
      story.write("us", 7, 1, { basis: "us:0", id: "a" }).ok("us:1");
      story.write("eu", 7, 2, { basis: "us:0", id: "b" }).ok("eu:1");
      story.write("ap", 7, 3, { basis: "us:0", id: "c" }).ok("ap:1");
      story.write("us", 7, 4, { basis: "us:1,eu:1,ap:1", id: "d" }).ok("us:2,eu:1,ap:1");
      story.settled({ 7: [4, "us:2,eu:1,ap:1"] });
      story.conflict("us", 7, a, b).conflict("eu", 7, b, c);
      return judge(last === "a over c" ? story.conflict("ap", 7, a, c) : story.conflict("ap", 7, c, a), { counted: 3 });
    };
    expect(three("a over c").valid).toBe(true);
    expect(three("c over a").valid).toBe(false);
  });

  test("states that are no vectors cannot be recomputed: never true", () => {
    const story = new Story();
    story.write("us", 7, 10, { basis: "etag-0", id: "a" }).ok("etag-a");
    story.write("eu", 7, 20, { basis: "etag-0", id: "b" }).ok("etag-b");
    story.settled({ 7: [20, "etag-b"] }).conflict("us", 7, side(20, "etag-b", "b"), side(10, "etag-a", "a"));
    expect(judge(story, { counted: 1, silent: 0 })).toMatchObject({
      valid: "unknown",
      summary: expect.stringContaining("1 record could not be recomputed"),
    });
    expect(judge(story, { counted: 2 }).valid).toBe(false);
  });
});

test("without an end nothing is true, but a wrong record is wrong", () => {
  const open = new Story();
  open.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
  expect(judge(open, { counted: 0 }).valid).toBe("unknown");
  expect(judge(open.conflict("us", 7, us, us), { counted: 1 }).valid).toBe(false);
  expect(judge(new Story().settled({ 7: [3, "us:0,eu:0"] }), { counted: 0 }).valid).toBe("unknown");
});

test("its words", () => {
  const parsed = (args: unknown) => conflicts.args.safeParse(args);
  for (const right of [{}, { counted: 1 }, { "at-least": 1, silent: 0 }]) expect(parsed(right).data).toEqual(right);
  for (const wrong of [{ counted: -1 }, { counted: 1.5 }, { "at-least": "1" }, { silent: "none" }, { count: 1 }])
    expect(parsed(wrong).success).toBe(false);
});
