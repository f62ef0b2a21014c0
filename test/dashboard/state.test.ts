import { describe, expect, it } from "vitest";
import type { Picture } from "../../src/dashboard/picture.ts";
import { EMPTY, fold, foldAll } from "../../src/dashboard/state.ts";
import type { Happening } from "../../src/model/event.ts";
import { backend, spec, twoRegions } from "../support/topology.ts";
import {
  begun,
  ended,
  events,
  fault,
  found,
  frozen,
  node,
  proved,
  region,
  runBegun,
  sample,
  type Told,
} from "./story.ts";

const after = (...told: readonly Told[]) => foldAll(EMPTY, frozen(events(...told)));
const nodeOf = (picture: Picture, name: string) => picture.nodes.find((each) => each.name === name);
const stateOf = (picture: Picture, name: string) => nodeOf(picture, name)?.state;
const linkOf = (picture: Picture, a: string, b: string) =>
  picture.links.find(({ between }) => between[0] === a && between[1] === b);
const texts = (picture: Picture) => picture.lines.map(({ text }) => text);

describe("what is watched", () => {
  it("a stack is found as it is: its nodes, the link program, and what is done to it already", () => {
    const kill = fault("kill", ["backend-us"], { since: 200 });
    const cut = fault("partition", [], {
      id: "partition us | eu",
      links: [
        { from: "us", to: "eu" },
        { from: "eu", to: "us" },
      ],
      parameters: { mode: "drop" },
    });
    const picture = after([1_000, found([kill, cut])]);
    expect(picture.stack).toEqual({ name: "default", runtime: "embedded", gateway: "http://127.0.0.1:8080" });
    expect(picture.regions.map(({ name, healthy }) => [name, healthy])).toEqual([
      ["us", null],
      ["eu", null],
    ]);
    expect(picture.nodes.map(({ name, role, state, since }) => [name, role, state, since])).toEqual([
      ["gateway", "gateway", "up", 0],
      ["backend-us", "backend", "down", 200],
      ["backend-eu", "backend", "up", 0],
      ["db-us", "postgres", "up", 0],
      ["db-eu", "postgres", "up", 0],
      ["kafka", "kafka", "up", 0],
      ["links", "link", "up", 0],
    ]);
    expect(picture.faults.map((each) => each.fault.id)).toEqual(["kill backend-us", "partition us | eu"]);
    expect(linkOf(picture, "us", "eu")?.cut).toEqual([true, true]);
    expect(linkOf(picture, "edge", "us")?.cut).toEqual([false, false]);
  });

  it("a run explains itself; on a stack that was watched already, what is known of it stays", () => {
    const alone = after([400, runBegun]);
    expect(alone.run).toMatchObject({ id: "failover-1", began: 400, steps: {} });
    expect(alone.stack).toEqual({ name: "property", runtime: "embedded" });
    expect(alone.nodes).toHaveLength(7);

    const kill = fault("kill", ["backend-us"]);
    const watched = after(
      [0, found([kill])],
      [100, sample({ us: region({ healthy: false, conflicts: 5 }) }, 9)],
      [400, runBegun],
    );
    expect(watched.stack?.name).toBe("default");
    expect(stateOf(watched, "backend-us")).toBe("down");
    expect(watched.faults).toHaveLength(1);
    expect(watched.regions[0]).toMatchObject({ healthy: false, conflicts: null, conflictsLastMinute: null });
    expect(watched.acknowledged).toBe(0);

    const other = {
      ...runBegun,
      topology: { ...twoRegions, nodes: [spec("gateway", "gateway", "edge"), backend("us")] },
    };
    expect(after([0, found([kill])], [400, other]).faults).toEqual([]);
  });

  it("nodes that start before anybody said what they belong to are told, and nothing more", () => {
    const picture = after([0, node("db-us", "starting")], [10, node("db-us", "up")]);
    expect(picture.nodes).toEqual([]);
    expect(texts(picture)).toEqual(["db-us is starting", "db-us is up"]);
  });
});

