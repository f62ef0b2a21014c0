// Two runs side by side: what broke and what got slower is told, and what is only noise is not.
import fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { judged } from "../../src/archive.ts";
import type { Run } from "../../src/model/run.ts";
import { compare, NOISE } from "../../src/reporters/compare/compare.ts";
import { sayComparison } from "../../src/reporters/compare/say.ts";
import { expecting, Story, traffic } from "../checkers/story.ts";
import { sandbox } from "../support/cli.ts";

const box = sandbox();
afterAll(() => box[Symbol.asyncDispose]());

interface Day {
  /** How long an answer of us takes. */
  tookMs?: number;
  /** The same while the fault is in force. */
  insideMs?: number;
  /** Of the operations while the fault is in force: one in so many is not answered. */
  unansweredIn?: number;
  /** Of every probe: what the machine is like. */
  probesTookMs?: number;
  /** From the kill until eu is healthy. */
  recoveryMs?: number;
  convergedMs?: number;
  /** The write that all regions hold in the end; another one is lost. */
  loses?: boolean;
  expects?: readonly string[];
  seed?: number;
}

/** Ten seconds of a client of us that asks every 20 ms; eu is down from 3 s to 6 s. */
function aDay(day: Day = {}): Run {
  const {
    tookMs = 4,
    insideMs = tookMs,
    unansweredIn = 0,
    probesTookMs = 0,
    recoveryMs = 3_400,
    convergedMs = 200,
    seed = 1,
  } = day;
  const story = new Story({
    traffic: [traffic(["us"])],
    expect: (day.expects ?? ["no-lost-writes", "no-duplicates"]).map((name) => expecting(name)),
  });
  const isInside = (at: number) => at >= 3_000 && at < 6_000;
  story.at(0).write("us", 1, 100).ok("us:1,eu:0", { version: 1, tookMs });
  for (let due = 100; due < 10_000; due += 20) {
    const read = story.at(due).read("us", 1);
    if (isInside(due) && unansweredIn > 0 && (due / 20) % unansweredIn === 0) read.unknown("timeout", { tookMs: 10 });
    else read.ok("us:1,eu:0", { value: 100, tookMs: isInside(due) ? insideMs : tookMs });
  }
  for (let due = 0; due < 10_000; due += 100) {
    story.at(due + probesTookMs).probe("us", true, due);
    story.at(due + probesTookMs).probe("eu", due < 3_000 || due >= 3_000 + recoveryMs, due);
  }
  story.at(3_000).fault("kill", ["backend-eu"]);
  story.at(5_990).ended("kill backend-eu", ["backend-eu"]);
  story.at(11_000).healed();
  story.at(11_000 + convergedMs).round(convergedMs === 0 ? [] : [1]);
  story
    .at(13_000)
    .round([])
    .finals(1, day.loses ? 50 : 100, day.loses ? "us:0,eu:0" : "us:1,eu:0");
  story.leftovers().end();
  const [first, ...events] = story.events.toSorted((a, b) => a.at - b.at).map((event, i) => ({ ...event, seq: i + 1 }));
  if (first?.type !== "run") throw new Error("a story begins with its run");
  return judged(`/runs/day-${seed}`, [{ ...first, scenario: { ...first.scenario, seed } }, ...events]);
}

const worse = (before: Day, after: Day) =>
  compare(aDay(before), aDay(after)).figures.filter(({ change }) => change === "worse");

