// The action that a GitHub workflow uses: what it says is read, and what it runs is really run.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { repository, sandbox } from "../support/cli.ts";
import { all, parseXml } from "./xml.ts";

interface Step {
  id?: string;
  if?: string;
  uses?: string;
  shell?: string;
  run?: string;
  env?: Readonly<Record<string, string>>;
  with?: Readonly<Record<string, string>>;
}

interface Action {
  inputs: Readonly<Record<string, { description: string; default: string }>>;
  runs: { using: string; steps: readonly Step[] };
}

const written = fs.readFileSync(path.join(repository, "action.yml"), "utf8");
const action = parse(written) as Action;
const { steps } = action.runs;
const play = steps.find(({ id }) => id === "play")!;

describe("action.yml", () => {
  it("says of every input what it is for, and takes no other", () => {
    expect(Object.keys(action.inputs)).toEqual(["scenarios", "runtime", "jobs", "shard", "out", "artifact"]);
    for (const { description, default: given } of Object.values(action.inputs)) {
      expect(description).toMatch(/\.$/);
      expect(typeof given).toBe("string");
    }
    const used = [...written.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(Object.keys(action.inputs)));
  });

  it("lets no expression into a script: they stand in env, and outputs of its own in with", () => {
    for (const { run, env, with: given, ...others } of steps) {
      expect(run ?? "").not.toContain("${{");
      expect(JSON.stringify(others)).not.toContain("${{");
      for (const value of Object.values(env ?? {}))
        if (value.includes("${{")) expect(value).toMatch(/^\$\{\{ (inputs\.\w+|github\.action_path) \}\}$/);
      for (const value of Object.values(given ?? {}))
        if (value.includes("${{")) expect(value).toMatch(/^\$\{\{ steps\.play\.outputs\.\w+ \}\}$/);
    }
  });

  it("is a composite of actions that are pinned, and of scripts that say their shell", () => {
    expect(action.runs.using).toBe("composite");
    for (const { uses, run, shell } of steps) {
      if (uses === undefined) expect({ run: typeof run, shell }).toEqual({ run: "string", shell: "bash" });
      else expect(uses).toMatch(/^actions\/(setup-node|upload-artifact)@v\d+$/);
    }
    expect(steps[1]).toMatchObject({ if: "steps.node.outputs.suits != 'true'", with: { "node-version": "20" } });
    expect(steps.at(-1)).toMatchObject({
      uses: expect.stringContaining("upload-artifact"),
      if: expect.stringMatching(/^\(failure\(\) \|\| cancelled\(\)\)/),
    });
  });
});

describe("which Node.js it takes", () => {
  const look = steps[0]!;
  const outputOf = (directory: string, version: string) => {
    const output = path.join(directory, `output-${version}`);
    // Another version, as far as a script can see.
    const node = `#!/bin/sh\nexec '${process.execPath}' -r '${path.join(directory, "version.cjs")}' "$@"\n`;
    const text = `Object.defineProperty(process.versions, "node", { value: "${version}" });`;
    fs.writeFileSync(path.join(directory, "version.cjs"), text);
    fs.writeFileSync(path.join(directory, "node"), node, { mode: 0o755 });
    fs.writeFileSync(output, "");
    const env = { ...process.env, PATH: `${directory}:${process.env["PATH"]}`, GITHUB_OUTPUT: output };
    const end = spawnSync("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", look.run!], { env });
    expect(end.status).toBe(0);
    return fs.readFileSync(output, "utf8");
  };

  it("leaves the job's own where that suits", () => {
    using box = temporary();
    for (const version of ["20.19.0", "22.1.0"]) expect(outputOf(box.directory, version)).toBe("suits=true\n");
    for (const version of ["20.18.3", "18.20.0"]) expect(outputOf(box.directory, version)).toBe("");
  });
});

function temporary() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-action-"));
  return { directory, [Symbol.dispose]: () => fs.rmSync(directory, { recursive: true, force: true }) };
}

interface Given {
  scenarios: string;
  shard?: string;
  out?: string;
  jobs?: string;
}

