// A stack that is up as a source of events, in memory: what others do to it is told, what nobody did is seen, nobody who does
// not answer holds anything up, and its end is said.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LiveOptions, type LiveSource, watchStack } from "../../src/dashboard/live.ts";
import { EMPTY, foldAll } from "../../src/dashboard/state.ts";
import type { RequestInit } from "../../src/model/cluster.ts";
import type { Event, Sample } from "../../src/model/event.ts";
import type { Topology } from "../../src/model/topology.ts";
import { look, type Stack, type Surroundings, up } from "../../src/stack.ts";
import { fakeRuntime, type FakeRuntime } from "../support/fake-runtime.ts";
import { twoRegions } from "../support/topology.ts";

const going = new AbortController().signal;
/** A process that lives, and one that does not. */
const ME = { pid: 1, started: "1" };
const GONE = { pid: 2, started: "2" };
const topology: Topology = {
  ...twoRegions,
  steady: [
    { method: "GET", path: "/us/health", region: "us" },
    { method: "GET", path: "/eu/health", region: "eu" },
  ],
  observe: { lag: "/:region/replication-lag" },
};

let home: string;
let runtime: FakeRuntime;
let around: Surroundings;
let stack: Stack;
/** The same stack, as another shell has it. */
let other: Stack;
let heard: Event[];
let sources: LiveSource[];

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-live-"));
  runtime = fakeRuntime();
  around = { home, runtimes: [runtime], ownership: { me: ME, alive: ({ pid }) => pid === ME.pid } };
  other = await up(around, { name: "default", topology, runtime: "embedded", signal: going });
  for (const node of cluster().nodes) {
    node.request = async (asked, init) => {
      if (node.state === "paused") await silence(init);
      if (node.state === "down") throw new Error("connection refused");
      return asked.endsWith("/replication-lag")
        ? { status: 200, headers: {}, body: { lag_seconds: 0.5, pending: 3 } }
        : { status: 200, headers: {}, body: {} };
    };
  }
  stack = await look(around, "default", going);
  heard = [];
  sources = [];
});
afterEach(async () => {
  for (const source of sources) await source[Symbol.asyncDispose]();
  stack.leave();
  await other.down();
  fs.rmSync(home, { recursive: true, force: true });
});

const cluster = () => runtime.clusters.get([...runtime.clusters.keys()][0]!)!;

/** Takes the question, and never says a word: until whoever asked gives up. */
const silence = ({ timeoutMs, signal }: RequestInit = {}) =>
  new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("no answer in time")), timeoutMs);
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

async function watched(options: Partial<LiveOptions> = {}): Promise<LiveSource> {
  const source = watchStack({ stack, ...options });
  sources.push(source);
  await source.start((events) => heard.push(...events));
  return source;
}

const of = <T extends Event["type"]>(type: T) =>
  heard.filter((event): event is Extract<Event, { type: T }> => event.type === type);
const picture = () => foldAll(EMPTY, heard);
const stateOf = (node: string) => picture().nodes.find(({ name }) => name === node);
const samples = () => of("sample") as readonly (Sample & Event)[];
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

