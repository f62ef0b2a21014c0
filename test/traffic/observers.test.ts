// Probes and samples of a region that goes down and comes back: what conditions and `recovers` are judged by.
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Node } from "../../src/model/cluster.ts";
import type { RegionSample } from "../../src/model/event.ts";
import type { Topology } from "../../src/model/topology.ts";
import { startLedger } from "../../src/traffic/ledger.ts";
import { PROBE_PERIOD_MS, startProbes } from "../../src/traffic/probes.ts";
import { askLag, startSampler } from "../../src/traffic/sampler.ts";
import { startFakeRegister, type FakeRegister } from "./fake-register.ts";
import { historyOn, manualClock, realClock, reply, topology, type History } from "./support.ts";

let us: FakeRegister;
let eu: FakeRegister;
let nodes: readonly Node[];
beforeEach(async () => {
  [us, eu] = await Promise.all([startFakeRegister(), startFakeRegister()]);
  nodes = [us.node("backend-us", "us"), eu.node("backend-eu", "eu")];
});
afterEach(() => Promise.all([us[Symbol.asyncDispose](), eu[Symbol.asyncDispose]()]));

const probesOf = (history: History, region: string) => history.of("probe").filter((probe) => probe.region === region);
const lastProbe = (history: History, region: string) => probesOf(history, region).at(-1);

/** A node that takes requests and never answers. */
const stalled = (asked: () => void): Node => ({
  ...nodes[0]!,
  request: (_path, init) =>
    new Promise((_resolve, reject) => {
      asked();
      init?.signal?.addEventListener("abort", () => reject(init.signal!.reason));
    }),
});

describe("probes", () => {
  it("see one region go down and come back, and the other one stay", async () => {
    const clock = realClock();
    const history = historyOn(clock);
    await using probes = startProbes({ topology, nodes, clock, record: history.record });
    expect(probes.healthyNow("us")).toBe(false); // not asked yet
    await history.until(() => probes.healthyNow("us") && probes.healthyNow("eu"));
    await us.goDown();
    await history.until(() => !probes.healthyNow("us"));
    const down = lastProbe(history, "us")!;
    expect(down).toMatchObject({ ok: false, error: expect.stringContaining("backend-us") });
    await history.until(() => probesOf(history, "eu").some(({ seq, ok }) => seq > down.seq && ok));
    await us.comeBack();
    await history.until(() => probes.healthyNow("us"));
    expect(lastProbe(history, "us")).toMatchObject({ ok: true, status: 200 });
    expect(us.seen.every(({ path }) => path === "/us/health")).toBe(true);
    expect(probes.healthyNow("ap")).toBe(false);
  });

  it("take an answer that is no 2xx for ill, and say which", async () => {
    us.bend = () => reply(503, { detail: "no database" });
    const clock = realClock();
    const history = historyOn(clock);
    await using probes = startProbes({ topology, nodes, clock, record: history.record });
    expect(await history.until(() => lastProbe(history, "us"))).toMatchObject({ ok: false, status: 503 });
    expect(probes.healthyNow("us")).toBe(false);
  });

  it("are not stacked on a region that stalls, and leave nothing behind when they end", async () => {
    const clock = manualClock();
    const history = historyOn(clock);
    let asked = 0;
    const probes = startProbes({ topology, nodes: [stalled(() => asked++), nodes[1]!], clock, record: history.record });
    for (let tick = 0; tick < 10; tick++) {
      await clock.advance(PROBE_PERIOD_MS);
      await history.until(() => probesOf(history, "eu").length > tick);
    }
    expect(asked).toBe(2);
    await probes.stop();
    const before = history.events.length;
    await clock.advance(1_000);
    expect(history.events).toHaveLength(before);
    expect(probesOf(history, "us")).toEqual([]); // cut short by us: says nothing of the region
  });

  it("never let an older probe that ends late speak for now", async () => {
    const clock = manualClock();
    const history = historyOn(clock);
    const answers: ((ok: boolean) => void)[] = [];
    const slow: Node = {
      ...nodes[0]!,
      request: () => new Promise((resolve) => answers.push((ok) => resolve(reply(ok ? 200 : 503)))),
    };
    const probes = startProbes({
      topology: { ...topology, regions: ["us"] },
      nodes: [slow],
      clock,
      record: history.record,
    });
    await clock.advance(0);
    await clock.advance(PROBE_PERIOD_MS);
    answers[1]!(true);
    await history.until(() => history.of("probe").length === 1);
    answers[0]!(false);
    await history.until(() => history.of("probe").length === 2);
    expect(history.of("probe").map(({ ok, due }) => [ok, due])).toEqual([
      [true, PROBE_PERIOD_MS],
      [false, 0],
    ]);
    expect(probes.healthyNow("us")).toBe(true);
    await probes.stop();
  });

  it("need every steady request of the region, and a node that can answer it", async () => {
    const clock = realClock();
    const history = historyOn(clock);
    const demanding: Topology = {
      ...topology,
      steady: [...topology.steady, { method: "GET", path: "/us/nothing", region: "us" }],
    };
    await using probes = startProbes({ topology: demanding, nodes: [nodes[0]!], clock, record: history.record });
    expect(await history.until(() => lastProbe(history, "us"))).toMatchObject({ ok: false, status: 404 });
    expect(await history.until(() => lastProbe(history, "eu"))).toMatchObject({ ok: false, error: /no node/ });
    expect(probes.healthyNow("eu")).toBe(false);
  });
});

