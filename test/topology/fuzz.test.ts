// Whatever a Compose file holds: the loader never throws, and answers with a topology or with problems inside the text.
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTopology } from "../../src/topology/load.ts";
import { ROOT } from "./support.ts";

const FILE = path.join(ROOT, "compose/property.yaml");
const GOOD = fs.readFileSync(FILE, "utf8");

function check(text: string): void {
  judge(text);
  judge(text, ["us", "ap-s", "eu"]);
}

function judge(text: string, regions?: readonly string[]): void {
  const { topology, problems } = parseTopology(text, FILE, { env: { A: "1" }, regions });
  expect(topology === undefined).toBe(problems.some((problem) => problem.severity === "error"));
  const lines = text.split("\n");
  for (const problem of problems) {
    if (problem.file !== FILE) continue;
    const line = lines[problem.line - 1];
    expect(line, `line ${problem.line}`).toBeDefined();
    expect(problem.column - 1 + problem.length).toBeLessThanOrEqual(Math.max(1, line!.length));
  }
}

const WORDS = [
  "${",
  "}",
  "${A",
  ":-",
  "$",
  "us",
  "-eu",
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
  "'",
  '"',
  "null",
  "7",
  "#",
  "__proto__: ",
  "\u0000",
  "ports: ",
  "kafka:1",
  " | ",
];

describe("any Compose file", () => {
  it("of any characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), check), { numRuns: 200 });
  });

  it("that was right before somebody changed it", () => {
    const edit = fc.record({ at: fc.nat(GOOD.length), drop: fc.nat(15), add: fc.constantFrom("", ...WORDS) });
    const edited = fc
      .array(edit, { minLength: 1, maxLength: 4 })
      .map((edits) => edits.reduce((text, { at, drop, add }) => text.slice(0, at) + add + text.slice(at + drop), GOOD));
    fc.assert(fc.property(edited, check), { numRuns: 300 });
  });
});
