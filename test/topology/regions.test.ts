// The same system in other regions than its file says: `--regions us,eu,ap`.
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EDGE, type Topology } from "../../src/model/topology.ts";
import { loadTopology } from "../../src/topology/load.ts";
import { carries, renaming } from "../../src/topology/region-word.ts";
import { regionsProblem, withRegions } from "../../src/topology/regions.ts";
import { folder, GATEWAY, ROOT } from "./support.ts";

const PROPERTY = path.join(ROOT, "compose/property.yaml");
const property = (regions?: readonly string[], env = {}) => loadTopology(PROPERTY, { env, regions });

/** A file of a user, with these services beside the gateway. */
function system(services: string, block = ""): string {
  return `name: system
services:
${GATEWAY}${services}
x-regionctl:
  regions: { us: {}, eu: {} }
  routes: { /us: us, /eu: eu }
  steady: [GET /us/health, GET /eu/health]
${block}`;
}
const BACKENDS = `  backend-us: { image: regionctl/backend }
  backend-eu: { image: regionctl/backend }
`;

function load(text: string, regions: readonly string[]): Topology {
  using here = folder();
  const { topology, problems } = here.load(text, { regions });
  expect(problems).toEqual([]);
  return topology!;
}
function node(topology: Topology, name: string) {
  const found = topology.nodes.find((one) => one.name === name);
  expect(found, `no node ${name} among ${topology.nodes.map((one) => one.name).join(", ")}`).toBeDefined();
  return found!;
}
function refused(text: string, regions: readonly string[]): string {
  using here = folder();
  expect(here.load(text, { regions }).topology).toBeUndefined();
  return here.drawn(text, { regions });
}