/** Plays what the action plays, as the runner would: bash, with the inputs in the environment. */
async function playing(directory: string, home: string, { scenarios, shard = "", out = "my runs", jobs = "" }: Given) {
  const output = path.join(directory, "github-output");
  fs.rmSync(output, { force: true });
  const values: Readonly<Record<string, string>> = {
    "inputs.scenarios": scenarios,
    "inputs.runtime": "embedded",
    "inputs.jobs": jobs,
    "inputs.shard": shard,
    "inputs.out": out,
    "inputs.artifact": "regionctl-runs",
    "github.action_path": repository,
  };
  const env = Object.fromEntries(
    Object.entries(play.env!).map(([name, value]) => [name, values[value.replace(/^\$\{\{ | \}\}$/g, "")]!]),
  );
  const { GITHUB_ACTIONS: _, GITHUB_STEP_SUMMARY: __, ...clean } = process.env;
  const child = spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", play.run!], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...clean, ...env, NO_COLOR: "1", REGIONCTL_HOME: home, GITHUB_WORKSPACE: directory, GITHUB_OUTPUT: output },
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  const lines = fs.existsSync(output) ? fs.readFileSync(output, "utf8").trimEnd().split("\n") : [];
  return { code: code as number | null, said: stdout + stderr, outputs: lines };
}

/** It plays real scenarios; a busy machine needs longer. */
const PATIENCE_MS = 120_000;

describe("what it runs", { timeout: PATIENCE_MS }, () => {
  const scenario = (status: number) =>
    [
      "name: NAME",
      "topology: property",
      "steps:",
      `  - request: GET /us/health`,
      `    expect: { status: ${status} }`,
      "",
    ].join("\n");
  const write = (directory: string, name: string, status: number) =>
    fs.writeFileSync(path.join(directory, `${name}.yaml`), scenario(status).replace("NAME", "tiny"));

  it("plays every line of the input, and says where the results are", async () => {
    await using box = sandbox();
    write(box.directory, "one", 200);
    write(box.directory, "two and $(touch evil)", 200);
    const { code, said, outputs } = await playing(box.directory, box.home, {
      scenarios: "one.yaml\n\ntwo and $(touch evil).yaml\n",
    });
    expect(code, said).toBe(0);
    expect(outputs).toEqual(["directory=my runs", "junit=my runs/junit.xml", "artifact=regionctl-runs"]);
    const junit = fs.readFileSync(path.join(box.directory, "my runs/junit.xml"), "utf8");
    expect(all(parseXml(junit), "testsuite").length).toBe(2);
    expect(fs.readdirSync(path.join(box.directory, "my runs")).filter((name) => name.startsWith("tiny-")).length).toBe(
      2,
    );
    expect(fs.existsSync(path.join(box.directory, "evil"))).toBe(false);
  });

  it("plays its part of a matrix, and keeps it under a name of its own", async () => {
    await using box = sandbox();
    for (const name of ["one", "two", "three"]) write(box.directory, name, 200);
    const given = { scenarios: "one.yaml\ntwo.yaml\nthree.yaml", out: "runs", jobs: "2" };
    const count = async (shard: string) => {
      const { code, said, outputs } = await playing(box.directory, box.home, { ...given, shard });
      expect(code, said).toBe(0);
      expect(outputs).toContain(`artifact=regionctl-runs-${shard.replace("/", "-of-")}`);
      return all(parseXml(fs.readFileSync(path.join(box.directory, "runs/junit.xml"), "utf8")), "testsuite").length;
    };
    expect((await count("1/2")) + (await count("2/2"))).toBe(3);
  });

  it("fails when a scenario does, and its run directory is there to be kept", async () => {
    await using box = sandbox();
    write(box.directory, "wrong", 404);
    const { code, said, outputs } = await playing(box.directory, box.home, { scenarios: "wrong.yaml", out: "runs" });
    expect(code, said).toBe(1);
    expect(outputs).toContain("directory=runs");
    expect(fs.readdirSync(path.join(box.directory, "runs")).some((name) => name.startsWith("tiny-"))).toBe(true);
  });

  it("takes nothing for a flag or for an output that is none", async () => {
    await using box = sandbox();
    const flag = await playing(box.directory, box.home, { scenarios: "--help" });
    expect(flag.code, flag.said).toBe(64);
    const two = await playing(box.directory, box.home, { scenarios: "one", out: "runs\ndirectory=/" });
    expect(two).toMatchObject({ code: 64, outputs: [] });
    expect(two.said).toContain("one line each");
  });
});
