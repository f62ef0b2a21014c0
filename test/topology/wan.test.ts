// Where regions lie, and what that makes of the links between them; only when it is asked for.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Topology } from "../../src/model/topology.ts";
import { parseTopology, type TopologyOptions } from "../../src/topology/load.ts";
import { PLACES, roundTripMs } from "../../src/topology/wan.ts";
import { drawn as drawnFile, folder, ROOT, ROUTED, withBlock } from "./support.ts";

const FILE = path.join(ROOT, "compose/property.yaml");
const TEXT = fs.readFileSync(FILE, "utf8");

/** The shipped topology, with something else in it. */
function property(options: Partial<TopologyOptions>, links = "{ rtt: 0ms, jitter: 0ms }"): Topology {
  const text = TEXT.replace("{ rtt: 0ms, jitter: 0ms }", links);
  const { topology, problems } = parseTopology(text, FILE, { env: {}, ...options });
  if (topology === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  return topology;
}

const tripsOf = ({ links }: Topology) =>
  Object.fromEntries(links.map(({ between, rttMs }) => [between.join(" | "), rttMs]));

function drawn(regions: string, options: Partial<TopologyOptions> = {}): string {
  using here = folder();
  return here.drawn(withBlock(ROUTED).replace("regions: { us: {}, eu: {} }", `regions: ${regions}`), options);
}

describe("the table of round trips", () => {
  const pairs = PLACES.flatMap((one, i) => PLACES.slice(0, i).map((other) => [one, other] as const));

  it("knows every way between its places, the same from both ends", () => {
    expect(PLACES).toEqual(expect.arrayContaining(["us-east-1", "eu-west-1", "ap-southeast-2", "af-south-1"]));
    for (const [one, other] of pairs) {
      expect(roundTripMs(one, other), `${one} ${other}`).toBe(roundTripMs(other, one));
      expect(roundTripMs(one, other), `${one} ${other}`).toBeGreaterThanOrEqual(10);
      expect(roundTripMs(one, other), `${one} ${other}`).toBeLessThan(500);
    }
    expect(roundTripMs("us-east-1", "eu-west-1")).toBe(70);
  });

  it("knows nothing of the way to nowhere, nor to where one is", () => {
    expect(roundTripMs("us-east-1", "us-esat-1")).toBeUndefined();
    expect(roundTripMs("us-east-1", "us-east-1")).toBeUndefined();
  });

  it("is no slower than light in glass round half the world, and no faster than light in glass at all", () => {
    // Great circles in km, one for every kind of way: across a state, a continent, an ocean, the world.
    for (const [one, other, km] of [
      ["eu-west-3", "eu-central-1", 480],
      ["us-east-1", "us-west-2", 3_700],
      ["us-east-1", "eu-west-1", 5_500],
      ["sa-east-1", "ap-southeast-2", 13_400],
    ] as const) {
      const inGlassMs = (2 * km) / 200;
      expect(roundTripMs(one, other)!).toBeGreaterThan(inGlassMs);
      expect(roundTripMs(one, other)!).toBeLessThan(4 * inGlassMs);
    }
  });
});

describe("a topology with --wan", () => {
  it("adds nothing without it, whatever the file says of places", () => {
    const topology = property({});
    expect(tripsOf(topology)).toEqual({ "edge | us": 0, "edge | eu": 0, "us | eu": 0 });
    expect(topology.places).toBeUndefined();
  });

  it("takes the round trips of the places in the file", () => {
    const topology = property({ wan: true });
    expect(tripsOf(topology)).toEqual({ "edge | us": 0, "edge | eu": 0, "us | eu": 70 });
    expect(topology.places).toEqual({ us: "us-east-1", eu: "eu-west-1" });
  });

  it("takes the places that are named, in the order of the regions, also of new ones", () => {
    const topology = property({ regions: ["us", "eu", "ap"], wan: ["us-west-2", "eu-central-1", "ap-southeast-2"] });
    expect(tripsOf(topology)).toMatchObject({ "us | eu": 142, "us | ap": 141, "eu | ap": 252, "edge | ap": 0 });
    expect(topology.places).toEqual({ us: "us-west-2", eu: "eu-central-1", ap: "ap-southeast-2" });
  });

  it("leaves a link its own round trip, and its jitter either way", () => {
    expect(tripsOf(property({ wan: true }, "{ rtt: 12ms }"))["us | eu"]).toBe(12);
    expect(tripsOf(property({}, "{ rtt: 12ms }"))["us | eu"]).toBe(12);
    const link = property({ wan: true }, "{ jitter: 6ms }").links.find(({ rttMs }) => rttMs > 0);
    expect(link).toEqual({ between: ["us", "eu"], rttMs: 70, jitterMs: 6 });
  });

  it("refuses a place that nobody knows, asked for or not", () => {
    expect(drawn("{ us: { at: us-esat-1 }, eu: { at: 7 } }")).toMatchInlineSnapshot(`
      "system.yaml:5:24
        5 |   regions: { us: { at: us-esat-1 }, eu: { at: 7 } }
          |                        ^^^^^^^^^ there is no place "us-esat-1"
        Did you mean "us-east-1"? Known are us-east-1, us-east-2, us-west-1, us-west-2, ca-central-1, sa-east-1, eu-west-1, eu-west-2, eu-west-3, eu-central-1, eu-north-1, eu-south-1, me-south-1, af-south-1, ap-south-1, ap-southeast-1, ap-southeast-2, ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-east-1.
      system.yaml:5:47
        5 |   regions: { us: { at: us-esat-1 }, eu: { at: 7 } }
          |                                               ^ expected a place, e.g. us-east-1"
    `);
  });

  it("refuses regions that lie nowhere, or where another one does", () => {
    const text = "{ us: { at: us-east-1 }, eu: {} }";
    expect(drawn(text)).toBe("");
    expect(drawn(text, { wan: true })).toMatchInlineSnapshot(`
      "system.yaml:5:37
        5 |   regions: { us: { at: us-east-1 }, eu: {} }
          |                                     ^^ nobody says where "eu" lies, so its round trips are unknown
        Write eu: { at: PLACE }, or name all places: --wan us-east-1,PLACE. Places are us-east-1, us-east-2, us-west-1, us-west-2, ca-central-1, sa-east-1, eu-west-1, eu-west-2, eu-west-3, eu-central-1, eu-north-1, eu-south-1, me-south-1, af-south-1, ap-south-1, ap-southeast-1, ap-southeast-2, ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-east-1."
    `);
    expect(drawn(text, { wan: ["us-east-1", "eu-west-1"] })).toBe("");
    expect(drawn("{ us: { at: eu-west-1 }, eu: { at: eu-west-1 } }", { wan: true })).toMatchInlineSnapshot(`
      "system.yaml:5:37
        5 |   regions: { us: { at: eu-west-1 }, eu: { at: eu-west-1 } }
          |                                     ^^ "eu" lies where "us" does, and of that way nothing is known
        Without --wan, a link has the round trip that it says: us | eu: { rtt: 2ms }."
    `);
  });

  it("refuses fewer or more places than regions", () => {
    expect(drawn("{ us: {}, eu: {} }", { wan: ["us-east-1", "eu-west-1", "eu-west-2"] })).toMatchInlineSnapshot(`
      "system.yaml:5:3
        5 |   regions: { us: {}, eu: {} }
          |   ^^^^^^^ --wan names 3 places for 2 regions: expected one for each of us, eu"
    `);
    expect(drawn("{ us: {}, eu: {} }", { wan: ["us-east-1"] })).toContain("--wan names 1 place for 2 regions");
    expect(drawn("{ us: {}, eu: {} }", { wan: ["us-east-1", "home"] })).toContain('there is no place "home"');
  });

  it("says only what is wrong with the regions themselves when these are", () => {
    expect(drawn("{ us: { att: us-east-1 }, eu: {} }", { wan: true })).toMatchInlineSnapshot(`
      "system.yaml:5:20
        5 |   regions: { us: { att: us-east-1 }, eu: {} }
          |                    ^^^ there is no "att" here
        Did you mean "at"? Possible are at."
    `);
  });
});

describe("a wrong link", () => {
  const links = (text: string) => drawnFile(withBlock(`${ROUTED}  links: ${text}\n`));

  it("is none with what can be", () => expect(links("{ us | eu: { rtt: 80ms, jitter: 5ms } }")).toBe(""));

  it("has a delay below nothing, without a unit, or of a minute and more", () =>
    expect(links("{ us | eu: { rtt: -80ms, jitter: 5 }, edge | us: { rtt: 61s } }")).toMatchInlineSnapshot(`
      "system.yaml:8:28
        8 |   links: { us | eu: { rtt: -80ms, jitter: 5 }, edge | us: { rtt: 61s } }
          |                            ^^^^^ expected a duration with its unit, e.g. 80ms
      system.yaml:8:43
        8 |   links: { us | eu: { rtt: -80ms, jitter: 5 }, edge | us: { rtt: 61s } }
          |                                           ^ expected a duration with its unit, e.g. 80ms
        Did you mean "5s" or "5ms"?
      system.yaml:8:66
        8 |   links: { us | eu: { rtt: -80ms, jitter: 5 }, edge | us: { rtt: 61s } }
          |                                                                  ^^^ expected at most 60s"
    `));
});
