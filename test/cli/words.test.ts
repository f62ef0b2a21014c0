// Wrong words on the command line and in files: exit 64, everything that is wrong at once, and nothing is started.
import fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sandbox } from "../support/cli.ts";
import { ONE_REQUEST, scenarioFile, stacksOf, topologyFile } from "./bad-days.ts";

const box = sandbox();
afterAll(() => box[Symbol.asyncDispose]());

describe("arguments", () => {
  it.each([
    [["nonsense"], "unknown command 'nonsense'", "regionctl --help"],
    [["up", "--nope"], "unknown option '--nope'", "regionctl up --help"],
    [["up", "--stack", "My Stack"], '"My Stack" is not a stack\'s name', '"default"'],
    [["up", "--topology", "propertie"], 'no topology "propertie"', "property"],
    [["up", "--runtime", "moon"], 'no runtime "moon"', "embedded"],
    [["kill"], "missing required argument 'node'", "regionctl kill --help"],
    [["kill", "backend-us", "--for", "10"], "--for takes a duration with its unit", "10s"],
    [["scenario", "run", "failovr"], 'no scenario "failovr"', "failover"],
    [["scenario", "run", "failover", "--seed", "x"], "--seed takes a whole number", '"x"'],
    [["scenario", "nonsense"], "unknown command 'nonsense'", "regionctl scenario --help"],
    [["check", "."], ". is not a run", "regionctl scenario run"],
  ])("%j: exit 64, what is wrong and what to type", async (args, wrong, next) => {
    const { code, stdout, stderr } = await box.run(...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(wrong);
    expect(stderr).toContain(next);
    expect(stacksOf(box.home)).toEqual([]);
  });

  it("with --json the same stands on stdout for programs", async () => {
    const { code, stdout } = await box.run("up", "--nope", "--json");
    expect(code).toBe(64);
    expect(JSON.parse(stdout)).toEqual({ error: "unknown option '--nope'", exitCode: 64 });
  });

  it("help is no error, and shows examples", async () => {
    const help = await box.run("scenario", "run", "--help");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("Examples:\n  regionctl scenario run failover");
    const none = await box.run();
    expect(none.code).toBe(64); // nothing was asked for
    expect(none.stderr).toContain("Exit codes: 0 passed");
  });

  it("asking for a stack that is not there says how to start it", async () => {
    for (const args of [
      ["status", "--stack", "other"],
      ["logs", "gateway", "--stack", "other"],
      ["heal", "--stack", "other"],
    ]) {
      const { code, stderr } = await box.run(...args);
      expect(code).toBe(2);
      expect(stderr).toContain('there is no stack "other"');
      expect(stderr).toContain('"regionctl up --stack other"');
    }
    expect((await box.run("down")).stdout).toBe("nothing is up\n");
    expect((await box.run("status")).stdout).toContain("nothing is up");
  });
});

describe("files", () => {
  it("a wrong scenario: every problem with its line, of all files, before anything starts", async () => {
    const good = scenarioFile(box, "good", ...ONE_REQUEST);
    const bad = scenarioFile(
      box,
      "bad",
      "steps:",
      "  - kil: backend-us",
      "  - kill: backend-usa",
      "    for: 10",
      "expect:",
      "  - no-lost-write",
    );
    const worse = scenarioFile(box, "worse", "steps:", "  - partition us eu");
    const { code, stderr } = await box.run("scenario", "run", good, bad, worse);
    expect(code).toBe(64);
    for (const place of ["bad.yaml:4:5", "bad.yaml:5:11", "bad.yaml:6:10", "bad.yaml:8:5", "worse.yaml:4:"])
      expect(stderr).toContain(place);
    expect(stderr).toContain('Did you mean "kill"?');
    expect(stderr).toContain('Did you mean "10s"');
    expect(stacksOf(box.home)).toEqual([]);
    expect(fs.existsSync(path.join(box.directory, "runs"))).toBe(false);
  });

  it("`scenario check` says the same, and of a good file that nothing is wrong", async () => {
    const bad = scenarioFile(box, "bad", "steps:", "  - kil: backend-us");
    const good = scenarioFile(box, "good", ...ONE_REQUEST);
    const both = await box.run("scenario", "check", bad, good);
    expect(both.code).toBe(64);
    expect(both.stdout).toContain("bad.yaml: 1 problem\n");
    expect(both.stdout).toContain("good.yaml: 2 steps, 0 expectations, nothing wrong\n");
    await box.passes("scenario", "check", good);
    const json = await box.run("scenario", "check", bad, "--json");
    expect(json.code).toBe(64);
    expect(JSON.parse(json.stdout)).toMatchObject([{ line: 4, column: 5, length: 3, severity: "error" }]);
  });

  it.each([
    ["empty", "", "this scenario is empty"],
    ["not YAML", "a: [1\n b: }", "this is not YAML"],
    ["a list", "- kill: backend-us", "a scenario is a map"],
  ])("a scenario that is %s", async (_, text, wrong) => {
    fs.writeFileSync(path.join(box.directory, "odd.yaml"), text);
    const { code, stderr } = await box.run("scenario", "run", "odd.yaml");
    expect(code).toBe(64);
    expect(stderr).toContain(wrong);
  });

  it("a wrong topology: exit 64, each problem with its line", async () => {
    const file = topologyFile(
      box,
      ["KAFKA_BROKER: ${KAFKA_BROKER:-kafka:29092}", "KAFKA_BROKER: ${KAFKA_BROKER:-kafka:29092"],
      ["healthcheck:", "helthcheck:"],
    );
    const { code, stderr } = await box.run("up", "--topology", file);
    expect(code).toBe(64);
    expect(stderr.match(/changed\.yaml:\d+:\d+/g)?.length).toBeGreaterThanOrEqual(2);
    expect(stderr).toContain("helthcheck");
    expect(stacksOf(box.home)).toEqual([]);
  });
});