describe("samples", () => {
  const isMatch = (sample: RegionSample, wanted: Partial<RegionSample>) =>
    isDeepStrictEqual({ ...sample, ...wanted }, sample);

  const record = (id: number, kind: string) => ({
    id,
    kind,
    key: 7,
    region: "us",
    rule: "later",
    winner: null,
    loser: null,
  });

  function observed(conflictsAfter = {}) {
    const clock = realClock();
    const history = historyOn(clock);
    const shared = { topology, nodes, clock, record: history.record };
    const probes = startProbes(shared);
    const sampler = startSampler({ ...shared, probes, ledger: startLedger(), conflictsAfter });
    const stop = async () => {
      await sampler.stop();
      await probes.stop();
    };
    return { clock, history, sampler, [Symbol.asyncDispose]: stop };
  }

  it("tell what a region says of itself, null while it is down, and again when it is back", async () => {
    us.lag = { lag_seconds: 2.5, by_source: { eu: 2.5 }, pending: 4 };
    await using watched = observed();
    const { history, sampler } = watched;
    // Looked for, not expected of a certain sample: a busy machine may leave any single question unanswered.
    const sampled = (us: Partial<RegionSample>, eu: Partial<RegionSample>, after = 0) =>
      history.until(() =>
        sampler
          .recent()
          .find(({ seq, regions }) => seq > after && isMatch(regions.us!, us) && isMatch(regions.eu!, eu)),
      );
    const traffic = { requests: 0, errors: 0, p50Ms: null, p99Ms: null };
    const good: RegionSample = { healthy: true, lagSeconds: { eu: 2.5 }, pending: 4, conflicts: 0, ...traffic };
    await sampled(good, { healthy: true, lagSeconds: { us: 0, eu: 0 }, pending: 0 });
    await us.goDown();
    const dead = { healthy: false, lagSeconds: null, pending: null, conflicts: null };
    const down = await sampled(dead, { healthy: true, pending: 0 });
    await us.comeBack();
    await sampled(good, {}, down.seq);
  });

  it("count the concurrent conflicts of this run, over pages, each once", async () => {
    us.conflicts = [record(1, "concurrent"), record(2, "concurrent")];
    await using watched = observed({ us: 2 });
    const { history, sampler } = watched;
    const counted = (count: number) => history.until(() => sampler.latest()?.regions.us!.conflicts === count);
    await counted(0); // the two are older than the run
    us.conflicts.push(...[3, 4, 5, 6, 7].map((id) => record(id, id === 5 ? "rejected" : "concurrent")));
    await counted(4);
    us.conflicts.push(record(8, "duplicate-request"), record(9, "concurrent"));
    await counted(5);
  });

  it("hand over the conflicts that are recorded from now on", async () => {
    us.conflicts = [record(1, "concurrent")];
    const clock = realClock();
    const history = historyOn(clock);
    const heard: string[] = [];
    await using sampler = startSampler({
      topology,
      nodes,
      clock,
      record: history.record,
      probes: { healthyNow: () => true },
      ledger: startLedger(),
      heardOf: (found) => heard.push(...found.map(({ region, number, kind }) => `${region} ${number} ${kind}`)),
    });
    await history.until(() => sampler.latest()?.regions.us!.conflicts === 1);
    expect(heard).toEqual([]);
    us.conflicts.push(record(2, "duplicate-request"), record(3, "concurrent"));
    await history.until(() => sampler.latest()?.regions.us!.conflicts === 2);
    expect(heard).toEqual(["us 2 duplicate-request", "us 3 concurrent"]);
  });

  it("of many regions that all wait for an answer are no leak, whatever Node.js thinks", async () => {
    const regions = Array.from({ length: 12 }, (_, i) => `r${i}`);
    const silent = regions.map((region) => {
      const node = stalled(() => {});
      return { ...node, spec: { ...node.spec, name: `backend-${region}`, region } };
    });
    const steady = regions.map((region) => ({ method: "GET" as const, path: `/${region}/health`, region }));
    const clock = realClock();
    const history = historyOn(clock);
    const warnings: string[] = [];
    const warned = (warning: Error) => warnings.push(warning.message);
    process.on("warning", warned);
    try {
      const many: Topology = { ...topology, regions, steady, observe: { lag: "/:region/replication-lag" } };
      const shared = { topology: many, nodes: silent, clock, record: history.record };
      await using probes = startProbes(shared);
      await using sampler = startSampler({ ...shared, probes, ledger: startLedger() });
      await sampler.next();
      await new Promise((resolve) => setImmediate(resolve)); // they are emitted a moment later
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", warned);
    }
  });

  it("come one by one to whoever waits for the next, until the sampler ends", async () => {
    const watched = observed();
    const first = await watched.sampler.next();
    const second = await watched.sampler.next();
    expect(second.seq).toBeGreaterThan(first.seq);
    expect(watched.sampler.latest()).toBe(second);
    const impatient = new AbortController();
    const waiting = watched.sampler.next(impatient.signal);
    impatient.abort(new Error("no longer interested"));
    await expect(waiting).rejects.toThrow("no longer interested");
    const tooLate = expect(watched.sampler.next()).rejects.toThrow("the sampler was ended");
    await watched[Symbol.asyncDispose]();
    await tooLate;
    await expect(watched.sampler.next()).rejects.toThrow("the sampler was ended");
  });

  it("ask a slow region one question at a time, and tell what it said a moment ago", async () => {
    const clock = manualClock();
    const history = historyOn(clock);
    let asked = 0;
    let answer: (lag: number) => void = () => {};
    const node: Node = {
      ...nodes[0]!,
      request: () => {
        asked++;
        return new Promise((resolve) => {
          answer = (eu) => resolve(reply(200, { lag_seconds: eu, by_source: { eu }, pending: 1 }));
        });
      },
    };
    await using sampler = startSampler({
      topology: { ...topology, observe: { lag: "/:region/lag" } },
      nodes: [node],
      clock,
      record: history.record,
      probes: { healthyNow: () => true },
      ledger: startLedger(),
    });
    const ticks = async (count: number) => {
      for (let tick = 0; tick < count; tick++) {
        await clock.advance(200);
        await clock.advance(50);
      }
    };
    const newest = () => sampler.latest()?.regions.us!.lagSeconds;
    await ticks(2);
    expect([asked, newest()]).toEqual([1, null]);
    answer(0.5);
    await ticks(1);
    expect([asked, newest()]).toEqual([2, { eu: 0.5 }]);
    // Nothing more is heard: after a second what it said is too old to be told.
    await ticks(5);
    expect([asked, newest()]).toEqual([2, null]);
    answer(0);
  });
});

