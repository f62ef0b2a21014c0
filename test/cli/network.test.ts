// The network broken by hand on a stack that is up: cut, slowed and healed from several shells, after a kill -9 as well.
import fs from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LinksState } from "../../src/model/link.ts";
import type { Fault } from "../../src/model/fault.ts";
import type { Topology } from "../../src/model/topology.ts";
import { embedded } from "../../src/runtimes/embedded/cluster.ts";
import { sandbox } from "../support/cli.ts";

interface Standing {
  nodes: readonly { node: string; state: string; answers: boolean; role: string }[];
  faults: readonly { id: string; kind: string; endsInMs: number | null }[];
  links: {
    state: LinksState | null;
    wan: readonly { between: readonly string[]; addedMs: number; bytesThere: number }[];
    wrong: readonly string[];
  };
}

interface Done {
  fault: string | null;
  faults: readonly { id: string; kind: string; effective: boolean; measured: string }[];
  result: string;
}

const box = sandbox();
beforeAll(async () => {
  await box.facts("up");
});
afterEach(async () => {
  await box.facts("heal");
});
afterAll(() => box[Symbol.asyncDispose]());

const standing = async () => (await box.facts<readonly Standing[]>("status"))[0]!;
const directory = path.join(box.home, "stacks/default");

/** What the link program says of itself, asked without any command: none that could end a fault. */
async function rulesInForce(): Promise<readonly string[]> {
  const { id, topology } = JSON.parse(fs.readFileSync(path.join(directory, "stack.json"), "utf8")) as {
    id: string;
    topology: Topology;
  };
  const cluster = await embedded({ home: box.home }).reconnect({ name: "default", id, directory }, topology);
  return (await cluster.links!.state()).rules.map((rule) => rule.id);
}
const keptFaults = () =>
  JSON.parse(fs.readFileSync(path.join(directory, "faults.json"), "utf8")) as readonly { fault: Fault }[];

