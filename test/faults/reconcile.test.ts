// What is becomes what is wanted: only what differs is touched, twice is harmless, and one bad node does not stop the others.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Reconciling, reconcile } from "../../src/faults/reconcile.ts";
import { wanted } from "../../src/faults/wanted.ts";
import { type Fault, type FaultKind, NO_CONTROL, type NodeState } from "../../src/model/fault.ts";
import type { Topology } from "../../src/model/topology.ts";
import { fakeCluster } from "../support/fake-cluster.ts";
import { notes } from "../support/recorder.ts";
import { twoRegions } from "../support/topology.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const fault = (kind: FaultKind, ...targets: string[]): Fault => ({
  id: kind,
  kind,
  targets,
  parameters: kind === "stop" ? { graceMs: 700 } : {},
  since: 0,
});

const HOLD_US = 'configure backend-us {"hold":true,"skewMs":0,"replication":{}}';
const FREE_US = HOLD_US.replace("true", "false");

function world(faults: readonly Fault[] = [], topology: Topology = twoRegions) {
  const cluster = fakeCluster(topology);
  const note = notes();
  const clock = virtualClock();
  const active = [...faults];
  const reconciling: Reconciling = {
    topology,
    cluster,
    clock,
    record: note.record,
    faults: () => active,
    hold: (_node, work) => work(),
    died: (node) => void note.record({ type: "node", node, state: "down", expected: false }),
    lives: () => {},
  };
  return { cluster, note, clock, active, reconciling };
}

