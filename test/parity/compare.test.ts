// What counts as a difference between two runtimes, and what does not.
import { describe, expect, it } from "vitest";
import type { RunVerdict, Verdict } from "../../src/model/verdict.ts";
import { compare, countsOf, isGood, storyOf, tableOf } from "./compare.ts";
import type { Played, RuntimeName } from "./play.ts";

const verdict = (text: string, valid: Verdict["valid"], summary = "as counted"): Verdict => ({
  name: text.split(":")[0]!,
  text,
  line: 10,
  weight: "failed",
  valid,
  summary,
  evidence: [],
});

function played(
  runtime: RuntimeName,
  run: RunVerdict | "none",
  verdicts: readonly Verdict[],
  wrong: string[] = [],
): Played {
  return { runtime, verdict: run, verdicts, directory: `/runs/${runtime}`, tookMs: 1_234, wrong };
}

const RPO = "rpo: { at-most: 0 }";
const embedded = played("embedded", "passed", [verdict("no-lost-writes", true, "59 acknowledged"), verdict(RPO, true)]);

describe("two plays of one scenario", () => {
  it("are the same when their verdicts are, whatever their counts and times", () => {
    const other = played("docker", "passed", [verdict("no-lost-writes", true, "42 acknowledged"), verdict(RPO, true)]);
    const same = compare("failover", [embedded, { ...other, tookMs: 9_000 }]);
    expect(same.differences).toEqual([]);
    expect(isGood(same)).toBe(true);
    expect(storyOf([same])).toEqual([]);
    expect(tableOf([same]).split("\n")).toEqual([
      "scenario | embedded     | docker       | same",
      "failover | passed 1.2 s | passed 9.0 s | yes",
    ]);
    expect(countsOf([same])).toMatchObject({ numPassedTests: 3, numFailedTests: 0 });
  });

  it("differ by the expectation that holds on one of them only, which is named with both accounts", () => {
    const summary = "1 of 42 was lost";
    const failing = played(
      "docker",
      "failed",
      [verdict("no-lost-writes", false, summary), verdict(RPO, true)],
      [summary],
    );
    const differing = compare("failover", [embedded, failing]);
    expect(storyOf([differing])).toEqual([
      "failover differs: the run: embedded passed, docker failed",
      "failover differs: embedded: no-lost-writes: true, 59 acknowledged | docker: no-lost-writes: false, 1 of 42 was lost",
      "failover on docker: 1 of 42 was lost",
    ]);
    expect(tableOf([differing])).toMatch(/failed 1\.2 s \| NO$/);
    expect(countsOf([differing])).toMatchObject({ numPassedTests: 1, numFailedTests: 2 });
  });

  it("differ when one was asked more than the other, or could not be played", () => {
    const short = compare("failover", [embedded, played("docker", "passed", [verdict("no-lost-writes", true)])]);
    expect(short.differences).toEqual([`embedded: ${RPO}: true, as counted | docker: not asked`]);
    const none = compare("failover", [embedded, played("docker", "none", [], ["ended with 2"])]);
    expect(none.differences[0]).toBe("the run: embedded passed, docker none");
    expect(isGood(none)).toBe(false);
  });

  it("are not good when they fail alike", () => {
    const bad = [verdict(RPO, false)];
    const alike = compare("failover", [
      played("embedded", "failed", bad, ["an old write is missing"]),
      played("docker", "failed", bad, ["an old write is missing"]),
    ]);
    expect(alike.differences).toEqual([]);
    expect(isGood(alike)).toBe(false);
    expect(storyOf([alike])).toHaveLength(2);
  });
});
