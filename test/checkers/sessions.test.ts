// The four session guarantees as small stories: what each accepts beside what it rejects.
import { describe, expect, test } from "vitest";
import { expectations } from "../../src/checkers/index.ts";
import type { Judgement } from "../../src/model/verdict.ts";
import { Story } from "./story.ts";

const GUARANTEES = ["read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"] as const;
type Guarantee = (typeof GUARANTEES)[number];

const judge = (name: Guarantee, story: Story): Judgement => expectations[name]!.judge(story.events, {} as never);
/** What each guarantee says of a story; those not named have nothing to check. */
const verdicts = (story: Story) => Object.fromEntries(GUARANTEES.map((name) => [name, judge(name, story).valid]));
const saying = (valid: Partial<Record<Guarantee, Judgement["valid"]>>) => ({
  ...Object.fromEntries(GUARANTEES.map((name) => [name, "unknown"])),
  ...valid,
});

const ann = { client: "ann" };
const bob = { client: "bob" };

interface Case {
  what: string;
  guarantee: Guarantee;
  good: (story: Story) => unknown;
  bad: (story: Story) => unknown;
  /** Where the defect shows: of the last story's breakdown. */
  part: string;
}

const cases: readonly Case[] = [
  {
    what: "a client reads its own write at home",
    guarantee: "read-your-writes",
    part: "same region, outside fault windows",
    good(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.read("us", 7, ann).ok("us:1,eu:0");
    },
    bad(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.read("us", 7, ann).ok("us:0,eu:0");
    },
  },
  {
    what: "a client reads its own write where it moved to",
    guarantee: "read-your-writes",
    part: "moved region, outside fault windows",
    good(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.read("eu", 7, ann).ok("us:1,eu:4");
    },
    bad(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.read("eu", 7, ann).ok("us:0,eu:4");
    },
  },
  {
    what: "the gateway asked another region",
    guarantee: "read-your-writes",
    part: "moved region, outside fault windows",
    good(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.read("us", 7, ann).ok("us:1,eu:0", { by: "eu" });
    },
    bad(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.read("us", 7, ann).ok("us:0,eu:0", { by: "eu" });
    },
  },
  {
    what: "without vectors the numbers of one region are compared",
    guarantee: "read-your-writes",
    part: "same region, outside fault windows",
    good(story) {
      story.write("us", 7, 1, ann).ok(undefined, { version: 5 });
      story.read("us", 7, ann).ok(undefined, { version: 6 });
    },
    bad(story) {
      story.write("us", 7, 1, ann).ok(undefined, { version: 5 });
      story.read("us", 7, ann).ok(undefined, { version: 4 });
    },
  },
  {
    what: "reads go on",
    guarantee: "monotonic-reads",
    part: "moved region, outside fault windows",
    good(story) {
      story.read("us", 7, ann).ok("us:3,eu:1");
      story.read("eu", 7, ann).ok("us:3,eu:2");
    },
    bad(story) {
      story.read("us", 7, ann).ok("us:3,eu:1");
      story.read("eu", 7, ann).ok("us:2,eu:9");
    },
  },
  {
    what: "a region that contradicts itself is told as such, though the newest was read elsewhere",
    guarantee: "monotonic-reads",
    part: "same region, outside fault windows",
    good(story) {
      story.read("us", 7, ann).ok("us:2,eu:0");
      story.read("eu", 7, ann).ok("us:5,eu:0");
      story.read("us", 7, ann).ok("us:5,eu:1");
    },
    bad(story) {
      story.read("us", 7, ann).ok("us:2,eu:0");
      story.read("eu", 7, ann).ok("us:5,eu:0");
      story.read("us", 7, ann).ok("us:1,eu:0");
    },
  },
  {
    what: "a later write is made on top of the earlier one",
    guarantee: "monotonic-writes",
    part: "moved region, outside fault windows",
    good(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.write("eu", 7, 2, ann).ok("us:1,eu:1");
    },
    bad(story) {
      story.write("us", 7, 1, ann).ok("us:1,eu:0");
      story.write("eu", 7, 2, ann).ok("us:0,eu:1");
    },
  },
  {
    what: "a write is made on top of what was read",
    guarantee: "writes-follow-reads",
    part: "moved region, outside fault windows",
    good(story) {
      story.read("us", 7, ann).ok("us:4,eu:0");
      story.write("eu", 7, 2, ann).ok("us:4,eu:1");
    },
    bad(story) {
      story.read("us", 7, ann).ok("us:4,eu:0");
      story.write("eu", 7, 2, ann).ok("us:3,eu:1");
    },
  },
];

