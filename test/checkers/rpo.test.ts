import { describe, expect, test } from "vitest";
import { rpo } from "../../src/checkers/rpo.ts";
import { Story, topologyOf } from "./story.ts";

const judge = (story: Story, atMost = 500, region = "us") => rpo.judge(story.events, { region, "at-most": atMost });

const FAULT = "kill backend-us";

/** us acknowledges a write at 1,000, 2,000 and 3,000 ms, and is gone from 3,200 to 5,000 ms. */
function outage(tell: (story: Story) => unknown = () => {}, regions = ["us", "eu"]): Story {
  const story = new Story({ regions });
  for (const n of [1, 2, 3]) {
    story.at(n * 1_000 - 1);
    story.write("us", 7, n * 10, { basis: `us:${n - 1},eu:0` }).ok(`us:${n},eu:0`);
  }
  story.at(3_200).fault("kill", ["backend-us"]);
  story.at(4_900);
  tell(story);
  return story.at(5_000).ended(FAULT, ["backend-us"]);
}

describe("the oldest write that no surviving region shows", () => {
  test("tells the loss: the fault's start minus its acknowledgement", () => {
    const all = outage((story) => story.surviving(FAULT, "eu", 7, 30, "us:3,eu:0"));
    expect(judge(all, 0)).toMatchObject({
      valid: true,
      summary: "1 fault touched us; all of its 3 acknowledged writes were shown elsewhere; allowed are 0 ms",
    });
    const last = outage((story) => story.surviving(FAULT, "eu", 7, 20, "us:2,eu:0"));
    expect(judge(last, 200).valid).toBe(true);
    expect(judge(last, 199).valid).toBe(false);
    const both = judge(
      outage((story) => story.surviving(FAULT, "eu", 7, 10, "us:1,eu:0")),
      1_199,
    );
    expect(both).toMatchObject({
      valid: false,
      summary: expect.stringContaining("2 of its 3 acknowledged writes could be read nowhere else"),
    });
    expect(both.story!.join("\n")).toMatch(
      /began at 3,200 ms\. 2 writes .*\nThe oldest, 1\.2 s before the fault: Client us-1 wrote 20 .*\n.*eu held 10 at us:1,eu:0/,
    );
    expect(
      judge(
        outage((story) => story.surviving(FAULT, "eu", 7, 10, "us:1,eu:0")),
        1_200,
      ).valid,
    ).toBe(true);
  });

  test("one region that shows it is enough", () => {
    const told = (ap: string) =>
      outage(
        (story) => story.surviving(FAULT, "eu", 7, 10, "us:1").surviving(FAULT, "ap", 7, 30, ap),
        ["us", "eu", "ap"],
      );
    expect(judge(told("us:3"), 0).valid).toBe(true);
    expect(judge(told("us:2"), 0).valid).toBe(false);
  });

  test("a state that covers the write shows it, whatever the value", () => {
    expect(
      judge(
        outage((story) => story.surviving(FAULT, "eu", 7, 99, "us:3,eu:4")),
        0,
      ).valid,
    ).toBe(true);
    expect(
      judge(
        outage((story) => story.surviving(FAULT, "eu", 7, 30, "us:2,eu:4")),
        0,
      ).valid,
    ).toBe(false);
  });

  test("what was acknowledged after the fault began, refused, unanswered, or made by another region is no loss", () => {
    const more = (story: Story) => {
      story.at(3_500).write("us", 7, 40, { basis: "us:3,eu:0" }).ok("us:4,eu:0");
      story.write("us", 7, 50, { basis: "us:4,eu:0" }).unknown();
      story.write("us", 8, 60, { basis: "us:0,eu:0" }).refused();
      story.write("us", 8, 70, { basis: "us:0,eu:0" }).ok("us:0,eu:1", { by: "eu" });
      return story.surviving(FAULT, "eu", 7, 30, "us:3,eu:0").surviving(FAULT, "eu", 8, 3, "us:0,eu:0");
    };
    expect(judge(outage(more), 0).valid).toBe(true);
  });

  test("the first reading counts: a fault that ends in parts is being healed after that", () => {
    const parts = (first: string, second: string) =>
      outage((story) => {
        story.surviving(FAULT, "eu", 7, 0, first);
        return story.at(4_950).surviving(FAULT, "eu", 7, 0, second);
      });
    expect(judge(parts("us:3,eu:0", "us:3,eu:0"), 0).valid).toBe(true);
    expect(judge(parts("us:1,eu:0", "us:3,eu:0"), 0).valid).toBe(false);
  });
});

