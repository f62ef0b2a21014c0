import { describe, expect, it } from "vitest";
import { didYouMean, editsBetween, nearest } from "../../src/topology/words.ts";

const VERBS = ["kill", "stop", "start", "restart", "settle"];

describe("the nearest word", () => {
  it.each([
    ["klil", "kill"],
    ["KILL", "kill"],
    ["strat", "start"],
    ["setle", "settle"],
    ["restrat", "restart"],
  ])("to %s is %s", (written, expected) => expect(nearest(written, VERBS)).toBe(expected));

  it.each(["explode", "", "x", "kubernetes", "s".repeat(100_000)])("to %.20s is none", (written) => {
    expect(nearest(written, VERBS)).toBeUndefined();
  });

  it("counts two neighbours swapped as one slip", () => {
    expect(editsBetween("abcd", "abdc")).toBe(1);
    expect(editsBetween("abcd", "badc")).toBe(2);
    expect(editsBetween("", "abc")).toBe(3);
  });

  it("comes with all there are", () => {
    expect(didYouMean("kil", ["kill", "stop"], "Verbs are")).toBe('Did you mean "kill"? Verbs are kill, stop.');
    expect(didYouMean("zzz", ["kill", "stop"], "Verbs are")).toBe("Verbs are kill, stop.");
  });
});
