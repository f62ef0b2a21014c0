import { describe, expect, test } from "vitest";
import { lag } from "../../src/checkers/lag.ts";
import { Story, topologyOf } from "./story.ts";

const judge = (story: Story, args: object) => lag.judge(story.events, { region: "eu", ...args });

/** What eu says every 250 ms from a moment on: seconds behind us, or null. */
function samples(story: Story, from: number, ...seconds: readonly (number | null)[]): Story {
  for (const [n, behind] of seconds.entries())
    story.at(from + n * 250).sample({ eu: behind === null ? null : { us: behind }, us: { eu: 0 } });
  return story;
}

describe("at most", () => {
  test("the worst sample of all time is compared with the bound, exactly", () => {
    const story = samples(new Story(), 0, 0, 1.1, 0.4, 0);
    expect(judge(story, { "at-most": 1_100 })).toMatchObject({
      valid: true,
      summary: "eu at worst 1.1 s behind us (at most 1.1 s) in 4 samples",
      evidence: [3],
    });
    const over = judge(story, { "at-most": 1_099 });
    expect(over.valid).toBe(false);
    expect(over.evidence[0]).toBe(3);
    expect(over.story!.join("\n")).toContain("The worst: 1.1 s behind us at 250 ms (event 3)");
  });

  test("the worst source counts, and only that region", () => {
    const story = new Story({ regions: ["us", "eu", "ap"] }).sample({
      eu: { us: 0.1, ap: 4 },
      us: { eu: 9, ap: 9 },
    });
    expect(judge(story, { "at-most": 4_000 })).toMatchObject({
      valid: true,
      summary: expect.stringContaining("behind ap"),
    });
    expect(judge(story, { "at-most": 3_999 }).valid).toBe(false);
  });

  test("what could not be asked is not 0: it is counted and said, and all of it is unknown", () => {
    expect(judge(samples(new Story(), 0, 0.2, null, null, 0.1), { "at-most": 1_000 })).toMatchObject({
      valid: true,
      summary: expect.stringContaining("in 2 samples; in 2 more (50%) it could not be asked"),
    });
    expect(judge(samples(new Story(), 0, 0.2, null, 3), { "at-most": 1_000 }).valid).toBe(false);
    expect(judge(samples(new Story(), 0, null, null), { "at-most": 1_000 })).toMatchObject({
      valid: "unknown",
      summary: expect.stringContaining("none of 2 samples tells"),
    });
    expect(judge(new Story(), { "at-most": 1_000 }).valid).toBe("unknown");
    expect(judge(new Story().sample({ eu: {}, us: {} }), { "at-most": 1_000 }).valid).toBe("unknown");
    expect(judge(new Story().sample({ us: { eu: 0 } }), { "at-most": 1_000 }).valid).toBe("unknown");
  });

  test("during faults: only samples inside their windows", () => {
    const story = samples(new Story(), 0, 9).at(200).begun("kill", ["kafka"], "k");
    samples(story, 250, 0.5, 0.6, 0.5).at(900).ended("k", ["kafka"]);
    samples(story, 1_000, 9);
    expect(judge(story, { "at-most": 600, during: "faults" })).toMatchObject({
      valid: true,
      summary: expect.stringContaining("600 ms behind us while a fault was in force (at most 600 ms) in 3 samples"),
    });
    expect(judge(story, { "at-most": 599, during: "faults" }).valid).toBe(false);
    expect(judge(story, { "at-most": 600 }).valid).toBe(false);
    expect(judge(samples(new Story(), 0, 0), { "at-most": 600, during: "faults" }).valid).toBe("unknown");
  });
});

