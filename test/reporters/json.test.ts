// The same facts for programs.
import { describe, expect, it } from "vitest";
import { json } from "../../src/reporters/json.ts";
import { asks, fine, runWith, written } from "./run.ts";

describe("the JSON of a run", () => {
  it("is one line that holds what the terminal says, and where to find the rest", () => {
    const text = json(runWith([...fine, ...asks]));
    expect(text).not.toContain("\n");
    expect(JSON.parse(text)).toEqual({
      id: "failover-1",
      scenario: "failover",
      file: "/scenarios/failover.yaml",
      topology: "property",
      runtime: "embedded",
      seed: 42,
      startedAt: "2026-01-02T03:04:05.000Z",
      durationMs: 9_840,
      versions: { regionctl: "0.1.0" },
      verdict: "passed",
      exitCode: 0,
      directory: "/home/ada/runs/failover-1",
      verdicts: JSON.parse(JSON.stringify([...fine, ...asks])),
    });
  });

  it("gives every verdict with its exit code", () => {
    const facts = (...args: Parameters<typeof runWith>) => {
      const { verdict, exitCode } = JSON.parse(json(runWith(...args))) as { verdict: string; exitCode: number };
      return [verdict, exitCode];
    };
    const no = { text: "no-duplicates", summary: "2 twice", valid: false } as const;
    expect(facts([written(no)])).toEqual(["failed", 1]);
    expect(facts([written({ ...no, weight: "errored" })])).toEqual(["errored", 2]);
    expect(facts([written({ ...no, valid: "unknown" })])).toEqual(["inconclusive", 3]);
    expect(facts([], { interrupted: true })).toEqual(["interrupted", 130]);
  });
});
