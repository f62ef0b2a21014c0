// Histories of other systems: what `regionctl check HISTORY` accepts, what it rejects, and what it says of files that are wrong.
import fs from "node:fs";
import path from "node:path";
import { Ajv } from "ajv";
import { afterAll, describe, expect, it } from "vitest";
import { historySchema, MOST_OPERATIONS } from "../../src/archive/history-format.ts";
import { loadHistory } from "../../src/archive/history.ts";
import { vocabulary } from "../../src/commands/files.ts";
import { runOf } from "../../src/model/event.ts";
import { UsageError } from "../../src/model/problem.ts";
import { repository, sandbox } from "../support/cli.ts";

const box = sandbox();
afterAll(() => box[Symbol.asyncDispose]());

type Operation = Readonly<Record<string, unknown>>;
interface History {
  [key: string]: unknown;
  operations: readonly Operation[];
}

function written(name: string, content: unknown): string {
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 1);
  fs.writeFileSync(path.join(box.directory, name), text);
  return path.join(box.directory, name);
}

const load = (content: unknown, name = "history.json") => loadHistory(written(name, content), { vocabulary });

/** What is said of a file that is refused. */
function refusal(content: unknown, name?: string): string {
  try {
    load(content, name);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error("it was not refused");
}

/** One register as Jepsen's clients see it: [process, kind, value, from, to]. */
function register(...rows: readonly (readonly [number, "read" | "write", number | null, number, number])[]): History {
  return {
    format: "regionctl-history/1",
    regions: ["us"],
    operations: rows.map(([client, kind, value, invoked, completed]) => ({
      client,
      region: "us",
      key: "r",
      kind,
      value,
      invoked,
      completed,
      outcome: "ok",
    })),
    expect: [{ linearizable: { region: "us" } }],
  };
}

const HEALTHY = register(
  [0, "write", 1, 0, 10],
  [1, "read", 1, 5, 15], // while it is written
  [0, "write", 2, 20, 30],
  [1, "read", 1, 22, 28], // not yet
  [2, "read", 2, 31, 35],
  [1, "read", 2, 40, 44],
);

const STALE = register(
  [0, "write", 1, 0, 10],
  [0, "write", 2, 20, 30],
  [2, "read", 2, 31, 35],
  [1, "read", 1, 40, 44], // 2 had been read before
);

describe("a register as Jepsen tells it", () => {
  it("is accepted when one order of its operations explains every answer", () => {
    const { run } = load(HEALTHY);
    expect(run.verdicts.map(({ name, valid }) => ({ name, valid }))).toEqual([{ name: "linearizable", valid: true }]);
    expect(run.verdict).toBe("passed");
  });

  it("is rejected when an old value comes back, and says where that stands in the file", () => {
    const { run, placeOf } = load(STALE);
    expect(run.verdict).toBe("failed");
    const [verdict] = run.verdicts;
    expect(verdict!.evidence.map(placeOf)).toContain("operations[3]");
  });

  it("is accepted again when the write that would be forgotten may still happen", () => {
    const [first, second, ...rest] = register([0, "write", 1, 0, 10], [0, "write", 2, 20, 30], [1, "read", 1, 40, 44])
      .operations as [Operation, Operation, ...Operation[]];
    const unanswered = { ...second, outcome: "unknown", completed: undefined };
    expect(load({ ...HEALTHY, operations: [first, unanswered, ...rest] }).run.verdict).toBe("passed");
    expect(load({ ...HEALTHY, operations: [first, second, ...rest] }).run.verdict).toBe("failed");
  });

  it("is rejected when what was refused is read, and points at the refusal as well", () => {
    const [first] = HEALTHY.operations as [Operation];
    const operations = [
      first,
      { ...first, value: 2, invoked: 20, completed: 30, outcome: "fail", error: "timeout" },
      { ...first, kind: "read", value: 2, invoked: 40, completed: 50 },
    ];
    const { run, placeOf } = load({ ...HEALTHY, operations });
    expect(run.verdict).toBe("failed");
    expect(run.verdicts[0]!.story!.join(" ")).toContain("What was refused did not happen");
    const places = new Set(run.verdicts[0]!.evidence.map(placeOf));
    expect(places).toEqual(new Set(["operations[1]", "operations[2]"]));
  });

  it("may begin with a byte order mark, as some tools write it", () => {
    expect(load(`\ufeff${JSON.stringify(HEALTHY)}`).run.verdict).toBe("passed");
    expect(refusal(`\ufeff${JSON.stringify(HEALTHY)}}`)).toContain("this is not JSON");
  });

  it("counts a refusal as an answer where it says so, and a connection refused as none", () => {
    const [first, ...rest] = HEALTHY.operations as [Operation, ...Operation[]];
    const judged = (refusal: Operation) => {
      const operations = [first, ...rest, { ...first, invoked: 50, completed: 60, outcome: "fail", ...refusal }];
      const { run } = load({ ...HEALTHY, operations, expect: [{ available: { region: "us", "at-least": "100%" } }] });
      return run.verdict;
    };
    expect(judged({ status: 409, error: "the version is 2" })).toBe("passed");
    expect(judged({ status: 429, error: "not now" })).toBe("failed");
    expect(judged({ error: "connection refused" })).toBe("failed");
    expect(refusal({ ...HEALTHY, operations: [{ ...first, status: 4090 }] })).toContain("expected a status of HTTP");
  });

  it("is the same one operation per line, while it is still being written", () => {
    const { operations, ...head } = STALE;
    const lines = [head, ...operations].map((one) => JSON.stringify(one));
    const { run, placeOf } = load(`${lines.join("\n")}\n`, "history.ndjson");
    expect(run.verdict).toBe("failed");
    expect(run.verdicts[0]!.evidence.map(placeOf)).toContain("operation 4");
    expect(run.verdicts[0]!.summary).toBe(load(STALE).run.verdicts[0]!.summary);
  });
});

describe("the example of docs/history.md", () => {
  const text = fs.readFileSync(path.join(repository, "docs/history.md"), "utf8");
  const example = JSON.parse(/```json\n(.*?)```/s.exec(text)![1]!) as History & { finals: readonly Operation[] };

  it("holds everything that it expects", async () => {
    const file = written("example.json", example);
    const { code, stdout } = await box.run("check", path.basename(file));
    expect(stdout).toMatch(/^PASSED {2}example/);
    for (const expected of ["no-lost-writes", "read-your-writes", "linearizable: { region: us }"])
      expect(stdout).toContain(`✓ ${expected}`);
    expect(stdout).not.toContain("asked of every run");
    expect(code).toBe(0);
  });

  it("does not once an acknowledged write is nowhere in the end", () => {
    const forgotten = { value: 100, version: 1, state: "us:1,eu:0" };
    const { run } = load({ ...example, finals: example.finals.map((final) => ({ ...final, ...forgotten })) });
    expect(run.verdicts.filter(({ valid }) => valid === false).map(({ name }) => name)).toEqual([
      "no-lost-writes",
      "converges",
    ]);
  });

  it("fits the JSON Schema that the command prints, and what is misspelt does not", async () => {
    const { stdout } = await box.run("schema", "history");
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(historySchema())));
    const fits = new Ajv({ strict: false }).compile(JSON.parse(stdout) as object);
    expect(fits(example)).toBe(true);
    expect(fits({ ...example, helaed: 5 })).toBe(false);
    expect(fits({ ...example, operations: [{ ...example.operations[0], outcome: "done" }] })).toBe(false);
  });

  it("names every expectation that there is", () => {
    for (const name of Object.keys(vocabulary.expectations)) expect(text).toContain(`\`${name}`);
  });
});