describe("nodes", () => {
  it("a kill puts its targets down at once; how long counts from then, and the node's own word changes nothing", () => {
    const kill = fault("kill", ["backend-us"]);
    const story: Told[] = [
      [0, found()],
      [100, begun(kill)],
      [120, node("backend-us", "down")],
      [130, proved("kill backend-us")],
    ];
    const down = after(...story);
    expect(nodeOf(down, "backend-us")).toMatchObject({ state: "down", since: 100, unasked: false });
    expect(down.faults[0]).toMatchObject({ effective: true, measured: "it has no process" });

    const starting = after(...story, [900, node("backend-us", "starting")]);
    expect(nodeOf(starting, "backend-us")).toMatchObject({ state: "starting", since: 900 });

    const up = after(
      ...story,
      [900, node("backend-us", "starting")],
      [990, node("backend-us", "up")],
      [995, ended("kill backend-us", ["backend-us"])],
    );
    expect(nodeOf(up, "backend-us")).toMatchObject({ state: "up", since: 990 });
    expect(up.faults).toEqual([]);
  });

  it("a stop is asked for: the node is up until it has gone", () => {
    const stop = fault("stop", ["backend-us"], { parameters: { graceMs: 5_000 } });
    const asked = after([0, found()], [100, begun(stop)]);
    expect(stateOf(asked, "backend-us")).toBe("up");
    expect(stateOf(fold(asked, events([900, node("backend-us", "down")])[0]!), "backend-us")).toBe("down");
    expect(stateOf(fold(asked, events([900, proved(stop.id)])[0]!), "backend-us")).toBe("down");
  });

  it("what is stopped stays down when a kill of it ends", () => {
    const [stop, kill] = [fault("stop", ["backend-us"]), fault("kill", ["backend-us"])];
    const both = after([0, found([stop])], [10, begun(kill)], [20, ended(kill.id, ["backend-us"])]);
    expect(stateOf(both, "backend-us")).toBe("down");
    expect(stateOf(foldAll(both, events([30, ended(stop.id, ["backend-us"], "start")])), "backend-us")).toBe("up");
  });

  it("pause and region-outage: what overlaps is as grave as its gravest, and ends in parts", () => {
    const outage = fault("region-outage", ["backend-us", "db-us", "kafka"], { id: "region-outage us" });
    const pause = fault("pause", ["backend-us"]);
    const both: Told[] = [
      [0, found()],
      [10, begun(pause)],
    ];
    expect(stateOf(after(...both), "backend-us")).toBe("paused");
    const out = after(...both, [20, begun(outage)]);
    expect(["backend-us", "db-us", "kafka", "backend-eu"].map((name) => stateOf(out, name))).toEqual([
      "down",
      "down",
      "down",
      "up",
    ]);
    const part = foldAll(out, events([30, ended(outage.id, ["db-us"], "start")]));
    expect(["backend-us", "db-us", "kafka"].map((name) => stateOf(part, name))).toEqual(["down", "up", "down"]);
    expect(part.faults.find((each) => each.fault.id === outage.id)?.fault.targets).toEqual(["backend-us", "kafka"]);

    const rest = foldAll(part, events([40, ended(outage.id, ["backend-us", "kafka"])]));
    expect(["backend-us", "kafka"].map((name) => stateOf(rest, name))).toEqual(["paused", "up"]);
    expect(rest.faults.map((each) => each.fault.id)).toEqual([pause.id]);
  });

  it("one that dies by itself is unasked, until a fault asks for it; and no end of another fault brings it back to life", () => {
    const died = after([0, found()], [50, node("backend-us", "down", false)]);
    expect(nodeOf(died, "backend-us")).toMatchObject({ state: "down", since: 50, unasked: true });
    const killed = foldAll(died, events([60, begun(fault("kill", ["backend-us"]))]));
    expect(nodeOf(killed, "backend-us")).toMatchObject({ state: "down", since: 50, unasked: false });

    const holding = fault("hold", ["backend-us"]);
    const held = foldAll(
      died,
      events([60, begun(holding)], [70, proved(holding.id)], [80, ended(holding.id, ["backend-us"])]),
    );
    expect(nodeOf(held, "backend-us")).toMatchObject({ state: "down", unasked: true });
  });

  it("the same state twice changes nothing, whoever says it", () => {
    const first = after([0, found()], [50, node("backend-us", "down", false)]);
    const again = fold(first, { ...events([50, node("backend-us", "down", false)])[0]!, seq: 9 });
    expect(again).toEqual(first);
  });
});