describe("accepts and rejects", () => {
  test.each(cases)("$guarantee: $what", ({ guarantee, good, bad, part }) => {
    const [kept, broken] = [new Story(), new Story()];
    good(kept);
    bad(broken);
    expect(verdicts(kept)).toEqual(saying({ [guarantee]: true }));
    expect(verdicts(broken)).toEqual(saying({ [guarantee]: false }));
    const violated = judge(guarantee, broken).breakdown!.filter((one) => one.violated > 0);
    expect(violated.map(({ of }) => of)).toEqual([part]);
  });
});

describe("what proves nothing", () => {
  test.each<[string, (story: Story) => unknown]>([
    ["another client's write", (story) => story.read("us", 7, bob).ok("us:0,eu:0")],
    ["another key", (story) => story.read("us", 8, ann).ok("us:0,eu:0")],
    ["a read without an answer", (story) => story.read("us", 7, ann).unknown()],
    ["a refused read", (story) => story.read("us", 7, ann).refused(404)],
  ])("%s does not bind a client", (_, after) => {
    const story = new Story();
    story.write("us", 7, 1, ann).ok("us:1,eu:0");
    after(story);
    expect(judge("read-your-writes", story)).toMatchObject({
      valid: "unknown",
      summary: expect.stringMatching(/^nothing to check: no acknowledged read followed/),
      breakdown: expect.arrayContaining([{ of: "same region, outside fault windows", checked: 0, violated: 0 }]),
    });
  });

  test("an unanswered write may not have happened", () => {
    const story = new Story();
    story.write("us", 7, 1, ann).unknown();
    story.read("us", 7, ann).ok("us:0,eu:0");
    expect(judge("read-your-writes", story).valid).toBe("unknown");
  });

  test("operations that overlap: only what was answered before the next was asked binds it", () => {
    const overlapping = (readAt: number) => {
      const story = new Story().at(100);
      const write = story.write("us", 7, 1, ann);
      story.at(150);
      const read = readAt === 150 ? story.read("us", 7, ann) : undefined;
      story.at(200);
      write.ok("us:1,eu:0");
      story.at(readAt === 150 ? 250 : readAt);
      (read ?? story.read("us", 7, ann)).ok("us:0,eu:0");
      return judge("read-your-writes", story).valid;
    };
    expect(overlapping(150)).toBe("unknown");
    expect(overlapping(200)).toBe("unknown"); // at the same moment
    expect(overlapping(201)).toBe(false);
  });

  test("a client that did several things at once is bound by each once it is answered", () => {
    const story = new Story().at(100);
    const writes = [1, 2, 3].map((value) => story.write("us", value === 3 ? 8 : 7, value, ann));
    story.at(200);
    writes[1]!.ok("us:2,eu:0");
    story.at(210).read("us", 7, ann).ok("us:2,eu:0"); // the first is not answered yet
    story.at(300);
    writes[0]!.ok("us:3,eu:0");
    writes[2]!.ok("us:1,eu:0");
    expect(judge("read-your-writes", story).valid).toBe(true);
    story.at(400).read("us", 7, ann).ok("us:2,eu:0");
    expect(judge("read-your-writes", story)).toMatchObject({
      valid: false,
      summary: expect.stringMatching(/^2 reads checked, 1/),
    });
  });

  test("numbers of two regions are never compared, and the summary says so", () => {
    const story = new Story();
    story.write("us", 7, 1, ann).ok(undefined, { version: 9 });
    story.read("eu", 7, ann).ok(undefined, { version: 2 });
    expect(judge("read-your-writes", story)).toMatchObject({
      valid: "unknown",
      summary: expect.stringMatching(/^nothing could be checked: 1 read followed .* only version vectors compare/),
    });
    story.read("us", 7, ann).ok(undefined, { version: 9 });
    expect(judge("read-your-writes", story)).toMatchObject({
      valid: true,
      summary: expect.stringMatching(/^1 read checked, none violated: .*; 1 read not compared with all/),
    });
  });

  test("answers that name no state cannot be compared", () => {
    const story = new Story();
    story.write("us", 7, 1, ann).ok();
    story.read("us", 7, ann).ok();
    expect(judge("read-your-writes", story)).toMatchObject({
      valid: "unknown",
      summary: expect.stringContaining("could be checked"),
    });
  });
});

