// `scenario explain`: what a scenario will do. That a run then really does it is told in stack.test.ts.
import fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { vocabulary } from "../../src/commands/files.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { type Plan, planOf } from "../../src/scenario/plan.ts";
import { repository, sandbox } from "../support/cli.ts";

function plan(rest: string, seed = 1, reference = "property"): Plan {
  const text = `name: one\ntopology: ${reference}\nseed: ${seed}\n${rest}`;
  const { scenario, topology, problems } = parseScenario(text, path.join(repository, "one.yaml"), vocabulary, {
    env: {},
  });
  if (scenario === undefined || topology === undefined) throw new Error(problems.map((one) => one.message).join("; "));
  return planOf(scenario, topology, vocabulary);
}

const topologyOf = (reference: string) => plan("steps: [settle]\n", 1, reference).topology;
const steps = (...lines: readonly string[]) => plan(`steps:\n${lines.map((line) => `  - ${line}\n`).join("")}`);

describe("the plan", () => {
  it("resolves targets, and draws one(...) by the seed", () => {
    const { steps } = plan("steps:\n  - kill: us\n    for: 1s\n  - kill: one(backend)\n    for: 1s\n");
    expect(steps[0]!.targets).toEqual(["backend-us", "db-us", "kafka"]);
    const drawn = Array.from(
      { length: 20 },
      (_, seed) => plan("steps:\n  - kill: one(backend)\n", seed).steps[0]!.targets,
    );
    expect(new Set(drawn.map(String))).toEqual(new Set(["backend-us", "backend-eu"]));
    expect(drawn).toEqual(drawn.map((_, seed) => plan("steps:\n  - kill: one(backend)\n", seed).steps[0]!.targets));
  });

  it("says no targets of what is not about nodes", () => {
    const { steps: planned } = steps("request: GET /us/health", "wait: 1s", "heal", "settle");
    expect(planned.map(({ targets }) => targets)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("deals clients and rate over the regions, and draws the keys anew after a settle", () => {
    const { traffic } = plan(
      "traffic:\n  - workload: edit-properties\n    clients: 5\n    rate: 90/s\n    keys: 4\nsteps:\n  - wait: 1s\n  - settle\n  - wait: 1s\n",
    );
    expect(traffic.map(({ step }) => step)).toEqual([undefined, "2"]);
    expect(traffic[0]!.regions).toEqual([
      { region: "us", clients: 3, ratePerSecond: 45 },
      { region: "eu", clients: 2, ratePerSecond: 45 },
    ]);
    const [first, second] = traffic.map(({ keys }) => keys);
    expect(new Set(first).size).toBe(4);
    expect(second).not.toEqual(first);
    expect([...first!, ...second!].map(Number).every((key) => key >= 1 && key <= 1200)).toBe(true);
  });

  it.each([
    ["nothing that takes time", steps("request: GET /us/health"), 0],
    ["waits add up", steps("wait: 1s", "wait: 500ms"), 1_500],
    ["`at` counts from the first step", steps("wait: 1s", "{ at: 3s, heal: }"), 3_000],
    ["an `at` that is past costs nothing", steps("wait: 3s", "{ at: 1s, heal: }"), 3_000],
    ["a `for` runs beside the next steps", steps("{ kill: backend-us, for: 2s }", "wait: 500ms"), 2_000],
    ["a settle waits for what runs the longest", steps("{ kill: db-us, for: 5s }", "{ stop: db-eu, for: 1s }"), 5_000],
    ["traffic with an end counts too", steps("{ traffic: edit-properties, for: 4s }"), 4_000],
    ["an open end does not", steps("kill: backend-us"), 0],
    ["conditions may hold at once", steps("{ wait: healthy(us), within: 9s }"), 0],
    ["what comes after a settle waits for it", steps("{ kill: db-us, for: 2s }", "settle", "wait: 1s"), 3_000],
    ["an `expect` holds throughout its `for`", steps("{ expect: healthy(us), for: 2s }", "wait: 1s"), 3_000],
    ["the longest of what goes on together", steps("together: [wait: 1s, wait: 3s, heal]"), 3_000],
    ["as often as it is repeated", steps("{ repeat: [wait: 1s, heal], times: 4 }"), 4_000],
    ["chaos goes on beside the next steps", steps("{ chaos: [kill: db-us], every: 1s, for: 5s }", "wait: 2s"), 5_000],
  ])("takes at least as long as its parts: %s", (_, { atLeastMs }, expectedMs) => {
    expect(atLeastMs).toBe(expectedMs);
  });

  it("draws anew in every round of a repeat, and shows the first", () => {
    const { steps: planned, traffic } = steps(
      "{ repeat: [restart: one(backend), traffic: edit-properties], times: 3 }",
    );
    expect(planned[0]!.steps!.map(({ path, targets }) => [path, targets?.length])).toEqual([
      ["1.1", 1],
      ["1.2", undefined],
    ]);
    expect(traffic.map(({ step }) => step)).toEqual(["1.2", "1.2", "1.2"]);
    expect(new Set(traffic.map(({ keys }) => keys.join())).size).toBe(3);
  });

  it("says what chaos will draw, by the seed", () => {
    const chaos =
      "steps:\n  - chaos: [{ kill: one(backend), for: 1s }, { pause: kafka, for: 1s }]\n    every: 2s\n    for: 9s\n";
    const [first] = plan(chaos, 1).steps;
    expect(first!.steps!.map(({ earliestMs }) => earliestMs)).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
    const drawn = Array.from({ length: 10 }, (_, seed) => plan(chaos, seed).steps[0]!.steps!.map((one) => one.targets));
    expect(new Set(drawn.flat(2))).toEqual(new Set(["backend-us", "backend-eu", "kafka"]));
    expect(new Set(drawn.map(String)).size).toBeGreaterThan(5);
  });

  it("says when each step begins at the earliest", () => {
    const { steps: planned } = steps("wait: 1s", "{ at: 3s, kill: backend-us, for: 2s }", "wait: 1s", "settle", "heal");
    expect(planned.map(({ earliestMs }) => earliestMs)).toEqual([0, 1_000, 3_000, 4_000, 5_000, 5_000].with(1, 3_000));
  });

  it("says where the regions lie and how far apart that is, when the scenario asks for it", () => {
    const { places, links } = topologyOf("{ file: property, wan: [us-east-1, ap-southeast-2] }");
    expect(places.map(({ place, at }) => [place, at])).toEqual([
      ["edge", undefined],
      ["us", "us-east-1"],
      ["eu", "ap-southeast-2"],
    ]);
    expect(links.find(({ between }) => between.join() === "us,eu")).toMatchObject({ rttMs: 200 });
    expect(topologyOf("property").links.every(({ rttMs }) => rttMs === 0)).toBe(true);
    expect(topologyOf("property").places.some((place) => "at" in place)).toBe(false);
  });

  it("says what expectations mean, and which gaps are known", () => {
    const { expect: expected } = plan(
      'steps: [settle]\nexpect:\n  - no-duplicates\n  - no-lost-writes: { known-gap: "wall clocks" }\n',
    );
    expect(expected.map(({ name, meaning, knownGap }) => [name, meaning, knownGap])).toEqual([
      ["no-duplicates", vocabulary.expectations["no-duplicates"]!.summary, undefined],
      ["no-lost-writes", vocabulary.expectations["no-lost-writes"]!.summary, "wall clocks"],
    ]);
  });
});

describe("regionctl scenario explain", () => {
  const place = sandbox();
  afterAll(() => place[Symbol.asyncDispose]());

  it("prints the plan for people", async () => {
    const { code, stdout } = await place.run("scenario", "explain", "failover");
    expect(code).toBe(0);
    for (const line of [
      /^failover: /m,
      /^ {2}seed 7, timeout 2 min, tags ci$/m,
      /^ {2}us +backend-us, db-us, kafka$/m,
      /^ {4}us +12 clients +30\/s$/m,
      /^ {2}2 +0 ms +stop backend-us$/m,
      /^ {6}hits backend-us$/m,
      /^ {6}expects \{ status: 200, body: \{ region: eu \}, served-by: backend-eu \}$/m,
      /waits up to 30 s for lag\(us\) < 1s/,
      /^takes at least 2 s /m,
      /^next: regionctl scenario run failover$/m,
    ])
      expect(stdout).toMatch(line);
  });

  it("prints the same facts as JSON, with the seed that was asked for", async () => {
    const facts = await place.facts<Plan & { name: string; seed: number }>(
      "scenario",
      "explain",
      "failover",
      "--seed",
      "8",
    );
    expect(facts).toMatchObject({ name: "failover", seed: 8, atLeastMs: 2_000 });
    expect(facts.steps.find(({ verb }) => verb === "kill")).toMatchObject({ targets: ["backend-us"], forMs: 2_000 });
    expect(facts.traffic[0]!.keys).toHaveLength(10);
  });

  it("prints links as round trips and one way, with --wan", async () => {
    const lines = async (...args: readonly string[]) =>
      (await place.run("scenario", "explain", "failover", ...args)).stdout.split("\n");
    expect(await lines()).toContain("  us | eu    no added latency");
    expect(await lines("--wan")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^ {2}us at us-east-1 +backend-us, db-us, kafka$/),
        "  edge | us  no added latency",
        "  us | eu    rtt 70 ms (35 ms one way)",
      ]),
    );
    expect(await lines("--wan", "eu-west-1,eu-central-1")).toContain("  us | eu    rtt 27 ms (13.5 ms one way)");
  });

  it("says what added latency makes of a round trip", async () => {
    fs.writeFileSync(
      path.join(place.directory, "slow.yaml"),
      "name: slow\ntopology: property\nsteps:\n  - latency: us | eu\n    add: 80ms\n  - latency: us -> eu\n    add: 30ms\n",
    );
    const { stdout } = await place.run("scenario", "explain", "slow.yaml");
    expect(stdout).toContain("      adds 80 ms one way: 160 ms to a round trip\n");
    expect(stdout).toContain("      adds 30 ms one way, and so 30 ms to a round trip\n");
  });

  it("refuses places that are none, too few, or not told", async () => {
    for (const [args, says] of [
      [["--wan", "us-east-1,eu-wst-1"], 'there is no place "eu-wst-1". Did you mean "eu-west-1"?'],
      [["--wan", "us-east-1"], "--wan names 1 place for 2 regions: expected one for each of us, eu"],
      [["--regions", "us,eu,ap", "--wan"], 'nobody says where "ap" lies'],
    ] as const) {
      const { code, stderr } = await place.run("scenario", "explain", "failover", ...args);
      expect({ args, code }).toEqual({ args, code: 64 });
      expect(stderr).toContain(says);
    }
  });

  it("refuses what is no scenario", async () => {
    const { code, stderr } = await place.run("scenario", "explain", "failovr");
    expect(code).toBe(64);
    expect(stderr).toContain('Did you mean "failover"?');
  });
});
