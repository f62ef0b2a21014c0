// Faults of the network begin, end by time, by heal, in another shell and after a crash, as those of nodes do; the links have
// one list of rules for all shells.
import { describe, expect, it } from "vitest";
import { faultSet } from "../../src/faults/set.ts";
import type { Fault, FaultKind } from "../../src/model/fault.ts";
import type { Direction } from "../../src/model/link.ts";
import type { Topology } from "../../src/model/topology.ts";
import { fakeCluster } from "../support/fake-cluster.ts";
import { memoryStore } from "../support/fault-store.ts";
import { notes } from "../support/recorder.ts";
import { twoRegions } from "../support/topology.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const wan: Topology = { ...twoRegions, links: [{ between: ["us", "eu"], rttMs: 80, jitterMs: 0 }] };

/** One after the other per name, as a stack's locks do it. */
function turns() {
  const last = new Map<string, Promise<unknown>>();
  return (name: string, work: () => Promise<void>) => {
    const turn = (last.get(name) ?? Promise.resolve()).catch(() => {}).then(work);
    last.set(name, turn);
    return turn;
  };
}

const shared = (topology: Topology) => ({
  topology,
  store: memoryStore(),
  cluster: fakeCluster(topology),
  clock: virtualClock(),
  hold: turns(),
});

function shell(stack = shared(twoRegions)) {
  const note = notes(stack.clock.now);
  const interrupt = new AbortController();
  const faults = faultSet({ ...stack, record: note.record, signal: interrupt.signal });
  const inForce = () => stack.cluster.links.rules.map(({ id }) => id);
  return { ...stack, note, interrupt, faults, inForce, anotherShell: () => shell(stack) };
}

const BOTH: readonly Direction[] = [
  { from: "us", to: "eu" },
  { from: "eu", to: "us" },
];
const wish = (kind: FaultKind, links = BOTH, parameters: Fault["parameters"] = {}) => ({
  kind,
  targets: [],
  links,
  regions: ["us", "eu"],
  parameters,
});
const NAMED = { name: "partition us | eu" };

describe("a fault of the network", () => {
  it("begins, is in force and proved, and ends; no node is touched", async () => {
    const { faults, cluster, note, inForce } = shell();
    const fault = await faults.begin(wish("partition"), NAMED);
    expect(inForce()).toEqual(["partition us | eu: us -> eu", "partition us | eu: eu -> us"]);
    await faults.end([fault.id], "heal");
    expect(inForce()).toEqual([]);
    expect(cluster.moves).toEqual(["rules 2", "rules 0"]);
    expect(note.story()).toEqual([
      "begun partition us | eu",
      "proved partition us | eu: true",
      "ended partition us | eu by heal: ",
    ]);
    expect(faults.active()).toEqual([]);
  });

  it("has the name that is typed to heal it, and each its own", async () => {
    const { faults } = shell();
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      ids.push((await faults.begin(wish("partition"), NAMED)).id);
      ids.push((await faults.begin(wish("partition"), { ...NAMED, id: "cut" })).id);
    }
    expect(ids).toEqual(["partition us | eu", "cut", "partition us | eu #2", "cut #2"]);
  });

  it("that does not take effect says so", async () => {
    const { faults, cluster, note } = shell();
    cluster.links.instead = () => ({ outcome: "answered", tookMs: 1 });
    await faults.begin(wish("partition"), NAMED);
    expect(note.events.find((event) => event.type === "fault" && event.phase === "proved")).toMatchObject({
      effective: false,
      measured: "eu to kafka: answered (1 ms), it should be stalled",
    });
  });

  it("does not stop others on the same link when it ends, nor the link's own delay", async () => {
    const { faults, inForce } = shell(shared(wan));
    const slow = await faults.begin(wish("latency", BOTH.slice(0, 1), { addMs: 40, jitterMs: 0 }), { id: "slow" });
    await faults.begin(wish("bandwidth", BOTH.slice(0, 1), { bytesPerSecond: 125_000 }), { id: "narrow" });
    const own = ["wan us -> eu", "wan eu -> us"];
    expect(inForce()).toEqual([...own, "slow: us -> eu", "narrow: us -> eu"]);
    await faults.end([slow.id], "heal");
    expect(inForce()).toEqual([...own, "narrow: us -> eu"]);
    await faults.heal();
    expect(inForce()).toEqual(own);
    expect(await faults.leftovers()).toEqual([]);
  });

  it("is not ended by start, which is for nodes", async () => {
    const { faults, inForce } = shell();
    await faults.begin(wish("isolate"), { id: "cut" });
    await faults.release(["backend-us"], ["kill", "isolate"], "start");
    expect(inForce()).toHaveLength(2);
  });
});

