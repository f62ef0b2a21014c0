// What GitHub makes of a run, read as its runner reads it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Event, runOf } from "../../src/model/event.ts";
import type { Run } from "../../src/model/run.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { github } from "../../src/reporters/github.ts";
import { asked, asks, fine, history, runWith, written } from "./run.ts";

interface Command {
  name: string;
  properties: Readonly<Record<string, string>>;
  message: string;
}

/** As the runner parses a line (ActionCommand.TryParseV2): the first "::" after the name ends the properties. */
function parse(line: string): Command {
  const [, name, given = "", message] = /^::([a-z-]+)(?: (.*?))?::(.*)$/s.exec(line) ?? [];
  if (name === undefined) throw new Error(`no command: ${JSON.stringify(line)}`);
  const unescape = (text: string) =>
    text.replace(/%3A/g, ":").replace(/%2C/g, ",").replace(/%0D/g, "\r").replace(/%0A/g, "\n").replace(/%25/g, "%");
  const properties = given
    .split(",")
    .map((one) => [one.slice(0, one.indexOf("=")), unescape(one.slice(one.indexOf("=") + 1))]);
  return { name, properties: Object.fromEntries(properties), message: unescape(message!) };
}

/** The runner's lines end with any of \r, \n, \r\n. */
function commands(run: Run | readonly Run[], root = "/"): readonly Command[] {
  return github("history" in run ? [run] : run, root)
    .split(/\r\n|\r|\n/)
    .filter((line) => line !== "")
    .map(parse);
}

const lost: Verdict = written({
  text: "no-lost-writes",
  summary: "2 of 934 acknowledged writes are lost",
  valid: false,
  line: 38,
  story: ["us-3 wrote 1412 (event 812).", "Nobody shows it: 100% gone."],
});