describe("what is asked", () => {
  it("can be something else than the file expects, and is judged alone", async () => {
    written("stale.json", STALE);
    const args = ["check", "stale.json", "--expect", "available: { region: us, at-least: 99% }", "--json"];
    const { code, stdout } = await box.run(...args);
    expect(code).toBe(0);
    const { verdicts } = JSON.parse(stdout) as { verdicts: { name: string }[] };
    expect(verdicts.map(({ name }) => name)).toEqual(["available"]);
  });

  it("fails with the story, and where its events stand in the file", async () => {
    written("stale.json", STALE);
    const { code, stdout } = await box.run("check", "stale.json", "--reporter", "junit=out/junit.xml");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED {2}stale/);
    expect(stdout).toMatch(/events in stale\.json: .*#\d+ operations\[3\]/);
    expect(fs.readFileSync(path.join(box.directory, "out/junit.xml"), "utf8")).toContain("<failure");
  });

  it("must be something: what there is to ask is said", async () => {
    written("silent.json", { ...HEALTHY, expect: undefined });
    const { code, stdout, stderr } = await box.run("check", "silent.json");
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain("silent.json does not say what is expected of it");
    expect(stderr).toMatch(/^ {2}linearizable {2,}\S/m);
    expect(stderr).not.toMatch(/^ {2}recovers/m);
  });

  it("cannot be what only a run can tell", () => {
    expect(refusal({ ...HEALTHY, expect: [{ recovers: { region: "us", rto: "1s" } }] })).toContain(
      '"recovers" is judged by the probes of a run',
    );
  });
});