describe("lag", () => {
  const told = (body: unknown) =>
    askLag(topology, { nodes: [{ ...nodes[0]!, request: async () => reply(200, body) }] }, "us");

  it("is taken per source, or for every other region where only the worst is told", async () => {
    expect(await told({ by_source: { eu: 0.2 }, pending: 0 })).toEqual({ lagSeconds: { eu: 0.2 }, pending: 0 });
    expect(await told({ lag_seconds: 2.5 })).toEqual({ lagSeconds: { eu: 2.5 }, pending: null });
  });

  it.each([
    ["a source that cannot be told", { by_source: { eu: null }, pending: 3 }, { lagSeconds: null, pending: 3 }],
    ["nothing told", {}, { lagSeconds: null, pending: null }],
    ["something that is no object", "soon", { lagSeconds: null, pending: null }],
    ["a broker that cannot be asked", { lag_seconds: 0, pending: null }, { lagSeconds: { eu: 0 }, pending: null }],
  ])("is never 0 for %s", async (_, body, lag) => {
    expect(await told(body)).toEqual(lag);
  });

  it("is unknown where the region is not there", async () => {
    await us.goDown();
    expect(await askLag(topology, { nodes }, "us")).toEqual({ lagSeconds: null, pending: null });
    expect(await askLag(topology, { nodes: [] }, "us")).toEqual({ lagSeconds: null, pending: null });
  });
});