describe("drains within", () => {
  /** kafka is gone from 1,000 to 2,000 ms; then eu says this every 250 ms, from 2,250 ms on. */
  const after = (...seconds: readonly (number | null)[]) => {
    const story = new Story().at(1_000).begun("kill", ["kafka"], "k");
    samples(story, 1_250, 0.5, 1.2, 1.6);
    return samples(story.at(2_000).ended("k", ["kafka"]), 2_250, ...seconds);
  };
  const within = (story: Story, ms: number) => judge(story, { "drains-within": ms });

  test("less than 1 s behind again, so long after the fault's end", () => {
    const story = after(2, 1, 0.9, 0, 0, 0, 0, 0);
    expect(within(story, 750)).toMatchObject({
      valid: true,
      summary: "eu caught up in 750 ms at worst after 1 fault (allowed are 750 ms)",
    });
    const late = within(story, 749);
    expect(late).toMatchObject({ valid: false, summary: expect.stringContaining("caught up only 750 ms later") });
    expect(late.story).toEqual([
      "kill kafka (event 2) ended at 2,000 ms. eu was still 1 s behind us at 2,500 ms (event 8). It had caught up at 2,750 ms (event 9).",
    ]);
  });

  test("and it stays so for a second: one reading from before the trouble is no catching up", () => {
    expect(within(after(0, 5, 4, 3, 2, 0, 0, 0, 0, 0), 1_000).valid).toBe(false);
    expect(within(after(0, 5, 4, 3, 2, 0, 0, 0, 0, 0), 1_500).valid).toBe(true);
    expect(within(after(0, 0, 0, 5, 4, 0, 0, 0, 0, 0), 1_000).valid).toBe(false);
    expect(within(after(0, 0, 0, 0, 0, 0, 5, 0), 1_000).valid).toBe(true); // long after: another matter
  });

  test("never, as long as anybody looked: false when that was long enough, otherwise unknown", () => {
    expect(within(after(2, 2, 2, 2), 1_000)).toMatchObject({
      valid: false,
      summary: expect.stringContaining("still behind 1 s later"),
    });
    expect(within(after(2, 2, 2, 2), 1_001).valid).toBe("unknown");
    expect(within(after(), 1_000).valid).toBe("unknown");
  });

  test("a region that cannot be asked may or may not have caught up", () => {
    expect(within(after(null, null, null, 0, 0), 1_000).valid).toBe(true);
    expect(within(after(null, null, null, 0, 0), 500).valid).toBe("unknown");
    expect(within(after(2, 2, 2, null, 0), 700).valid).toBe(false);
    expect(within(after(null, null, null, null), 500).valid).toBe("unknown");
  });

  test("with nothing on its way in any region nobody is behind, sampled or not", () => {
    const settled = (pending: number) => after(2, 2).at(3_000).healed().round([], pending);
    expect(within(settled(0), 1_001).valid).toBe(true);
    expect(within(settled(0), 1_000).valid).toBe(false);
    expect(within(settled(3), 1_001).valid).toBe("unknown");
  });

  test("the clock starts when the last of overlapping faults ended, and again when another comes before the time is over", () => {
    const overlapping = (secondEnds: number) => {
      const story = new Story().at(1_000).begun("kill", ["kafka"], "k").at(1_500).begun("kill", ["db-eu"], "d");
      story.at(2_000).ended("k", ["kafka"]);
      samples(story, 2_100, 3, 3, 3, 3);
      return samples(story.at(secondEnds).ended("d", ["db-eu"]), secondEnds + 250, 0, 0, 0, 0, 0);
    };
    expect(within(overlapping(3_100), 300).valid).toBe(true);
    expect(within(overlapping(3_100), 249).valid).toBe(false);

    const inside = new Story().at(1_000).begun("kill", ["kafka"], "k").at(1_200).begun("kill", ["db-eu"], "d");
    samples(inside.at(1_400).ended("d", ["db-eu"]), 1_500, 3, 3, 3, 3);
    samples(inside.at(2_500).ended("k", ["kafka"]), 2_750, 0, 0, 0, 0, 0);
    expect(within(inside, 300).valid).toBe(true);

    const chain = (gap: number) => {
      const story = after(...Array.from({ length: gap / 250 }, () => 3));
      story
        .at(2_000 + gap + 10)
        .begun("kill", ["db-eu"], "d")
        .at(6_000)
        .ended("d", ["db-eu"]);
      return samples(story, 6_250, 0, 0, 0, 0, 0);
    };
    expect(within(chain(500), 1_000).valid).toBe(true);
    expect(within(chain(1_500), 1_000).valid).toBe(false);
  });

  test("a fault that never ended, or none, gives nothing to catch up with", () => {
    const open = samples(new Story().begun("kill", ["kafka"]), 100, 0, 0);
    expect(within(open, 1_000).valid).toBe("unknown");
    expect(within(samples(new Story(), 0, 0, 0), 1_000).valid).toBe("unknown");
  });

  test("both bounds are asked, and each can fail alone", () => {
    const story = after(2, 1, 0.9, 0, 0, 0, 0, 0);
    expect(judge(story, { "at-most": 2_000, "drains-within": 750 }).valid).toBe(true);
    expect(judge(story, { "at-most": 1_999, "drains-within": 750 }).valid).toBe(false);
    expect(judge(story, { "at-most": 2_000, "drains-within": 749 }).valid).toBe(false);
  });
});

