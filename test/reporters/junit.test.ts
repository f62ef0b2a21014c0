// What a CI reads of a run.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runOf } from "../../src/model/event.ts";
import type { Run } from "../../src/model/run.ts";
import { junit } from "../../src/reporters/junit.ts";
import { checkAgain } from "../../src/reporters/said.ts";
import { asked, asks, fine, history, runWith, written } from "./run.ts";
import { all, type Element, parseXml } from "./xml.ts";

const no = { text: "no-duplicates", summary: "2 ids took effect twice", valid: false } as const;
const strange = { text: "rpo: { region: us }", summary: "nobody looked", valid: "unknown" } as const;

const cases = (...runs: readonly Run[]) => all(parseXml(junit(runs)), "testcase");

/** Name -> how it ended. */
function results(...runs: readonly Run[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    cases(...runs).map(({ attributes, children }) => [attributes["name"]!, children[0]?.name ?? "passed"]),
  );
}

const only = (run: Run, name: string): Element => cases(run).find((one) => one.attributes["name"] === name)!;

describe("a run that passed", () => {
  const root = parseXml(junit([runWith([...fine, ...asks])]));

  it("is a suite with a case per expectation, and one for what is asked of every run", () => {
    expect(root.name).toBe("testsuites");
    expect(root.attributes).toEqual({
      name: "regionctl",
      tests: "3",
      failures: "0",
      errors: "0",
      skipped: "0",
      time: "9.840",
    });
    const [suite] = all(root, "testsuite");
    expect(suite!.attributes).toMatchObject({ name: "failover", tests: "3", timestamp: "2026-01-02T03:04:05" });
    expect(all(root, "testcase").map(({ attributes }) => attributes)).toEqual([
      { classname: "failover", name: "available: { region: us, at-least: 99% }", time: "0.000" },
      { classname: "failover", name: "no-lost-writes", time: "0.000" },
      { classname: "failover", name: "what is asked of every run", time: "9.840" },
    ]);
  });

  it("says where the run lies and how to draw the same operations again", () => {
    const properties = Object.fromEntries(
      all(root, "property").map(({ attributes }) => [attributes["name"], attributes["value"]]),
    );
    expect(properties).toEqual({
      file: "/scenarios/failover.yaml",
      topology: "property",
      runtime: "embedded",
      seed: "42",
      run: "failover-1",
      directory: "/home/ada/runs/failover-1",
      verdict: "passed",
    });
  });
});

describe("how verdicts are told", () => {
  it("failed is a failure, errored and inconclusive are errors", () => {
    const run = runWith([
      ...fine,
      written(no),
      written({ text: "converges", summary: "died", valid: false, weight: "errored" }),
      written(strange),
      ...asks,
    ]);
    expect(results(run)).toEqual({
      "available: { region: us, at-least: 99% }": "passed",
      "no-lost-writes": "passed",
      "no-duplicates": "failure",
      converges: "error",
      "rpo: { region: us }": "error",
      "what is asked of every run": "passed",
    });
    expect(all(parseXml(junit([run])), "testsuite")[0]!.attributes).toMatchObject({
      tests: "6",
      failures: "1",
      errors: "2",
      skipped: "0",
    });
    expect(only(run, "rpo: { region: us }").children[0]!.attributes).toMatchObject({ type: "inconclusive" });
  });

  it("the message stands in the attribute and in the text, with the story, the events, the place and the next command", () => {
    const story = ["Client 1 wrote 5.", "Client 2 wrote 5 again."];
    const run = runWith([written({ ...no, story, evidence: [3, 7] }), ...asks]);
    const [failure] = only(run, "no-duplicates").children;
    expect(failure!.attributes).toEqual({ message: "2 ids took effect twice", type: "failed" });
    expect(failure!.text.split("\n")).toEqual([
      "2 ids took effect twice",
      ...story,
      "Events #3 #7",
      "/scenarios/failover.yaml:40",
      "regionctl check /home/ada/runs/failover-1",
    ]);
  });

  it("where what was checked is broken stands in the text, a row each; a part that holds is no news where all do", () => {
    const breakdown = (violated: number) => [
      { of: "same region", checked: 1_204, violated: 0 },
      { of: "moved region", checked: 71, violated },
    ];
    const text = (violated: number) =>
      only(runWith([written({ ...no, breakdown: breakdown(violated) }), ...asks]), "no-duplicates").children[0]!.text;
    expect(text(12).split("\n").slice(1, 3)).toEqual([
      "same region    0 of 1,204 violated",
      "moved region  12 of    71 violated",
    ]);
    expect(text(0)).not.toContain("same region");
  });

  it("a known gap is skipped while it is open, a failure once it is closed, an error when nobody knows", () => {
    const gap = (valid: true | false | "unknown") => {
      const run = runWith([written({ ...no, valid, knownGap: "wall clocks" }), ...asks]);
      return only(run, "no-duplicates").children[0]!;
    };
    expect(gap(false)).toMatchObject({
      name: "skipped",
      attributes: { type: "known-gap", message: "known gap: wall clocks; 2 ids took effect twice" },
    });
    expect(gap(true)).toMatchObject({
      name: "failure",
      attributes: { message: expect.stringContaining("but it holds now: remove known-gap") },
    });
    expect(gap("unknown")).toMatchObject({ name: "error", attributes: { type: "inconclusive" } });
  });

  it("of what is asked of every run the worst answer decides, and every bad one is told", () => {
    const told = (...bad: readonly Parameters<typeof asked>[0][]) =>
      only(runWith([...fine, ...asks, ...bad.map(asked)]), "what is asked of every run").children[0]!;
    const idle = { text: "every fault took effect", summary: "1 without effect", valid: false } as const;
    const died = { text: "no service died", summary: "backend-us died", valid: false, weight: "failed" } as const;
    const left = { text: "nothing is left", summary: "kafka is paused", valid: false, weight: "errored" } as const;
    expect(told(idle)).toMatchObject({ name: "error", attributes: { type: "inconclusive" } });
    expect(told(idle, died)).toMatchObject({ name: "failure", attributes: { type: "failed" } });
    const all = told(idle, died, left);
    expect(all).toMatchObject({ name: "error", attributes: { type: "errored" } });
    expect(all.attributes["message"]).toMatch(/^not so: nothing is left: kafka is paused; .*backend-us died/);
    expect(all.text).toContain("1 without effect");
  });

  it("interrupted, or with nothing judged, it is no green suite", () => {
    const interrupted = runWith([], { interrupted: true });
    expect(only(interrupted, "what is asked of every run").children[0]).toMatchObject({
      name: "error",
      attributes: { type: "interrupted" },
    });
    expect(results(runWith([]))).toEqual({ "what is asked of every run": "error" });
  });

  it("an expectation that stands there twice keeps two names", () => {
    const run = runWith([written({ ...no, line: 4 }), written({ ...no, line: 9 }), ...asks]);
    expect(Object.keys(results(run))).toEqual([
      "no-duplicates (line 4)",
      "no-duplicates (line 9)",
      "what is asked of every run",
    ]);
  });
});

