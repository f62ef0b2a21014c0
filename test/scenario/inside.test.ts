// Steps inside a step obey the rules of all steps: names, words, nodes, placeholders, each mistake where it stands.
import { describe, expect, it } from "vitest";
import type { Step } from "../../src/model/scenario.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { verbs } from "../../src/verbs/index.ts";
import { drawAll, FILE, vocabulary, withSteps } from "./support.ts";

const parse = (steps: string) => {
  const text = withSteps(steps);
  const { scenario, problems } = parseScenario(text, FILE, { ...vocabulary, verbs }, { env: {} });
  return { scenario, drawn: drawAll(problems, text) };
};
const drawn = (steps: string) => parse(steps).drawn;

describe("steps inside a step", () => {
  it("become steps with names of their own, as deep as they stand", () => {
    const { scenario, drawn } = parse(`  - repeat:
      - together:
          - kill: backend-us
            for: 2s
          - request: GET /us/health
      - settle
    times: 3
  - chaos:
      - crash: one(backend)
        for: 1s
      - freeze: db-us
    every: 5s
    for: 20s
  - expect: [not healthy(us), lag(eu) < 1s]
    for: 2s`);
    expect(drawn).toBe("");
    const all = (steps: readonly Step[]): readonly Step[] =>
      steps.flatMap((step) => [
        step,
        ...(verbs[step.verb]!.inside ? all((step.args as { target: Step[] }).target) : []),
      ]);
    expect(all(scenario!.steps).map(({ path, text, line }) => `${line}: ${path} ${text}`)).toEqual([
      "6: 1 repeat 2 steps 3 times",
      "7: 1.1 together 2 steps",
      "8: 1.1.1 kill backend-us for 2s",
      "10: 1.1.2 request GET /us/health",
      "11: 1.2 settle",
      "13: 2 chaos of 2 faults every 5 s for 20s",
      "14: 2.1 kill one(backend) for 1s",
      "16: 2.2 pause db-us",
      "19: 3 expect not healthy(us), lag(eu) < 1s for 2s",
      "19: 4 settle",
    ]);
    expect(all(scenario!.steps).find(({ path }) => path === "2.1")).toMatchObject({ forMs: 1_000, verb: "kill" });
  });

  it("are drawn where they are wrong: words, nodes, modifiers, conditions", () =>
    expect(
      drawn(`  - together:
      - kil: backend-us
      - kill: backend-usa
        fro: 2s
      - request: GET /us/health
        for: 2s
      - wait: lag(ue) < 1s
      - 7
  - repeat:
      - pause: db-us
    times: 0
  - together: kill
  - together: []`),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:9
        7 |       - kil: backend-us
          |         ^^^ there is no verb "kil"
        Did you mean "kill"? Verbs are request, traffic, kill, stop, start, restart, pause, resume, region-outage, partition, isolate, latency, bandwidth, flaky, replication, clock-skew, hold, chaos, heal, wait, expect, settle, together, repeat.
      scenarios/story.yaml:8:15
        8 |       - kill: backend-usa
          |               ^^^^^^^^^^^ topology "property" has no node "backend-usa"
        Did you mean "backend-us"? Its nodes are gateway, backend-us, backend-eu, db-us, db-eu, kafka.
      scenarios/story.yaml:9:9
        9 |         fro: 2s
          |         ^^^ "kill" has no "fro"
        Did you mean "for"? It takes for, at, when, id.
      scenarios/story.yaml:11:9
        11 |         for: 2s
           |         ^^^ "request" does not take "for": it is nothing that ends by itself
      scenarios/story.yaml:12:19
        12 |       - wait: lag(ue) < 1s
           |                   ^^ topology "property" has no region "ue"
        Did you mean "us"? Its regions are us, eu.
      scenarios/story.yaml:13:9
        13 |       - 7
           |         ^ a step is a map with one verb, e.g. kill: backend-us, and this is the number 7
      scenarios/story.yaml:16:12
        16 |     times: 0
           |            ^ expected how often, a whole number from 1 to 1000
      scenarios/story.yaml:17:15
        17 |   - together: kill
           |               ^^^^ expected a list of steps, at least one
      scenarios/story.yaml:18:15
        18 |   - together: []
           |               ^^ expected a list of steps, at least one"
    `));

  it("have no `at`, and a drawn one no `when`; chaos draws nothing but faults that end", () =>
    expect(
      drawn(`  - together:
      - at: 2s
        kill: db-us
      - settle
  - chaos:
      - when: healthy(us)
        kill: db-us
        for: 6s
      - request: GET /us/health
      - restart: db-us
      - chaos:
          - kill: db-us
        every: 1s
    every: 5s`),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:7:9
        7 |       - at: 2s
          |         ^^ a step inside "together" has no "at"
        It counts from the first step: give it to the together.
      scenarios/story.yaml:9:9
        9 |       - settle
          |         ^^^^^^ a settle ends what the steps beside it begin
        Put it after them.
      scenarios/story.yaml:11:9
        11 |       - when: healthy(us)
           |         ^^^^ a step inside "chaos" has no "when"
        It begins when it is drawn.
      scenarios/story.yaml:13:14
        13 |         for: 6s
           |              ^^ this kill would still be there when the next fault begins, 5 s later
        Make its \`for\` shorter, or \`every\` longer.
      scenarios/story.yaml:14:9
        14 |       - request: GET /us/health
           |         ^^^^^^^ "chaos" draws from faults, and "request" is none that can be drawn
        Faults are kill, stop, pause, region-outage, partition, isolate, latency, bandwidth, flaky, replication, clock-skew, hold.
      scenarios/story.yaml:15:9
        15 |       - restart: db-us
           |         ^^^^^^^ "chaos" draws from faults, and "restart" is none that can be drawn
        Faults are kill, stop, pause, region-outage, partition, isolate, latency, bandwidth, flaky, replication, clock-skew, hold.
      scenarios/story.yaml:16:9
        16 |       - chaos:
           |         ^^^^^ "chaos" draws from faults, and "chaos" is none that can be drawn
        Faults are kill, stop, pause, region-outage, partition, isolate, latency, bandwidth, flaky, replication, clock-skew, hold."
    `));

  it("are named once, and healed by what began before", () => {
    expect(drawn("  - repeat:\n      - kill: db-us\n        id: cut\n      - heal: cut\n    times: 2")).toBe("");
    expect(drawn("  - chaos:\n      - kill: db-us\n    every: 5s\n    id: storm\n  - heal: storm")).toBe("");
    expect(
      drawn("  - heal: cut\n  - together:\n      - kill: db-us\n        id: cut\n      - kill: db-eu\n        id: cut"),
    ).toMatchInlineSnapshot(`
      "scenarios/story.yaml:6:11
        6 |   - heal: cut
          |           ^^^ step "cut" comes later: there is nothing to heal yet
      scenarios/story.yaml:11:13
        11 |         id: cut
           |             ^^^ step 2.1 is called "cut" already"
    `);
  });

  it("use what was saved before; what starts at the same instant was not", () => {
    const read = "request: GET /us/properties/7\n        save: { version: body.version }";
    const write = 'request: PUT /us/properties/7\n        body: { price: 1, version: "${version}" }';
    expect(drawn(`  - repeat:\n      - ${read}\n      - ${write}\n    times: 2\n  - together:\n      - ${write}`)).toBe(
      "",
    );
    expect(drawn(`  - together:\n      - ${read}\n      - ${write}`)).toMatchInlineSnapshot(`
      "scenarios/story.yaml:10:37
        10 |         body: { price: 1, version: "\${version}" }
           |                                     ^^^^^^^^^^ nothing is saved as "version" before this step
        Save it in an earlier step: save: { version: body.version }."
    `);
  });

  it("count: not more than anybody reads", () => {
    const many = Array.from({ length: 400 }, () => "      - wait: 1s").join("\n");
    expect(drawn(`  - together:\n${many}\n  - together:\n${many}`)).toContain("500 steps at most, and these are 802");
  });
});

