// The JSON Schema of scenario files, held against the loader: what one takes the other takes, for every shipped scenario
// and for every example of a verb or an expectation; and what a file cannot say both refuse.
import fs from "node:fs";
import path from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { vocabulary } from "../../src/commands/files.ts";
import { listScenarios } from "../../src/scenario/find.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { DURATION, PERCENT, RATE } from "../../src/scenario/patterns.ts";
import { schemaOf } from "../../src/scenario/schema.ts";
import { parseDuration, parsePercent, parseRate } from "../../src/model/units.ts";
import { repository, sandbox } from "../support/cli.ts";

const schema = schemaOf(vocabulary);
const validate = new Ajv({ strictTypes: false, allowUnionTypes: true }).compile(schema);

const HEAD = "name: one\ntopology: property\n";
const step = (text: string) => `${HEAD}steps:\n  ${text}\n`;
const expectation = (text: string) => `${HEAD}steps:\n  - settle\nexpect:\n  ${text}\n`;

const fitsSchema = (text: string) => validate(parse(text));
const loads = (text: string) =>
  parseScenario(text, path.join(repository, "scenarios/one.yaml"), vocabulary, { env: {} }).scenario !== undefined;

describe("the JSON Schema", () => {
  it("takes every shipped scenario", () => {
    const files = listScenarios(repository);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      fitsSchema(fs.readFileSync(file, "utf8"));
      expect(validate.errors, file).toBeNull();
    }
  });

  it.each(Object.values(vocabulary.verbs))("takes the example of $name", ({ example }) => {
    fitsSchema(step(example.replaceAll("\n", "\n  ")));
    expect(validate.errors).toBeNull();
  });

  it.each(Object.values(vocabulary.expectations))("takes the example of $name", ({ example }) => {
    fitsSchema(expectation(example.replaceAll("\n", "\n  ")));
    expect(validate.errors).toBeNull();
  });

  it.each([
    step("- settle"),
    step("- settle:\n    within: 5s"),
    step("- heal"),
    step("- crash: backend-us"), // the word of another tool
    step("- kill: [backend-us, db-us]\n    for: 1m30s\n    when: lag(eu) > 3s\n    within: 5s\n    id: one"),
    step("- request: GET /us/health\n    expect: { status: 200 }\n    save: { region: body.region }"),
    expectation("- no-lost-writes:"),
    expectation('- no-lost-writes: { known-gap: "wall clocks" }'),
    `${HEAD}traffic:\n  - workload: edit-properties\n    rate: 50/s\n    reads: 12.5%\nsteps: [settle]\n`,
    `name: one\ntopology: { file: property, conflicts: wall-clock }\nsteps: [settle]\n`,
    `name: one\ntopology: { file: property, wan: true }\nsteps: [settle]\n`,
    `name: one\ntopology: { file: property, wan: [us-east-1, eu-west-1] }\nsteps: [settle]\n`,
  ])("takes, as the loader does: %s", (text) => {
    expect(loads(text)).toBe(true);
    expect(fitsSchema(text)).toBe(true);
  });

  it.each([
    "name: one\ntopology: property\n",
    "name: A B\ntopology: property\nsteps: [settle]\n",
    "name: one\nsteps: [settle]\n",
    `${HEAD}steps: []\n`,
    `${HEAD}stepz: []\nsteps: [settle]\n`,
    `${HEAD}timeout: 10\nsteps: [settle]\n`,
    `name: one\ntopology: { file: property, conflicts: coin }\nsteps: [settle]\n`,
    `name: one\ntopology: { file: property, wan: us-east-1 }\nsteps: [settle]\n`,
    `name: one\ntopology: { file: property, wan: [us-east-1, eu-wst-1] }\nsteps: [settle]\n`,
    step("- explode: backend-us"),
    step("- kill"),
    step("- kill:"),
    step("- kill: backend-us\n    for: 10"),
    step("- kill: backend-us\n    fore: 10s"),
    step("- kill: backend-us\n    within: 10s"), // it waits for nothing
    step("- kill: backend-us\n    stop: db-us"), // two verbs
    step("- start: backend-us\n    for: 10s"), // nothing that ends by itself
    step("- request: /us/health"),
    step("- request: GET /us/health\n    expect: { status: high }"),
    expectation("- available"),
    expectation("- available: { region: us, at-least: 99 }"),
    expectation("- available: { region: us, at-least: 99%, by: noon }"),
    expectation("- everything"),
    expectation("- no-lost-writes\n    no-duplicates:"),
    `${HEAD}traffic:\n  - workload: edit-properties\n    rate: 50\nsteps: [settle]\n`,
    `${HEAD}traffic:\n  - rate: 50/s\nsteps: [settle]\n`,
  ])("refuses, as the loader does: %s", (text) => {
    let refused = true;
    try {
      refused = !fitsSchema(text);
    } catch {
      // not even YAML
    }
    expect(loads(text)).toBe(false);
    expect(refused).toBe(true);
  });

  it.each([
    [DURATION, parseDuration, ["80ms", "1.5s", "1m30s", "2h"], ["", "10", "s", "-1s", "1 s", "5%"]],
    [PERCENT, parsePercent, ["0%", "99.5%", "100%"], ["", "5", "%", "5 %", "5s"]],
    [RATE, parseRate, ["200/s", "1.5/m", "1/h"], ["", "200", "/s", "5/ms", "5s"]],
  ] as const)("writes units as they are parsed: %o", ({ pattern }, parse, right, wrong) => {
    for (const text of [...right, ...wrong])
      expect(new RegExp(pattern).test(text), text).toBe(parse(text) !== undefined);
  });

  it("says of every verb and expectation what it means", () => {
    const text = JSON.stringify(schema);
    for (const { summary } of [...Object.values(vocabulary.verbs), ...Object.values(vocabulary.expectations)])
      expect(text).toContain(JSON.stringify(summary).slice(1, -1));
  });

  it("is what the command prints", async () => {
    await using place = sandbox();
    const printed = await place.run("schema");
    expect(printed.code).toBe(0);
    expect(JSON.parse(printed.stdout)).toEqual(JSON.parse(JSON.stringify(schema)));
  });
});