describe("status", () => {
  it("shows the links, who uses them, and the program that they are", async () => {
    const { nodes, links } = await standing();
    expect(nodes.find(({ node }) => node === "links")).toMatchObject({ role: "link", state: "up", answers: true });
    expect(links.wan.map(({ between }) => between.join(" | "))).toEqual(["edge | us", "edge | eu", "us | eu"]);
    expect(links.state!.crossings.map(({ from, to }) => `${from} -> ${to}`)).toEqual(
      expect.arrayContaining(["edge -> backend-us", "edge -> backend-eu", "eu -> kafka"]),
    );
    expect(links).toMatchObject({ state: { rules: [] }, wrong: [] });
    const { stdout } = await box.run("status");
    expect(stdout).toMatch(/^ {2}link +round trip +open +there -> +back <-$/m);
    expect(stdout).toMatch(/^ {2}us \| eu +0 ms +[1-9]\d* +[\d.]+ \w*B +[\d.]+ \w*B$/m);
  });

  it("says when the link program is dead; heal starts it again", async () => {
    const { pid } = JSON.parse(fs.readFileSync(path.join(directory, "nodes/links.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    const { stdout } = await box.run("status");
    expect(stdout).toContain("links: no answer, so nothing passes between zones; next: regionctl heal");
    await box.passes("heal");
    expect((await standing()).nodes.find(({ node }) => node === "links")).toMatchObject({ state: "up", answers: true });
  });
});

describe("a partition", () => {
  it("is seen by another shell, and healed by it: whoever waited is told", async () => {
    const cutting = box.start("partition", "us", "eu", "--for", "5m");
    const said = await cutting.said("measured: ");
    expect(said).toContain("us | eu: nothing passes (drop) for 5 min ...");
    const { faults, links } = await standing();
    expect(faults).toMatchObject([{ id: "partition us | eu", kind: "partition" }]);
    expect(faults[0]!.endsInMs).toBeGreaterThan(60_000);
    expect(links.state!.rules.map(({ from, to, effect }) => [from, to, effect])).toEqual([
      ["us", "eu", { type: "cut", mode: "drop" }],
      ["eu", "us", { type: "cut", mode: "drop" }],
    ]);
    const { stdout } = await box.run("status");
    expect(stdout).toMatch(/^ {4}us \| eu: nothing passes \(drop\), [\d.]+ min left$/m);
    expect((await box.run("heal")).stdout).toBe("healed: partition us | eu\n");
    const { code, stdout: last } = await cutting.done;
    expect({ code, last }).toEqual({ code: 0, last: "us | eu: ended by another command\n" });
    expect(await rulesInForce()).toEqual([]);
  });

  it("ends by itself after a kill -9 of its command: the link program keeps the time", async () => {
    // Long enough that it is still in force when its command is gone, also where everything takes its time.
    const cutting = box.start("partition", "us", "eu", "--for", "15s");
    await cutting.said("measured: ");
    cutting.child.kill("SIGKILL");
    expect(await cutting.done).toMatchObject({ signal: "SIGKILL" });
    expect(await rulesInForce()).toHaveLength(2);
    await expect.poll(rulesInForce, { timeout: 60_000 }).toEqual([]);
    expect(keptFaults()).toHaveLength(1); // nobody was there to write it down
    expect((await standing()).faults).toEqual([]);
    expect(keptFaults()).toEqual([]);
  });

  it("is over when its time is, or at Ctrl-C", async () => {
    const short = await box.run("partition", "us", "eu", "--one-way", "--for", "2s");
    expect(short, short.stdout + short.stderr).toMatchObject({ code: 0, stdout: "us -> eu: connected again\n" });
    const long = box.start("isolate", "eu", "--for", "5m", "--mode", "reset");
    await long.said("measured: ");
    long.child.kill("SIGINT");
    const { code, stderr } = await long.done;
    expect({ code, stderr: stderr.split("\n").at(-2) }).toEqual({
      code: 130,
      stderr: "interrupted; eu: connected again",
    });
    expect((await standing()).faults).toEqual([]);
    expect(await rulesInForce()).toEqual([]);
  });
});

describe("several at once", () => {
  it("each measured, each with its own end, all gone after heal", async () => {
    const slow = await box.facts<Done>("latency", "us", "eu", "--add", "40ms", "--id", "ocean");
    expect(slow).toMatchObject({ fault: "ocean", faults: [{ kind: "latency", effective: true }] });
    const narrow = await box.run("bandwidth", "us", "eu", "--one-way", "--cap", "1mbit");
    expect(narrow.code, narrow.stdout + narrow.stderr).toBe(0);
    expect(narrow.stdout).toMatch(/^us -> eu: at most 1 mbit until "regionctl heal"\nmeasured: /);
    const late = await box.facts<Done>("replication", "us", "eu", "--delay", "5s");
    expect(late.faults).toMatchObject([{ kind: "replication", effective: true }]);
    const skewed = await box.run("clock-skew", "backend-us", "--by", "-2m");
    expect(skewed.stdout).toMatch(/^backend-us: clock 2 min behind until "regionctl heal"\nmeasured: /);
    const { links, faults } = await standing();
    expect(links.wan.find(({ between }) => between.includes("us") && between.includes("eu"))).toMatchObject({
      addedMs: 80,
    });
    expect(faults.map(({ kind }) => kind)).toEqual(["latency", "bandwidth", "replication", "clock-skew"]);
    expect((await box.run("status")).stdout).toContain("fault: ocean (latency), until healed");
    expect((await box.run("heal", "ocean")).stdout).toBe("healed: ocean\n");
    await box.passes("heal");
    expect(await rulesInForce()).toEqual([]);
  });

  it("one that did nothing to anybody says so, and is not counted as done: exit 3", async () => {
    const idle = await box.run("flaky", "edge", "us", "--resets", "50%", "--for", "1s"); // no client is there
    expect(idle.code).toBe(3);
    expect(idle.stdout).toMatch(/^edge \| us: steady again\nWITHOUT EFFECT: 0 connections reset/);
  });

  it("wrong words: exit 64, what is wrong and what to type, and nothing is broken", async () => {
    for (const [argv, ...said] of [
      [["partition", "us", "asia"], '"asia"', "us"],
      [["latency", "us", "eu", "--add", "80"], "--add takes a duration with its unit", '"80ms"'],
      [["heal", "nothing"], 'there is no active fault "nothing"'],
      [["clock-skew", "db-us", "--by", "2m"], "db-us is a postgres"],
    ] as const) {
      const { code, stdout, stderr } = await box.run(...argv);
      expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
      for (const words of said) expect(stderr).toContain(words);
    }
    expect((await standing()).faults).toEqual([]);
  });
});
