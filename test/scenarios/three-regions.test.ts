// Regions that no file names: `--regions` on a real stack. What holds for two regions must hold for three that write the
// same keys while the broker is gone.
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { sandbox } from "../support/cli.ts";

const SCENARIO = `name: three-regions
about: Three regions write the same keys while the broker is gone; afterwards all hold the same, and nothing went unseen.
topology: property
seed: 3
traffic:
  - workload: edit-properties
    clients: 24 # eight in each region for 10 a second: a busy machine may take 800 ms over each
    rate: 30/s
    keys: 8
    reads: 30%
    repeats: 5%
steps:
  - wait: acknowledged > 30
  - kill: kafka # until everything is said that nobody may have heard of: however long that takes
  - wait: lag(us -> ap) > 1s
  # One row, three regions, one request id: nobody can know of the others.
  - request: PUT /us/properties/1200
    headers: { X-Request-ID: one-id-three-regions }
    body: { price: 77.25, version: 1 }
    expect: { status: 200, served-by: us, headers: { etag: '"us:1,eu:0,ap:0"' } }
  - request: PUT /eu/properties/1200
    headers: { X-Request-ID: one-id-three-regions }
    body: { price: 77.25, version: 1 }
    expect: { status: 200, served-by: eu, headers: { etag: '"us:0,eu:1,ap:0"' } }
  - request: PUT /ap/properties/1200
    headers: { X-Request-ID: one-id-three-regions }
    body: { price: 77.25, version: 1 }
    expect: { status: 200, served-by: ap, headers: { etag: '"us:0,eu:0,ap:1"' } }
  - start: kafka
  # Two regions gone: the third answers for both.
  - kill: [backend-us, backend-eu]
  - request: GET /us/health
    expect: { status: 200, body: { region: ap }, served-by: backend-ap }
  - request: GET /eu/health
    expect: { status: 200, body: { region: ap }, served-by: backend-ap }
  - start: [backend-us, backend-eu]
  - wait: healthy(us)
    within: 60s
  - wait: 10s # in so long one moment of a busy machine weighs little
  - wait: conflicts(ap) > 0
  - settle
  - request: GET /eu/properties/1200
    expect: { status: 200, served-by: eu, body: { price: 77.25, version: 4 }, headers: { etag: '"us:1,eu:1,ap:1"' } }
expect:
  - available: { region: ap, at-least: 95% }
  - recovers: { region: us, rto: 15s }
  - no-lost-writes
  - no-duplicates
  - converges: { within: 20s }
`;

interface Facts {
  directory: string;
  verdicts: readonly { name: string; valid: unknown; summary: string }[];
}
type Line = {
  type: string;
  region: string;
  key: string;
  kind: string;
  winner: { state: string };
  loser: { state: string };
};

describe("three regions on the embedded runtime", () => {
  it("pass what two pass, and every pair of concurrent writes is counted in each of them", async () => {
    await using box = sandbox();
    const file = path.join(box.directory, "three.yaml");
    fs.writeFileSync(file, SCENARIO);
    const end = await box.run("scenario", "run", file, "--regions", "us,eu,ap", "--json");
    const facts = JSON.parse(end.stdout) as Facts;
    expect(facts.verdicts.filter(({ valid }) => valid !== true)).toEqual([]);
    expect(end.code).toBe(0);

    const history = fs.readFileSync(path.join(facts.directory, "events.ndjson"), "utf8").trim().split("\n");
    const conflicts = history
      .map((line) => JSON.parse(line) as Line)
      .filter(({ type, key }) => type === "conflict" && key === "1200");
    const pairs = (kind: string) =>
      new Set(
        conflicts
          .filter((one) => one.kind === kind)
          .map(({ winner, loser }) => [winner.state, loser.state].toSorted().join(" ")),
      );
    // The greatest stamp won over both others, and one id had three effects.
    expect(pairs("concurrent")).toContain("us:0,eu:0,ap:1 us:0,eu:1,ap:0");
    expect(pairs("concurrent")).toContain("us:0,eu:0,ap:1 us:1,eu:0,ap:0");
    expect(pairs("duplicate-request").size).toBeGreaterThanOrEqual(2);
    expect(new Set(conflicts.map(({ region }) => region))).toEqual(new Set(["us", "eu", "ap"]));
  });

  it("are refused readably where the scenario, the list or the topology does not fit", async () => {
    await using box = sandbox();
    const file = path.join(box.directory, "three.yaml");
    fs.writeFileSync(file, SCENARIO);
    const check = (...args: readonly string[]) => box.run("scenario", "check", file, ...args);
    const [without, fits, twice] = await Promise.all([
      check(),
      check("--regions", "us,eu,ap"),
      check("--regions", "us,us"),
    ]);
    expect(without.code).toBe(64);
    expect(without.stdout).toContain('For a region "ap": --regions us,eu,ap, or topology:');
    expect(fits).toMatchObject({ code: 0 });
    expect(twice.code).toBe(64);
    expect(twice.stderr).toContain('--regions us,us: region "us" stands there twice');
    const homeless = await box.run("up", "--regions", "eu,ap");
    expect(homeless.code).toBe(64);
    expect(homeless.stderr).toContain("Keep the region: us,eu,ap");
  });

  it("stand side by side as a stack, which says how many it has", async () => {
    await using box = sandbox();
    await box.facts("up", "--stack", "wide", "--regions", "us,eu,ap");
    const [{ nodes }] = await box.facts<readonly [{ nodes: readonly { node: string }[] }]>("status", "--stack", "wide");
    expect(nodes.map(({ node }) => node)).toContain("db-ap");
    // A scenario for two regions is not judged on it, unless it is asked to be.
    const narrow = await box.run("scenario", "run", "failover", "--stack", "wide");
    expect(narrow.code).toBe(2);
    expect(narrow.stderr).toContain("Ask for its regions with --regions us,eu,ap");
  });
});
