// What is not wrong, but hardly meant, drawn as a person sees it.
import { describe, expect, it } from "vitest";
import { drawn, parse, withSteps } from "./support.ts";

const steps = (text: string) => drawn(withSteps(text));

describe("a warning", () => {
  const scenario = (text: string, rest = "") => `name: a\ntopology: property\nsteps:\n${text}\n${rest}`;

  it("of a fault that nothing observes, until something does", () => {
    expect(drawn(scenario("  - kill: db-us"))).toMatchInlineSnapshot(`
      "scenarios/story.yaml:4:5
        4 |   - kill: db-us
          |     ^^^^ warning: nothing observes this kill, so the scenario passes whatever it does
        Add traffic, a request after it, or something under expect."
    `);
    expect(parse(scenario("  - kill: db-us\n  - request: GET /us/health")).problems.map((one) => one.message)).toEqual([
      "nothing checks the data after this kill",
    ]);
  });

  it("of an outage after which nobody looks at the data, until somebody does", () => {
    expect(drawn(scenario("  - kill: db-us", "expect: [available: { region: us }]\n"))).toMatchInlineSnapshot(`
      "scenarios/story.yaml:4:5
        4 |   - kill: db-us
          |     ^^^^ warning: nothing checks the data after this kill
        Add no-lost-writes, no-duplicates or converges under expect."
    `);
    expect(drawn(scenario("  - kill: db-us", "expect: [converges]\n"))).toBe("");
    expect(drawn(scenario("  - latency: us | eu\n    add: 1s", "expect: [available: { region: us }]\n"))).toBe("");
  });

  it("of a heal that cuts a `for` short, but not of one that comes later", () => {
    expect(steps("  - kill: db-us\n    for: 10s\n  - wait: 2s\n  - heal")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:9:5
        9 |   - heal
          |     ^^^^ warning: this ends the kill of line 6 before its "for" is over
        Wait for it (settle does), or leave its \`for\` away."
    `);
    expect(steps("  - kill: db-us\n    for: 10s\n  - wait: 11s\n  - heal")).toBe("");
    expect(steps("  - kill: db-us\n    for: 10s\n  - wait: healthy(us)\n  - heal")).toBe("");
    expect(steps("  - kill: db-us\n    for: 10s\n    id: a\n  - kill: db-eu\n    id: b\n  - heal: b")).toBe("");
  });

  it("does not keep a scenario from being played", () => {
    expect(parse(scenario("  - kill: db-us")).scenario).toBeDefined();
  });
});