describe("the property system in three regions", () => {
  const { topology, problems } = property(["us", "eu", "ap"]);

  it("has a backend and a database more, beside those of their kind, and one gateway and one kafka as before", () => {
    expect(problems).toEqual([]);
    expect(topology!.regions).toEqual(["us", "eu", "ap"]);
    expect(topology!.nodes.map(({ name, region }) => `${name} ${region}`)).toEqual([
      "gateway edge",
      "backend-us us",
      "backend-eu eu",
      "backend-ap ap",
      "db-us us",
      "db-eu eu",
      "db-ap ap",
      "kafka us",
    ]);
  });

  it("calls everything of the new region after it, and leaves alone what lies on a disk", () => {
    expect(node(topology!, "backend-ap")).toMatchObject({
      image: "regionctl/backend",
      needs: ["db-ap", "kafka"],
      environment: {
        REGION: "ap",
        NODE_NAME: "backend-ap",
        DATABASE_URL: "postgres://propuser:proppass_ap@db-ap:5432/properties_ap",
        KAFKA_BROKER: "kafka:29092",
      },
    });
    const [us, ap] = [node(topology!, "db-us"), node(topology!, "db-ap")];
    expect(ap.environment).toMatchObject({ POSTGRES_DB: "properties_ap", POSTGRES_PASSWORD: "proppass_ap" });
    expect([ap.files, ap.image]).toEqual([us.files, us.image]);
  });

  it("tells every node of every region", () => {
    const backends = topology!.nodes.filter(({ role }) => role === "backend");
    expect(backends.map(({ environment }) => environment["REGIONS"])).toEqual(["us,eu,ap", "us,eu,ap", "us,eu,ap"]);
    expect(node(topology!, "gateway").needs).toEqual(["backend-us", "backend-eu", "backend-ap"]);
  });

  it("has routes, steady requests and a link for every pair", () => {
    expect(topology!.routes).toEqual({ "/us": "us", "/eu": "eu", "/ap": "ap" });
    expect(topology!.steady.map(({ path, region }) => `${path} ${region}`)).toEqual([
      "/us/health us",
      "/eu/health eu",
      "/ap/health ap",
    ]);
    expect(topology!.links.map(({ between }) => between.join(" "))).toEqual([
      "edge us",
      "edge eu",
      "edge ap",
      "us eu",
      "us ap",
      "eu ap",
    ]);
  });

  it("takes the new region's variables from the environment", () => {
    const env = { POSTGRES_AP_PASSWORD: "s3cret", POSTGRES_US_DB: "homes" };
    const { nodes } = property(["us", "eu", "ap"], env).topology!;
    const urls = nodes.filter(({ role }) => role === "backend").map(({ environment }) => environment["DATABASE_URL"]);
    expect(urls.map((url) => url!.replace(/^.*?:propuser:|^.*propuser:/, ""))).toEqual([
      "proppass_us@db-us:5432/homes",
      "proppass_eu@db-eu:5432/properties_eu",
      "s3cret@db-ap:5432/properties_ap",
    ]);
  });

  it("is what the file says when the file's regions are asked for, and they stand in the order that is asked for", () => {
    expect(property(["us", "eu"]).topology).toEqual(property().topology);
    const other = property(["eu", "us"]).topology!;
    expect(other.regions).toEqual(["eu", "us"]);
    expect(node(other, "backend-us").environment["REGIONS"]).toBe("eu,us");
  });

  it("loads whole with whatever regions, as long as kafka's home is among them", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/).filter((one) => one !== EDGE && one !== "us");
    const taken = new Set(property().topology!.nodes.map((one) => one.name));
    const regions = fc
      .uniqueArray(name, { minLength: 1, maxLength: 5, selector: (one) => one })
      .filter((names) => names.every((one) => !taken.has(one)))
      .chain((names) => fc.shuffledSubarray(["us", ...names], { minLength: names.length + 1 }));
    fc.assert(
      fc.property(regions, (regions) => {
        const { topology, problems } = property(regions);
        expect(problems).toEqual([]);
        expect(topology!.regions).toEqual(regions);
        expect(topology!.links).toHaveLength((regions.length * (regions.length + 1)) / 2);
        for (const region of regions) {
          const backend = node(topology!, `backend-${region}`);
          expect(backend).toMatchObject({ region, needs: [`db-${region}`, "kafka"] });
          expect(backend.environment).toMatchObject({ REGION: region, REGIONS: regions.join(",") });
          expect(node(topology!, `db-${region}`)).toMatchObject({ region, role: "postgres" });
          expect(topology!.routes[`/${region}`]).toBe(region);
        }
        expect(topology!.nodes).toHaveLength(2 * regions.length + 2);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a region less", () => {
  it("goes with its services, its route, its steady request and what shared services say of it", () => {
    const two = property(["us", "ap"]).topology!;
    expect(two.nodes.map(({ name }) => name)).toEqual([
      "gateway",
      "backend-us",
      "backend-ap",
      "db-us",
      "db-ap",
      "kafka",
    ]);
    expect(two.routes).toEqual({ "/us": "us", "/ap": "ap" });
    expect(node(two, "gateway").needs).toEqual(["backend-us", "backend-ap"]);
    expect(two.links.map(({ between }) => between.join(" "))).toEqual(["edge us", "edge ap", "us ap"]);
  });

  it("cannot be the home of what others need", () => {
    const drawn = property(["eu", "ap"]).problems.map(({ line, message, hint }) => ({ line, message, hint }));
    expect(drawn).toEqual([
      {
        line: expect.any(Number) as number,
        message:
          '"kafka" is at home in region "us", which is not among eu,ap, and it is needed by backend-eu, backend-ap',
        hint: "Keep the region: us,eu,ap. Or give kafka another home with the label regionctl.region.",
      },
    ]);
    const cache = `${BACKENDS}  cache-eu: { image: redis }\n  worker: { image: regionctl/backend, environment: { CACHE: "\${CACHE:-cache-eu:6379}" } }\n`;
    expect(refused(system(cache), ["us", "ap"])).toContain(
      '"cache-eu" is at home in region "eu", which is not among us,ap, and it is needed by worker',
    );
    expect(load(system(cache), ["us", "eu", "ap"]).regions).toHaveLength(3);
  });
});

describe("a user's own file", () => {
  it("is copied by words alone: what only contains the name stays", () => {
    const text = system(`  bus-us:
    image: registry.example.com/us/bus:us
    build: ./us
    labels: [regionctl.region=us, regionctl.role=backend]
    ports: ["127.0.0.1:18000:8000"]
    volumes: ["./seed.sql:/us/seed.sql:ro"]
    environment:
      - STATUS=us bus plus USA US
      - US_TOKEN=us_1
      - PEER=http://backend-eu:8000
      - SHARED=http://ledger-us:9000
  backend-eu: { image: regionctl/backend }
  ledger-us: { image: other, ports: ["9000"], labels: { regionctl.region: edge } }
`);
    const copy = node(load(text, ["us", "eu", "ap"]), "bus-ap");
    expect(copy).toMatchObject({ region: "ap", image: "registry.example.com/us/bus:us", port: 8000 });
    expect(copy.publish).toBeUndefined();
    expect(copy.files[0]!.target).toBe("/us/seed.sql");
    expect(copy.environment).toMatchObject({
      STATUS: "ap bus plus USA AP",
      AP_TOKEN: "ap_1",
      PEER: "http://backend-eu:8000",
      SHARED: "http://ledger-us:9000",
    });
  });

  it("says for the new region what it says once for every region", () => {
    const text = system(`${BACKENDS}  watcher:
    image: regionctl/backend
    depends_on: { backend-us: { condition: service_healthy }, backend-eu: {} }
    environment:
      ALL: "us, eu"
      DEFAULTED: "\${ALL:-eu,us}"
      URLS: http://backend-us:8000,http://backend-eu:8000
      URL_US: http://backend-us:8000
      URL_EU: http://backend-eu:8000
      HOME_REGION: us
      SOME: us,eu,moon
`);
    const watcher = node(load(text, ["eu", "us", "ap-s"]), "watcher");
    expect(watcher.needs).toEqual(["backend-eu", "backend-us", "backend-ap-s"]);
    expect(watcher.environment).toMatchObject({
      ALL: "eu, us, ap-s",
      DEFAULTED: "eu,us,ap-s",
      URLS: "http://backend-eu:8000,http://backend-us:8000,http://backend-ap-s:8000",
      URL_US: "http://backend-us:8000",
      URL_EU: "http://backend-eu:8000",
      URL_AP_S: "http://backend-ap-s:8000",
      HOME_REGION: "us",
      SOME: "us,eu,moon",
    });
  });

  it("may have a single region", () => {
    const one = `name: system
services:
  gateway: { image: nginx, depends_on: [backend-us] }
  backend-us: { image: regionctl/backend, environment: { REGION: us, REGIONS: us } }
x-regionctl: { regions: { us: {} }, routes: { /us: us }, steady: [GET /us/health] }
`;
    const topology = load(one, ["us", "eu"]);
    expect(node(topology, "gateway").needs).toEqual(["backend-us", "backend-eu"]);
    expect(node(topology, "backend-us").environment).toMatchObject({ REGION: "us", REGIONS: "us,eu" });
    expect(node(topology, "backend-eu").environment).toMatchObject({ REGION: "eu", REGIONS: "us,eu" });
  });

  it("has its distances: a new region is as far from the others as the first one is", () => {
    const links = `  links: { us | eu: { rtt: 80ms }, edge | us: { rtt: 5ms } }\n`;
    const { links: all } = load(system(BACKENDS, links), ["us", "eu", "ap", "sa"]);
    const rtt = Object.fromEntries(all.map(({ between, rttMs }) => [between.join(" "), rttMs]));
    expect(rtt).toMatchObject({ "edge us": 5, "edge eu": 0, "edge ap": 5, "edge sa": 5 });
    expect(rtt).toMatchObject({ "us eu": 80, "us ap": 80, "eu ap": 80, "ap sa": 80, "eu sa": 80 });
  });

  it("may have a region whose name begins like another's", () => {
    const text = `name: system
services:
${GATEWAY}  backend-eu: { image: regionctl/backend, environment: { PEER: "http://backend-eu-west:8000", IN: EU_WEST } }
  backend-eu-west: { image: regionctl/backend }
x-regionctl:
  regions: { eu: {}, eu-west: {} }
  routes: { /eu: eu, /eu-west: eu-west }
  steady: [GET /eu/health, GET /eu-west/health]
`;
    const topology = load(text, ["eu", "eu-west", "eu-east"]);
    const names = topology.nodes.map(({ name }) => name);
    expect(names).toEqual(["gateway", "backend-eu", "backend-eu-west", "backend-eu-east"]);
    const { environment } = node(topology, "backend-eu-east");
    expect(environment).toMatchObject({ PEER: "http://backend-eu-west:8000", IN: "EU_WEST" });
  });

  it("is drawn where it is wrong, also when that was copied", () => {
    const wrong = system(`  backend-us: { image: regionctl/backend, depends_on: [db-us] }
  backend-eu: { image: regionctl/backend }
`);
    expect(refused(wrong, ["us", "eu", "ap"])).toBe(`system.yaml:4:56
  4 |   backend-us: { image: regionctl/backend, depends_on: [db-us] }
    |                                                        ^^^^^ backend-us needs "db-us", and there is no such service
  Services are gateway, backend-us, backend-eu, backend-ap.
system.yaml:4:56
  4 |   backend-us: { image: regionctl/backend, depends_on: [db-us] }
    |                                                        ^^^^^ backend-ap needs "db-ap", and there is no such service
  Services are gateway, backend-us, backend-eu, backend-ap.`);
  });

  it("is refused when it cannot be copied", () => {
    expect(
      refused(system(`${BACKENDS}  mirror-us-eu: { image: redis, labels: [regionctl.region=us] }\n`), [
        "us",
        "eu",
        "ap",
      ]),
    ).toContain('"mirror-us-eu" stands between regions "us" and "eu", so it cannot be copied for "ap"');
    expect(refused(system(`${BACKENDS}  backend-ap: { image: redis }\n`), ["us", "eu", "ap"])).toContain(
      'there is a service "backend-ap" already, so region "ap" cannot have a copy of backend-us',
    );
    expect(refused(system(`  one: { image: redis }\n`), ["us", "eu", "ap"])).toContain(
      'no service of region "us" carries its name, so there is nothing to copy for "ap"',
    );
    expect(refused(system(BACKENDS), ["us", "eu", "gateway"])).toContain('"gateway" is the name of a region already');
  });

  it("that is no topology is told so, whatever is asked of it", () => {
    for (const text of [
      "",
      "[]",
      "services: 1",
      "x-regionctl: { regions: [us] }",
      "x-regionctl: { regions: { 'u(': {} } }",
    ]) {
      using here = folder();
      expect(here.load(text, { regions: ["us", "eu"] }).problems).toEqual(here.load(text).problems);
    }
  });
});

describe("a list of regions", () => {
  it.each([
    [["us", "eu"], undefined],
    [["us", "eu", "ap", "sa", "af", "me"], undefined],
    [["us", "ap-southeast-2"], undefined],
    [["us"], "expected 2 to 6 regions"],
    [["a", "b", "c", "d", "e", "f", "g"], "expected 2 to 6 regions"],
    [["us", "us"], '"us" stands there twice'],
    [["us", ""], '"" is no name of a region'],
    [["us", "Eu"], '"Eu" is no name of a region'],
    [["us", "a-name-that-is-too-long"], "16 at most"],
    [["us", "edge"], '"edge" is the zone outside of all regions'],
  ])("%j: %s", (regions, wrong) => {
    if (wrong === undefined) expect(regionsProblem(regions)).toBeUndefined();
    else expect(regionsProblem(regions)).toContain(wrong);
  });

  it("that is wrong changes nothing", () => {
    const value = { services: { "a-us": {} }, "x-regionctl": { regions: { us: {} } } };
    const { value: after, complaints } = withRegions(value, ["us", "us"]);
    expect(after).toBe(value);
    expect(complaints.map(({ message }) => message)).toEqual(['region "us" stands there twice']);
  });
});

describe("withRegions", () => {
  it("leaves what it is given as it is", () => {
    const value = {
      services: { "backend-us": { environment: { REGIONS: "us,eu" } }, "backend-eu": {} },
      "x-regionctl": { regions: { us: {}, eu: {} }, routes: { "/us": "us", "/eu": "eu" }, steady: ["GET /us/health"] },
    };
    const before = structuredClone(value);
    expect(withRegions(value, ["us", "ap"]).value).not.toEqual(before);
    expect(value).toEqual(before);
  });
});

describe("a region's name in a text", () => {
  it.each([
    ["us", "ap", "backend-us db_us us.example us/us US", "backend-ap db_ap ap.example ap/ap AP"],
    ["us", "ap", "status bus us1 1us USA Us", "status bus us1 1us USA Us"],
    ["us", "ap-s", "db-us properties_us ${POSTGRES_US_DB}", "db-ap-s properties_ap_s ${POSTGRES_AP_S_DB}"],
    ["eu-west", "ap", "db-eu-west EU_WEST_DB eu_west eu west", "db-ap AP_DB ap eu west"],
  ])("%s -> %s in %j", (from, to, text, expected) => {
    expect(renaming(from, to)(text)).toBe(expected);
    expect(carries(text, from)).toBe(text !== expected);
  });

  it("stays where it is a part of a word that stands apart", () => {
    expect(renaming("eu", "ap", ["eu-west"])("db-eu db-eu-west EU_WEST EU")).toBe("db-ap db-eu-west EU_WEST AP");
  });
});
