// A scenario that speaks of regions which its topology has only when it is asked for them.
import path from "node:path";
import { describe, expect, it } from "vitest";
import { expectations } from "../../src/checkers/index.ts";
import type { Vocabulary } from "../../src/model/vocabulary.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { verbs } from "../../src/verbs/index.ts";
import { ROOT } from "./support.ts";

const vocabulary: Vocabulary = { verbs, expectations };
const FILE = path.join(ROOT, "scenarios/story.yaml");

const STORY = `steps:
  - wait: lag(us -> ap) < 1s
  - request: GET /ap/properties/1?fresh
    expect: { status: 200, served-by: ap }
  - kill: [backend-us, backend-ap]
    for: 1s
  - stop: ap.postgres
expect:
  - available: { region: ap, at-least: 99% }
`;
const story = (topology: string, regions?: readonly string[], steps = STORY) =>
  parseScenario(`name: story\ntopology: ${topology}\n${steps}`, FILE, vocabulary, { env: {}, regions });

describe("a scenario that names a region which the topology's file lacks", () => {
  it("is right with --regions, and when it says so itself", () => {
    for (const loaded of [
      story("property", ["us", "eu", "ap"]),
      story("{ file: property, regions: [us, eu, ap] }"),
      story("{ file: property, regions: [us, ap] }", ["ap", "eu", "us"]), // the command line comes first
    ]) {
      expect(loaded.problems.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(loaded.topology!.regions).toContain("ap");
    }
    expect(story("{ file: property, regions: [us, ap] }", ["ap", "eu", "us"]).topology!.regions).toEqual([
      "ap",
      "eu",
      "us",
    ]);
  });

  it("is refused without, and told how", () => {
    const { scenario, problems } = story("property");
    expect(scenario).toBeUndefined();
    expect(problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '4 topology "property" has no region "ap"',
      '5 topology "property" has no route for "/ap/properties/1"',
      '6 topology "property" has no node or region "ap"',
      '7 topology "property" has no node "backend-ap"',
      '9 topology "property" has no node "ap.postgres"',
      '11 topology "property" has no region "ap"',
    ]);
    for (const { hint } of problems) {
      expect(hint).toContain(
        'For a region "ap": --regions us,eu,ap, or topology: { file: property, regions: [us, eu, ap] }.',
      );
    }
  });

  it("is told of all such regions at once", () => {
    const { problems } = story("property", undefined, "steps:\n  - kill: db-ap\n  - wait: healthy(sa)\n");
    expect(problems.map(({ hint }) => hint?.match(/--regions \S+/)?.[0])).toEqual([
      "--regions us,eu,ap,sa,",
      "--regions us,eu,ap,sa,",
    ]);
  });

  it("is not told so of a slip", () => {
    const slips = `steps:
  - kill: backend-usa
  - kill: db-su
  - wait: healthy(eus)
  - kill: kafkaa
  - kill: frontend
  - request: GET /uss/health
  - request: GET /healthy/us
`;
    const { problems } = story("property", undefined, slips);
    expect(problems).toHaveLength(7);
    expect(problems.filter(({ hint }) => hint?.includes("--regions"))).toEqual([]);
  });

  it("may ask for a path without a route when it expects just that", () => {
    const ask = (expected: string) =>
      story("property", undefined, `steps:\n  - request: GET /nowhere\n    expect: { status: ${expected} }\n`).problems;
    expect(ask("404")).toEqual([]);
    expect(ask("200").map(({ message }) => message)).toEqual(['topology "property" has no route for "/nowhere"']);
  });
});

describe("the regions of a scenario's topology", () => {
  it.each([
    ["[us]", "expected 2 to 6 regions"],
    ["[us, us]", 'region "us" stands there twice'],
    ["us", "expected all regions that are wanted"],
    ["[us, Eu]", '"Eu" is no name of a region'],
    ["[eu, ap]", '"kafka" is at home in region "us"'],
  ])("%s: %s", (regions, message) => {
    const { topology, problems } = story(`{ file: property, regions: ${regions} }`, undefined, "steps: [settle]\n");
    expect(topology).toBeUndefined();
    expect(problems[0]!.message).toContain(message);
  });
});
