// The link program is a part of regionctl. When it dies, a run says nothing more about the system: it ends at once.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Scenario, Step } from "../../src/model/scenario.ts";
import type { Topology } from "../../src/model/topology.ts";
import { run } from "../../src/run.ts";
import { type Stack, type Surroundings, takeDown, up } from "../../src/stack.ts";
import type { FakeCluster } from "../support/fake-cluster.ts";
import { fakeRuntime } from "../support/fake-runtime.ts";
import { twoRegions } from "../support/topology.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-run-"));
  fs.writeFileSync(path.join(directory, "story.yaml"), "");
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const steady = ["us", "eu"].map((region) => ({ method: "GET", path: `/${region}/health`, region }));
const step = (path: string, verb: string, args: unknown): Step => ({ path, verb, args, text: verb, line: 1 });

/** A run over a stack in memory, whose backends answer; `then` is told when the first step has begun. */
async function play(steps: readonly Step[], then: (cluster: FakeCluster, stack: Stack, around: Surroundings) => void) {
  const file = path.join(directory, "story.yaml");
  const topology: Topology = { ...twoRegions, file, steady };
  const scenario: Scenario = {
    name: "story",
    file,
    topology: { file },
    seed: 1,
    tags: [],
    timeoutMs: 600_000,
    traffic: [],
    steps,
    expect: [],
  };
  const runtime = fakeRuntime();
  const ownership = { me: { pid: 1, started: "1" }, alive: () => true };
  const around: Surroundings = { home: path.join(directory, "home"), runtimes: [runtime], ownership };
  const { signal } = new AbortController();
  let stack: Stack;
  return run({
    scenario,
    topology,
    out: path.join(directory, "runs"),
    versions: {},
    afterwards: "down",
    interrupt: signal,
    async stand(signal, onEvent) {
      stack = await up(around, { name: "story", topology, runtime: "embedded", signal, owned: true, onEvent });
      for (const node of runtime.clusters.get(stack.record.id)!.nodes)
        if (node.spec.role === "backend") node.request = async () => ({ status: 200, headers: {}, body: {} });
      return stack;
    },
    onEvent(event) {
      if (event.type === "step" && event.phase === "begin" && event.path === "1")
        then(runtime.clusters.get(stack.record.id)!, stack, around);
    },
  });
}

const wait = step("1", "wait", { target: { ms: 600_000 } });
const settle = step("2", "settle", {});

it("a run whose link program is killed ends at once, errored, and says where its log is", async () => {
  const result = await play([wait, settle], (cluster) => void cluster.node("links").kill());
  expect(result.verdict).toBe("errored");
  const log = path.join(result.directory, "logs/links.log");
  expect(result.history.at(-1)).toMatchObject({
    type: "end",
    reason: "errored",
    error: `a part of regionctl died: the link program (links), so nothing passes between zones. See ${log}`,
  });
  expect(result.history.filter((event) => event.type === "node" && !event.expected)).toMatchObject([
    { node: "links", state: "down", detail: "its process ended by itself" },
  ]);
  expect(result.verdicts.find(({ name }) => name === "surroundings-alive")).toMatchObject({
    valid: false,
    summary: "links died and no fault had asked for it",
    story: [expect.any(String)],
  });
  // It was started again for what follows, and nothing is left.
  expect(result.history.find(({ type }) => type === "leftovers")).toMatchObject({ found: [] });
});

it("also when the next fault is quicker than the watch, and starts it again", async () => {
  const begin = (cluster: FakeCluster, stack: Stack) => {
    cluster.node("links").state = "down";
    const links = [{ from: "us", to: "eu" }];
    void stack.faults.begin({ kind: "partition", targets: [], links, regions: ["us", "eu"], parameters: {} });
  };
  const result = await play([wait, settle], begin);
  expect(result.verdict).toBe("errored");
  expect(result.history.at(-1)).toMatchObject({ reason: "errored", error: expect.stringContaining("link program") });
});

it("a backend that dies by itself is no part of regionctl: the run goes on", async () => {
  const result = await play([step("1", "wait", { target: { ms: 500 } }), settle], (cluster) => {
    cluster.node("backend-us").state = "down";
  });
  expect(result.history.at(-1)).toMatchObject({ reason: "done" });
  expect(result.verdicts.find(({ name }) => name === "services-alive")).toMatchObject({ valid: false });
  expect(result.verdict).toBe("failed");
});

it("of a stack that another command takes down nothing died by itself: the run says who ended it", async () => {
  let taken: Promise<void> | undefined;
  const deaths: string[] = [];
  const running = play([wait, settle], (cluster, stack, around) => {
    stack.events.listen((event) => event.type === "node" && !event.expected && deaths.push(event.node));
    const { down, observe } = cluster;
    let looks = 0;
    cluster.observe = () => (looks++, observe());
    cluster.down = async () => {
      cluster.down = down;
      await down();
      const before = looks;
      await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 2), { timeout: 30_000 });
    };
    taken = takeDown(around, "story");
  });
  await expect(running).rejects.toThrow("the stack was ended by another command");
  await taken;
  expect(deaths).toEqual([]);
});
