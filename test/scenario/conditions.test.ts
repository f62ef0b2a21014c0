import { describe, expect, it } from "vitest";
import type { RegionSample, Sample } from "../../src/model/event.ts";
import { holds, parseCondition } from "../../src/scenario/conditions.ts";

const region: RegionSample = {
  healthy: true,
  lagSeconds: { us: 0.5, ap: 4 },
  pending: 3,
  conflicts: 0,
  requests: 40,
  errors: 1,
  p50Ms: 2,
  p99Ms: 9,
};
const sample = (eu: Partial<RegionSample>): Sample => ({
  type: "sample",
  regions: { eu: { ...region, ...eu } },
  acknowledged: 100,
});

function condition(text: string) {
  const parsed = parseCondition(text);
  if ("message" in parsed) throw new Error(parsed.message);
  return parsed.condition;
}

const now = (text: string, eu: Partial<RegionSample> = {}) => holds(condition(text), [sample(eu)]);

describe("a condition", () => {
  it.each([
    ["healthy(eu)", true],
    ["not healthy(eu)", false],
    ["not  healthy( eu )", false],
    ["lag(eu) > 3s", true], // behind its worst source
    ["lag(eu) > 4s", false],
    ["lag(eu) >= 4s", true],
    ["lag(us -> eu) < 1s", true],
    ["lag(us->eu) <= 400ms", false],
    ["pending(eu) == 3", true],
    ["pending(eu) == 0", false],
    ["conflicts(eu) >= 1", false],
    ["errors(eu) > 2%", true], // 1 of 40 is 2.5 %
    ["errors(eu) > 3%", false],
    ["acknowledged >= 100", true],
    ["acknowledged > 100", false],
    ["not acknowledged > 100", true],
  ])("%s is %s", (text, expected) => {
    expect(now(text)).toBe(expected);
  });

  it("is neither true nor false while there is no data", () => {
    expect(holds(condition("healthy(eu)"), [])).toBeUndefined();
    expect(now("lag(eu) < 1s", { lagSeconds: null })).toBeUndefined();
    expect(now("lag(eu) < 1s", { lagSeconds: {} })).toBeUndefined();
    expect(now("lag(jp -> eu) < 1s")).toBeUndefined();
    expect(now("not pending(eu) == 0", { pending: null })).toBeUndefined();
    expect(now("errors(eu) < 1%", { requests: 0, errors: 0 })).toBeUndefined();
    expect(now("healthy(us)")).toBeUndefined();
  });

  it("is judged by the newest sample", () => {
    const samples = [sample({ healthy: false }), sample({ healthy: true })];
    expect(holds(condition("healthy(eu)"), samples)).toBe(true);
    expect(holds(condition("healthy(eu)"), samples.toReversed())).toBe(false);
  });

  it.each([
    ["", "this is no condition"],
    ["lag(eu) > 3s and healthy(us)", "this is no condition"],
    ["lag(eu)", "lag is compared to a duration with its unit, e.g. 3s"],
    ["lag > 3s", "lag is asked of a region"],
    ["lag(a -> b -> c) > 3s", "lag is asked of a region"],
    ["pending(us -> eu) == 0", "pending is asked of one region, not of a pair"],
    ["pending(eu) == 1.5", 'pending is compared to a whole number, e.g. 100, not to "1.5"'],
    ["errors(eu) > 5", 'errors is compared to a percentage, e.g. 5%, not to "5"'],
    ["acknowledged(eu) > 5", "acknowledged counts all regions together"],
    ["acknowledged = 5", "equality is written =="],
    ["toString(eu)", 'there is no condition "toString"'],
  ])("%j is refused: %s", (text, message) => {
    expect(parseCondition(text)).toMatchObject({ message });
  });
});
