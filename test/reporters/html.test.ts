// report.html before anybody looks at it: what it knows of a run, how large it can get, and that it stays data. What a browser
// makes of it is in browser.test.ts.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { runOf } from "../../src/model/event.ts";
import { html } from "../../src/reporters/html.ts";
import { reportFacts } from "../../src/reporters/html/facts.ts";
import { twoRegions } from "../support/topology.ts";
import { begins, failing, historyOf, KILLED, large, operation, sample, SOURCES } from "./html-run.ts";
import { runWith, written } from "./run.ts";

const factsOf = (run = failing()) => reportFacts(run, SOURCES);

describe("the facts of a report", () => {
  it("tell what came of it, of what, and how to see it again", () => {
    const { verdict, facts, commands, troubles } = factsOf();
    expect(verdict).toBe("failed");
    expect(Object.fromEntries(facts)).toMatchObject({
      took: "9 s",
      seed: "42",
      runtime: "embedded",
      regionctl: "0.1.0",
    });
    expect(commands.map(({ command }) => command)).toEqual([
      "regionctl scenario run /scenarios/failover.yaml --seed 42 --runtime embedded",
      "regionctl check /home/ada/runs/failover-1",
    ]);
    expect(troubles.map(({ text }) => text)).toEqual(["warning: a warning"]);
  });

  it("asks for the places again that the command line chose, and not for those of the file", () => {
    const topology = { ...twoRegions, places: { us: "us-east-1", eu: "eu-west-1" } };
    const chosen = runWith([], { history: historyOf([[0, begins({ topology })]]) });
    expect(factsOf(chosen).commands[0]!.command).toMatch(/ --wan us-east-1,eu-west-1$/);
    expect(factsOf().commands[0]!.command).not.toContain("--wan");
  });

  it("ask for what would not stand to be played again, and of another system only for its history", () => {
    const begun = runOf(failing().history);
    const none = (more: Partial<typeof begun>) => [{ ...begun, runtime: "none", ...more }];
    const steps = [{ path: "1", verb: "settle", text: "settle", line: 9, args: {} }];
    const played = factsOf(runWith([], { history: none({ scenario: { ...begun.scenario, steps } }) }));
    expect(played.commands[0]).toEqual({
      does: "run it again",
      command: "regionctl scenario run /scenarios/failover.yaml --seed 42",
    });
    expect(played.topology?.zones.map(({ name }) => name)).toContain("us");
    const scenario = { ...begun.scenario, steps: [], file: "/home/ada/history.json" };
    const foreign = factsOf(runWith([], { directory: "", history: none({ scenario }) }));
    expect(foreign.commands).toEqual([{ does: "judge it again", command: "regionctl check /home/ada/history.json" }]);
    expect(foreign.topology).toBeUndefined(); // nobody told
    expect(foreign.facts.map(([name]) => name)).not.toContain("seed");
  });

  it("quote for a shell what is not one word", () => {
    const run = { ...failing(), directory: "/home/ada's runs/$(reboot)" };
    expect(factsOf(run).commands.at(-1)!.command).toBe(`regionctl check '/home/ada'\\''s runs/$(reboot)'`);
  });

  it("hold every event that a verdict points at, by its own number, and those of its story", () => {
    const run = failing();
    const { expectations, events } = factsOf(run);
    const failed = expectations.find(({ name }) => name === "no-lost-writes")!;
    const known = new Map(events.map((event) => [event.seq, event]));
    expect(failed.evidence.map((seq) => known.get(seq)?.type)).toEqual(["complete", "final"]);
    const told = failed.story.flatMap((line) => [...line.matchAll(/event (\d+)/g)].map(([, seq]) => Number(seq)));
    expect(told.map((seq) => known.get(seq))).toEqual(told.map((seq) => run.history.find((e) => e.seq === seq)));
    expect(expectations.find(({ name }) => name === "available")!.story).toEqual([]);
  });

  it("keep what the scenario knows does not hold apart from what passed", () => {
    const gap = { text: "converges: { within: 5s }", summary: "no", knownGap: "ticket 7" };
    const of = (valid: boolean) => factsOf(runWith([written({ ...gap, valid })])).expectations[0]!;
    expect(of(false)).toMatchObject({ comes: "passed", gapIsOpen: true });
    expect(of(true)).toMatchObject({ comes: "failed", gapIsOpen: false });
  });

  it("say nothing of passwords that nodes are given", () => {
    expect(JSON.stringify(twoRegions)).toContain("secret");
    expect(JSON.stringify(factsOf())).not.toContain("secret");
  });

  it("are there for a run that hardly was one", () => {
    const interrupted = historyOf([
      [5, begins()],
      [5, { type: "end", reason: "interrupted" }],
    ]);
    const run = runWith([], { history: interrupted, interrupted: true, verdict: "inconclusive", directory: "" });
    const facts = factsOf(run);
    expect(facts).toMatchObject({ verdict: "interrupted", scenes: [], expectations: [] });
    expect(facts.commands).toHaveLength(1);
    expect(facts.timeline.regions.map(({ region }) => region)).toEqual(["us", "eu"]);
  });
});

