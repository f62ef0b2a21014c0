// Who may answer what: the pure part that both gateways come from, and the small parts of the embedded one.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accessLine, bufferedLines } from "../../src/gateway/access-log.ts";
import { configProblem } from "../../src/gateway/config.ts";
import { createRotation } from "../../src/gateway/rotation.ts";
import { DIAGNOSTICS, gatewayConfig, route } from "../../src/gateway/route.ts";
import type { GatewayConfig } from "../../src/gateway/route.ts";
import type { NodeSpec, Role, Topology } from "../../src/model/topology.ts";

const REGIONS = ["us", "eu", "ap", "sa", "af", "au"];

/** Two to six regions in any order, one to three nodes each. */
const configs: fc.Arbitrary<GatewayConfig> = fc
  .shuffledSubarray(REGIONS, { minLength: 2 })
  .chain((order) =>
    fc.tuple(fc.constant(order), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 6, maxLength: 6 })),
  )
  .map(([order, counts]) => ({
    order,
    routes: Object.fromEntries(order.map((region) => [`/${region}`, region])),
    upstreams: Object.fromEntries(
      order.map((region, index) => [
        region,
        Array.from({ length: counts[index]! }, (_, n) => ({ node: `${region}-${n}`, address: `${region}-${n}:8000` })),
      ]),
    ),
  }));
const paths = fc.constantFrom("/health", "/properties", "/properties/7?x=1", "", "/", "/anything/metrics");
const methods = fc.constantFrom("GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH", "PROPFIND");

describe("route", () => {
  it("asks the home region first, then every other once, in order; only diagnostics stay at home", () => {
    fc.assert(
      fc.property(configs, methods, paths, fc.constantFrom(...DIAGNOSTICS), (config, method, path, diagnostic) => {
        expect(configProblem(config)).toBeUndefined();
        for (const home of config.order) {
          const regions = (path: string) => [
            ...new Set(route(config, method, path)!.candidates.map(({ region }) => region)),
          ];
          expect(regions(`/${home}${path}`)).toEqual([home, ...config.order.filter((region) => region !== home)]);
          expect(regions(`/${home}/${diagnostic}?a=b`)).toEqual([home]);
          const { candidates, kind, failover } = route(config, method, `/${home}${path}`)!;
          expect(candidates.length).toBe(Object.values(config.upstreams).flat().length);
          expect({ kind, failover }).toEqual({
            kind: ["GET", "HEAD", "OPTIONS"].includes(method) ? "read" : "write",
            failover: true,
          });
        }
      }),
    );
  });

  it("reads a path as NGINX does, however it is written", () => {
    const config = configsOf("us", "eu");
    const written = fc
      .tuple(fc.constantFrom("/us/metrics", "/us/properties/7"), fc.array(fc.nat(), { minLength: 1, maxLength: 8 }))
      .map(([path, choices]) => {
        const disguised = [...path].map((character, index) => {
          const choice = choices[index % choices.length]! % 4;
          if (choice === 1) return `%${character.charCodeAt(0).toString(16)}`;
          if (character === "/" && index > 0) return ["/", "/", "//", "/x/../"][choice]!;
          return character;
        });
        return { path, disguised: `/${disguised.slice(1).join("")}` };
      });
    fc.assert(
      fc.property(written, ({ path, disguised }) => {
        expect(route(config, "GET", disguised)).toEqual(route(config, "GET", path));
      }),
    );
  });

  it("knows no region for other paths, and the longest prefix wins", () => {
    const config = { ...configsOf("us", "eu"), routes: { "/us": "us", "/us/east/": "eu" } };
    for (const path of ["/", "/usa", "/ap/health", "us/health", "*", "/us/../..", "/us/%00", "/us/%zz", "/us/../ap"])
      expect({ path, routed: route(config, "GET", path) }).toEqual({ path, routed: undefined });
    for (const [path, home] of [
      ["/us", "us"],
      ["/us/eastern", "us"],
      ["/us/east", "eu"],
      ["/us/east/health", "eu"],
      ["/us/east/../health", "us"],
    ] as const)
      expect({ path, home: route(config, "GET", path)?.candidates[0]?.region }).toEqual({ path, home });
    expect(route(config, "GET", "/us/east/metrics")!.failover).toBe(false);
    expect(route({ ...config, routes: { "/": "us" } }, "GET", "/any/path")!.candidates[0]!.region).toBe("us");
  });
});

describe("gatewayConfig", () => {
  const addressOf = ({ name, port }: NodeSpec) => `${name}:${port}`;

  it("takes each region's backends, or the services of a system without backends", () => {
    const topology = topologyOf(["backend", "us"], ["service", "us"], ["postgres", "us"], ["service", "eu"]);
    expect(gatewayConfig(topology, addressOf)).toEqual({
      routes: { "/us": "us", "/eu": "eu" },
      order: ["us", "eu"],
      upstreams: {
        us: [{ node: "backend-us", address: "backend-us:8000" }],
        eu: [{ node: "service-eu", address: "service-eu:8000" }],
      },
    });
  });

  it("refuses a route to a region where nobody answers, and says what to add", () => {
    const topology = topologyOf(["backend", "us"], ["postgres", "eu"]);
    expect(() => gatewayConfig(topology, addressOf)).toThrow(
      /route \/eu leads to region "eu".*labels regionctl\.region: eu/,
    );
  });
});