describe("faults and links", () => {
  it("one whose time is over stands until it has ended", () => {
    const cut = fault("partition", [], { id: "cut", links: [{ from: "eu", to: "us" }], until: 500 });
    const late = after([0, found()], [100, begun(cut)], [900, sample({})]);
    expect(late.faults).toHaveLength(1);
    expect(linkOf(late, "us", "eu")).toMatchObject({
      cut: [false, true],
      done: [{ from: "eu", to: "us", effect: { type: "cut", mode: "drop" }, fault: "cut" }],
    });
    const over = foldAll(late, events([910, ended("cut", [], "time")]));
    expect(over.faults).toEqual([]);
    expect(linkOf(over, "us", "eu")).toMatchObject({ cut: [false, false], done: [] });
  });

  it("a round trip has the delays of both directions, those of faults too; only links that something crosses are there", () => {
    const wide = { ...twoRegions, links: [{ between: ["us", "eu"] as const, rttMs: 90, jitterMs: 4 }] };
    const slow = fault("latency", [], {
      id: "latency us -> eu",
      links: [{ from: "us", to: "eu" }],
      parameters: { addMs: 80 },
    });
    const story = foldAll(EMPTY, events([0, { ...found(), topology: wide }], [10, begun(slow)]));
    expect(story.links.map(({ between, rttMs }) => [between.join(" | "), rttMs])).toEqual([
      ["edge | us", 0],
      ["edge | eu", 0],
      ["us | eu", 170],
    ]);
    expect(linkOf(story, "us", "eu")?.done).toHaveLength(1); // the distance itself is nobody's doing
  });

  it("what is done to single crossings is said once, and cuts the link only when all are cut", () => {
    const crossing = (to: string, from = "edge") => ({ from: "edge", to: "us", crossing: { from, to } });
    const both = { ...twoRegions, nodes: [...twoRegions.nodes, { ...backend("us"), name: "backend-us-2" }] };
    const of = (...links: readonly ReturnType<typeof crossing>[]) =>
      foldAll(EMPTY, events([0, { ...found([fault("isolate", [], { id: "isolate", links })]), topology: both }]));
    const one = linkOf(of(crossing("backend-us")), "edge", "us");
    expect([one?.cut, one?.done.length]).toEqual([[false, false], 1]);
    const all = linkOf(of(crossing("backend-us"), crossing("backend-us-2")), "edge", "us");
    expect([all?.cut, all?.done.length]).toEqual([[true, false], 1]);
  });
});

describe("regions", () => {
  it("show the newest sample, a minute of lag, and since when they are healthy", () => {
    const picture = after(
      [0, found()],
      [
        250,
        sample({ eu: region({ lagSeconds: { us: 0.2, ap: 0.4 }, requests: 50, errors: 2, p50Ms: 3, p99Ms: 9 }) }, 7),
      ],
      [500, sample({ eu: region({ healthy: false, lagSeconds: null, pending: null }) })],
      [750, sample({ eu: region({ healthy: false, lagSeconds: { us: 3 } }) }, 8)],
    );
    const eu = picture.regions[1]!;
    expect(eu).toMatchObject({ healthy: false, since: 500, lagSeconds: { us: 3 }, pending: 0 });
    expect(eu.lagHistory).toEqual([
      { at: 250, seconds: 0.4 },
      { at: 500, seconds: null },
      { at: 750, seconds: 3 },
    ]);
    expect(picture.acknowledged).toBe(8);
    expect(picture.regions[0]?.healthy).toBeNull(); // nobody said anything of it
    expect(texts(picture)).toEqual(["eu is not healthy: it does not answer its steady requests"]);
    const later = foldAll(picture, events([60_600, sample({ eu: region({ lagSeconds: { us: 1 } }) })]));
    expect(later.regions[1]?.lagHistory.map(({ at }) => at)).toEqual([750, 60_600]);
    expect(texts(later).at(-1)).toBe("eu is healthy");
  });

  it("conflicts of the last minute come from the counter, also where it began anew or could not be asked", () => {
    const counts = (...told: readonly (readonly [number, number | null])[]) =>
      after([0, found()], ...told.map(([at, conflicts]): Told => [at, sample({ us: region({ conflicts }) })]))
        .regions[0]!;
    expect(counts([0, 4]).conflictsLastMinute).toBe(0); // those were there before anybody watched
    expect(counts([0, 4], [1_000, 6], [2_000, 9]).conflictsLastMinute).toBe(5);
    expect(counts([0, 4], [1_000, null]).conflictsLastMinute).toBeNull();
    expect(counts([0, 4], [1_000, null], [2_000, 5]).conflictsLastMinute).toBe(1);
    expect(counts([0, 4], [1_000, 6], [61_500, 9]).conflictsLastMinute).toBe(3);
    expect(counts([0, 4], [1_000, 6], [200_000, 6]).conflictsLastMinute).toBe(0);
    expect(counts([0, 4], [1_000, 2]).conflictsLastMinute).toBe(2);

    const inRun = after([0, found()], [10, runBegun], [250, sample({ us: region({ conflicts: 3 }) })]);
    expect(inRun.regions[0]).toMatchObject({ conflicts: 3, conflictsLastMinute: 3 });
  });
});