describe("several runs", () => {
  it("are suites of one document, which counts them all", () => {
    const root = parseXml(junit([runWith([...fine, ...asks]), runWith([written(no), written(strange), ...asks])]));
    expect(root.attributes).toMatchObject({ tests: "6", failures: "1", errors: "1", skipped: "0", time: "19.680" });
    expect(all(root, "testsuite").map(({ attributes }) => attributes["tests"])).toEqual(["3", "3"]);
  });

  it("none at all is a document too", () => {
    expect(parseXml(junit([])).attributes).toMatchObject({ tests: "0", time: "0.000" });
  });
});

describe("whatever it has to tell", () => {
  /** Any UTF-16, halves of surrogate pairs included, and often what XML trips over. */
  const anything = fc
    .array(
      fc.oneof(
        fc.constantFrom("<", ">", "&", '"', "'", "]]>", "\r", "\n", "\t", "\0", "\u001b[31m", "\ud800", "😀", "&amp;"),
        fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(""));

  /** As it can be written: what XML 1.0 has no place for is spelt out. */
  const spelt = (text: string) =>
    [...text]
      .map((one) => {
        const code = one.codePointAt(0)!;
        const control = code < 0x20 && !"\t\n\r".includes(one);
        const never = control || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff;
        return never ? `\\u${code.toString(16).padStart(4, "0")}` : one;
      })
      .join("");

  it("it is well-formed, and is read as it was written", () => {
    fc.assert(
      fc.property(anything, anything, anything, anything, (text, summary, sentence, gap) => {
        const [first, ...others] = history;
        const scenario = { ...runOf(history).scenario, name: text, file: summary };
        const run = runWith(
          [
            written({ text, summary, valid: false, story: [sentence] }),
            written({ text: `${text} known`, summary, valid: false, knownGap: gap }),
            asked({ text, summary, valid: "unknown" }),
          ],
          { history: [{ ...first!, scenario } as (typeof history)[number], ...others], directory: gap },
        );
        const [failed, skipped, always] = cases(run);
        expect(failed!.attributes).toMatchObject({ classname: spelt(text), name: spelt(text) });
        expect(failed!.children[0]!.attributes["message"]).toBe(spelt(summary));
        expect(failed!.children[0]!.text).toBe(
          spelt(
            [
              summary,
              ...(sentence === summary ? [] : [sentence]),
              `${summary}:40`,
              ...(gap === "" ? [] : [checkAgain(gap)]),
            ].join("\n"),
          ),
        );
        expect(skipped!.children[0]!.attributes["message"]).toBe(spelt(`known gap: ${gap}; ${summary}`));
        expect(always!.children[0]!.name).toBe("error");
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  it("other readers agree", ({ skip }) => {
    const python = ["-c", "import sys, xml.dom.minidom as m; print(m.parse(sys.stdin.buffer).documentElement.tagName)"];
    const message = "\u001b[31m<&\"'>]]>\r\n\ud800 😀";
    const document = junit([runWith([written({ text: message, summary: message, valid: false }), ...asks])]);
    let said: string;
    try {
      said = execFileSync("python3", python, { input: document, encoding: "utf8", stdio: "pipe" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return skip("there is no python3 here to read it");
    }
    expect(said.trim()).toBe("testsuites");
  });
});

describe("the reader that these tests trust", () => {
  const document = (inside: string) => `<?xml version="1.0" encoding="UTF-8"?>\n${inside}\n`;

  it("reads what the standard allows", () => {
    expect(parseXml(document('<a b="1&#10;2&lt;"> x&#13; <c/></a>'))).toEqual({
      name: "a",
      attributes: { b: "1\n2<" },
      children: [{ name: "c", attributes: {}, children: [], text: "" }],
      text: " x\r ",
    });
    expect(parseXml(document('<a b="1\n2">\r\n</a>'))).toMatchObject({ attributes: { b: "1 2" }, text: "\n" });
  });

  it.each([
    "<a>&</a>",
    "<a>&nbsp;</a>",
    "<a>]]></a>",
    "<a>\u0001</a>",
    "<a>&#1;</a>",
    "<a>\ud800</a>",
    '<a b="<"/>',
    '<a b="1" b="2"/>',
    "<a><b></a></b>",
    "<a>",
    "<a/><b/>",
    "<a>\uffff</a>",
  ])("refuses %j", (inside) => {
    expect(() => parseXml(document(inside))).toThrow();
  });
});