describe("its `for`", () => {
  it("ends it when the time is over; the rules carry that end, whoever is left to know", async () => {
    const { faults, cluster, clock, note, inForce } = shell();
    await faults.begin(wish("partition"), { ...NAMED, forMs: 2_000 });
    expect(cluster.links.rules.map(({ until }) => until)).toEqual([2_000, 2_000]);
    await clock.advance(1_999);
    expect(inForce()).toHaveLength(2);
    await clock.advance(1);
    await faults.timed();
    expect(inForce()).toEqual([]);
    expect(note.story().at(-1)).toBe("ended partition us | eu by time: ");
  });

  it("is over at once when it is ended by hand", async () => {
    const { faults, clock, note } = shell();
    await faults.begin(wish("partition"), { ...NAMED, forMs: 60_000 });
    const timed = faults.timed();
    await faults.heal();
    await timed;
    expect(clock.asleep()).toBe(0);
    expect(note.story().filter((line) => line.startsWith("ended"))).toEqual(["ended partition us | eu by heal: "]);
  });

  it("that is over is not wanted any more, also before anybody took it out", async () => {
    const crashed = shell();
    await crashed.faults.begin(wish("partition"), { ...NAMED, forMs: 1_000 });
    crashed.interrupt.abort(new Error("kill -9"));
    crashed.store.abandon();
    await crashed.clock.advance(1_000);
    crashed.cluster.links.rules = []; // by themselves
    const next = crashed.anotherShell();
    await next.faults.begin(wish("latency", BOTH, { addMs: 40 }), { id: "slow" });
    expect(next.inForce()).toEqual(["slow: us -> eu", "slow: eu -> us"]);
    await next.faults.expire();
    expect(next.note.story().at(-1)).toBe("ended partition us | eu by time: ");
    expect(next.faults.active()).toMatchObject([{ id: "slow" }]);
  });
});

describe("several shells", () => {
  it("add rules at the same time and lose none, and one heals what the other began", async () => {
    const mine = shell();
    const other = mine.anotherShell();
    await Promise.all([
      mine.faults.begin(wish("latency", BOTH, { addMs: 40 }), { id: "slow" }),
      other.faults.begin(wish("bandwidth", BOTH, { bytesPerSecond: 125_000 }), { id: "narrow" }),
    ]);
    expect(new Set(mine.inForce())).toEqual(
      new Set(["slow: us -> eu", "slow: eu -> us", "narrow: us -> eu", "narrow: eu -> us"]),
    );
    await other.faults.end(["slow"], "heal");
    await mine.faults.heal();
    expect([mine.inForce(), other.faults.active()]).toEqual([[], []]);
  });

  it("say nothing twice to links that are as they should be", async () => {
    const { faults, cluster, anotherShell } = shell();
    await faults.begin(wish("partition"), NAMED);
    await faults.heal();
    const told = cluster.moves.length;
    await Promise.all([faults.heal(), anotherShell().faults.heal()]);
    expect(cluster.moves).toHaveLength(told);
  });
});

describe("a region that is out", () => {
  const outage = { ...wish("region-outage"), targets: ["backend-us", "db-us", "kafka"], regions: ["us"] };

  it("is cut off before it dies, and is reached again once the last of it is started", async () => {
    const { faults, cluster, inForce } = shell();
    await faults.begin(outage, { id: "out" });
    expect(cluster.moves).toEqual(["rules 2", "kill backend-us", "kill db-us", "kill kafka"]);
    await faults.release(["kafka", "db-us"], ["region-outage"], "start");
    expect([inForce(), cluster.troubled()]).toEqual([expect.any(Array), { "backend-us": "down" }]);
    expect(inForce()).toHaveLength(2);
    cluster.moves.length = 0;
    await faults.release(["backend-us"], ["region-outage"], "start");
    expect([inForce(), cluster.troubled(), faults.active()]).toEqual([[], {}, []]);
  });

  it("comes back whole: its links first, then its nodes", async () => {
    const { faults, cluster } = shell();
    await faults.begin(outage, { id: "out", forMs: 60_000 });
    cluster.moves.length = 0;
    await faults.end(["out"], "heal");
    expect(cluster.moves).toEqual(["rules 0", "start backend-us", "start db-us", "start kafka"]);
  });
});