describe("the timeline of a report", () => {
  it("shows faults from beginning to end, with what they touched and what was measured", () => {
    expect(factsOf().timeline.windows).toMatchObject([
      { label: "kill backend-us", from: 2_001, to: 4_001, regions: ["us"], measured: ["backend-us has no process"] },
    ]);
    const endless = historyOf([[0, begins()], ...KILLED.slice(0, 3)]);
    expect(factsOf(runWith([], { history: endless })).timeline.windows).toMatchObject([{ to: null }]);
  });

  it("leaves gaps where nobody told, and says when a region was not healthy", () => {
    const us = factsOf().timeline.regions[0]!;
    const lagAt = (at: number) => us.lag.find(([time]) => time === at)![1];
    expect([1_500, 2_500, 4_500].map(lagAt)).toEqual([0, null, 1.5]);
    expect(us.unhealthy).toEqual([[2_250, 4_250]]);
    expect(factsOf().timeline.regions[1]!.unhealthy).toEqual([]);
  });

  it("counts from when an operation was due, and tells the unanswered from the answered", () => {
    const history = historyOf([
      [0, begins()],
      ...operation({ op: 1, at: 101, tookMs: 9, reads: 1 }),
      ...operation({ op: 2, at: 102, tookMs: 29, reads: 1 }),
      ...operation({ op: 3, at: 103 }),
      [1_000, { type: "end", reason: "done" }],
    ]);
    const { regions, bucketMs } = factsOf(runWith([], { history })).timeline;
    expect(bucketMs).toBe(200);
    expect(regions[0]!.p50[0]).toEqual([100, 10]);
    expect(regions[0]!.p99[0]).toEqual([100, 30]);
    expect(regions[0]!.answered.map(([, n]) => n)).toEqual([10, 0, 0, 0, 0]);
    expect(regions[0]!.unanswered.map(([, n]) => n)).toEqual([5, 0, 0, 0, 0]);
    expect(regions[0]!.p50[1]).toEqual([300, null]);
    expect(regions[1]!.answered.every(([, n]) => n === 0)).toBe(true);
  });

  it("keeps the worst lag of many samples, however few are drawn", () => {
    const hours = Array.from({ length: 20_000 }, (_, i) =>
      sample(i * 250, i === 12_345 ? { lagSeconds: { eu: 42 } } : {}),
    );
    const { regions } = factsOf(runWith([], { history: historyOf([[0, begins()], ...hours]) })).timeline;
    expect(regions[0]!.lag.length).toBeLessThanOrEqual(300);
    expect(Math.max(...regions[0]!.lag.map(([, lag]) => lag ?? 0))).toBe(42);
  });
});

describe("the counterexamples of a report", () => {
  it("are the operations that a failed verdict points at, key by key, among their neighbours", () => {
    const { scenes } = factsOf();
    expect(scenes.map(({ key, verdicts }) => [key, verdicts])).toEqual([["7", [1]]]);
    const [scene] = scenes;
    expect(scene!.bars.filter(({ involved }) => involved).map(({ op }) => op)).toEqual([1, 3]);
    expect(scene!.bars.filter(({ involved }) => !involved).map(({ op }) => op)).toEqual([2, 4, 5]);
    expect(scene!.bars.find(({ op }) => op === 1)).toMatchObject({
      kind: "write",
      label: "100 → us:1,eu:0",
      region: "us",
    });
    expect(scene!.bars.find(({ op }) => op === 4)).toMatchObject({ outcome: "fail", error: "409 Conflict" });
    expect(scene!.bars.find(({ op }) => op === 5)).toMatchObject({ outcome: "unknown", to: null });
    expect(scene!.marks).toMatchObject([{ row: "us in the end", label: "200 at us:1,eu:0" }]);
  });

  it("are none of what holds, and none of what is only slow", () => {
    const { history, verdicts } = failing();
    const { evidence } = verdicts[1]!;
    const of = (text: string, valid: boolean) =>
      factsOf(runWith([written({ text, summary: "", valid, evidence })], { history })).scenes;
    expect(of("no-lost-writes", true)).toEqual([]);
    expect(of("latency: { region: us, p99: 5ms }", false)).toEqual([]);
    expect(of("no-lost-writes", false)).toHaveLength(1);
  });
});

describe("report.html", () => {
  it("is one file that asks nobody for anything", () => {
    const text = html(failing(), SOURCES);
    const outside = text.replace(/<script>[\s\S]*<\/script>/, "").replace(/<style>[\s\S]*<\/style>/, "");
    expect(outside).not.toMatch(/\b(src|href|srcset|action)=/);
    expect(outside).toContain("default-src 'none'");
  });

  it("lets run only the program and the style that it brings", () => {
    const text = html(failing(), SOURCES);
    const program = /<script>([\s\S]*)<\/script>/.exec(text)![1]!;
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)![1]!;
    const digest = (of: string) => `'sha256-${createHash("sha256").update(of).digest("base64")}'`;
    expect(text).toContain(`script-src ${digest(program)};`);
    expect(text).toContain(`style-src-elem ${digest(style)};`);
    expect(text).not.toContain(`script-src ${digest(`${program} `)};`);
    expect(program).not.toMatch(/<\/script|<!--/i);
  });

  it("keeps what a run said inside the data, as it was said", () => {
    const name = `</script><script>alert(1)</script><!-- "&'`;
    const text = html(failing({ name, log: name }), { ...SOURCES, scenario: name });
    expect(text.match(/<script/gi)).toHaveLength(2);
    expect(text).toContain("<title>failed: &lt;/script&gt;");
    const inside = /<script type="application\/json" id="facts">([\s\S]*?)<\/script>/.exec(text)![1]!;
    const facts = JSON.parse(inside) as ReturnType<typeof factsOf>;
    expect(facts.scenario.name).toBe(name);
    expect(facts.sources.scenario).toBe(name);
    expect(facts.troubles[0]!.text).toBe(`warning: ${name}`);
  });

  it("stays small when a run is large", () => {
    const run = large(100_000);
    const text = html(run, SOURCES);
    expect(run.history.length).toBeGreaterThan(200_000);
    expect(text.length).toBeLessThan(3_000_000);
    expect(text.length - html(failing(), SOURCES).length).toBeLessThan(500_000);
  });
});
