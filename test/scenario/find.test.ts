import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../src/model/problem.ts";
import { findScenario, findTopology, listScenarios, lookUpTopology } from "../../src/scenario/find.ts";
import { ROOT } from "./support.ts";

let folder: string;
const write = (name: string) => {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "");
  return file;
};

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "regionctl-find-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

describe("a scenario is found", () => {
  it("by its path first, then in scenarios/, then among the shipped ones", () => {
    expect(findScenario("failover", folder)).toBe(path.join(ROOT, "scenarios/failover.yaml"));
    const own = write("scenarios/failover.yaml");
    expect(findScenario("failover", folder)).toBe(own);
    expect(findScenario("failover.yaml", folder)).toBe(own);
    const here = write("failover.yaml");
    expect(findScenario("failover.yaml", folder)).toBe(here);
    expect(findScenario(own, ROOT)).toBe(own);
  });

  it("or refused, with the nearest of those there are", () => {
    write("scenarios/outage.yaml");
    expect(() => findScenario("outgae", folder)).toThrow(UsageError);
    expect(() => findScenario("outgae", folder)).toThrow(
      /^there is no scenario "outgae"\. Did you mean "outage"\? Scenarios are outage, (.*, )?failover/,
    );
  });

  it("and listed once, the user's own before the shipped ones", () => {
    const own = [write("scenarios/b.yml"), write("scenarios/failover.yaml")];
    write("scenarios/readme.md");
    const listed = listScenarios(folder);
    expect(listed.slice(0, 2)).toEqual(own);
    expect(listed).not.toContain(path.join(ROOT, "scenarios/failover.yaml"));
  });
});

describe("a topology is found", () => {
  it("by its name in compose/, then among the shipped ones", () => {
    expect(findTopology("property", folder)).toBe(path.join(ROOT, "compose/property.yaml"));
    const own = write("compose/property.yaml");
    expect(findTopology("property", folder)).toBe(own);
    expect(() => findTopology("propetry", folder)).toThrow('there is no topology "propetry". Did you mean "property"?');
  });

  it("by a path relative to where it is written", () => {
    const own = write("mine/system.yaml");
    expect(lookUpTopology("../mine/system.yaml", path.join(folder, "scenarios"))).toEqual({ file: own });
    expect(lookUpTopology("./system.yaml", path.join(folder, "scenarios"))).toEqual({
      message: `there is no file ${path.join(folder, "scenarios/system.yaml")}`,
      hint: "A path is relative to where it is written.",
    });
  });
});
