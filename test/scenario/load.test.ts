// What a scenario file becomes when it is right.
import { describe, expect, it } from "vitest";
import { parse, withSteps } from "./support.ts";

const WHOLE = `
name: split-brain
about: Both regions keep writing while one of them is gone.
topology: { file: property, conflicts: wall-clock }
seed: 42
tags: [ci]
timeout: 90s

traffic:
  - workload: edit-properties
    regions: [us, eu]
    clients: 4
    rate: 600/m
    keys: 7
    reads: 25%
    repeats: 5%

steps:
  - request: GET /us/health
    expect: { status: 200, body: { region: us } }
  - request: GET /us/properties/7
    save: { version: body.version }
  - at: 2s
    request: PUT /us/properties/7
    body: { price: 1, version: "\${version}" }
  - when: lag(eu) > 3s
    within: 10s
    crash: [db-eu, backend-eu]
    for: 2s
    id: outage
  - heal: outage
  - wait: 1m30s

expect:
  - available: { region: us, at-least: 99% }
  - no-lost-writes: { known-gap: "wall clocks" }
  - converges
`;

describe("a scenario file", () => {
  it("becomes plain data: durations in milliseconds, shares from 0 to 1, canonical words", () => {
    const { scenario, topology, problems } = parse(WHOLE);
    expect(problems.filter((problem) => problem.severity === "error")).toEqual([]);
    expect(scenario).toMatchObject({
      name: "split-brain",
      about: "Both regions keep writing while one of them is gone.",
      topology: { conflicts: "wall-clock" },
      seed: 42,
      tags: ["ci"],
      timeoutMs: 90_000,
      traffic: [
        {
          workload: "edit-properties",
          regions: ["us", "eu"],
          clients: 4,
          ratePerSecond: 10,
          keys: 7,
          reads: 0.25,
          repeats: 0.05,
        },
      ],
    });
    expect(scenario!.steps.map((step) => [step.path, step.text, step.line])).toEqual([
      ["1", "request GET /us/health", 19],
      ["2", "request GET /us/properties/7", 21],
      ["3", "request PUT /us/properties/7", 24],
      ["4", "kill db-eu, backend-eu for 2s when lag(eu) > 3s", 28],
      ["5", "heal outage", 31],
      ["6", "wait 1m30s", 32],
      ["7", "settle", 32],
    ]);
    expect(scenario!.steps[1]!.save).toEqual({ version: "body.version" });
    expect(scenario!.steps[2]).toMatchObject({ atMs: 2_000, args: { body: { price: 1, version: "${version}" } } });
    expect(scenario!.steps[3]).toMatchObject({
      verb: "kill",
      args: { target: ["db-eu", "backend-eu"] },
      id: "outage",
      forMs: 2_000,
      withinMs: 10_000,
      when: { metric: "lag", region: "eu", negated: false, comparison: { operator: ">", value: 3_000 } },
    });
    expect(scenario!.expect).toEqual([
      {
        name: "available",
        args: { region: "us", "at-least": "99%" },
        text: "available: { region: us, at-least: 99% }",
        line: 35,
      },
      { name: "no-lost-writes", args: {}, text: "no-lost-writes", line: 36, knownGap: "wall clocks" },
      { name: "converges", args: {}, text: "converges", line: 37 },
    ]);
    expect(topology!.conflicts).toBe("wall-clock");
    expect(topology!.nodes.find((node) => node.name === "backend-us")!.environment["CONFLICTS"]).toBe("wall-clock");
  });

  it("has defaults for all that it leaves out", () => {
    const { scenario } = parse(
      "name: a\ntopology: property\ntraffic: [{ workload: edit-properties }]\nsteps: [kill: db-us]\n",
    );
    expect(scenario).toMatchObject({ seed: 1, timeoutMs: 120_000, tags: [], expect: [] });
    expect(scenario!.traffic).toEqual([
      {
        workload: "edit-properties",
        regions: ["us", "eu"],
        clients: 8,
        ratePerSecond: 100,
        keys: 20,
        reads: 0.5,
        repeats: 0,
      },
    ]);
  });

  it("ends with a settle, once", () => {
    const verbs = (steps: string) => parse(withSteps(steps)).scenario!.steps.map((step) => step.verb);
    expect(verbs("  - kill: db-us\n    for: 1s")).toEqual(["kill", "settle"]);
    expect(verbs("  - kill: db-us\n    for: 1s\n  - settle")).toEqual(["kill", "settle"]);
    expect(verbs("  - settle:\n    within: 5s\n  - kill: db-us")).toEqual(["settle", "kill", "settle"]);
  });

  it("takes the word of another verb as a parameter where that verb has it, and as a synonym elsewhere", () => {
    const steps =
      "  - replication: us -> eu\n    pause: true\n  - replication: us -> eu\n    delay: 5s\n  - delay: us | eu\n    add: 80ms\n  - freeze: db-us";
    const { scenario, problems } = parse(withSteps(steps));
    expect(problems).toEqual([]);
    expect(scenario!.steps.map((step) => [step.verb, step.text]).slice(0, 4)).toEqual([
      ["replication", "replication us -> eu pause"],
      ["replication", "replication us -> eu"],
      ["latency", "latency us | eu"],
      ["pause", "pause db-us"],
    ]);
    expect(scenario!.steps[1]!.args).toEqual({ target: "us -> eu", delay: 5_000 });
  });

  it("may use anchors and aliases, and comments with any characters", () => {
    const steps =
      "  - request: GET /us/health # ünïcødé 🌍\n    expect: &fine { status: 200 }\n  - request: GET /eu/health\n    expect: *fine";
    expect(parse(withSteps(steps)).scenario!.steps[1]!.args).toMatchObject({ expect: { status: 200 } });
  });
});
