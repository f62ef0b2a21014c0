import { z } from "zod";
import { describe, expect, test } from "vitest";
import { operationsOf } from "../../src/checkers/history.ts";
import { expectations, judge, verdictOf } from "../../src/checkers/index.ts";
import { parseDuration } from "../../src/model/units.ts";
import { expecting, Story, traffic } from "./story.ts";
import { goodHistory } from "./world.ts";

describe("the table", () => {
  test.each(Object.entries(expectations))(
    "%s says what it is, and its arguments can be drawn as a schema",
    (name, words) => {
      expect(words.name).toBe(name);
      expect(words.example).toContain(name);
      expect(z.toJSONSchema(words.args, { io: "input" })).toMatchObject({
        type: "object",
        additionalProperties: false,
      });
    },
  );

  test("arguments are judged as parsed, also after they lay in a file", () => {
    const args = expectations.converges!.args.parse({ within: "10s" });
    expect(JSON.parse(JSON.stringify(args))).toEqual({ within: parseDuration("10s") });
    expect(expectations.converges!.args.safeParse({}).success).toBe(false);
    expect(expectations["no-lost-writes"]!.args.safeParse({ losers: "refused" }).success).toBe(true);
    expect(expectations["no-lost-writes"]!.args.safeParse({ losers: "allowed" }).success).toBe(false);
    expect(expectations["no-duplicates"]!.args.safeParse({ strict: true }).success).toBe(false);
  });
});

describe("judging a run", () => {
  test("first what the scenario expects, then what every run is asked; twice the same", () => {
    const history = goodHistory({ seed: 5 });
    const verdicts = judge(history);
    expect(verdicts.map((verdict) => verdict.name)).toEqual([
      "available",
      "recovers",
      "rpo",
      "lag",
      "latency",
      "no-lost-writes",
      "no-duplicates",
      "converges",
      "conflicts",
      "healthy-at-first",
      "faults-took-effect",
      "enough-traffic",
      "steps",
      "services-alive",
      "surroundings-alive",
      "nothing-left",
      "ended",
    ]);
    expect(verdicts[0]).toMatchObject({ text: "available", line: 20, weight: "failed" });
    expect(verdicts.at(-1)!.line).toBeUndefined();
    expect(judge(JSON.parse(JSON.stringify(history)))).toEqual(verdicts);
  });

  test("evidence names events of the history", () => {
    const history = goodHistory({ seed: 5 }).filter((event) => event.type !== "conflict");
    const numbers = new Set(history.map((event) => event.seq));
    const evidence = judge(history).flatMap((verdict) => verdict.evidence);
    expect(evidence.length).toBeGreaterThan(0);
    expect(evidence.filter((seq) => !numbers.has(seq))).toEqual([]);
  });

  test("a checker that throws has proved nothing, and neither has one that does not exist", () => {
    const story = new Story({
      expect: [expecting("available", null), expecting("unheard-of"), expecting("toString")],
    });
    const [threw, ...absent] = judge(story.events);
    expect(threw).toMatchObject({ valid: "unknown", summary: expect.stringContaining("the checker itself failed") });
    for (const verdict of absent.slice(0, 2))
      expect(verdict).toMatchObject({ valid: "unknown", summary: expect.stringContaining("has no checker") });
  });

  test("what is not a run is refused", () => {
    expect(() => judge(goodHistory({ seed: 5 }).slice(1))).toThrow(/does not begin with a run/);
  });

  describe("a known gap", () => {
    /** A write that stands, one that is gone, or nobody who looked. */
    const told = (name: string, args: object, what: "kept" | "lost" | "unread", gap?: string) => {
      const story = new Story({ expect: [expecting(name, args, gap)] }).probe("us", true).probe("eu", true);
      story.write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
      if (what === "unread") story.healed().round([]);
      else story.settled({ 7: what === "lost" ? [3, "us:0,eu:0"] : [10, "us:1,eu:0"] });
      const verdicts = judge(story.leftovers().end().events);
      expect(verdicts[0]).toMatchObject({ name, knownGap: gap, weight: "failed" });
      return verdictOf(verdicts);
    };

    test.each<[string, object]>([
      ["no-lost-writes", {}],
      ["no-lost-writes", { losers: "refused" }],
      ["conflicts", { silent: 0 }],
      ["converges", { within: 1_000 }],
    ])("%s %j: failing does not fail the run, passing does, and not knowing is neither", (name, args) => {
      expect(told(name, args, "kept")).toBe("passed");
      expect(told(name, args, "lost")).toBe("failed");
      expect(told(name, args, "unread")).toBe("inconclusive");
      expect(told(name, args, "kept", "wall clocks")).toBe("failed");
      expect(told(name, args, "lost", "wall clocks")).toBe("passed");
      expect(told(name, args, "unread", "wall clocks")).toBe("inconclusive");
    });

    test("excuses only its own expectation", () => {
      const story = new Story({ expect: [expecting("conflicts", { silent: 0 }, "why"), expecting("no-lost-writes")] });
      story.probe("us", true).probe("eu", true).write("us", 7, 10, { basis: "us:0,eu:0" }).ok("us:1,eu:0");
      story.settled({ 7: [3, "us:0,eu:0"] }).leftovers();
      expect(verdictOf(judge(story.end().events))).toBe("failed");
    });
  });

  test("nothing judged is not passed", () => {
    expect(verdictOf([])).toBe("inconclusive");
  });
});