describe("annotations", () => {
  it("of a step stand on its line, and what the summary says is not said again", () => {
    const summary = 'step 2 (line 14, "wait healthy(us)") inconclusive';
    const step: Event[] = [
      { type: "step", phase: "begin", path: "2", verb: "wait", text: "wait healthy(us)", line: 14, seq: 90, at: 900 },
      { type: "step", phase: "end", path: "2", verdict: "inconclusive", seq: 91, at: 950 },
    ];
    const verdict = asked({ text: "every step did what it says", summary, valid: "unknown", story: [summary] });
    const run = runWith([...fine, { ...verdict, evidence: [91] }], { history: [...history, ...step] });
    expect(commands(run)).toMatchObject([
      {
        properties: { line: "14", title: "failover: not so: every step did what it says" },
        message: `${summary}\nregionctl check /home/ada/runs/failover-1`,
      },
    ]);
    // The step of another path is not meant.
    const other = runWith([...fine, { ...verdict, evidence: [] }], { history: [...history, ...step] });
    expect(commands(other)[0]!.properties["line"]).toBe("1");
  });

  it("are none for a run that passed", () => {
    expect(github([runWith([...fine, ...asks])], "/")).toBe("");
  });

  it("stand on the line of the expectation, with its story and what to do next", () => {
    expect(commands(runWith([...fine, lost, ...asks]))).toEqual([
      {
        name: "error",
        properties: { file: "scenarios/failover.yaml", line: "38", title: "failover: no-lost-writes" },
        message: [
          "2 of 934 acknowledged writes are lost",
          "us-3 wrote 1412 (event 812).",
          "Nobody shows it: 100% gone.",
          "regionctl check /home/ada/runs/failover-1",
        ].join("\n"),
      },
    ]);
    expect(github([runWith([lost])], "/")).toContain(
      "::error file=scenarios/failover.yaml,line=38,title=failover%3A no-lost",
    );
  });

  it("name the file as the repository does; one outside of it stands in the message", () => {
    const [inside] = commands(runWith([lost]), "/scenarios");
    expect(inside!.properties).toMatchObject({ file: "failover.yaml" });
    const [outside] = commands(runWith([lost]), "/home/ada/project");
    expect(outside!.properties).toEqual({ title: "failover: no-lost-writes" });
    expect(outside!.message).toMatch(/\n\/scenarios\/failover\.yaml:38$/);
  });

  it("inconclusive warns, errored is an error on the first line, a known gap is noticed, whatever held is silent", () => {
    const left = { text: "nothing is left", summary: "kafka is paused", valid: false, weight: "errored" } as const;
    const run = runWith([
      fine[0]!,
      written({ ...lost, line: 50, valid: "unknown" }),
      written({ ...lost, line: 60, knownGap: "wall clocks" }),
      written({ ...lost, line: 70, knownGap: "wall clocks", valid: true }),
      ...asks,
      asked(left),
    ]);
    expect(commands(run).map(({ name, properties }) => `${name} ${properties["line"]}`)).toEqual([
      "error 1",
      "error 70", // the gap is closed
      "warning 50",
      "notice 60",
    ]);
    expect(commands(runWith([], { interrupted: true }))[0]).toMatchObject({ name: "warning" });
    expect(commands(runWith([]))[0]).toMatchObject({ name: "warning", message: "nothing was judged" });
  });

  it("are ten at most, the worst first, and one notice for the others", () => {
    const many = Array.from({ length: 12 }, (_, i) => written({ ...lost, line: 100 + i }));
    const gaps = Array.from({ length: 3 }, (_, i) => written({ ...lost, line: 200 + i, knownGap: "known" }));
    const worst = written({ ...lost, line: 300, weight: "errored" });
    const found = commands(runWith([...gaps, ...many, worst]));
    expect(found.length).toBe(11);
    expect(found[0]!.properties["line"]).toBe("300");
    expect(found.slice(0, 10).map(({ name }) => name)).toEqual(Array.from({ length: 10 }, () => "error"));
    expect(found[10]).toMatchObject({ name: "notice" });
    expect(found[10]!.message).toMatch(/^3 more that did not hold and 3 more known gaps: regionctl check /);
    expect(commands(runWith(many.slice(0, 10))).length).toBe(10);
  });

  it("are ten at most of all runs together, and none takes the room of the others", () => {
    const many = Array.from({ length: 9 }, (_, i) => written({ ...lost, line: 100 + i }));
    const few = [written({ ...lost, line: 200 }), written({ ...lost, line: 201, weight: "inconclusive" })];
    const errored = written({ ...lost, line: 300, weight: "errored" });
    const found = commands([runWith(many), runWith(few, { directory: "" }), runWith([errored])]);
    expect(found.map(({ name, properties }) => `${name} ${properties["line"]}`)).toEqual([
      "error 300", // the worst, of whichever run
      "error 100",
      "error 200",
      ...Array.from({ length: 7 }, (_, i) => `error ${101 + i}`),
      "notice 1",
    ]);
    expect(found.at(-1)).toMatchObject({ message: "2 more that did not hold: in the log" });
  });

  it("whatever a run says makes no command of its own", () => {
    const nasty = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            "\n::error::x",
            "\r\n",
            "::",
            "::stop-commands::t",
            "##[error]",
            "%0A",
            "%",
            ",line=1",
            ":",
            "=",
          ),
          fc.string({ maxLength: 6, unit: "binary" }),
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (name, file, text, summary) => {
        const [first, ...others] = history;
        const scenario = { ...runOf(history).scenario, name, file: `/repository/${file}` };
        const verdict = written({ text, summary, valid: false, story: [summary, name], knownGap: undefined });
        const run = runWith([verdict], {
          history: [{ ...first!, scenario } as (typeof history)[number], ...others],
          directory: file,
        });
        const found = commands(run, "/repository");
        expect(found.length).toBe(1);
        expect(found[0]!.name).toBe("error");
        for (const key of Object.keys(found[0]!.properties)) expect(["file", "line", "title"]).toContain(key);
        expect(found[0]!.properties["line"] ?? "40").toBe("40");
        expect(github([run], "/repository").trimEnd()).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it("a story without end is cut", () => {
    const long = written({ ...lost, story: Array.from({ length: 5_000 }, () => "It goes on and on.") });
    expect(github([runWith([long])], "/").length).toBeLessThan(64_000);
  });
});