describe("a wrong history", () => {
  const [first, ...others] = HEALTHY.operations;
  const withFirst = (change: Operation): History => ({ ...HEALTHY, operations: [{ ...first, ...change }, ...others] });

  it.each<[string, unknown, RegExp]>([
    [
      "no JSON",
      '{ "format": "regionctl-history/1",\n  "regions": [us] }',
      /history\.json:2:15\n.*\n.*\^.*a value is expected/,
    ],
    [
      "JSON that ends too early",
      '{"format": "regionctl-history/1", "operations": [',
      /this is not JSON: it ends too early/,
    ],
    ["a list", [], /a history is a map/],
    ["empty", "", /this is not JSON/],
    ["of another format", { ...HEALTHY, format: "jepsen" }, /format: expected "regionctl-history\/1"/],
    ["without regions", { ...HEALTHY, regions: [] }, /regions: expected the names of all regions, at least one/],
    ["with a region twice", { ...HEALTHY, regions: ["us", "us"] }, /regions\[1\]: "us" stands here twice/],
    ["without operations", { ...HEALTHY, operations: undefined }, /"operations" is missing/],
    ["with a misspelt word", { ...HEALTHY, fautls: [] }, /there is no "fautls" here\n.*Did you mean "faults"\?/],
    ["with a misspelt word inside", withFirst({ valeu: 1 }), /operations\[0\]: there is no "valeu" here\n.*"value"/],
    [
      "with a strange outcome",
      withFirst({ outcome: "info" }),
      /operations\[0\]\.outcome: expected one of ok, fail, unknown/,
    ],
    ["in a region that there is not", withFirst({ region: "su" }), /no region "su"\n.*Did you mean "us"\?/],
    [
      "answered where there is nothing",
      withFirst({ servedIn: "eu" }),
      /operations\[0\]\.servedIn: this history has no region "eu"/,
    ],
    ["completed before it began", withFirst({ invoked: 11 }), /operations\[0\]\.completed: it was begun at 11/],
    [
      "answered at no time",
      withFirst({ completed: undefined }),
      /"completed" is missing.*\n.*Without an answer its outcome is "unknown"/,
    ],
    ["written without a value", withFirst({ value: undefined }), /"value" is missing: a write has the value/],
    ["read with an id", withFirst({ kind: "read", id: "a" }), /operations\[0\]\.id: "id" is of writes/],
    ["in seconds since 1970 as nanoseconds", withFirst({ completed: 1.7e18 }), /completed: .*not since 1970/],
    [
      "with a value too long",
      withFirst({ value: ["x".repeat(20_000)] }),
      /a value of 10000 characters of JSON at most/,
    ],
    [
      "with a fault that ends before it begins",
      { ...HEALTHY, faults: [{ name: "f", from: 9, to: 3, regions: ["us"] }] },
      /faults\[0\]\.to: it began at 9/,
    ],
    [
      "with a final twice",
      { ...HEALTHY, finals: [1, 2].map((value) => ({ region: "us", key: "r", value })) },
      /finals\[1\]: what us holds of key r stands here twice/,
    ],
    [
      "with a final of nothing",
      { ...HEALTHY, finals: [{ region: "us", key: "r" }] },
      /"value" is missing: expected what it holds/,
    ],
    [
      "with a wrong expectation",
      { ...HEALTHY, expect: ["linearisable"] },
      /expect\[0\].*there is no expectation "linearisable"\n.*Did you mean "linearizable"\?/,
    ],
    [
      "with an expectation of another region",
      { ...HEALTHY, expect: [{ linearizable: { region: "eu" } }] },
      /has no region "eu"/,
    ],
    ["too long", { ...HEALTHY, operations: Array(MOST_OPERATIONS + 1).fill(0) }, /1,000,000 operations at most/],
  ])("that is %s is refused", (_, content, says) => {
    expect(refusal(content)).toMatch(says);
  });

  it("has everything said at once, drawn where it stands, and not more than somebody can read", () => {
    const two = {
      ...HEALTHY,
      operations: [
        { ...first, kind: "cas" },
        { ...others[0], outcome: "ok?" },
      ],
    };
    const text = JSON.stringify(two, null, 1);
    const message = refusal(text);
    for (const wrong of ['"cas"', '"ok?"']) {
      const line = text.slice(0, text.indexOf(wrong)).split("\n").length;
      expect(message).toMatch(new RegExp(`history\\.json:${line}:\\d+\\n`));
    }
    const many = refusal({ ...HEALTHY, operations: Array.from({ length: 5_000 }, () => ({ ...first, kind: "cas" })) });
    expect(many.match(/expected one of read, write/g)).toHaveLength(20);
    expect(many).toContain("There may be more");
  });

  it("of lines is refused with the number of the line", () => {
    const { operations, ...head } = HEALTHY;
    const lines = [head, operations[0], { ...operations[1], kind: "cas" }].map((one) => JSON.stringify(one));
    expect(refusal(lines.join("\n"), "history.ndjson")).toMatch(
      /history\.ndjson:3:\d+\n.*\n.*kind: expected one of read, write/,
    );
    expect(refusal(`${lines[0]}\n${lines[1]}\n{"client": 1,`, "history.jsonl")).toMatch(/history\.jsonl:3:\d+\n/);
    expect(refusal("\n\n", "history.ndjson")).toContain("is empty");
  });

  it("may be the event log of a run, of which the directory is wanted", () => {
    const run = runOf(load(HEALTHY).run.history);
    expect(refusal(JSON.stringify(run), "log.ndjson")).toContain("Give the directory of the run");
  });

  it.each([
    ["an expectation that there is not", ["--expect", "no-lost-writs"], 'Did you mean "no-lost-writes"'],
    ["one that cannot be read", ["--expect", "linearizable: { region: us"], "--expect:1:"],
    ["wrong arguments, with a caret below them", ["--expect", "available: { region: us, at-least: 99 }"], "^^"],
    ["a region of another system", ["--expect", "linearizable: { region: eu }"], 'has no region "eu"'],
    ["a scenario's file", ["--expect", "failover.yaml"], "--expect-from FILE"],
    ["both", ["--expect", "no-duplicates", "--expect-from", "smoke"], "not from both"],
    ["a scenario that there is not", ["--expect-from", "smok"], 'there is no scenario "smok"'],
    ["two reporters of stdout", ["--reporter", "json", "--reporter", "terminal"], "stdout is for one reporter"],
  ])("is not all that can be wrong: %s", async (_, args, says) => {
    written("good.json", HEALTHY);
    const { code, stdout, stderr } = await box.run("check", "good.json", ...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(says);
  });
});
