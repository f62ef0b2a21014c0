import { describe, expect, test } from "vitest";
import { recovers } from "../../src/checkers/recovers.ts";
import { Story } from "./story.ts";

const judge = (story: Story, args: object = {}) => recovers.judge(story.events, { region: "us", rto: 1_000, ...args });

/** Healthy until 1,000 ms, when backend-us is killed; unhealthy until `back`; healthy until 3,000 ms. */
function outage(back: number, id?: string): Story {
  const story = new Story().probes("us", true, 1_000).at(1_000).begun("kill", ["backend-us"], id);
  return story.at(1_050).probes("us", false, back).probes("us", true, 3_000);
}

describe("the clock starts with the fault", () => {
  test("and stops with the first probe after which all succeed", () => {
    expect(judge(outage(1_950))).toMatchObject({
      valid: true,
      summary: expect.stringContaining("1 fault touched us; healthy again after 950 ms at worst; allowed are 1 s"),
    });
    const late = judge(outage(2_050));
    expect(late.valid).toBe(false);
    expect(late.story).toEqual([
      expect.stringMatching(/^kill backend-us \(event \d+\) began at 1,000 ms/),
      expect.stringMatching(/^The last probe that failed was asked at 1,950 ms: connection refused/),
      expect.stringMatching(/^From 2,050 ms \(event \d+\) on every probe succeeded: 1.05 s after/),
    ]);
  });

  test("a region that falls ill again had not recovered", () => {
    expect(judge(outage(1_300)).valid).toBe(true);
    const again = outage(1_300).at(3_000).probe("us", false).at(3_100).probe("us", true);
    expect(judge(again)).toMatchObject({ valid: false, summary: expect.stringContaining("2.1 s") });
  });

  test("a fault that no probe noticed was recovered from at once, and the verdict says so", () => {
    const story = new Story().probes("us", true, 1_000).begun("kill", ["kafka"]).probes("us", true, 2_000);
    expect(judge(story)).toMatchObject({
      valid: true,
      summary: expect.stringContaining("never unhealthy in 1 of them"),
    });
  });

  test("a probe that hung and failed does not count against a later one that succeeded", () => {
    const story = new Story().probes("us", true, 1_000).begun("kill", ["backend-us"]);
    story.at(1_200).probe("us", true, 1_200);
    story.at(2_900).probe("us", false, 1_100); // asked before, given up after
    story.at(3_000).probe("us", true);
    expect(judge(story)).toMatchObject({ valid: true, summary: expect.stringContaining("healthy again after 200 ms") });
  });
});

describe("which faults", () => {
  test("only those that touched the region; with none, or no probes, nothing is known", () => {
    expect(judge(outage(1_500), { region: "eu" }).valid).toBe("unknown");
    expect(judge(new Story().begun("kill", ["backend-us"])).valid).toBe("unknown");
    expect(judge(new Story().probes("us", false, 1_000).begun("kill", ["gateway"])).valid).toBe("unknown");
  });

  /** A short outage, then a long one. */
  const both = () => {
    const story = outage(1_300, "first").at(3_000).begun("stop", ["db-us"], "second");
    return story.at(3_050).probes("us", false, 5_000).probes("us", true, 6_000);
  };

  test("the worst is reported; one can be picked by its kind or id", () => {
    expect(judge(both())).toMatchObject({
      valid: false,
      summary: expect.stringContaining("2 faults touched us; healthy again after 2 s at worst"),
    });
    expect(judge(both(), { fault: "kill" }).valid).toBe(true);
    expect(judge(both(), { fault: "first" }).valid).toBe(true);
    expect(judge(both(), { fault: "stop" }).valid).toBe(false);
    expect(judge(both(), { fault: "pause" }).valid).toBe("unknown");
  });

  test("or by the id of the step that began it", () => {
    const step = { path: "2", verb: "kill", args: {}, text: "kill backend-us", line: 9, id: "blow" };
    const told = (id: string) => {
      const story = new Story({ steps: [step] }).probes("us", true, 1_000);
      story.tell({ type: "step", phase: "begin", path: "2", verb: "kill", text: "kill", line: 9 });
      story.begun("kill", ["backend-us"], "f1").tell({ type: "step", phase: "end", path: "2", verdict: "passed" });
      return judge(story.probes("us", true, 2_000), { fault: id }).valid;
    };
    expect(told("blow")).toBe(true);
    expect(told("blew")).toBe("unknown");
  });

  test("faults at the same instant are one trouble: the clock of the first goes on", () => {
    const together = (back: number) => {
      const story = new Story().probes("us", true, 1_000).begun("kill", ["backend-us"]).begun("kill", ["db-us"]);
      return judge(story.at(1_050).probes("us", false, back).probes("us", true, 3_000)).valid;
    };
    expect(together(1_900)).toBe(true);
    expect(together(2_100)).toBe(false);
  });
});

describe("at the end of the history", () => {
  test("still unhealthy is false when the bound has passed, unknown before", () => {
    const down = (until: number) =>
      judge(new Story().probes("us", true, 1_000).begun("kill", ["backend-us"]).probes("us", false, until));
    expect(down(1_500).valid).toBe("unknown");
    expect(down(2_500)).toMatchObject({ valid: false, summary: expect.stringContaining("not healthy again") });
  });
});

test("its words: rto has a unit", () => {
  expect(recovers.args.safeParse({ region: "eu", rto: "10s", fault: "kill" }).data).toEqual({
    region: "eu",
    rto: 10_000,
    fault: "kill",
  });
  expect(recovers.args.safeParse({ region: "eu", rto: 10 }).success).toBe(false);
});