describe("operations", () => {
  test("an invoke without an answer is unknown, for ever", () => {
    const story = new Story();
    story.write("us", 7, 10);
    story.read("us", 7).ok("us:0,eu:0", { by: "eu" });
    const [open, read] = operationsOf(story.events);
    expect(open).toMatchObject({ outcome: { type: "unknown" }, completed: Infinity });
    expect(read).toMatchObject({ outcome: { type: "ok" }, servedIn: "eu", completed: 3 });
  });

  test("are read once, and again when the history grew", () => {
    const story = new Story();
    story.read("us", 7).ok();
    const first = operationsOf(story.events);
    expect(operationsOf(story.events)).toBe(first);
    story.read("us", 7).ok();
    expect(operationsOf(story.events)).toHaveLength(2);
  });
});

describe("100,000 writes over 20 keys", () => {
  test("are judged by all: first as they were, then with one write gone", () => {
    const story = new Story({
      traffic: [traffic()],
      expect: [
        expecting("available", { region: "us", "at-least": 0.99 }),
        expecting("recovers", { region: "us", rto: 10_000 }),
        expecting("rpo", { region: "us", "at-most": 2_000 }),
        expecting("lag", { region: "eu", "at-most": 1_000, "drains-within": 1_000 }),
        expecting("latency", { region: "us", p50: 10, p99: 10 }),
        expecting("no-lost-writes"),
        expecting("no-duplicates"),
        expecting("converges", { within: 1_000 }),
        expecting("conflicts", { counted: 50_000, silent: 0 }),
      ],
    });
    const keys = Array.from({ length: 20 }, (_, key) => key);
    story.probe("us", true).probe("eu", true);
    // Both regions write each key 2,500 times without hearing of each other: the worst case for ancestry.
    for (let n = 0; n < 2_500; n++) {
      if (n === 2_000) story.fault("kill", ["backend-us"]).probe("us", false);
      if (n === 2_010) {
        for (const key of keys) story.surviving("kill backend-us", "eu", key, 0, `us:1990,eu:${n}`);
        story.ended("kill backend-us", ["backend-us"]).probe("us", true);
      }
      for (const key of keys) {
        story.write("us", key, `us ${n}`, { basis: `us:${n},eu:0`, id: `us-${key}-${n}` }).ok(`us:${n + 1},eu:0`);
        story.write("eu", key, `eu ${n}`, { basis: `us:0,eu:${n}`, id: `eu-${key}-${n}` }).ok(`us:0,eu:${n + 1}`);
        if (n % 10 === 0) story.read("eu", key).ok(`us:${n},eu:${n + 1}`, { value: `us ${n - 1}` });
      }
      story.sample({ us: { eu: 0.9 }, eu: { us: 0.9 } });
    }
    story.healed().round(keys).round([]);
    for (const key of keys) {
      story.finals(key, "us 2499", "us:2500,eu:2500");
      for (let n = 0; n < 2_500; n++) {
        const winner = { state: `us:${n + 1},eu:0`, value: `us ${n}`, id: `us-${key}-${n}` };
        const loser = { state: `us:0,eu:${n + 1}`, value: `eu ${n}`, id: `eu-${key}-${n}` };
        for (const region of ["us", "eu"]) story.conflict(region, key, winner, loser);
      }
    }
    story.leftovers().end();

    const verdicts = judge(story.events);
    expect(verdicts.filter((verdict) => verdict.valid !== true)).toEqual([]);
    const said = (name: string, among = verdicts) => among.find((verdict) => verdict.name === name)!;
    expect(said("no-lost-writes").summary).toBe(
      "100,000 acknowledged: 20 current, 99,960 superseded, 20 lost to recorded conflicts, 0 silently",
    );
    expect(said("conflicts").summary).toContain("50,000 pairs of concurrent writes in 100,000 records");
    expect(said("rpo").summary).toContain("200 of its 40,000 acknowledged writes could be read nowhere else");
    const gone = judge(story.events.filter((event) => event.type !== "conflict" || event.key !== "13"));
    expect(said("no-lost-writes", gone)).toMatchObject({
      valid: false,
      summary: expect.stringContaining("19 lost to recorded conflicts, 1 silently"),
    });
    expect(said("conflicts", gone)).toMatchObject({
      valid: false,
      summary: expect.stringContaining("1 overwritten silently"),
    });
  });
});