describe("reconcile", () => {
  it("touches the nodes that differ and no other, and says what it did", async () => {
    const { cluster, note, reconciling } = world([
      fault("kill", "backend-us"),
      fault("stop", "db-us"),
      fault("pause", "kafka"),
    ]);
    await reconcile(reconciling);
    expect(cluster.moves).toEqual(["kill backend-us", "stop db-us 700", "pause kafka"]);
    expect(note.story()).toEqual(["backend-us down", "db-us down", "kafka paused"]);
    expect(note.events.every((event) => event.type === "node" && event.expected)).toBe(true);
  });

  it("waits again for one that came up before what it needs, and for no other", async () => {
    const nodes = twoRegions.nodes.map((node) =>
      node.role === "backend" ? { ...node, needs: [`db-${node.region}`] } : node,
    );
    const { cluster, reconciling } = world([], { ...twoRegions, nodes });
    for (const name of ["backend-us", "db-us", "backend-eu"]) cluster.node(name).state = "down";
    const starts: string[] = [];
    cluster.before = (move, node) => void (move === "start" && starts.push(node));
    // Started while its database was down it is as far up as it could be; only now it finds that it is there.
    cluster.node("backend-us").answers = async () => starts.filter((node) => node === "backend-us").length === 2;
    cluster.node("backend-eu").answers = async () => false; // its database has been up all the time
    await reconcile(reconciling);
    expect(starts.toSorted()).toEqual(["backend-eu", "backend-us", "backend-us", "db-us"]);
    expect(starts.lastIndexOf("backend-us")).toBeGreaterThan(starts.indexOf("db-us"));
  });

  it("does nothing the second time", async () => {
    const { cluster, note, reconciling } = world([fault("kill", "backend-us")]);
    await reconcile(reconciling);
    await reconcile(reconciling);
    expect(cluster.moves).toEqual(["kill backend-us"]);
    expect(note.events).toHaveLength(1);
  });

  it("takes every way from one state to another", async () => {
    const ways: [NodeState, FaultKind | undefined, string[], string[]][] = [
      ["down", undefined, ["start kafka"], ["kafka starting", "kafka up"]],
      ["paused", undefined, ["resume kafka"], ["kafka up"]],
      ["down", "pause", ["start kafka", "pause kafka"], ["kafka starting", "kafka paused"]],
      ["paused", "kill", ["kill kafka"], ["kafka down"]],
      ["up", "pause", ["pause kafka"], ["kafka paused"]],
    ];
    for (const [is, wish, moves, said] of ways) {
      const { cluster, note, reconciling } = world(wish ? [fault(wish, "kafka")] : []);
      cluster.node("kafka").state = is;
      await reconcile(reconciling);
      expect(cluster.moves, `${is} -> ${wish ?? "up"}`).toEqual(moves);
      expect(note.story(), `${is} -> ${wish ?? "up"}`).toEqual(said);
    }
  });

  it("tells a backend what it should do to itself, once, and tells it anew after a start", async () => {
    const { cluster, active, reconciling } = world([fault("hold", "backend-us")]);
    await reconcile(reconciling);
    await reconcile(reconciling);
    expect(cluster.moves).toEqual([HOLD_US]);
    await cluster.node("backend-us").kill(); // which forgets it
    await reconcile(reconciling);
    expect(cluster.moves.slice(1)).toEqual(["kill backend-us", "start backend-us", HOLD_US]);
    active.length = 0;
    await reconcile(reconciling);
    expect(cluster.moves.slice(4)).toEqual([FREE_US]);
    expect((await cluster.observe()).controls.get("backend-us")).toEqual(NO_CONTROL);
  });

  it("believes a backend that obeyed and then does not tell, and tells one that does not tell at all", async () => {
    const { cluster, reconciling } = world();
    const { observe } = cluster;
    cluster.observe = async () => ({ ...(await observe()), controls: new Map() });
    await reconcile(reconciling);
    expect(cluster.moves).toEqual([FREE_US, FREE_US.replace("us", "eu")]);
  });

  it("gives up on a backend that does not obey; one that died of something else is started and told", async () => {
    const deaf = world([fault("hold", "backend-us")]);
    deaf.cluster.node("backend-us").configure = () => Promise.reject(new Error("connection refused"));
    await expect(reconcile(deaf.reconciling)).rejects.toThrow("backend-us cannot be told to keep answers back");

    const { cluster, reconciling } = world([fault("hold", "backend-us")]);
    const node = cluster.node("backend-us");
    const { configure } = node;
    node.configure = async (control) => {
      node.configure = configure;
      node.state = "down";
      throw new Error(`connection refused: ${JSON.stringify(control)}`);
    };
    await reconcile(reconciling);
    expect(cluster.moves).toEqual(["start backend-us", HOLD_US]);
  });

  it("leaves alone what it was not asked for", async () => {
    const { cluster, reconciling } = world();
    cluster.node("db-us").state = "down";
    cluster.node("db-eu").state = "down";
    await reconcile(reconciling, ["db-eu"]);
    expect(cluster.moves).toEqual(["start db-eu"]);
  });

  it("tries every node and then rejects with the first error", async () => {
    const { cluster, reconciling } = world();
    for (const name of ["backend-us", "db-us", "kafka"]) cluster.node(name).state = "down";
    cluster.before = (_move, node) => {
      if (node !== "db-us") throw new Error(`${node} does not come up`);
    };
    await expect(reconcile(reconciling)).rejects.toThrow("backend-us does not come up");
    expect(cluster.troubled()).toEqual({ "backend-us": "down", kafka: "down" });
  });

  it("follows a wish that changes while a node is starting", async () => {
    const { cluster, active, reconciling } = world();
    cluster.node("db-us").state = "down";
    cluster.before = (move) => {
      if (move === "start") active.push(fault("kill", "db-us"));
    };
    await reconcile(reconciling);
    expect(cluster.moves).toEqual(["start db-us", "kill db-us"]);
    expect(cluster.troubled()).toEqual({ "db-us": "down" });
  });

  it("gives up on a node that does not stay, with its last words", async () => {
    const { cluster, reconciling } = world();
    const flapping = cluster.node("db-us");
    flapping.state = "down";
    flapping.start = async () => void cluster.moves.push("start db-us");
    await expect(reconcile(reconciling)).rejects.toMatchObject({
      name: "NodeFailed",
      message: "db-us is down again after 5 attempts to make it up",
      logLines: ["the last words of db-us"],
    });
    expect(cluster.moves).toHaveLength(5);
  });

  it("reaches what is wanted from wherever it is", async () => {
    const names = twoRegions.nodes.map((node) => node.name);
    const faults = fc.array(
      fc
        .tuple(fc.constantFrom<FaultKind>("kill", "stop", "pause"), fc.subarray(names, { minLength: 1 }))
        .map(([kind, targets]) => fault(kind, ...targets)),
      { maxLength: 4 },
    );
    const is = fc.array(fc.constantFrom<NodeState>("up", "paused", "down"), {
      minLength: names.length,
      maxLength: names.length,
    });
    await fc.assert(
      fc.asyncProperty(faults, is, async (faults, is) => {
        const { cluster, reconciling } = world(faults);
        const should = wanted(twoRegions, faults).nodes;
        const differing = names.filter((name, i) => should.get(name) !== is[i]);
        for (const [i, name] of names.entries()) cluster.node(name).state = is[i]!;
        await reconcile(reconciling);
        expect((await cluster.observe()).nodes).toEqual(should);
        const touched = new Set(cluster.moves.map((move) => move.split(" ")[1]));
        expect([...touched].toSorted()).toEqual(differing.toSorted());
      }),
    );
  });
});
