// What was done by hand, written as a scenario: whatever it was, the file says nothing wrong, and says the same.
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vocabulary } from "../../src/commands/files.ts";
import { conflictSteps } from "../../src/dashboard/conflict.ts";
import { type Done, scenarioFile, type Story } from "../../src/dashboard/scenario-file.ts";
import type { Workload } from "../../src/model/topology.ts";
import { parseScenario } from "../../src/scenario/load.ts";
import { loadTopology } from "../../src/topology/load.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const { topology } = loadTopology(path.join(ROOT, "compose/property.yaml"), { env: {} }) as {
  topology: Story["topology"];
};
const workload = topology.workloads["edit-properties"]!;

const write = (done: readonly Done[], changed: Partial<Story> = {}) =>
  scenarioFile({ name: "watch-1", reference: "property", topology, done, on: new Date(0), ...changed });
const load = (text: string) => parseScenario(text, path.join(ROOT, "scenarios/watch-1.yaml"), vocabulary, { env: {} });

/** The steps between the wait at the begin and the wait at the end. */
function stepsOf(text: string) {
  const { scenario, problems } = load(text);
  expect(problems.map(({ message, line }) => `${line}: ${message}`)).toEqual([]);
  return scenario!.steps.slice(1, -2);
}

const did = (at: number, step: unknown, more: Partial<Done> = {}): Done => ({
  at,
  deed: { command: `regionctl ${JSON.stringify(step)}`, step },
  ...more,
});

const traffic = { traffic: "edit-properties", rate: "20/s", clients: 4, keys: 20 };
const conflict = (at: number): Done => {
  const { read, writes } = conflictSteps({ workload, regions: ["us", "eu"], key: "7", values: [1.5, 2.5] });
  return { at, deed: { ...did(at, writes).deed, before: [read] } };
};

