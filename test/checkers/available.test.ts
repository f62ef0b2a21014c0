import { describe, expect, test } from "vitest";
import { available } from "../../src/checkers/available.ts";
import { Story, topologyOf } from "./story.ts";

const judge = (story: Story, args: object = {}) =>
  available.judge(story.events, { region: "us", "at-least": 0.9, ...args });

/** Ten reads of us, 100 ms apart; those named by their place go as told, the others are answered. */
function tenReads(odd: Readonly<Record<number, (story: Story, due: number) => unknown>> = {}): Story {
  const story = new Story();
  for (let i = 0; i < 10; i++) {
    const due = 1_000 + i * 100;
    story.at(due);
    if (odd[i]) odd[i]!(story, due);
    else story.read("us", 7, { due }).ok("us:0,eu:0", { value: 3 });
  }
  return story;
}

const timeout = (story: Story) => story.read("us", 7).unknown();
const missed = (story: Story, due: number) => story.missed("us", due);

describe("what is an answer", () => {
  test("the share of due operations that were answered is compared with the bound", () => {
    expect(judge(tenReads({ 4: timeout }))).toMatchObject({
      valid: true,
      summary: "90% of 10 due operations answered (at least 90%); longest stretch without an answer 100 ms",
    });
    const two = judge(tenReads({ 4: timeout, 5: timeout }));
    expect(two.valid).toBe(false);
    expect(two.story).toContain("The first of them: timeout.");
    expect(two.evidence).toHaveLength(2);
  });

  test.each<[string, boolean, (story: Story, due: number) => unknown]>([
    ["a correct refusal", true, (story, due) => story.write("us", 7, 1, { due }).refused(409)],
    [
      "a refusal in doubt",
      true,
      (story, due) => story.write("us", 7, 1, { due }).unknown("409", { status: 409, by: "us" }),
    ],
    [
      "an answer by the other region",
      true,
      (story, due) => story.read("us", 7, { due }).ok(undefined, { by: "eu", value: 3 }),
    ],
    ["not now (429)", false, (story, due) => story.read("us", 7, { due }).refused(429)],
    ["the gateway's own 503", false, (story, due) => story.read("us", 7, { due }).refused(503, { by: null })],
    [
      "a connection refused",
      false,
      (story, due) => story.read("us", 7, { due }).refused(undefined, { by: null, status: undefined }),
    ],
    ["a timeout", false, timeout],
    ["an operation that nobody could begin", false, missed],
    ["an operation that is still open", false, (story, due) => story.read("us", 7, { due })],
    ["2 s after it was due", true, (story, due) => story.read("us", 7, { due }).ok("us:0,eu:0", { tookMs: 2_000 })],
    ["late", false, (story, due) => story.read("us", 7, { due }).ok("us:0,eu:0", { tookMs: 2_001 })],
  ])("%s: %s", (_, isAnswer, odd) => {
    expect(judge(tenReads({ 4: odd }), { "at-least": 1 }).valid).toBe(isAnswer);
  });

  test("only operations of that region's clients count", () => {
    const story = tenReads();
    story.read("eu", 7).unknown();
    expect(judge(story, { "at-least": 1 }).valid).toBe(true);
    expect(judge(story, { region: "eu" }).valid).toBe(false);
  });
});

test("at home: another region's answer is none", () => {
  const moved = tenReads({ 4: (story) => story.read("us", 7).ok("us:0,eu:0", { by: "eu" }) });
  expect(judge(moved, { "at-least": 1 }).valid).toBe(true);
  expect(judge(moved, { "at-least": 1, "at-home": true })).toMatchObject({
    valid: false,
    story: expect.arrayContaining(["The first of them: answered by eu, not at home."]),
  });
  expect(judge(tenReads(), { "at-least": 1, "at-home": true }).valid).toBe(true);
});