describe("a warning", () => {
  const scenario = (steps: string, rest = "") => {
    const text = `name: a\ntopology: property\nsteps:\n${steps}\n${rest}`;
    const { problems } = parseScenario(text, FILE, { ...vocabulary, verbs }, { env: {} });
    return problems.map(({ line, message }) => `${line}: ${message}`);
  };

  it("of a fault inside that nothing observes; what stands beside it observes it", () => {
    const kill = "      - kill: db-us\n        for: 1s";
    expect(scenario(`  - repeat:\n${kill}\n    times: 2`)).toEqual([
      "5: nothing observes this kill, so the scenario passes whatever it does",
    ]);
    expect(scenario(`  - chaos:\n${kill}\n    every: 5s\n    for: 9s`)).toEqual([
      "4: nothing observes this chaos, so the scenario passes whatever it does",
    ]);
    expect(scenario(`  - together:\n      - request: GET /us/health\n${kill}`, "expect: [converges]")).toEqual([]);
    expect(scenario(`  - together:\n      - request: GET /us/health\n${kill}`)).toEqual([
      "6: nothing checks the data after this kill",
    ]);
  });

  it("of a heal that cuts a `for` short, in each round; not of what nobody can tell", () => {
    const round = "      - kill: db-us\n        for: 10s\n      - wait: 2s\n      - heal";
    expect(scenario(`  - repeat:\n${round}\n    times: 2`, "expect: [converges]")).toEqual([
      '8: this ends the kill of line 5 before its "for" is over',
    ]);
    const beside = "  - kill: db-us\n    for: 10s\n  - repeat:\n      - wait: 4s\n    times: 3\n  - heal";
    expect(scenario(beside, "expect: [converges]")).toEqual([]);
  });
});
