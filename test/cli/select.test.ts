// Which scenarios `scenario run` plays and where it tells of them, refused before anything starts.
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Option } from "commander";
import { openReports, reporterOption } from "../../src/commands/reports.ts";
import { wanOption } from "../../src/commands/files.ts";
import { seedOption, type Selection, selectScenarios, tagOption, timeoutOption } from "../../src/commands/select.ts";
import { UsageError } from "../../src/model/problem.ts";
import { sandbox } from "../support/cli.ts";

const place = sandbox();
const at = (...names: readonly string[]) => path.join(place.directory, ...names);
const scenario = (name: string, topology: string, tags: string) =>
  `name: ${name}\ntopology: ${topology}\ntags: [${tags}]\nsteps:\n  - request: GET /us/health\n  - settle\n`;

beforeAll(() => {
  fs.mkdirSync(at("mine"));
  fs.mkdirSync(at("empty"));
  fs.writeFileSync(at("mine/one.yaml"), scenario("one", "property", "ci, quick"));
  fs.writeFileSync(at("mine/two.yml"), scenario("two", "property", "slow"));
  fs.writeFileSync(at("mine/notes.txt"), "no scenario");
});
afterAll(() => place[Symbol.asyncDispose]());

describe("regionctl scenario run", () => {
  it("ends with 64 when no scenario has the tag", async () => {
    const { code, stderr } = await place.run("scenario", "run", "mine", "--tag", "cj");
    expect(stderr).toMatch(/none of 2 scenarios has the tag "cj".*Did you mean "ci"\?/);
    expect(code).toBe(64);
    expect(fs.existsSync(at("runs"))).toBe(false);
  });

  it("tells a CI also of a scenario that could not be played", async () => {
    const compose = fs.readFileSync(path.join(import.meta.dirname, "../../compose/property.yaml"), "utf8");
    const shared = path.join(import.meta.dirname, "../../compose");
    fs.cpSync(shared, at("compose"), { recursive: true });
    fs.cpSync(path.join(shared, "../seeds"), at("seeds"), { recursive: true });
    const queue = "  queue:\n    image: rabbitmq:4\n    labels: { regionctl.region: us }\n\nx-regionctl:";
    fs.writeFileSync(at("compose/queued.yaml"), compose.replace("\nx-regionctl:", `\n${queue}`));
    fs.writeFileSync(at("queued.yaml"), scenario("queued", "compose/queued.yaml", ""));

    const { code, stderr } = await place.run(
      "scenario",
      "run",
      "queued.yaml",
      "--reporter",
      "junit=out/deep/junit.xml",
    );
    expect(stderr).toContain("RabbitMQ does not run on the embedded runtime");
    expect(code).toBe(2);
    const xml = fs.readFileSync(at("out/deep/junit.xml"), "utf8");
    expect(xml).toMatch(/<testsuite name="queued" tests="1" failures="0" errors="1"/);
    expect(xml).toContain("RabbitMQ does not run on the embedded runtime");
  });

  it("says before anything starts that a report has no place", async () => {
    const { code, stderr } = await place.run("scenario", "run", "mine", "--reporter", "junit=mine/one.yaml/junit.xml");
    expect(stderr).toContain("cannot write the report");
    expect(code).toBe(2);
    expect(fs.existsSync(at("runs"))).toBe(false);
  });
});