describe("a region's word is only as good as what its readers see", () => {
  /** us acknowledges a write at 1,000 ms; at `sampled` eu says how far it is behind; then a client reads in eu. */
  const told = (seconds: number | null, state: string, sampled = 4_000, by = "eu") => {
    const story = new Story().at(999);
    story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
    samples(story, sampled, seconds);
    story
      .at(sampled + 50)
      .read("eu", 7)
      .ok(state, { value: 3, by });
    return judge(story, { "at-most": 60_000 });
  };

  test("who says 0 must show what was acknowledged long before", () => {
    expect(told(0, "us:1,eu:0").valid).toBe(true);
    const lie = told(0, "us:0,eu:0");
    expect(lie).toMatchObject({
      valid: false,
      summary: expect.stringContaining("1 read in eu saw less than its lag promised"),
    });
    expect(lie.story!.join("\n")).toMatch(
      /Client us-1 wrote 10 .*\nAt 4,000 ms .* eu said it was 0 ms behind us: so it had that write\.\nClient eu-1 read 3 of key 7 in eu .*, at us:0,eu:0\. It had not\./,
    );
  });

  test("who admits to be behind, cannot be asked, or was asked too soon promised nothing", () => {
    expect(told(2.5, "us:0,eu:0").valid).toBe(true);
    expect(told(0.5, "us:0,eu:0").valid).toBe(false);
    expect(told(null, "us:0,eu:0").valid).toBe("unknown");
    expect(told(0, "us:0,eu:0", 2_900).valid).toBe(true);
  });

  test("another region's answer says nothing about this one", () => {
    expect(told(0, "us:0,eu:0", 4_000, "us").valid).toBe(true);
  });
});

describe("its words", () => {
  const parsed = (args: unknown) => lag.args.safeParse(args);

  test("a bound is needed, and during says when at-most holds", () => {
    expect(parsed({ region: "eu", "at-most": "2s", during: "faults", "drains-within": "5s" }).data).toEqual({
      region: "eu",
      "at-most": 2_000,
      during: "faults",
      "drains-within": 5_000,
    });
    expect(parsed({ region: "eu", "drains-within": "5s" }).success).toBe(true);
    for (const wrong of [
      { region: "eu" },
      { "at-most": "2s" },
      { region: "eu", "at-most": 2 },
      { region: "eu", "drains-within": "5s", during: "faults" },
      { region: "eu", "at-most": "2s", during: "always" },
    ])
      expect(parsed(wrong).success).toBe(false);
    expect(lag.check!({ region: "ue" }, topologyOf(["us", "eu"]))).toHaveLength(1);
  });
});
