// `scenario new`: a scenario to begin with. That it runs is told in stack.test.ts.
import fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { vocabulary } from "../../src/commands/files.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import type { Topology } from "../../src/model/topology.ts";
import { starterScenario } from "../../src/scenario/starter.ts";
import { loadTopology } from "../../src/topology/load.ts";
import { repository, sandbox } from "../support/cli.ts";

describe("regionctl scenario new", () => {
  const place = sandbox();
  afterAll(() => place[Symbol.asyncDispose]());

  it("writes a scenario that has nothing wrong, says what to type next, and never overwrites", async () => {
    const written = await place.run("scenario", "new", "my-failover");
    expect(written).toMatchObject({ code: 0, stderr: "" });
    expect(written.stdout).toContain("next: regionctl scenario run my-failover");

    const file = path.join(place.directory, "scenarios/my-failover.yaml");
    const checked = await place.run("scenario", "check", "my-failover");
    expect(checked.code).toBe(0);
    expect(checked.stdout).toMatch(/my-failover\.yaml: 6 steps, 5 expectations, nothing wrong/);

    fs.appendFileSync(file, "# mine\n");
    const again = await place.run("scenario", "new", "my-failover");
    expect(again.code).toBe(64);
    expect(again.stderr).toContain("is there already");
    expect(fs.readFileSync(file, "utf8")).toMatch(/# mine\n$/);
  });

  it("writes the path of a topology as it is seen from the scenario", async () => {
    fs.cpSync(path.join(repository, "compose"), path.join(place.directory, "mine/compose"), { recursive: true });
    fs.cpSync(path.join(repository, "seeds"), path.join(place.directory, "mine/seeds"), { recursive: true });
    const facts = await place.facts("scenario", "new", "orders", "--topology", "mine/compose/property.yaml");
    expect(facts).toEqual({ file: path.join("scenarios", "orders.yaml"), next: "regionctl scenario run orders" });
    await place.passes("scenario", "check", "orders");
  });

  it("refuses names that lead out of the folder, and topologies that are not there", async () => {
    for (const name of ["../out", "/etc/x", "A"]) {
      const { code, stderr } = await place.run("scenario", "new", "--", name);
      expect({ name, code }).toEqual({ name, code: 64 });
      expect(stderr).toContain("is not a scenario's name");
    }
    expect((await place.run("scenario", "new", "one", "--topology", "nowhere")).code).toBe(64);
    expect(fs.existsSync(path.join(place.directory, "out.yaml"))).toBe(false);
    expect(fs.existsSync(path.join(place.directory, "scenarios/one.yaml"))).toBe(false);
  });
});

describe("the scenario to begin with", () => {
  const compose = path.join(repository, "compose/property.yaml");

  it.each([
    ["the shipped topology", (topology: Topology) => topology],
    ["one without workloads", (topology: Topology) => ({ ...topology, workloads: {} })],
    ["one without a gateway", (topology: Topology) => ({ ...topology, nodes: topology.nodes.slice(1) })],
  ])("fits %s", (_, change) => {
    const topology = change(loadTopology(compose, { env: {} }).topology!);
    const text = starterScenario({ name: "one", reference: "property", topology });
    const loaded = parseScenario(text, path.join(repository, "scenarios/one.yaml"), vocabulary, { env: {} });
    expect(loaded.problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(loaded.scenario!.steps.map(({ verb }) => verb)).toEqual(expect.arrayContaining(["wait", "kill", "settle"]));
    expect(loaded.scenario!.traffic).toHaveLength(Object.keys(topology.workloads).length);
  });

  it("speaks of all regions of three", () => {
    const regions = ["us", "eu", "ap"];
    const { topology } = loadTopology(compose, { env: {}, regions });
    const text = starterScenario({ name: "one", reference: "property", topology: topology! });
    const file = path.join(repository, "scenarios/one.yaml");
    const loaded = parseScenario(text, file, vocabulary, { env: {}, regions });
    expect(loaded.problems).toEqual([]);
    expect(loaded.scenario!.traffic[0]!.regions).toEqual(regions);
  });
});
