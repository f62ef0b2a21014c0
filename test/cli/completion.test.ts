// The completion script, asked as bash asks it; what it knows of a stack that is up is told in stack.test.ts.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sandbox } from "../support/cli.ts";
import { bashCompletes } from "./bash.ts";

const place = sandbox();
let script = "";

beforeAll(async () => {
  fs.mkdirSync(path.join(place.directory, "scenarios"));
  fs.writeFileSync(path.join(place.directory, "scenarios/of-my-own.yaml"), "name: of-my-own\n");
  script = (await place.run("completion", "bash")).stdout;
});
afterAll(() => place[Symbol.asyncDispose]());

const completes = (...words: readonly string[]) => bashCompletes(place, script, words);

describe("completion in bash", () => {
  it("knows the commands", () => {
    expect(completes("")).toEqual(expect.arrayContaining(["up", "down", "scenario", "kill", "psql"]));
    expect(completes("")).not.toContain("__complete");
    expect(completes("sc")).toEqual(["scenario", "schema"]);
    expect(completes("scenario", "r")).toEqual(["run"]);
    expect(completes("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });

  it("knows the options of each, also after others with values", () => {
    expect(completes("scenario", "run", "failover", "--")).toEqual(
      expect.arrayContaining(["--seed", "--stack", "--tag", "--timeout", "--reporter", "--help"]),
    );
    expect(completes("scenario", "run", "--seed", "3", "--s")).toEqual(["--shard", "--stack", "--seed"]);
    expect(completes("down", "--a")).toEqual(["--all"]);
    expect(completes("down", "--seed")).toEqual([]);
  });

  it("knows the parameters of each verb", () => {
    expect(completes("latency", "us", "eu", "--")).toEqual(
      expect.arrayContaining(["--add", "--jitter", "--one-way", "--for", "--id", "--stack"]),
    );
    expect(completes("clock-skew", "backend-us", "--b")).toEqual(["--by"]);
    expect(completes("partition", "us", "eu", "--mode", "re")).toEqual(["reset", "refuse"]);
    expect(completes("replication", "us", "eu", "--pause", "--f")).toEqual(["--for"]);
    expect(completes("resume", "--f")).toEqual([]);
  });

  it("knows scenarios, and what an option takes instead of them", () => {
    expect(completes("scenario", "run", "")).toEqual(expect.arrayContaining(["of-my-own", "failover"]));
    expect(completes("scenario", "explain", "of")).toEqual(["of-my-own"]);
    expect(completes("scenario", "run", "--tag", "c")).toEqual(["ci"]);
    expect(completes("scenario", "run", "--reporter", "m")).toEqual(["markdown", "markdown="]);
    expect(completes("up", "--topology", "")).toContain("property");
    expect(completes("scenario", "run", "--seed", "")).toEqual([]);
  });

  it("has nothing to say of a stack that is not up, after -- and of words that nobody knows", () => {
    expect(completes("kill", "")).toEqual([]);
    expect(completes("psql", "db-us", "--", "--")).toEqual([]);
    expect(completes("scenario", "run", "zzz")).toEqual([]);
  });
});

describe("completion in other shells", () => {
  it("has the same commands and options", async () => {
    const [zsh, fish] = await Promise.all(["zsh", "fish"].map((shell) => place.run("completion", shell)));
    for (const word of ["'scenario run'", "--reporter", "__complete"]) expect(zsh!.stdout).toContain(word);
    for (const word of ["scenario run", "-l reporter", "__complete"]) expect(fish!.stdout).toContain(word);
    expect(zsh!.stdout).toMatch(/^#compdef regionctl\n/);
  });

  it("is refused for a shell that there is not", async () => {
    const { code, stderr } = await place.run("completion", "tcsh");
    expect(code).toBe(64);
    expect(stderr).toContain("bash, zsh, fish");
  });
});

it("is a script that bash reads without a word", () => {
  expect(execFileSync("bash", ["-n"], { input: script, encoding: "utf8", stdio: ["pipe", "pipe", "inherit"] })).toBe(
    "",
  );
});
