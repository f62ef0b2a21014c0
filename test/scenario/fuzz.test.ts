// Whatever a file holds: the loader never throws, and it answers with a scenario or with problems that can be drawn.
import fs from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import YAML from "yaml";
import { drawAll, FILE, parse, withSteps } from "./support.ts";

const GOOD = withSteps(`  - request: GET /us/health
    expect: { status: 200, body: { region: us } }
    save: { version: body.version }
  - at: 2s
    kill: [db-us, backend-us]
    for: 10s
    id: cut
  - when: lag(eu) > 3s
    heal: cut
  - settle: `);

function check(text: string): void {
  const { scenario, problems } = parse(text);
  const wrong = problems.some((problem) => problem.severity === "error");
  expect(scenario === undefined).toBe(wrong);
  const lines = text.split("\n");
  for (const problem of problems) {
    if (problem.file !== FILE) continue;
    const line = lines[problem.line - 1];
    expect(line, `line ${problem.line} of ${JSON.stringify(text)}`).toBeDefined();
    expect(problem.column).toBeGreaterThanOrEqual(1);
    expect(problem.column).toBeLessThanOrEqual(Math.max(1, line!.length));
    expect(problem.length).toBeGreaterThanOrEqual(1);
    expect(problem.column - 1 + problem.length).toBeLessThanOrEqual(Math.max(1, line!.length));
  }
  expect(drawAll(problems, text)).toBeTypeOf("string");
}

const WORDS = [
  "kill",
  "for",
  "10s",
  "${",
  "}",
  "us",
  "lag(eu) > 3s",
  ": ",
  "- ",
  "\n",
  "  ",
  "\t",
  "[",
  "{",
  "&a ",
  "*a",
  "<<: ",
  "!x ",
  "|\n",
  "'",
  '"',
  "null",
  "~",
  "7",
  "---\n",
  "#",
  "__proto__: ",
  "\u0000",
  "é🌍",
  "\r\n",
];

describe("any file", () => {
  it("of any characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), check), { numRuns: 300 });
  });

  it("that was right before somebody changed it", () => {
    const edit = fc.record({
      at: fc.nat(GOOD.length),
      drop: fc.nat(12),
      add: fc.oneof(fc.constantFrom("", ...WORDS), fc.string({ maxLength: 5 })),
    });
    const edited = fc
      .array(edit, { minLength: 1, maxLength: 4 })
      .map((edits) => edits.reduce((text, { at, drop, add }) => text.slice(0, at) + add + text.slice(at + drop), GOOD));
    fc.assert(fc.property(edited, check), { numRuns: 400 });
  });

  it("of any YAML in the right places", () => {
    const value = fc.oneof(fc.constantFrom(...WORDS), fc.jsonValue({ maxDepth: 2 }));
    const step = fc.oneof(
      value,
      fc.dictionary(
        fc.constantFrom("kill", "heal", "wait", "request", "for", "at", "when", "id", "save", "expect", "to", "x"),
        value,
      ),
    );
    const file = fc.record(
      {
        name: fc.constantFrom("a", "B", 1),
        topology: fc.oneof(fc.constant("property"), value),
        seed: value,
        traffic: fc.oneof(
          value,
          fc.array(fc.oneof(value, fc.dictionary(fc.constantFrom("workload", "rate", "keys", "regions"), value)), {
            maxLength: 2,
          }),
        ),
        steps: fc.oneof(value, fc.array(step, { maxLength: 4 })),
        expect: fc.oneof(
          value,
          fc.array(fc.oneof(value, fc.dictionary(fc.constantFrom("converges", "available", "known-gap"), value)), {
            maxLength: 3,
          }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        file.map((one) => YAML.stringify(one)),
        check,
      ),
      { numRuns: 400 },
    );
  });

  it("up to the very size that is still read", () => {
    const long = `${GOOD}about: ${"x".repeat(100_000)}\n`;
    check(long);
    check("[".repeat(5_000));
    check(`${"a:\n ".repeat(500)}b`);
    check(
      `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d]\n`,
    );
    expect(fs.existsSync(FILE)).toBe(false);
  });
});