describe("a scenario of what was done", () => {
  it("has the same steps, as far from each other as they were, with clients and expectations", () => {
    const text = write([
      did(60_000, { kill: "backend-us" }),
      did(63_250, { start: "backend-us" }),
      did(64_000, "heal"),
    ]);
    expect(stepsOf(text).map(({ text, atMs }) => [text, atMs])).toEqual([
      ["kill backend-us", 2_000],
      ["start backend-us", 5_300],
      ["heal", 6_000],
    ]);
    const { scenario } = load(text);
    expect(scenario?.traffic).toMatchObject([{ workload: "edit-properties", ratePerSecond: 50 }]);
    expect(scenario?.expect.map(({ name }) => name)).toEqual(["no-lost-writes", "no-duplicates", "converges"]);
    expect(scenario?.steps.at(-1)?.verb).toBe("settle");
    expect(text).toContain("No background traffic was on");
  });

  it("makes long pauses short, and says so", () => {
    const text = write([did(0, { pause: "db-us" }), did(840_000, { resume: "db-us" })]);
    expect(stepsOf(text).map(({ atMs }) => atMs)).toEqual([2_000, 12_000]);
    expect(text).toContain("14 min later");
    expect(text.length).toBeLessThan(2_000);
  });

  it("names a fault that a later deed ended by its id; what was begun elsewhere is left out, and said", () => {
    const cut = did(0, { partition: "us | eu" }, { began: ["partition us | eu"] });
    const slow = did(500, { latency: "us | eu", add: "80ms" }, { began: ["latency us | eu"] });
    const text = write([cut, slow, did(1_000, { heal: "partition us | eu" }), did(2_000, { heal: "kill db-us" })]);
    const steps = stepsOf(text);
    expect(steps.map(({ text, id }) => [text, id])).toEqual([
      ["partition us | eu", "partition-1"],
      ["latency us | eu add 80 ms, 160 ms more in a round trip", undefined],
      ["heal partition-1", undefined],
    ]);
    expect(text).toContain("was begun elsewhere");
  });

  it("has background traffic as long as it was on, and then no clients of its own making", () => {
    const text = write([did(0, traffic, { forMs: 8_000 }), did(3_000, { kill: "kafka" })]);
    expect(stepsOf(text).map(({ verb, atMs, forMs }) => [verb, atMs, forMs])).toEqual([
      ["traffic", 2_000, 8_000],
      ["kill", 5_000, undefined],
    ]);
    expect(load(text).scenario?.traffic).toEqual([]);
    expect(load(write([did(0, traffic, { forMs: 500 })])).scenario?.traffic).toHaveLength(1);
  });

  it("leaves out what had no effect: played again it would prove nothing", () => {
    const text = write([
      did(0, { kill: "db-us" }),
      did(1_000, { latency: "us | eu", add: "80ms" }, { ineffective: true }),
    ]);
    expect(stepsOf(text).map(({ verb }) => verb)).toEqual(["kill"]);
    expect(text).toContain("it had no effect");
  });

  it("is refused when nothing was done", () => {
    expect(() => write([])).toThrow("nothing was done yet");
  });

  it("of a topology without a workload looks at the health of every region", () => {
    const text = write([did(0, { kill: "db-us" })], { topology: { regions: ["us", "eu"], workloads: {} } });
    const { scenario, problems } = load(text);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(scenario?.steps.map(({ text }) => text)).toEqual(
      expect.arrayContaining(["wait healthy(us)", "wait healthy(eu)"]),
    );
  });

  it("has its regions and places where the stack has others than its file", () => {
    const reference = {
      file: "property",
      regions: ["us", "eu", "ap"],
      wan: ["us-east-1", "eu-west-1", "ap-southeast-2"],
    };
    const { problems } = load(write([did(0, { kill: "backend-ap" })], { reference }));
    expect(problems).toEqual([]);
  });

  it("ends what was begun before, and leaves out an end of what was begun elsewhere, also of the same name", () => {
    const cut = { began: ["partition us | eu"] };
    const end = { heal: "partition us | eu" };
    const text = write([did(0, end), did(1, { partition: "us | eu" }, cut), did(2, end)]);
    expect(load(text).problems).toEqual([]);
    expect(text).toContain("what it ended was begun elsewhere");
    expect(stepsOf(text)).toMatchObject([
      { verb: "partition", id: "partition-2" },
      { verb: "heal", args: { target: "partition-2" } },
    ]);
  });

  it("is clean whatever was done, in whatever order, and never longer than a scenario may be", () => {
    const nodes = ["backend-us", "backend-eu", "db-us", "db-eu", "kafka", "gateway", "us", "eu"];
    const node = fc.constantFrom(...nodes);
    const faults = fc.oneof(
      node.map((target) => ({ step: { kill: target } as object, began: [`kill ${target}`] })),
      node.map((target) => ({ step: { pause: target } as object, began: [`pause ${target}`] })),
      node.map((target) => ({ step: { start: target } as object })),
      node.map((target) => ({ step: { resume: target } as object })),
      fc
        .constantFrom("us", "eu")
        .map((region) => ({ step: { "region-outage": region }, began: [`region-outage ${region}`] })),
      fc
        .constantFrom("us | eu", "edge | us", "edge | eu")
        .map((sides) => ({ step: { partition: sides }, began: [`partition ${sides}`] })),
      fc
        .constantFrom("us | eu", "us -> eu")
        .map((sides) => ({ step: { latency: sides, add: "80ms" }, began: [`latency ${sides}`] })),
      fc
        .constantFrom("partition us | eu", "latency us | eu", "kill db-us")
        .map((id) => ({ step: { heal: id } as object })),
      fc.constant({ step: "heal" }),
      fc.integer({ min: 1, max: 900_000 }).map((forMs) => ({ step: traffic, forMs })),
      fc.constant("conflict" as const),
    );
    const deed = fc.record({
      at: fc.double({ min: 0, max: 1e8, noNaN: true }),
      what: faults,
      ineffective: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(deed, { minLength: 1, maxLength: 60 }), (deeds) => {
        const done = deeds.map(({ at, what, ineffective }) => {
          if (what === "conflict") return conflict(at);
          const { step, ...more } = what;
          return did(at, step, { ...more, ...(ineffective && "began" in more && { ineffective }) });
        });
        const { problems, scenario } = load(write(done));
        expect(problems.map(({ message }) => message)).toEqual([]);
        const dues = scenario!.steps.flatMap(({ atMs }) => atMs ?? []);
        expect(dues).toEqual(dues.toSorted((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
    const many = Array.from({ length: 600 }, (_, i) => did(i, { kill: "db-us" }));
    const { problems, scenario } = load(write(many));
    expect(problems).toEqual([]);
    expect(scenario!.steps.length).toBeGreaterThan(400);
    expect(write(many)).toContain("The first 150 things");
  });
});

describe("a conflict as steps", () => {
  it("reads once, and writes twice at the same instant on what was read", () => {
    const text = write([conflict(0)]);
    const [read, writes] = stepsOf(text);
    expect(read).toMatchObject({ verb: "request", save: { state: "header.etag", version: "body.version" } });
    expect(read?.args).toMatchObject({ target: "GET /us/properties/7" });
    const inside = (writes!.args as { target: { args: object }[] }).target;
    expect(inside.map(({ args }) => args)).toEqual([
      {
        target: "PUT /us/properties/7",
        headers: { "If-Match": "${state}" },
        body: { price: 1.5, version: "${version}" },
      },
      {
        target: "PUT /eu/properties/7",
        headers: { "If-Match": "${state}" },
        body: { price: 2.5, version: "${version}" },
      },
    ]);
  });

  it("of another workload saves what that one needs, in its own words", () => {
    const other: Workload = {
      name: "carts",
      kind: "register",
      keys: { from: 1, to: 9 },
      read: {
        request: { method: "GET", path: "/${region}/carts/${key}", headers: { "X-Region": "${region}" } },
        value: "body.n",
        version: "body.rev",
      },
      write: {
        request: {
          method: "POST",
          path: "/${region}/carts/${key}?rev=${version}",
          headers: {},
          body: { n: "${value}", tag: "${id}", of: ["${key}"] },
        },
        refused: [],
        done: {},
      },
    };
    expect(conflictSteps({ workload: other, regions: ["eu", "us"], key: "3", values: ["a", "b"] })).toEqual({
      read: { request: "GET /eu/carts/3", headers: { "X-Region": "eu" }, save: { version: "body.rev" } },
      writes: {
        together: [
          { request: "POST /eu/carts/3?rev=${version}", body: { n: "a", of: [3] } },
          { request: "POST /us/carts/3?rev=${version}", body: { n: "b", of: [3] } },
        ],
      },
    });
  });
});