describe("configProblem", () => {
  const good = configsOf("us", "eu");
  it.each([
    ["nothing", null, /expected/],
    ["no routes", { ...good, routes: {} }, /at least one prefix/],
    ["a prefix that is none", { ...good, routes: { "us;": "us" } }, /"us;" is not a path prefix/],
    ["a prefix twice", { ...good, routes: { "/us": "us", "/us/": "eu" } }, /twice/],
    ["an order with a gap", { ...good, order: ["us"] }, /lacks region "eu"/],
    ["an order with a stranger", { ...good, order: ["us", "eu", "constructor"] }, /names "constructor"/],
    ["a name that breaks out", { ...good, upstreams: { "us;": [] } }, /not a name of a region/],
    [
      "an address that breaks out",
      { ...good, upstreams: { ...good.upstreams, us: [{ node: "a", address: "a:1;}" }] } },
      /host:port/,
    ],
    [
      "a port beyond all",
      { ...good, upstreams: { ...good.upstreams, us: [{ node: "a", address: "a:65536" }] } },
      /host:port/,
    ],
    ["an empty region", { ...good, upstreams: { ...good.upstreams, us: [] } }, /at least one node/],
  ])("names what is wrong with %s", (_, config, problem) => {
    expect(configProblem(config)).toMatch(problem);
    expect(configProblem(good)).toBeUndefined();
  });
});

describe("rotation", () => {
  it("keeps a failed upstream out for a second, then lets one request try it before the others", () => {
    let now = 0;
    const rotation = createRotation(() => now);
    const [us, eu] = route(configsOf("us", "eu"), "GET", "/us/health")!.candidates;
    const order = () => rotation.inOrder([us!, eu!]).map(({ region }) => region);
    const first = () => order()[0];
    rotation.failed(us!);
    now = 999;
    expect(first()).toBe("eu");
    now = 1_000;
    expect(first()).toBe("us");
    rotation.begin(us!);
    expect(first()).toBe("eu");
    rotation.succeeded(us!);
    expect(first()).toBe("us");
    // Out: better to try than to refuse, but last; and of all that are out, home last.
    rotation.failed(eu!);
    expect(order()).toEqual(["us", "eu"]);
    rotation.failed(us!);
    expect(order()).toEqual(["eu", "us"]);
  });
});

describe("access log", () => {
  const access = {
    client: "127.0.0.1",
    requestLine: 'GET /us/a"b\\ü HTTP/1.1',
    status: 200,
    bodyBytes: 5,
    tookMs: 12.34,
  };

  it("reads as NGINX's does", () => {
    const attempts = [
      { address: "a:1", status: "-", tookMs: 1 },
      { address: "b:2", status: "200", tookMs: 11 },
    ];
    expect(accessLine({ ...access, attempts }, new Date(0))).toBe(
      String.raw`1970-01-01T00:00:00.000Z 127.0.0.1 "GET /us/a\x22b\x5C\xFC HTTP/1.1" 200 5 request_time=0.012 ` +
        'upstream_addr="a:1, b:2" upstream_status="-, 200" upstream_response_time="0.001, 0.011"',
    );
    expect(accessLine({ ...access, attempts: [] }, new Date(0))).toContain('upstream_addr="-"');
  });

  it("is handed over in pieces, large ones at once, the rest when asked", () => {
    const handed: string[] = [];
    const lines = bufferedLines((text) => handed.push(text));
    lines.write("one");
    lines.write("two");
    expect(handed).toEqual([]);
    lines.flush();
    lines.flush();
    expect(handed).toEqual(["one\ntwo\n"]);
    lines.write("x".repeat(70_000));
    expect(handed.length).toBe(2);
  });
});

function configsOf(...regions: string[]): GatewayConfig {
  return {
    order: regions,
    routes: Object.fromEntries(regions.map((region) => [`/${region}`, region])),
    upstreams: Object.fromEntries(regions.map((region) => [region, [{ node: region, address: `${region}:8000` }]])),
  };
}

function topologyOf(...nodes: readonly [Role, string][]): Topology {
  return {
    name: "property",
    file: "compose/property.yaml",
    regions: ["us", "eu"],
    nodes: nodes.map(([role, region]) => ({
      name: `${role}-${region}`,
      role,
      region,
      needs: [],
      environment: {},
      port: 8000,
      files: [],
    })),
    links: [],
    routes: { "/us": "us", "/eu": "eu" },
    steady: [],
    observe: {},
    conflicts: "hybrid-clock",
    workloads: {},
  };
}
