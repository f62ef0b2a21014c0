import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { Problem } from "../../src/model/problem.ts";
import { drawProblem } from "../../src/scenario/caret.ts";

const problem: Problem = {
  file: "/home/me/scenarios/failover.yaml",
  line: 7,
  column: 11,
  length: 11,
  message: 'topology "property" has no node "backend-usa"',
  hint: 'Did you mean "backend-us"?',
  severity: "error",
};
const folder = "/home/me";
const above = "\n".repeat(6);

describe("a problem, drawn", () => {
  it("shows its place, its line, what is underlined and the way out", () => {
    expect(drawProblem(problem, `${above}  - kill: backend-usa\n`, { folder })).toBe(
      `scenarios/failover.yaml:7:11
  7 |   - kill: backend-usa
    |           ^^^^^^^^^^^ topology "property" has no node "backend-usa"
  Did you mean "backend-us"?`,
    );
  });

  it("keeps the caret under its word beside tabs and Windows line ends, and obeys no control characters", () => {
    const text = `${above.replaceAll("\n", "\r\n")}\t\u001b- kill: backend-usa\r\n`;
    expect(drawProblem(problem, text, { folder })).toBe(
      `scenarios/failover.yaml:7:11
  7 |   - kill: backend-usa
    |           ^^^^^^^^^^^ topology "property" has no node "backend-usa"
  Did you mean "backend-us"?`,
    );
  });

  it("cuts a long line around the caret", () => {
    const long = `${"x".repeat(500)}HERE${"y".repeat(500)}`;
    const [, line, carets] = drawProblem({ ...problem, column: 501, length: 4 }, above + long, { folder }).split("\n");
    expect(line!.length).toBeLessThan(140);
    expect(line!.slice(carets!.indexOf("^"), carets!.lastIndexOf("^") + 1)).toBe("HERE");
  });

  it("says which file where there is no text to show", () => {
    const missing = { ...problem, message: "there is no such file", hint: undefined };
    expect(drawProblem(missing, "", { folder })).toBe("scenarios/failover.yaml: there is no such file");
  });

  it("says that a warning is one, and adds colour only when asked", () => {
    const warning: Problem = { ...problem, severity: "warning" };
    const plain = drawProblem(warning, `${above}  - kill: backend-usa\n`, { folder });
    expect(plain).toContain("^^^^ warning: topology");
    const coloured = drawProblem(warning, `${above}  - kill: backend-usa\n`, { folder, colour: true });
    expect(coloured).toContain("\u001b[");
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });
});