describe("a stack that is watched", () => {
  it("is told first, as it was found, with the faults on it", async () => {
    await other.faults.begin({ kind: "kill", targets: ["db-eu"], parameters: {} });
    await watched();
    expect(heard[0]).toMatchObject({ type: "stack", name: "default", runtime: "embedded", seq: 0 });
    expect(picture().faults.map(({ fault, effective }) => [fault.id, effective])).toEqual([["kill db-eu", true]]);
    await eventually(() => expect(new Set(of("node").map(({ node }) => node)).size).toBe(cluster().nodes.length));
    expect(stateOf("db-eu")).toMatchObject({ state: "down", unasked: false });
    expect(stateOf("db-us")).toMatchObject({ state: "up", unasked: false });
  });

  it("is told with what happened to it before: since when its nodes are as they are, and nothing twice", async () => {
    await other.faults.begin({ kind: "kill", targets: ["backend-us"], parameters: {} });
    await other.faults.heal();
    await other.faults.begin({ kind: "pause", targets: ["db-eu"], parameters: {} });
    stack.leave();
    stack = await look(around, "default", going);
    other.events.append({ type: "log", level: "info", text: "the last word" }); // after it was looked up, before it is watched
    const log = fs.readFileSync(path.join(stack.directory, "events.ndjson"), "utf8");
    const all = log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Event);
    await watched();
    await eventually(() => expect(samples().length).toBeGreaterThan(1));
    const up = all.findLast((event) => event.type === "node" && event.node === "backend-us")!;
    expect(up.at).toBeGreaterThan(0);
    expect(stateOf("backend-us")).toMatchObject({ state: "up", since: up.at });
    expect(stateOf("db-eu")?.state).toBe("paused");
    expect(picture().faults.map(({ fault }) => fault.id)).toEqual(["pause db-eu"]);
    const texts = picture().lines.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(["kill backend-us ended, by heal", "the last word"]));
    expect(texts.length).toBe(new Set(texts).size);
  });

  it("a fault of whose end nobody has written does not come to life again", async () => {
    const fault = { id: "kill db-us", kind: "kill", targets: ["db-us"], parameters: {}, since: 1 } as const;
    other.events.append({ type: "fault", phase: "begun", fault });
    await watched();
    expect(picture().faults).toEqual([]);
    expect(stateOf("db-us")?.state).toBe("up");
  });

  it("is not said to be unwell before its regions could answer", async () => {
    for (const { spec, request } of cluster().nodes.map((node) => ({ ...node }))) {
      cluster().node(spec.name).request = async (asked, init) => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        return request(asked, init);
      };
    }
    await watched();
    await eventually(() => expect(samples().length).toBeGreaterThan(1));
    expect(
      samples()
        .flatMap(({ regions }) => Object.values(regions))
        .every(({ healthy }) => healthy),
    ).toBe(true);
    expect(picture().lines.filter(({ text }) => text.includes("healthy"))).toEqual([]);
    expect(picture().regions.map(({ healthy, since }) => [healthy, since])).toEqual([
      [true, null],
      [true, null],
    ]);
  });

  it("tells what another shell does to it, with the numbers of its log", async () => {
    await watched();
    await other.faults.begin({ kind: "kill", targets: ["backend-us"], parameters: {} });
    await eventually(() => expect(of("fault").map(({ phase }) => phase)).toEqual(["begun", "proved"]));
    expect(of("fault").every(({ seq }) => seq > 0)).toBe(true);
    await eventually(() => expect(stateOf("backend-us")).toMatchObject({ state: "down", unasked: false }));
    await other.faults.heal();
    await eventually(() => expect(stateOf("backend-us")).toMatchObject({ state: "up" }));
    await eventually(() => expect(picture().faults).toEqual([])); // it is told a moment after the node
  });

  it("sees a node die that nobody touched, and come back, and writes neither into the log", async () => {
    await watched();
    await eventually(() => expect(of("node").length).toBeGreaterThan(0));
    const log = path.join(stack.directory, "events.ndjson");
    const before = fs.readFileSync(log, "utf8");
    cluster().node("backend-eu").state = "down";
    await eventually(() => expect(stateOf("backend-eu")).toMatchObject({ state: "down", unasked: true }));
    cluster().node("backend-eu").state = "up";
    await eventually(() => expect(stateOf("backend-eu")).toMatchObject({ state: "up", unasked: false }));
    await eventually(() => expect(samples().length).toBeGreaterThan(0));
    expect(fs.readFileSync(log, "utf8")).toBe(before);
  });

  it("does not take a process that is being killed for one that is paused; one that stays so is told", async () => {
    await watched();
    await eventually(() => expect(of("node").length).toBeGreaterThan(0));
    const looks = vi.spyOn(stack.cluster, "states");
    const lookedAgain = async (times: number) => {
      const seen = looks.mock.calls.length;
      await eventually(() => expect(looks.mock.calls.length).toBeGreaterThan(seen + times));
    };
    let stays = false;
    cluster().before = async (move, node) => {
      if (move !== "kill") return;
      if (stays) cluster().node(node).state = "paused";
      else looks.mockImplementationOnce(async () => new Map([[node, "paused"]]));
      await lookedAgain(4);
    };
    await other.faults.begin({ kind: "kill", targets: ["backend-us"], parameters: {} });
    await eventually(() => expect(stateOf("backend-us")).toMatchObject({ state: "down", unasked: false }));
    stays = true;
    await other.faults.begin({ kind: "kill", targets: ["backend-eu"], parameters: {} });
    await eventually(() => expect(stateOf("backend-eu")).toMatchObject({ state: "down", unasked: false }));
    expect(of("node").flatMap(({ node, state }) => (state === "paused" ? [node] : []))).toEqual(["backend-eu"]);
  });

  it("does not take a process that is starting for one that is up, nor for one that is down", async () => {
    await watched();
    await eventually(() => expect(of("node").length).toBeGreaterThan(0));
    await other.faults.begin({ kind: "kill", targets: ["db-us"], parameters: {} });
    let answers = () => {};
    cluster().before = async (move, node) => {
      if (move !== "start") return;
      await eventually(() => expect(stateOf("db-us")?.state).toBe("starting"));
      cluster().node(node).state = "up"; // it is there, and does not answer yet
      await new Promise<void>((resolve) => (answers = resolve));
    };
    const looks = vi.spyOn(stack.cluster, "states");
    const healing = other.faults.heal();
    await eventually(() => expect(cluster().node("db-us").state).toBe("up"));
    const seen = looks.mock.calls.length;
    await eventually(() => expect(looks.mock.calls.length).toBeGreaterThan(seen + 2));
    expect(stateOf("db-us")?.state).toBe("starting");
    answers();
    await healing;
    await eventually(() => expect(stateOf("db-us")?.state).toBe("up"));
  });

  it("tells health and lag of each region; of one that does not answer, that nobody knows, while the other goes on", async () => {
    await watched();
    await eventually(() => expect(samples().at(-1)?.regions["us"]).toMatchObject({ healthy: true, pending: 3 }));
    cluster().node("backend-us").state = "paused";
    await eventually(() => expect(samples().at(-1)?.regions["us"]).toMatchObject({ healthy: false, lagSeconds: null }));
    expect(samples().at(-1)?.regions["eu"]).toMatchObject({ healthy: true, lagSeconds: { us: 0.5 } });
    const before = samples().length;
    await eventually(() => expect(samples().length).toBeGreaterThan(before + 3));
    cluster().node("backend-eu").state = "down";
    await eventually(() => expect(stateOf("backend-eu")?.state).toBe("down"));
  });

  it("goes on when the system itself does not answer, and says so once", async () => {
    await watched();
    await eventually(() => expect(samples().length).toBeGreaterThan(0));
    const silent = vi.spyOn(stack.cluster, "states").mockRejectedValue(new Error("the engine is gone"));
    await eventually(() =>
      expect(of("log").map(({ text }) => text)).toEqual([expect.stringContaining("the engine is gone")]),
    );
    const before = samples().length;
    await eventually(() => expect(samples().length).toBeGreaterThan(before + 2));
    silent.mockRestore();
    cluster().node("kafka").state = "down";
    await eventually(() => expect(stateOf("kafka")?.state).toBe("down"));
    expect(of("log")).toHaveLength(1);
  });

  it("gives way to the samples of a scenario, and takes its own again when they end", async () => {
    await watched();
    await eventually(() => expect(samples().length).toBeGreaterThan(0));
    const theirs = () =>
      other.events.append({ type: "sample", regions: {}, acknowledged: 77 }) as unknown as Sample & Event;
    theirs();
    await eventually(() => expect(samples().at(-1)?.acknowledged).toBe(77));
    for (let i = 0; i < 8; i++) {
      theirs();
      await eventually(() => expect(samples().filter(({ seq }) => seq > 0)).toHaveLength(i + 2));
    }
    const last = samples().findLastIndex(({ seq }) => seq > 0);
    await eventually(() => expect(samples().slice(last + 1).length).toBeGreaterThan(0));
    // Its own come where no other came for two seconds: here after the last one, and wherever this process stood still.
    const silences = samples().flatMap(({ seq, at }, i) => {
      const other = samples()
        .slice(0, i)
        .findLast((before) => before.seq > 0);
      return seq > 0 || other === undefined ? [] : [at - other.at];
    });
    expect(Math.min(...silences)).toBeGreaterThanOrEqual(1_999);
  });

  it("tells of conflicts that are recorded while it looks, each once, and only counts those from before", async () => {
    const conflict = (id: number) => ({
      id,
      kind: "concurrent",
      key: id,
      winner: { state: `us:${id},eu:0`, value: 1 },
      loser: { state: `us:0,eu:${id}`, value: 2 },
    });
    const records: Record<string, ReturnType<typeof conflict>[]> = { us: [conflict(1)], eu: [] };
    for (const region of ["us", "eu"]) {
      const node = cluster().node(`backend-${region}`);
      const { request } = node;
      node.request = async (asked, init) => {
        const [, after] = /\/conflicts\?after=(\d+)/.exec(asked) ?? [];
        if (after === undefined) return request(asked, init);
        const conflicts = records[region]!.filter(({ id }) => id > Number(after));
        return { status: 200, headers: {}, body: { conflicts, next: null } };
      };
    }
    stack = { ...stack, topology: { ...topology, observe: { conflicts: "/:region/conflicts?after=:after" } } };
    await watched();
    const counted = () => ["us", "eu"].map((region) => samples().at(-1)?.regions[region]?.conflicts);
    await eventually(() => expect(counted()).toEqual([1, 0]));
    expect(of("conflict")).toEqual([]);
    records["us"]!.push(conflict(2), conflict(3));
    await eventually(() => expect(counted()).toEqual([3, 0]));
    records["eu"]!.push(conflict(2), conflict(3), conflict(4)); // it hears of them later, and of one more
    await eventually(() => expect(counted()).toEqual([3, 3]));
    expect(of("conflict").map(({ region, key }) => [region, key])).toEqual([
      ["us", "2"],
      ["us", "3"],
      ["eu", "4"],
    ]);
    expect(picture().lines.at(-1)?.text).toContain("row 4 recorded in eu");
  });

  it("counts the requests of whoever uses it, from the gateway's lines", async () => {
    const line = () =>
      `${new Date().toISOString()} 127.0.0.1 "GET /us/properties/1 HTTP/1.1" 200 12 request_time=0.004 upstream_addr="-"`;
    await watched({
      async *accessLog(signal) {
        while (!signal.aborted) {
          yield line();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
    });
    await eventually(() => expect(samples().at(-1)?.regions["us"]).toMatchObject({ errors: 0, p50Ms: 4 }));
    expect(samples().at(-1)!.regions["us"]!.requests).toBeGreaterThan(0);
    expect(samples().at(-1)!.regions["eu"]).toMatchObject({ requests: 0, p50Ms: null });
  });

  it("reads the log of a node in a bounded time, and of one that is not there nothing", async () => {
    const source = await watched();
    expect(await source.log("db-us", 5)).toEqual(["the last words of db-us"]);
    expect(await source.log("nobody", 5)).toEqual([]);
    cluster().node("db-us").logTail = () => new Promise(() => {});
    expect(await source.log("db-us", 5)).toEqual([]);
  });

  it("ends a fault whose time is over when nobody is left who does", async () => {
    const directory = path.join(home, "stacks/default");
    const lost = { id: "kill db-eu", kind: "kill", targets: ["db-eu"], parameters: {}, since: 0, until: 1 };
    fs.writeFileSync(path.join(directory, "faults.json"), JSON.stringify([{ fault: lost, owner: GONE }]));
    cluster().node("db-eu").state = "down";
    vi.spyOn(stack.clock, "now").mockImplementation(
      (
        (began) => () =>
          performance.now() - began + 60_000
      )(performance.now()),
    );
    await watched();
    await eventually(() => expect(cluster().node("db-eu").state).toBe("up"));
    await eventually(() => expect(of("fault").at(-1)).toMatchObject({ phase: "ended", id: "kill db-eu", by: "time" }));
  });

  it("says that it was ended, and tells of no death that was asked for", async () => {
    const source = await watched();
    await eventually(() => expect(of("node").length).toBeGreaterThan(0));
    await other.down();
    expect(await source.ended).toBe('stack "default" was ended by another command');
    expect(of("node").filter(({ expected }) => !expected)).toEqual([]);
  });

  it("tells nothing any more once nobody watches", async () => {
    const source = await watched();
    await eventually(() => expect(samples().length).toBeGreaterThan(0));
    await source[Symbol.asyncDispose]();
    const told = heard.length;
    other.events.append({ type: "log", level: "info", text: "unheard" });
    stack.events.poll();
    expect(heard).toHaveLength(told);
  });
});