describe("what could not be read", () => {
  test("nobody read a surviving region: unknown", () => {
    expect(judge(outage())).toMatchObject({
      valid: "unknown",
      summary: expect.stringContaining("ended, and no other region had been read before"),
    });
  });

  test("a reading that failed decides nothing, one that succeeded still does", () => {
    const failed = outage((story) => story.notSurviving(FAULT, "eu", 7));
    expect(judge(failed)).toMatchObject({
      valid: "unknown",
      summary: expect.stringContaining(
        "whether 3 writes survived kill backend-us (event 8) could not be read everywhere",
      ),
    });
    const enough = judge(failed, 2_200);
    expect(enough.valid).toBe(true); // were they all lost, it would be within the bound
    const other = outage(
      (story) => story.notSurviving(FAULT, "eu", 7).surviving(FAULT, "ap", 7, 30, "us:3"),
      ["us", "eu", "ap"],
    );
    expect(judge(other, 0).valid).toBe(true);
  });

  test("a key that nobody looked up is not shown, and not lost either", () => {
    const skipped = outage((story) => {
      story.at(3_100).write("us", 8, 80, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
      return story.surviving(FAULT, "eu", 7, 30, "us:3,eu:0");
    });
    expect(judge(skipped, 1_000).valid).toBe(true);
    const old = new Story();
    old.at(100).write("us", 8, 80, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    old.at(3_200).fault("kill", ["backend-us"]).surviving(FAULT, "eu", 7, 30, "us:3,eu:0");
    expect(judge(old.ended(FAULT, ["backend-us"]), 1_000).valid).toBe("unknown");
  });

  test("states that are no vectors: the same state or value shows it, anything else leaves it open", () => {
    const told = (state: string, value: number) => {
      const story = new Story();
      story.at(1_000).write("us", 7, 10, { basis: "etag-a" }).ok("etag-b");
      story.at(3_200).fault("kill", ["backend-us"]).surviving(FAULT, "eu", 7, value, state);
      return judge(story.ended(FAULT, ["backend-us"])).valid;
    };
    expect(told("etag-b", 5)).toBe(true);
    expect(told("etag-z", 10)).toBe(true);
    expect(told("etag-z", 5)).toBe("unknown");
  });
});

describe("which faults", () => {
  test("only those that touched the region; with none, or nothing acknowledged before, nothing was at stake", () => {
    const seen = outage((story) => story.surviving(FAULT, "eu", 7, 30, "us:3,eu:0"));
    expect(judge(seen, 500, "eu")).toMatchObject({ valid: "unknown", summary: expect.stringContaining("no fault") });
    const early = new Story().fault("kill", ["backend-us"]).surviving(FAULT, "eu", 7, 3, "us:0,eu:0");
    early.ended(FAULT, ["backend-us"]).write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    expect(judge(early).valid).toBe("unknown");
  });

  test("the worst of several decides, and one that nobody read leaves it open", () => {
    const second = "kill backend-us #2";
    const twice = (tell: (story: Story) => unknown) => {
      const story = outage((story) => story.surviving(FAULT, "eu", 7, 30, "us:3,eu:0"));
      story.at(7_000).fault("kill", ["backend-us"], { id: second });
      tell(story);
      return story.ended(second, ["backend-us"]);
    };
    expect(
      judge(
        twice((story) => story.surviving(second, "eu", 7, 30, "us:3,eu:0")),
        0,
      ).valid,
    ).toBe(true);
    expect(
      judge(
        twice((story) => story.surviving(second, "eu", 7, 20, "us:2,eu:0")),
        3_999,
      ).valid,
    ).toBe(false);
    expect(
      judge(
        twice((story) => story.surviving(second, "eu", 7, 20, "us:2,eu:0")),
        4_000,
      ).valid,
    ).toBe(true);
    expect(
      judge(
        twice(() => {}),
        0,
      ).valid,
    ).toBe("unknown");
  });
});

test("its words", () => {
  expect(rpo.args.safeParse({ region: "us", "at-most": "1s" }).data).toEqual({ region: "us", "at-most": 1_000 });
  for (const wrong of [
    { region: "us" },
    { "at-most": "1s" },
    { region: "us", "at-most": 1 },
    { region: "us", "at-most": "1s", fault: "x" },
  ])
    expect(rpo.args.safeParse(wrong).success).toBe(false);
  expect(rpo.check!({ region: "use", "at-most": 1 }, topologyOf(["us", "eu"]))[0]!.hint).toContain('"us"');
});
