import { describe, expect, test } from "vitest";
import { noLostWrites } from "../../src/checkers/no-lost-writes.ts";
import { side, Story } from "./story.ts";

const judge = (story: Story, args: { losers?: "refused" } = {}) => noLostWrites.judge(story.events, args);

/** us writes 10, then 11 having seen it. */
function twoWrites(): Story {
  const story = new Story();
  story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
  story.write("us", 7, 11, { basis: "us:1,eu:0" }).ok("us:2,eu:0");
  return story;
}

/** us and eu write without knowing of each other; eu's wins. */
function conflict(): Story {
  const story = new Story();
  story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
  story.write("eu", 7, 20, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
  return story.settled({ 7: [20, "us:1,eu:1"] });
}

describe("current and superseded", () => {
  test("a write that stands and one that it had seen are accounted for", () => {
    expect(judge(twoWrites().settled({ 7: [11, "us:2,eu:0"] }))).toMatchObject({
      valid: true,
      summary: "2 acknowledged: 1 current, 1 superseded, 0 lost to recorded conflicts, 0 silently",
    });
  });

  test("ROLLBACK: the final state does not cover what was acknowledged", () => {
    const { valid, summary, story, evidence } = judge(twoWrites().settled({ 7: [10, "us:1,eu:0"] }));
    expect({ valid, summary }).toEqual({
      valid: false,
      summary: "2 acknowledged: 1 current, 0 superseded, 0 lost to recorded conflicts, 1 silently",
    });
    expect(story!.join("\n")).toMatch(/ROLLBACK: Client us-1 wrote 11 to key 7 in us .*answered at .* with us:2,eu:0/);
    expect(evidence[0]).toBe(5); // the acknowledgement
  });

  test("VANISHED: the state was kept, the value was not", () => {
    const { valid, story } = judge(twoWrites().settled({ 7: [10, "us:2,eu:0"] }));
    expect(valid).toBe(false);
    expect(story!.join("\n")).toMatch(/VANISHED: Client us-1 wrote 11/);
  });

  test("FORK: one region acknowledged one counter twice", () => {
    const told = (second: string) => {
      const story = new Story();
      story.write("us", 7, 10, { basis: "us:0,eu:0", client: "c1" }).ok("us:1,eu:0");
      story.write("us", 7, 11, { basis: second === "us:1,eu:0" ? "us:0,eu:0" : "us:1,eu:0", client: "c2" }).ok(second);
      return story.settled({ 7: [11, second] });
    };
    expect(judge(told("us:2,eu:0")).valid).toBe(true);
    const forked = judge(told("us:1,eu:0"));
    expect(forked).toMatchObject({ valid: false });
    expect(forked.story!.join("\n")).toMatch(
      /FORK: Client c1 wrote 10 .*\n.*Client c2 wrote 11 .*\n.*one counter cannot be two writes/,
    );
  });

  test("a fork is one even when a later write hides both", () => {
    const story = new Story();
    const a = story.write("us", 7, 10, { basis: "us:0,eu:0", client: "c1" });
    story.write("us", 7, 11, { basis: "us:0,eu:0", client: "c2" }).ok("us:1,eu:0");
    a.ok("us:1,eu:0");
    story.write("us", 7, 12, { basis: "us:1,eu:0" }).ok("us:2,eu:0");
    expect(judge(story.settled({ 7: [12, "us:2,eu:0"] }))).toMatchObject({
      valid: false,
      summary: "3 acknowledged: 1 current, 1 superseded, 0 lost to recorded conflicts, 1 silently",
    });
  });
});

describe("losers", () => {
  const [us, eu] = [side(10, "us:1,eu:0", "a"), side(20, "us:0,eu:1", "b")];

  test("a write that lost to a recorded conflict is accounted for, one that lost without is not", () => {
    expect(judge(conflict().conflict("us", 7, eu, us))).toMatchObject({
      valid: true,
      summary: "2 acknowledged: 1 current, 0 superseded, 1 lost to recorded conflicts, 0 silently",
    });
    expect(judge(conflict())).toMatchObject({ valid: false, summary: expect.stringContaining("1 silently") });
  });

  test("the strict form allows no losers, and tells which record", () => {
    const strict = judge(conflict().conflict("us", 7, eu, us), { losers: "refused" });
    expect(strict).toMatchObject({ valid: false, summary: expect.stringContaining("losers are refused") });
    expect(strict.story!.join("\n")).toContain("LOSER: Client us-1 wrote 10");
    expect(judge(twoWrites().settled({ 7: [11, "us:2,eu:0"] }), { losers: "refused" }).valid).toBe(true);
  });

  test.each([
    ["a refusal (409)", (story: Story) => story.conflict("us", 7, eu, us, "rejected")],
    ["a record that names it as the winner", (story: Story) => story.conflict("us", 7, us, eu)],
    ["a winner that nobody wrote", (story: Story) => story.conflict("us", 7, side(99, "us:0,eu:9", "ghost"), us)],
    ["another key's record", (story: Story) => story.conflict("us", 8, eu, us)],
  ])("%s does not account for a loser", (_, record) => {
    expect(judge(record(conflict())).valid).toBe(false);
  });

  test("a record between a write and one that had seen it accounts for nothing", () => {
    const story = twoWrites();
    story.conflict("eu", 7, side(10, "us:1,eu:0", "id-7-10"), side(11, "us:2,eu:0", "id-7-11"));
    expect(judge(story.settled({ 7: [10, "us:2,eu:0"] })).valid).toBe(false);
  });

  test("a superseder may itself be a loser", () => {
    const story = twoWrites();
    story.write("eu", 7, 20, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
    story
      .settled({ 7: [20, "us:2,eu:1"] })
      .conflict("us", 7, side(20, "us:0,eu:1", "b"), side(11, "us:2,eu:0", "id-7-11"));
    expect(judge(story)).toMatchObject({
      valid: true,
      summary: "3 acknowledged: 1 current, 1 superseded, 1 lost to recorded conflicts, 0 silently",
    });
  });
});

describe("writes without an answer", () => {
  /** 10 is acknowledged; then 11, which had seen it, gets no answer. */
  function unanswered(): Story {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    story.write("us", 7, 11, { basis: "us:1,eu:0", id: "u" }).unknown();
    return story;
  }

  test("they may be there or not", () => {
    expect(judge(unanswered().settled({ 7: [10, "us:1,eu:0"] })).valid).toBe(true);
    expect(judge(unanswered().settled({ 7: [11, "us:2,eu:0"] })).valid).toBe(true);
  });

  test("one that was seen supersedes, one that nobody saw does not", () => {
    const replaced = (story: Story) => {
      story.write("eu", 7, 20, { basis: "us:0,eu:0", id: "b" }).ok("us:0,eu:1");
      return story.settled({ 7: [20, "us:2,eu:1"] });
    };
    const unseen = replaced(unanswered());
    expect(judge(unseen).valid).toBe(false);

    const read = unanswered();
    read.read("us", 7).ok("us:2,eu:0", { value: 11 });
    expect(judge(replaced(read)).valid).toBe(true);

    const recorded = replaced(unanswered()).conflict("us", 7, side(20, "us:0,eu:1", "b"), side(11, "us:2,eu:0", "u"));
    expect(judge(recorded).valid).toBe(true);

    const based = unanswered();
    based.write("us", 7, 12, { basis: "us:2,eu:0" }).refused();
    expect(judge(replaced(based)).valid).toBe(true);
  });

  test("an attempt that was answered makes the whole write acknowledged", () => {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).unknown();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a", repeatOf: 1 }).ok("us:1,eu:0", { stored: true });
    expect(judge(story.settled({ 7: [10, "us:1,eu:0"] })).summary).toContain("1 acknowledged: 1 current");
    expect(judge(story.settled({ 7: [3, "us:0,eu:0"] })).valid).toBe(false);
  });

  test("a refusal after an unanswered attempt proves nothing: the write may stand in the end", () => {
    const story = new Story();
    story.write("us", 8, 1, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).unknown();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a", repeatOf: 2 }).refused();
    expect(judge(story.settled({ 7: [10, "us:1,eu:0"], 8: [1, "us:1,eu:0"] })).summary).toContain(
      "1 unanswered, of which 1 was seen",
    );
  });
});

describe("one id with effects in two regions", () => {
  /** No answer from us, where it happened; sent again, eu did it too. Then us's effect won over eu's. */
  function twice(): Story {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).unknown();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a", repeatOf: 1 }).ok("us:0,eu:1", { by: "eu" });
    return story.conflict("eu", 7, side(10, "us:1,eu:0", "a"), side(10, "us:0,eu:1", "a"), "duplicate-request");
  }

  test("is there as long as one of them is", () => {
    const story = twice();
    story.write("us", 7, 11, { basis: "us:1,eu:0" }).ok("us:2,eu:0");
    expect(judge(story.settled({ 7: [11, "us:2,eu:1"] })).valid).toBe(true);
  });

  test("but does not lose to itself", () => {
    expect(judge(twice().settled({ 7: [3, "us:1,eu:1"] })).valid).toBe(false);
  });
});