describe("a run", () => {
  it("its steps run, pass, fail and are skipped; then it settles and ends", () => {
    const story: Told[] = [
      [0, runBegun],
      [10, { type: "step", phase: "begin", path: "1", verb: "kill", text: "kill backend-us for 2s", line: 3 }],
    ];
    expect(after(...story).run?.steps).toEqual({
      "1": { path: "1", state: "running", text: "kill backend-us for 2s", begun: 10 },
    });
    const picture = after(
      ...story,
      [30, { type: "step", phase: "end", path: "1", verdict: "failed", detail: "no" }],
      [31, { type: "step", phase: "end", path: "2", verdict: "skipped" }],
      [40, { type: "healed", quiet: true }],
      [50, { type: "round", differing: ["7", "8"], pending: { us: 1, eu: 0 } }],
      [60, { type: "round", differing: [], pending: { us: 0, eu: 0 } }],
      [70, { type: "leftovers", found: [] }],
      [80, { type: "end", reason: "errored", error: "the link program died" }],
    );
    expect(picture.run).toMatchObject({
      steps: {
        "1": { state: "failed", text: "kill backend-us for 2s", begun: 10, ended: 30, detail: "no" },
        "2": { state: "skipped", begun: 31, ended: 31 },
      },
      settling: { since: 40, quiet: true, rounds: 2, differing: 0 },
      leftovers: [],
      ended: { reason: "errored", error: "the link program died" },
    });
    expect(picture.at).toBe(80);
    const brokenAgain = after(
      [0, runBegun],
      [40, { type: "healed", quiet: true }],
      [50, begun(fault("kill", ["kafka"]))],
    );
    expect(brokenAgain.run?.settling).toBeUndefined();
  });

  it("operations, probes and what is read at the end are figures: only the time goes on", () => {
    const before = after([0, runBegun]);
    const quiet = foldAll(
      before,
      events(
        [5, { type: "missed", client: "c1", workload: "w", region: "us", due: 4 }],
        [7, { type: "probe", region: "us", ok: false, due: 6 }],
        [8, { type: "complete", op: 1, outcome: { type: "ok" } }],
      ),
    );
    expect(quiet).toEqual({ ...before, at: 8 });
  });

  describe("conflicts", () => {
    const conflict = (
      key: string,
      kind: "concurrent" | "rejected" = "concurrent",
      where: "us" | "eu" = "eu",
    ): Happening => ({
      type: "conflict",
      region: where,
      number: 1,
      kind,
      key,
      winner: null,
      loser: null,
      rule: "the newest wins",
    });

    it("that follow each other are one line", () => {
      const { lines } = after([0, found()], [1, conflict("7")], [2, conflict("8")], [3, conflict("9", "rejected")]);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatchObject({ seq: 3, times: 2 });
      expect(lines[0]?.text).toContain("row 8");
    });

    it("of regions that take turns are a line each, and push nothing else out", () => {
      const turns = Array.from({ length: 300 }, (_, i): Told => [
        2 + i,
        conflict(`${i}`, "concurrent", i % 2 === 0 ? "us" : "eu"),
      ]);
      const { lines } = after([0, found()], [1, { type: "log", level: "info", text: "before" }], ...turns);
      expect(lines.map(({ text, times = 1 }) => [/before|row \d+/.exec(text)?.[0], times])).toEqual([
        ["before", 1],
        ["row 298", 150],
        ["row 299", 150],
      ]);
      const { lines: apart } = after(
        [0, found()],
        [1, conflict("1")],
        [2, { type: "log", level: "info", text: "between" }],
        [3, conflict("2")],
      );
      expect(apart.map(({ times = 1 }) => times)).toEqual([1, 1, 1]);
    });
  });
});
