// A scenario is played on a stack that is up only when that is the system that the scenario means.
import path from "node:path";
import { describe, expect, it } from "vitest";
import { refuseAnother } from "../../src/commands/same.ts";
import { StackError } from "../../src/model/problem.ts";
import { loadTopology, type TopologyOptions } from "../../src/topology/load.ts";
import { repository } from "../support/cli.ts";

const COMPOSE = path.join(repository, "compose/property.yaml");
const property = (options: Partial<TopologyOptions> = {}) => loadTopology(COMPOSE, { env: {}, ...options }).topology!;

/** What is said when one is asked for and the other one is up; nothing when they are the same. */
function said(asked: Partial<TopologyOptions>, standing: Partial<TopologyOptions>): string {
  // As another shell reads it.
  const topology = JSON.parse(JSON.stringify(property(standing))) as ReturnType<typeof property>;
  try {
    refuseAnother(property(asked), { name: "mine", topology }, "asked for");
    return "";
  } catch (error) {
    if (error instanceof StackError) return `${error.message}. ${error.hint}`;
    throw error;
  }
}

describe("a stack that is up", () => {
  const far = ["us-east-1", "ap-southeast-2"];

  it.each([
    ["the same file", {}, {}],
    ["with the environment of another shell", { env: { KAFKA_TOPIC: "mine" } }, {}],
    ["the places of the file, named or not", { wan: true as const }, { wan: ["us-east-1", "eu-west-1"] }],
  ])("is what was asked for: %s", (_, asked, standing) => {
    expect(said(asked, standing)).toBe("");
  });

  it("is not, when it lies elsewhere", () => {
    expect(said({}, { wan: far })).toBe(
      'stack "mine" is up with topology "property": places, links are not as asked for. Ask for its places with --wan us-east-1,ap-southeast-2. Or take another stack with --stack NAME, or end this one: regionctl down --stack mine',
    );
    expect(said({ wan: far }, { wan: far.toReversed() })).toMatch(/places are not .*--wan ap-southeast-2,us-east-1\./);
    expect(said({ wan: true }, {})).toMatch(/places, links are not as asked for\. Take another stack/);
  });

  it("is not, when its regions or its rule are others", () => {
    const regions = ["us", "eu", "ap"];
    expect(said({}, { regions })).toMatch(/regions, .* Ask for its regions with --regions us,eu,ap\. Or take/);
    expect(said({}, { regions, wan: [...far, "eu-west-1"] })).toMatch(
      /Ask for its regions and places with --regions us,eu,ap --wan us-east-1,ap-southeast-2,eu-west-1\./,
    );
    expect(said({}, { conflicts: "wall-clock" })).toMatch(/conflicts are not as asked for\. Take/);
  });
});