describe("what is chosen", () => {
  const names = (references: readonly string[], options: Selection) =>
    selectScenarios(references, options).map(({ scenario }) => scenario.name);

  it("is what was named, whole folders, and of these what has a tag", () => {
    expect(names([at("mine")], {})).toEqual(["one", "two"]);
    expect(names([at("mine/two.yml"), at("mine/one.yaml"), at("mine/two.yml")], {})).toEqual(["two", "one", "two"]);
    expect(names([at("mine")], { tag: ["quick"] })).toEqual(["one"]);
    expect(names([at("mine")], { tag: ["slow", "quick"] })).toEqual(["one", "two"]);
    expect(names([], { tag: ["ci"] })).toContain("failover");
  });

  it("lies where it was asked for, in place of where its file says", () => {
    fs.writeFileSync(at("far.yaml"), scenario("far", "{ file: property, wan: [us-west-2, eu-west-1] }", ""));
    const placed = (options: Selection) => selectScenarios([at("far.yaml")], options)[0]!.topology.places;
    expect(placed({})).toEqual({ us: "us-west-2", eu: "eu-west-1" });
    expect(placed({ wan: true })).toEqual({ us: "us-east-1", eu: "eu-west-1" });
    expect(placed({ wan: ["eu-north-1", "eu-west-3"] })).toEqual({ us: "eu-north-1", eu: "eu-west-3" });
  });

  it("has the timeout and the seed that were asked for", () => {
    const [one] = selectScenarios([at("mine/one.yaml")], { timeout: 90_000, seed: 5 });
    expect(one!.scenario).toMatchObject({ timeoutMs: 90_000, seed: 5 });
    const [asWritten] = selectScenarios([at("mine/one.yaml")], {});
    expect(asWritten!.scenario).toMatchObject({ timeoutMs: 120_000, seed: 1 });
  });

  it.each([
    ["nothing at all", () => selectScenarios([], {}), /Name scenarios/],
    ["an empty folder", () => selectScenarios([at("empty")], {}), /there is no scenario \(\*\.yaml\) in/],
    ["a name that nothing has", () => selectScenarios([at("mine"), "nowhere"], {}), /there is no scenario "nowhere"/],
    ["a tag that none has", () => selectScenarios([at("mine")], { tag: ["x"] }), /Their tags are ci, quick, slow/],
    ["a timeout without a unit", () => parsed(timeoutOption(), "90"), /--timeout takes a duration/],
    ["a timeout of nothing", () => parsed(timeoutOption(), "0s"), /--timeout takes a duration/],
    ["a seed that is no number", () => parsed(seedOption(), "-1"), /--seed takes a whole number/],
    ["a place that there is not", () => parsed(wanOption(), "us-east-1,eu"), /there is no place "eu"/],
    ["the same place twice", () => parsed(wanOption(), "us-east-1,us-east-1"), /us-east-1 stands there twice/],
    ["a scenario taken for places", () => parsed(wanOption(), "failover"), /--wan stands last and alone/],
    ["a reporter that there is not", () => parsed(reporterOption(), "htlm"), /there is no reporter "htlm"/],
    ["a report without a file", () => parsed(reporterOption(), "junit"), /--reporter junit=FILE/],
    ["a file for what has none", () => parsed(reporterOption(), "json=x"), /reporter json writes to stdout/],
    ["a report in a file without a name", () => parsed(reporterOption(), "html="), /lacks the name of its file/],
    ["two reports on stdout", () => openReports({ json: true, reporter: [{ name: "terminal" }] }), /one reporter/],
    ["Markdown beside them", () => openReports({ json: true, reporter: [{ name: "markdown" }] }), /json or markdown/],
    [
      "GitHub's commands in JSON",
      () => openReports({ json: true, reporter: [{ name: "github" }] }),
      /to stdout, and json/,
    ],
  ])("is never %s", (_, choose, says) => {
    expect(choose).toThrow(UsageError);
    expect(choose).toThrow(says);
  });

  it("takes several of what may be given several times", () => {
    expect(parsed(tagOption(), "a", "b")).toEqual(["a", "b"]);
    expect(parsed(reporterOption(), "json", "junit=a.xml")).toEqual([
      { name: "json" },
      { name: "junit", file: "a.xml" },
    ]);
    expect(parsed(timeoutOption(), "1m30s")).toBe(90_000);
    expect(parsed(wanOption(), "us-east-1, eu-west-1")).toEqual(["us-east-1", "eu-west-1"]);
  });
});

/** What an option makes of its values, as commander asks it. */
function parsed({ parseArg }: Option, ...values: readonly string[]): unknown {
  return values.reduce<unknown>((before, value) => parseArg!(value, before), undefined);
}

describe("regionctl scenario check", () => {
  it("takes a folder for the scenarios in it", async () => {
    const { code, stdout } = await place.run("scenario", "check", "mine");
    expect(stdout.split("\n").filter((line) => line.includes("nothing wrong"))).toHaveLength(2);
    expect(code).toBe(0);
  });
});