describe("what only looks like a contradiction", () => {
  test("a resolved conflict: the value lost, and the state that covers it has been seen", () => {
    const story = new Story();
    story.write("us", 7, 1, ann).ok("us:1,eu:0");
    story.read("us", 7, ann).ok("us:1,eu:1", { value: 99 }); // eu's concurrent write won
    expect(judge("read-your-writes", story).valid).toBe(true);
  });

  test("a write sent again is answered from memory: its state tells of the first time", () => {
    const story = new Story();
    const first = story.write("us", 7, 1, { ...ann, id: "a" });
    first.ok("us:1,eu:0");
    story.write("us", 7, 2, { ...ann, id: "b" }).ok("us:2,eu:0");
    story.write("us", 7, 1, { ...ann, id: "a", repeatOf: first.op }).ok("us:1,eu:0", { stored: true });
    expect(judge("monotonic-writes", story)).toMatchObject({
      valid: true,
      summary: expect.stringMatching(/^1 write /),
    });
    // The same state as an answer to a new write: that one did not know the second.
    story.write("us", 7, 3, { ...ann, id: "c" }).ok("us:1,eu:1");
    expect(judge("monotonic-writes", story).valid).toBe(false);
  });

  test("a write sent again after an attempt that may have had the effect may be older; after one that had none it is not", () => {
    const sentTwice = (first: "unknown" | "refused") => {
      const story = new Story();
      story.read("us", 7, ann).ok("us:3,eu:0");
      story.write("us", 7, 1, { ...ann, id: "a" })[first](undefined, { by: null });
      story.write("us", 7, 1, { ...ann, id: "a" }).ok("us:2,eu:1", { by: "eu" });
      return judge("writes-follow-reads", story).valid;
    };
    expect(sentTwice("unknown")).toBe("unknown");
    expect(sentTwice("refused")).toBe(false);
  });

  test("vectors are compared however they are spelt, and whatever they count for", () => {
    const story = new Story();
    story.write("us", 7, 1, ann).ok('"us:1,eu:0"');
    story.read("us", 7, ann).ok("eu:3,us:1");
    story.read("us", 7, ann).ok("us:1,eu:3,node-9:2");
    expect(verdicts(story)).toEqual(saying({ "read-your-writes": true, "monotonic-reads": true }));
    story.read("us", 7, ann).ok("us:1,eu:3");
    expect(verdicts(story)).toEqual(saying({ "read-your-writes": true, "monotonic-reads": false }));
  });
});