describe("states that are no version vectors", () => {
  test("ancestry goes by the state that was sent, or by the version and the region that said it", () => {
    const told = (basis: string) => {
      const story = new Story();
      story.write("us", 7, 10, { basis: "etag-a" }).ok("etag-b");
      story.write("us", 7, 11, { basis }).ok("etag-c");
      return story.settled({ 7: [11, "etag-c"] });
    };
    expect(judge(told("etag-b")).valid).toBe(true);
    expect(judge(told("etag-a")).valid).toBe(false);
  });

  test("after a failover one number means two states: the write that trusted it overwrote silently", () => {
    const told = (readIn: "us" | "eu") => {
      const story = new Story();
      story.write("us", 7, 10, { client: "c1", expected: 1 }).ok(undefined, { by: "eu", version: 2 });
      story.read("us", 7, { client: "c2" }).ok(undefined, { by: readIn, version: 2, value: readIn === "eu" ? 10 : 5 });
      story.write("us", 7, 11, { client: "c2", expected: 2 }).ok(undefined, { by: "eu", version: 3 });
      return story.settled({ 7: [11, undefined, 3] });
    };
    expect(judge(told("eu")).valid).toBe(true);
    expect(judge(told("us")).valid).toBe(false);
  });
});

describe("without an end nothing is true", () => {
  test("nothing acknowledged, never healed, traffic not stopped, not read, written afterwards: unknown", () => {
    const refused = new Story();
    refused.write("us", 7, 10, { basis: "us:0,eu:0" }).refused();
    const after = twoWrites().settled({ 7: [11, "us:2,eu:0"] });
    after.write("us", 7, 12, { basis: "us:2,eu:0" }).ok("us:3,eu:0");
    const stories = [
      refused.settled({ 7: [3, "us:0,eu:0"] }),
      twoWrites(),
      twoWrites().finals(7, 11, "us:2,eu:0"),
      twoWrites().healed(false).finals(7, 11, "us:2,eu:0"),
      twoWrites().healed(),
      after,
    ];
    expect(stories.map((story) => judge(story).valid)).toEqual(stories.map(() => "unknown"));
  });

  test("a region that could not be read leaves its writes undecided; regions that differ leave the end open", () => {
    const unread = twoWrites().healed().unread("us", 7).final("eu", 7, 3, "us:0,eu:0");
    expect(judge(unread)).toMatchObject({ valid: "unknown", summary: expect.stringContaining("1 undecided") });
    const behind = twoWrites().healed().final("us", 7, 11, "us:2,eu:0").final("eu", 7, 3, "us:0,eu:0");
    expect(judge(behind)).toMatchObject({
      valid: "unknown",
      summary: expect.stringContaining("1 key not equal everywhere"),
    });
  });
});