describe("the link program", () => {
  it("that died is said to have died, started, and told all its rules", async () => {
    const { faults, cluster, note, inForce } = shell(shared(wan));
    await faults.begin(wish("partition"), NAMED);
    await cluster.node("links").kill();
    expect(inForce()).toEqual([]);
    await faults.begin(wish("latency", BOTH, { addMs: 40 }), { id: "slow" });
    expect(inForce()).toHaveLength(6);
    expect(note.events.flatMap((event) => (event.type === "node" ? [event] : []))).toMatchObject([
      { node: "links", state: "down", expected: false, detail: "its process ended by itself" },
      { node: "links", state: "starting", expected: true },
      { node: "links", state: "up", expected: true },
    ]);
  });

  it("is started by heal as well, and resumed where somebody stopped it", async () => {
    const { faults, cluster, inForce } = shell(shared(wan));
    for (const state of ["down", "paused"] as const) {
      cluster.node("links").state = state;
      cluster.links.rules = [];
      expect(await faults.leftovers()).toEqual([`links is ${state}, it should be up`]);
      await faults.heal();
      expect([cluster.troubled(), inForce()]).toEqual([{}, ["wan us -> eu", "wan eu -> us"]]);
    }
  });

  it("that takes no rules, or does not answer, is given up on with its last words; nodes are tried all the same", async () => {
    const { faults, cluster } = shell();
    cluster.links.deaf = true;
    await expect(faults.begin(wish("partition"), NAMED)).rejects.toMatchObject({
      name: "NodeFailed",
      message: expect.stringMatching(/^links cannot be told its rules: partition us \| eu: us -> eu, .* is not as/),
      logLines: ["the last words of links"],
    });
    expect(faults.active()).toHaveLength(1); // so that heal finds it
    cluster.links.deaf = false;
    cluster.links.mute = true;
    cluster.node("db-us").state = "down";
    await expect(faults.heal()).rejects.toThrow("links cannot be told its rules: the link program cannot be reached");
    expect(cluster.troubled()).toEqual({});
    cluster.links.mute = false;
    await faults.heal();
    expect(await faults.leftovers()).toEqual([]);
  });
});

describe("what is left", () => {
  it("is every rule and every control that nobody wants", async () => {
    const { faults, cluster } = shell();
    await faults.begin(wish("partition"), NAMED);
    cluster.node("backend-eu").control = { ...cluster.node("backend-eu").control, skewMs: -60_000 };
    expect(await faults.leftovers()).toEqual([
      "partition us | eu is still active",
      "backend-eu has its clock 1 min behind, it should have its clock right",
      "us -> eu still has drop of partition us | eu",
      "eu -> us still has drop of partition us | eu",
    ]);
    await faults.heal();
    expect(await faults.leftovers()).toEqual([]);
  });
});

describe("what shows only in time", () => {
  const flaky = wish("flaky", BOTH.slice(1), { resetsPerSecond: 0.5 });
  const proofs = (note: ReturnType<typeof notes>) =>
    note.events.flatMap((event) => (event.type === "fault" && event.phase === "proved" ? [event] : []));

  it("is measured before it ends by itself: afterwards nobody could tell", async () => {
    const { faults, cluster, clock, note } = shell();
    await faults.begin(flaky, { id: "dying", forMs: 2_000 });
    expect(proofs(note)).toEqual([]);
    cluster.links.resets["dying: eu -> us"] = 2;
    await clock.advance(2_000);
    await faults.timed();
    expect(proofs(note)).toMatchObject([{ effective: true, at: 1_800, measured: expect.stringMatching(/^2 conn/) }]);
    expect(note.story().at(-1)).toBe("ended dying by time: ");
  });

  it("is measured when somebody ends it, in whatever shell, and only once", async () => {
    const { faults, clock, note, anotherShell } = shell();
    await faults.begin(flaky, { id: "dying", forMs: 60_000 });
    await clock.advance(1_000);
    const other = anotherShell();
    await other.faults.heal();
    expect(proofs(other.note)).toMatchObject([{ effective: false, measured: expect.stringMatching(/^0 connections/) }]);
    await clock.advance(60_000);
    await faults.timed();
    expect(proofs(note)).toEqual([]);
  });
});