test("the longest outage lasts from the first unanswered due time to the next answered one", () => {
  const gap = tenReads({ 2: timeout, 4: timeout, 5: missed, 6: timeout });
  expect(judge(gap, { "at-least": 0.5, "longest-outage": 300 }).valid).toBe(true);
  expect(judge(gap, { "at-least": 0.5, "longest-outage": 299 })).toMatchObject({
    valid: false,
    summary: expect.stringContaining("longest stretch without an answer 300 ms (at most 299 ms)"),
  });
});

describe("during faults", () => {
  const during = (from: number, to: number | undefined, odd = { 4: timeout }) => {
    const story = tenReads(odd);
    const events = story.events.length;
    story.at(from).begun("kill", ["backend-eu"]);
    if (to !== undefined) story.at(to).ended("kill backend-eu", ["backend-eu"]);
    expect(story.events.length).toBeGreaterThan(events);
    return judge(story, { during: "faults", "at-least": 0.5 });
  };

  test("only what was due while one was in force", () => {
    expect(during(1_350, 1_550)).toMatchObject({
      valid: true,
      summary: expect.stringContaining("50% of 2 due operations"),
    });
    expect(during(1_350, 1_450)).toMatchObject({
      valid: false,
      summary: expect.stringContaining("0% of 1 due operations"),
    });
    expect(during(1_350, undefined).summary).toContain("of 6 due operations");
  });

  test("nothing due, or no fault: unknown", () => {
    expect(during(5_000, 6_000).valid).toBe("unknown");
    expect(judge(tenReads(), { during: "faults" }).valid).toBe("unknown");
    expect(judge(new Story()).valid).toBe("unknown");
  });
});

describe("its words", () => {
  const parsed = (args: unknown) => available.args.safeParse(args);

  test("units are mandatory, keys are as in the file", () => {
    expect(parsed({ region: "us", "at-least": "99.5%", "longest-outage": "1.5s", during: "faults" }).data).toEqual({
      region: "us",
      "at-least": 0.995,
      "longest-outage": 1_500,
      during: "faults",
    });
    for (const wrong of [
      { region: "us" },
      { region: "us", "at-least": "99" },
      { region: "us", "at-least": "101%" },
      { region: "us", "at-least": 99 },
      { region: "us", "at-least": "99%", "longest-outage": "3" },
      { region: "us", "at-least": "99%", atHome: true },
      { region: "us", "at-least": "99%", during: "fault" },
    ])
      expect(parsed(wrong).success).toBe(false);
  });

  test("a region that does not exist is refused with the one that was meant", () => {
    const topology = topologyOf(["us", "eu"]);
    expect(available.check!({ region: "us", "at-least": 1 }, topology)).toEqual([]);
    expect(available.check!({ region: "use", "at-least": 1 }, topology)).toEqual([
      {
        path: ["region"],
        word: "use",
        message: 'topology "property" has no region "use"',
        hint: 'Did you mean "us"? Its regions are us, eu.',
      },
    ]);
    expect(available.check!({ region: "asia-pacific", "at-least": 1 }, topology)[0]!.hint).toBe(
      "Its regions are us, eu.",
    );
  });
});

describe("a client that asks another region", () => {
  const roaming = () =>
    tenReads({
      3: (story, due) => story.read("eu", 7, { due, home: "us" }).ok("us:0,eu:0", { value: 3 }),
      4: (story, due) => story.read("eu", 7, { due, home: "us" }).unknown(),
    });

  test("counts for its own region, and not for the one that it asks", () => {
    expect(judge(roaming())).toMatchObject({ valid: true, summary: expect.stringMatching(/^90% of 10 due/) });
    expect(judge(roaming(), { region: "eu" }).valid).toBe("unknown");
  });

  test("says nothing of how home answers", () => {
    expect(judge(roaming(), { "at-home": true, "at-least": 1 })).toMatchObject({
      valid: true,
      summary: expect.stringMatching(/^100% of 8 due operations answered at home/),
    });
  });
});