describe("two runs", () => {
  it("that are the same are no worse, and everything was measured", () => {
    const { regressed, figures, differences, verdicts } = compare(aDay(), aDay());
    expect({ regressed, differences, verdicts }).toEqual({ regressed: false, differences: [], verdicts: [] });
    expect(figures.map(({ of }) => of)).toEqual([
      ...["whole run", "outside faults", "inside faults"].flatMap((part) =>
        ["p50", "p90", "answers", "unanswered"].map((figure) => `us, ${part}: ${figure}`),
      ),
      "eu, recovery from kill backend-eu",
      "time to converge",
    ]);
    expect(figures.find(({ of }) => of === "eu, recovery from kill backend-eu")).toMatchObject({ unit: "recovery" });
  });

  it("differ by noise: more than 20 %, but not more than 5 ms; more than 5 ms, but not more than 20 %", () => {
    expect(NOISE.ms).toEqual({ share: 0.2, amount: 5 });
    expect(worse({ tookMs: 4 }, { tookMs: 8 })).toEqual([]);
    expect(worse({ tookMs: 100 }, { tookMs: 118 })).toEqual([]);
    expect(worse({ tookMs: 4 }, { tookMs: 12 })).not.toEqual([]);
    expect(worse({ tookMs: 12 }, { tookMs: 4 })).toEqual([]);
  });

  it("of which one is slower only while something is broken", () => {
    expect(worse({}, { insideMs: 15 }).map(({ of }) => of)).toEqual([
      "us, whole run: p90",
      "us, inside faults: p50",
      "us, inside faults: p90",
    ]);
  });

  it("of which one answers less", () => {
    const found = worse({}, { unansweredIn: 2 });
    expect(found.map(({ of }) => of)).toEqual([
      "us, whole run: unanswered",
      "us, inside faults: answers",
      "us, inside faults: unanswered",
    ]);
    expect(found.at(-1)).toMatchObject({ unit: "%", before: 0, after: 50 });
  });

  it("of which one recovers and converges later, or never", () => {
    expect(worse({}, { recoveryMs: 5_000, convergedMs: 1_900 })).toEqual([
      { of: "eu, recovery from kill backend-eu", unit: "recovery", before: 3_400, after: 5_000, change: "worse" },
      { of: "time to converge", unit: "recovery", before: 200, after: 1_900, change: "worse" },
    ]);
    expect(worse({}, { recoveryMs: 60_000 })).toMatchObject([{ before: 3_400, after: null }]);
    expect(worse({ recoveryMs: 60_000 }, {})).toEqual([]);
    expect(worse({ convergedMs: 200 }, { convergedMs: 400 })).toEqual([]); // one round more
  });

  it("of which one broke: that comes first, and a verdict that is new is no regression", () => {
    const expects = ["no-lost-writes"];
    const broken = compare(aDay({ expects }), aDay({ expects, loses: true }));
    expect(broken.regressed).toBe(true);
    expect(broken.verdicts).toMatchObject([
      { text: "no-lost-writes", before: "passed", after: "failed", change: "broke" },
    ]);
    const mended = compare(aDay({ expects, loses: true }), aDay({ expects }));
    expect(mended).toMatchObject({ regressed: false, verdicts: [{ change: "mended" }] });
    const more = compare(aDay({ expects }), aDay());
    expect(more).toMatchObject({ regressed: false, verdicts: [{ text: "no-duplicates", before: "absent" }] });
  });

  it("that were not the same say so before anything else", () => {
    const found = compare(aDay({ tookMs: 4 }), aDay({ tookMs: 40, seed: 2 }));
    expect(found.differences).toEqual(["seed: 1 before, 2 after"]);
    const lines = sayComparison(found).split("\n");
    expect(lines[0]).toBe("WORSE  story (passed) than story (passed)");
    expect(lines.indexOf("  seed: 1 before, 2 after")).toBeLessThan(lines.indexOf("got slower:"));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}us, whole run: p50 +4 ms -> 40 ms {2}\(\+900 %\)$/));
    expect(lines.join(" ")).toContain("beyond 20 % and beyond 5 ms (latency)");
  });

  it("on a machine that was busier are not worse for it: probes took longer as well", () => {
    const [calm, busy] = [aDay(), aDay({ tookMs: 40, probesTookMs: 20 })];
    const found = compare(calm, busy);
    expect(found.regressed).toBe(false);
    expect(found.differences).toEqual([
      "the machine: a probe took 0 ms (p50), 0 ms (p90) before, 20 ms (p50), 20 ms (p90) after",
    ]);
    expect(sayComparison(found).split("\n")[0]).toBe("NO WORSE  story (passed) than story (passed)");
    // More than that explains is still slower, whatever the machine did.
    expect(worse({}, { tookMs: 120, probesTookMs: 20 }).map(({ of }) => of)).toContain("us, whole run: p50");
    expect(worse({}, { recoveryMs: 5_000, probesTookMs: 20 })).not.toEqual([]);
  });

  it("differ by chance when a few of a hundred were not answered, and not when many were", () => {
    expect(worse({}, { unansweredIn: 100 })).toEqual([]);
    expect(worse({}, { unansweredIn: 4 }).map(({ of }) => of)).toContain("us, inside faults: unanswered");
  });

  it("of which one failed as a whole are worse, also by an expectation that the other did not have", () => {
    const found = compare(aDay({ expects: ["no-duplicates"] }), aDay({ expects: ["no-lost-writes"], loses: true }));
    expect(found.verdicts.map(({ change }) => change)).not.toContain("broke");
    expect(found.regressed).toBe(true);
    expect(sayComparison(found)).toContain("no-lost-writes: new, failed: ");
  });
});

describe("regionctl compare", () => {
  function saved(name: string, run: Run): string {
    fs.mkdirSync(path.join(box.directory, name));
    const text = run.history.map((event) => `${JSON.stringify(event)}\n`).join("");
    fs.writeFileSync(path.join(box.directory, name, "events.ndjson"), text);
    return name;
  }

  it("fails on a regression only when it is asked to", async () => {
    const [good, slow] = [saved("good", aDay()), saved("slow", aDay({ tookMs: 30 }))];
    const told = await box.run("compare", good, slow);
    expect(told.stdout).toMatch(/^WORSE/);
    expect(told.code).toBe(0);
    expect((await box.run("compare", good, slow, "--fail-on-regression")).code).toBe(1);
    const other = await box.run("compare", slow, good, "--fail-on-regression");
    expect(other.stdout).toMatch(/^NO WORSE[^]*got faster:/);
    expect(other.code).toBe(0);
  });

  it("says the same to programs", async () => {
    const [one, two] = [saved("one", aDay()), saved("two", aDay({ recoveryMs: 6_000 }))];
    const { code, stdout } = await box.run("compare", one, two, "--json", "--fail-on-regression");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      before: { verdict: "passed" },
      regressed: true,
      figures: expect.arrayContaining([expect.objectContaining({ before: 3_400, after: 6_000, change: "worse" })]),
    });
  });

  it("is of runs: anything else is refused", async () => {
    const { code, stderr } = await box.run("compare", ".", ".");
    expect(stderr).toContain(". is not a run");
    expect(code).toBe(64);
  });
});
