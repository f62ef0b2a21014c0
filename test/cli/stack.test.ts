// Commands on a stack that is up: where its nodes are reached, psql, completion; and that a run does what was explained.
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import pg from "pg";
import type { Event } from "../../src/model/event.ts";
import type { Plan } from "../../src/scenario/plan.ts";
import { type Sandbox, sandbox } from "../support/cli.ts";
import { bashCompletes } from "./bash.ts";

const place = sandbox();
beforeAll(async () => {
  await place.facts("up", "--stack", "shared");
});
afterAll(() => place[Symbol.asyncDispose]());

const on = ["--stack", "shared"] as const;
const urlOf = async (...node: readonly string[]) => (await place.facts<{ url: string }>("url", ...node, ...on)).url;

describe("regionctl url", () => {
  it("is the gateway's without a name, and one that answers", async () => {
    const printed = await place.run("url", ...on);
    expect(printed.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
    const answer = await fetch(`${printed.stdout.trim()}/eu/health`);
    expect(answer.headers.get("x-served-by")).toBe("backend-eu");
  });

  it("is a node's own: HTTP, a database with its password, a broker's host and port", async () => {
    const [backend, database, broker] = await Promise.all(["backend-us", "db-eu", "kafka"].map((node) => urlOf(node)));
    expect((await fetch(`${backend}/us/health`)).headers.get("x-served-by")).toBe("backend-us");
    expect(broker).toMatch(/^127\.0\.0\.1:\d+$/);
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    const { rows } = await client.query("select current_database() as name");
    await client.end();
    expect(rows).toEqual([{ name: "properties_eu" }]);
  });

  it("is refused for a node that there is not", async () => {
    const { code, stderr } = await place.run("url", "backend-usa", ...on);
    expect(stderr).toContain('Did you mean "backend-us"?');
    expect(code).toBe(64);
  });
});

/** Another environment for the same stacks, which it leaves up. */
function beside(environment: Readonly<Record<string, string>>): Pick<Sandbox, "run"> & Disposable {
  const { run, directory } = sandbox({ ...environment, REGIONCTL_HOME: place.home });
  return { run, [Symbol.dispose]: () => fs.rmSync(path.dirname(directory), { recursive: true }) };
}

const hasPsql = (process.env["PATH"] ?? "")
  .split(path.delimiter)
  .some((folder) => fs.existsSync(path.join(folder, "psql")));

describe("regionctl psql", () => {
  it.runIf(hasPsql)("runs psql on the database, and ends as it ended", async () => {
    const query = "select current_database(), count(*) > 0 from properties";
    expect(await place.run("psql", "db-us", ...on, "--", "-Atc", query)).toMatchObject({
      code: 0,
      stdout: "properties_us|t\n",
    });
    const failed = await place.run("psql", "db-us", ...on, "--", "-c", "select nothing_of_that_name");
    expect(failed.stderr).toContain("nothing_of_that_name");
    expect(failed.code).toBe(1);
  });

  it("is given the password, and the arguments as they are, without a shell", async () => {
    const bin = path.join(place.directory, "fake");
    fs.mkdirSync(bin);
    const script = `#!${process.execPath}\nconsole.log(JSON.stringify([process.argv.slice(2), process.env]));process.exit(7)\n`;
    fs.writeFileSync(path.join(bin, "psql"), script, { mode: 0o755 });
    using other = beside({ PATH: bin, PGSERVICE: "mine", PGHOSTADDR: "10.0.0.1" });
    const args = ["-c", "select '$(id)'; --", "*"];
    const { code, stdout } = await other.run("psql", "db-us", ...on, "--", ...args);
    expect(code).toBe(7);
    const [given, environment] = JSON.parse(stdout) as [string[], Record<string, string>];
    expect(given).toEqual(args);
    const url = new URL(await urlOf("db-us"));
    expect(environment).toMatchObject({ PGHOST: "127.0.0.1", PGPORT: url.port, PGPASSWORD: url.password });
    expect(environment).not.toHaveProperty("PGSERVICE");
    expect(environment).not.toHaveProperty("PGHOSTADDR");
    expect(environment["PATH"]).toBe(bin);
  });

  it("prints the URL where there is no psql", async () => {
    const empty = path.join(place.directory, "empty");
    fs.mkdirSync(empty);
    using other = beside({ PATH: empty });
    const { code, stdout, stderr } = await other.run("psql", "db-us", ...on);
    expect(stderr).toContain("there is no psql on this machine");
    expect(stdout.trim()).toBe(await urlOf("db-us"));
    expect(code).toBe(2);
  });

  it("is refused for what is no database", async () => {
    const { code, stderr } = await place.run("psql", "kafka", ...on);
    expect(stderr).toContain('"kafka" is no database. Its databases are db-us, db-eu.');
    expect(code).toBe(64);
  });
});

describe("completion", () => {
  it("knows the nodes, regions and databases of the stack that is named", async () => {
    const script = (await place.run("completion", "bash")).stdout;
    const completes = (...words: readonly string[]) => bashCompletes(place, script, words);
    expect(completes("kill", ...on, "")).toEqual(expect.arrayContaining(["backend-us", "us", "us.backend", "kafka"]));
    expect(completes("partition", ...on, "us", "")).toEqual(expect.arrayContaining(["edge", "us", "eu", "backend-eu"]));
    expect(completes("hold", ...on, "")).toEqual(["backend-us", "backend-eu", "us.backend", "eu.backend"]);
    expect(completes("region-outage", ...on, "")).toEqual(["us", "eu"]);
    expect(completes("psql", ...on, "")).toEqual(["db-us", "db-eu"]);
    expect(completes("logs", ...on, "b")).toEqual(["backend-us", "backend-eu"]);
    expect(completes("status", "--stack", "")).toEqual(["shared"]);
  });
});

describe("a run", () => {
  const drawn = `name: drawn
topology: property
seed: 4
traffic:
  - workload: edit-properties
    clients: 4
    rate: 200/s
    keys: 5
steps:
  - kill: one(backend)
    for: 300ms
  - wait: acknowledged >= 20
  - settle
  - wait: 500ms
  - stop: one(backend)
  - settle
expect:
  - no-duplicates
`;

  it("does what was explained, the scenario to begin with passes, and a CI is told", async () => {
    await place.run("scenario", "new", "to-begin-with");
    fs.writeFileSync(path.join(place.directory, "scenarios/drawn.yaml"), drawn);
    const plan = await place.facts<Plan>("scenario", "explain", "drawn");
    const report = ["--reporter", "json", "--reporter", "junit=out/junit.xml"];
    const ran = await place.run("scenario", "run", "scenarios", ...on, "--timeout", "90s", ...report);
    expect(ran.stderr).toBe("");
    const runs = ran.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { scenario: string; verdict: string; directory: string });
    expect(runs.map(({ scenario, verdict }) => [scenario, verdict])).toEqual([
      ["drawn", "passed"],
      ["to-begin-with", "passed"],
    ]);

    const history = fs
      .readFileSync(path.join(runs[0]!.directory, "events.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Event);
    expect(history[0]).toMatchObject({ type: "run", scenario: { timeoutMs: 90_000 } });

    const hit = history.flatMap((event) => (event.type === "fault" && event.phase === "begun" ? [event.fault] : []));
    const explained = plan.steps.filter(({ targets }) => targets !== undefined);
    expect(hit.map(({ kind, targets }) => [kind, targets])).toEqual(
      explained.map(({ verb, targets }) => [verb, targets]),
    );

    const settled = history.findIndex((event) => event.type === "healed");
    const keysOf = (events: readonly Event[]) =>
      new Set(events.flatMap((event) => (event.type === "invoke" ? [event.key] : [])));
    expect(keysOf(history.slice(0, settled))).toEqual(new Set(plan.traffic[0]!.keys));
    expect(keysOf(history.slice(settled))).toEqual(new Set(plan.traffic[1]!.keys));

    const { at } = history.find((event) => event.type === "step" && event.phase === "begin")!;
    expect(history.at(-1)!.at - at).toBeGreaterThanOrEqual(plan.atLeastMs);

    const xml = fs.readFileSync(path.join(place.directory, "out/junit.xml"), "utf8");
    expect(xml.match(/<testsuite name="[^"]*"/g)).toEqual([
      '<testsuite name="drawn"',
      '<testsuite name="to-begin-with"',
    ]);
    expect(xml).toMatch(/<testsuites name="regionctl" tests="8" failures="0" errors="0"/);
  });
});
