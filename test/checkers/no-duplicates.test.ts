import { describe, expect, test } from "vitest";
import { noDuplicates } from "../../src/checkers/no-duplicates.ts";
import { side, Story } from "./story.ts";

const judge = (story: Story) => noDuplicates.judge(story.events, {});

/** 10 is sent twice with one id; the second answer is as told. */
function repeated(state: string, finalState = "us:1,eu:0", answer = {}): Story {
  const story = new Story();
  story.read("us", 7).ok("us:0,eu:0", { value: 3, version: 1 });
  story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0", { version: 2 });
  story
    .write("us", 7, 10, { basis: "us:0,eu:0", id: "a", repeatOf: 2 })
    .ok(state, { stored: true, version: 2, ...answer });
  return story.settled({ 7: [10, finalState] });
}

describe("answers", () => {
  test("a repeat gets the same answer; another state is another effect", () => {
    expect(judge(repeated("us:1,eu:0"))).toMatchObject({
      valid: true,
      summary: "1 id, 1 sent more than once, 0 accounted duplicates, effects counted for 2 pairs of key and region",
    });
    const twice = judge(repeated("us:2,eu:0", "us:2,eu:0"));
    expect(twice.valid).toBe(false);
    expect(twice.story![0]).toMatch(/Id a took effect 2 times \(us:1 and us:2\), and no record accounts for it/);
    expect(judge(repeated("us:1,eu:0", "us:1,eu:0", { version: 3 })).valid).toBe(false);
  });

  test("the same id with another payload must be refused", () => {
    const told = (accepted: boolean) => {
      const story = new Story();
      story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
      const other = story.write("us", 7, 11, { basis: "us:1,eu:0", id: "a" });
      if (accepted) other.ok("us:2,eu:0");
      else other.refused(422);
      return story.settled({ 7: accepted ? [11, "us:2,eu:0"] : [10, "us:1,eu:0"] });
    };
    expect(judge(told(false)).valid).toBe(true);
    expect(judge(told(true))).toMatchObject({
      valid: false,
      story: [expect.stringContaining("2 different payloads"), expect.anything(), expect.anything()],
    });
  });

  test("an id in two regions that could not know of each other is a duplicate, accounted for when it is recorded", () => {
    const told = () => {
      const story = new Story();
      story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
      story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a", repeatOf: 1 }).ok("us:0,eu:1", { by: "eu" });
      return story.settled({ 7: [10, "us:1,eu:1"] });
    };
    const [us, eu] = [side(10, "us:1,eu:0", "a"), side(10, "us:0,eu:1", "a")];
    expect(judge(told()).valid).toBe(false);
    expect(judge(told().conflict("eu", 7, us, eu)).valid).toBe(false);
    expect(judge(told().conflict("eu", 7, us, eu, "duplicate-request"))).toMatchObject({
      valid: true,
      summary: expect.stringContaining("1 accounted duplicates"),
    });
  });
});

describe("counters", () => {
  /** One acknowledged write, one without an answer; the end as told. */
  const counted = (
    finalState: string,
    { second = "unknown" as "unknown" | "refused", by = undefined as string | undefined } = {},
  ) => {
    const story = new Story();
    story.read("us", 7).ok("us:0,eu:0", { value: 3 });
    story.read("eu", 7).ok("us:0,eu:0", { value: 3 });
    story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    const asked = story.write("us", 7, 11, { basis: "us:1,eu:0" });
    if (second === "unknown") asked.unknown("500", { by });
    else asked.refused();
    return judge(story.settled({ 7: [10, finalState] }));
  };

  test("a counter moves by what was acknowledged, and by what may have happened at most", () => {
    expect(counted("us:1,eu:0").valid).toBe(true);
    expect(counted("us:2,eu:0").valid).toBe(true);
    expect(counted("us:3,eu:0").valid).toBe(false);
    expect(counted("us:0,eu:0").valid).toBe(false);
    expect(counted("us:2,eu:0", { second: "refused" }).valid).toBe(false);
  });

  test("an unanswered write may have happened in any region, but only in one, and only where it was sent if that is known", () => {
    expect(counted("us:1,eu:1").valid).toBe(true);
    expect(counted("us:2,eu:1").valid).toBe(false);
    expect(counted("us:1,eu:1", { by: "us" }).valid).toBe(false);
  });

  test("a write that failed over counts for the region that served it", () => {
    const told = (finalState: string) => {
      const story = new Story();
      story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:0,eu:1", { by: "eu" });
      return judge(story.settled({ 7: [10, finalState] }));
    };
    expect(told("us:0,eu:1").valid).toBe(true);
    expect(told("us:1,eu:0").valid).toBe(false);
  });

  test("a stored answer from another region tells nothing of where the write happened", () => {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).unknown();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a", repeatOf: 1 }).ok("us:1,eu:0", { stored: true, by: "eu" });
    expect(judge(story.settled({ 7: [10, "us:1,eu:0"] })).valid).toBe(true);
  });

  test("a stack may be older than the run: counting begins where the first reader stood", () => {
    const told = (finalState: string) => {
      const story = new Story();
      story.read("us", 7).ok("us:40,eu:2", { value: 3 });
      story.write("us", 7, 10, { basis: "us:40,eu:2" }).ok("us:41,eu:2");
      return judge(story.settled({ 7: [10, finalState] }));
    };
    expect(told("us:41,eu:2").valid).toBe(true);
    const twice = told("us:42,eu:2");
    expect(twice.valid).toBe(false);
    expect(twice.story![0]).toBe("us acknowledged 1 write of key 7; its counter moved by 2 (from 40 to 42).");
  });
});

describe("without evidence nothing is true", () => {
  test("opaque states and no repeats show nothing; repeats alone show something", () => {
    const told = (repeats: number) => {
      const story = new Story();
      for (let i = 0; i <= repeats; i++) story.write("us", 7, 10, { basis: "x", id: "a" }).ok("y");
      return judge(story.settled({ 7: [10, "y"] }));
    };
    expect(told(0).valid).toBe("unknown");
    expect(told(1)).toMatchObject({ valid: true, summary: expect.stringContaining("effects not counted") });
  });

  test("a contradiction in the answers needs no end; its absence does", () => {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:1,eu:0");
    expect(judge(story).valid).toBe("unknown");
    story.write("us", 7, 10, { basis: "us:0,eu:0", id: "a" }).ok("us:2,eu:0");
    expect(judge(story).valid).toBe(false);
  });

  test("a region that could not be read was not counted", () => {
    const story = new Story();
    story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    expect(judge(story.healed().round([]).final("us", 7, 10, "us:1,eu:0").unread("eu", 7)).valid).toBe("unknown");
  });
});