describe("how it is said", () => {
  const failover = () => {
    const story = new Story().at(800);
    story.write("us", 7, 912, { ...ann, basis: "us:3,eu:2" }).ok("us:4,eu:2");
    story.fault("kill", ["backend-us"], { id: "k" });
    story.at(900).read("us", 7, ann).ok("us:3,eu:2", { by: "eu", value: 5 });
    story.at(1_000).ended("k", ["backend-us"]);
    return story;
  };

  test("the two operations and what is wrong between them, with events, times and regions", () => {
    const { story, evidence, summary } = judge("read-your-writes", failover());
    expect(summary).toBe(
      "1 read checked, 1 violated: same region 0 of 0, moved region 1 of 1; inside fault windows 1 of 1",
    );
    expect(story).toEqual([
      "Client ann wrote 912 to key 7 in us at 800 ms (event 2), having seen us:3,eu:2; answered at 801 ms (event 3) with us:4,eu:2.",
      "Client ann read 5 of key 7 in eu at 900 ms (event 6), at us:3,eu:2.",
      "But us:3,eu:2 does not cover us:4,eu:2: the client did not see its own write, having moved from us to eu, during kill backend-us (event 4).",
    ]);
    expect(evidence).toEqual([7, 3, 6, 2]);
  });

  test("a second after a fault still counts as inside its window, then no longer", () => {
    const readAt = (at: number) => {
      const story = failover();
      story.at(at).read("us", 7, bob).ok("us:4,eu:2");
      story
        .at(at + 10)
        .read("us", 7, bob)
        .ok("us:3,eu:2");
      return judge("monotonic-reads", story);
    };
    const soon = readAt(1_900);
    expect(soon.breakdown!.filter(({ violated }) => violated > 0).map(({ of }) => of)).toEqual([
      "same region, inside fault windows",
    ]);
    expect(soon.story!.at(-1)).toContain("although us answered both, just after kill backend-us (event 4)");
    const later = readAt(2_100);
    expect(later.breakdown!.filter(({ violated }) => violated > 0).map(({ of }) => of)).toEqual([
      "same region, outside fault windows",
    ]);
    expect(later.story!.at(-1)).toContain("with no fault in force");
  });

  test("of writes, somebody who saw it so", () => {
    const story = new Story();
    story.write("us", 7, 1, ann).ok("us:1,eu:0");
    story.write("eu", 7, 2, ann).ok("us:0,eu:1");
    expect(judge("monotonic-writes", story).story).toHaveLength(3);
    story.read("eu", 7, bob).ok("us:0,eu:1", { value: 2 });
    expect(judge("monotonic-writes", story).story!.at(-1)).toMatch(
      /^Somebody saw it so: Client bob read 2 of key 7 in eu/,
    );
  });

  test("three cases are told, the worst first, and the rest is counted", () => {
    const story = new Story();
    for (let key = 1; key <= 5; key++) {
      story.write("us", key, key, ann).ok("us:1,eu:0");
      story.read(key === 4 ? "us" : "eu", key, ann).ok("us:0,eu:0", { value: 0 });
    }
    const { story: told, evidence } = judge("read-your-writes", story);
    expect(told!.filter((line) => line.startsWith("But"))).toHaveLength(3);
    expect(told![0]).toContain("to key 4 in us"); // the region contradicts itself
    expect(told!.at(-1)).toBe("And 2 more like these.");
    expect(evidence).toHaveLength(12);
  });
});

test("who asks again and again is told once what it misses", () => {
  const story = new Story();
  story.write("us", 7, 1, ann).ok("us:1,eu:0");
  for (let i = 0; i < 4; i++) story.read("eu", 7, ann).ok("us:0,eu:0");
  story.write("us", 8, 1, ann).ok("us:1,eu:0");
  story.read("eu", 8, ann).ok("us:0,eu:0");
  const { summary, story: told } = judge("read-your-writes", story);
  expect(summary).toMatch(/^5 reads checked, 5 violated/);
  expect(told!.filter((line) => line.startsWith("Client ann wrote"))).toEqual([
    expect.stringContaining("to key 7"),
    expect.stringContaining("to key 8"),
  ]);
  expect(told!.at(-1)).toBe("And 3 more like these.");
});

test("none takes arguments", () => {
  for (const name of GUARANTEES) {
    expect(expectations[name]!.args.safeParse({}).success).toBe(true);
    expect(expectations[name]!.args.safeParse({ region: "us" }).success).toBe(false);
  }
});
