// A scenario that says where its regions lie; what the command line says comes first.
import { describe, expect, it } from "vitest";
import { parseScenario, type ScenarioOptions } from "../../src/scenario/load.ts";
import { drawAll, FILE, vocabulary } from "./support.ts";

const text = (topology: string) => `name: story\ntopology: ${topology}\nsteps: [settle]\n`;
const load = (topology: string, options: Partial<ScenarioOptions> = {}) =>
  parseScenario(text(topology), FILE, vocabulary, { env: {}, ...options });
const drawn = (topology: string, options: Partial<ScenarioOptions> = {}) =>
  drawAll(load(topology, options).problems, text(topology));
const placesOf = (topology: string, options: Partial<ScenarioOptions> = {}) => load(topology, options).topology?.places;

describe("a scenario with places", () => {
  it("has those of the topology, its own, or none", () => {
    expect(placesOf("{ file: property, wan: true }")).toEqual({ us: "us-east-1", eu: "eu-west-1" });
    const { scenario, topology } = load("{ file: property, wan: [us-west-2, ap-northeast-1] }");
    expect(topology!.places).toEqual({ us: "us-west-2", eu: "ap-northeast-1" });
    expect(topology!.links.find(({ between }) => !between.includes("edge"))!.rttMs).toBe(98);
    expect(scenario!.topology).toMatchObject({ wan: ["us-west-2", "ap-northeast-1"] });
    expect(placesOf("property")).toBeUndefined();
    expect(load("property").scenario!.topology).not.toHaveProperty("wan");
  });

  it("has what the command line says instead, also when its own would not fit any more", () => {
    const own = "{ file: property, wan: [us-west-2, ap-northeast-1] }";
    expect(placesOf(own, { wan: true })).toEqual({ us: "us-east-1", eu: "eu-west-1" });
    const regions = ["us", "eu", "ap"];
    const wan = ["us-east-2", "eu-west-2", "ap-south-1"];
    expect(placesOf(own, { regions, wan })).toEqual({ us: "us-east-2", eu: "eu-west-2", ap: "ap-south-1" });
    expect(load("property", { wan }).scenario).toBeUndefined();
  });

  it("has a place for every region, told by its own list or by the command line", () => {
    expect(drawn("{ file: property, wan: [us-east-1] }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:2:34
        2 | topology: { file: property, wan: [us-east-1] }
          |                                  ^^^^^^^^^^^ 1 place for 2 regions: expected one for each of us, eu
        What --wan says on the command line comes first."
    `);
    expect(drawn("{ file: property, regions: [us, eu, ap], wan: [us-east-1, eu-west-1] }")).toContain(
      "2 places for 3 regions: expected one for each of us, eu, ap",
    );
    expect(drawn("{ file: property, regions: [us, eu, ap], wan: true }")).toContain('nobody says where "ap" lies');
  });

  it("names places that there are, each once", () => {
    expect(drawn("{ file: property, wan: [us-east-1, eu-wst-1] }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:2:46
        2 | topology: { file: property, wan: [us-east-1, eu-wst-1] }
          |                                              ^^^^^^^^ there is no place "eu-wst-1"
        Did you mean "eu-west-1"? Known are us-east-1, us-east-2, us-west-1, us-west-2, ca-central-1, sa-east-1, eu-west-1, eu-west-2, eu-west-3, eu-central-1, eu-north-1, eu-south-1, me-south-1, af-south-1, ap-south-1, ap-southeast-1, ap-southeast-2, ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-east-1."
    `);
    expect(drawn("{ file: property, wan: [eu-west-1, eu-west-1] }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:2:46
        2 | topology: { file: property, wan: [eu-west-1, eu-west-1] }
          |                                              ^^^^^^^^^ eu-west-1 stands there twice, and of the way from a place to itself nothing is known"
    `);
    expect(drawn("{ file: property, wan: eu-west-1 }")).toMatchInlineSnapshot(`
      "scenarios/story.yaml:2:34
        2 | topology: { file: property, wan: eu-west-1 }
          |                                  ^^^^^^^^^ expected a place for each region, e.g. [us-east-1, eu-west-1], or true for the places that the topology's file says"
    `);
    expect(drawn("{ file: property, wan: [] }")).toContain("0 places for 2 regions");
  });
});
