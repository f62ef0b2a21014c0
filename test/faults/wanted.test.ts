// What the world should look like: the topology minus the active faults, in whatever order they came.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences, graceMs, wanted } from "../../src/faults/wanted.ts";
import { type Fault, type FaultKind, NO_CONTROL, type NodeState } from "../../src/model/fault.ts";
import { twoRegions } from "../support/topology.ts";

let number = 0;
const fault = (kind: FaultKind, targets: readonly string[], parameters: Fault["parameters"] = {}): Fault => ({
  id: `${kind} ${++number}`,
  kind,
  targets,
  parameters,
  since: 0,
});

const states = (faults: readonly Fault[]) => Object.fromEntries(wanted(twoRegions, faults).nodes);
const names = twoRegions.nodes.map((node) => node.name);
const GRAVITY: Record<NodeState, number> = { up: 0, paused: 1, down: 2 };

const anyFault = fc
  .record({
    kind: fc.constantFrom<FaultKind>("kill", "stop", "pause", "region-outage", "hold"),
    targets: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
  })
  .map(({ kind, targets }) => fault(kind, targets));
const anyFaults = fc.array(anyFault, { maxLength: 6 });

describe("wanted", () => {
  it("is every node up without faults, and only the targets in trouble with one", () => {
    expect(new Set(Object.values(states([])))).toEqual(new Set(["up"]));
    expect(states([fault("kill", ["backend-us", "db-us"])])).toEqual({
      ...states([]),
      "backend-us": "down",
      "db-us": "down",
    });
    expect(states([fault("pause", ["kafka"])])).toMatchObject({ kafka: "paused", gateway: "up" });
    expect(states([fault("stop", ["kafka"])])).toMatchObject({ kafka: "down", gateway: "up" });
  });

  it("lets the graver of two faults count while both last, and the rest when one has ended", () => {
    const paused = fault("pause", ["backend-us"]);
    const killed = fault("kill", ["backend-us", "backend-eu"]);
    expect(states([paused, killed])).toMatchObject({ "backend-us": "down", "backend-eu": "down" });
    expect(states([paused])).toMatchObject({ "backend-us": "paused", "backend-eu": "up" });
    expect(states([killed])).toMatchObject({ "backend-us": "down", "backend-eu": "down" });
  });

  it("takes a region's nodes down with it, and leaves who holds answers up", () => {
    const us = fault("region-outage", ["backend-us", "db-us", "kafka"]);
    expect(states([us])).toEqual({ ...states([]), "backend-us": "down", "db-us": "down", kafka: "down" });
    expect(graceMs("db-us", [us, fault("stop", ["db-us"])])).toBe(0);
    expect(states([fault("hold", ["backend-us"])])).toEqual(states([]));
  });

  it("has backends that are up keep their answers back where a fault says so", () => {
    const controls = (...faults: readonly Fault[]) => Object.fromEntries(wanted(twoRegions, faults).controls);
    const held = fault("hold", ["backend-us"]);
    expect(controls()).toEqual({ "backend-us": NO_CONTROL, "backend-eu": NO_CONTROL });
    expect(controls(held)).toEqual({ "backend-us": { ...NO_CONTROL, hold: true }, "backend-eu": NO_CONTROL });
    expect(controls(held, fault("pause", ["backend-us"]))).toEqual({ "backend-eu": NO_CONTROL });
  });

  it("ignores targets that the topology does not have", () => {
    expect(states([fault("kill", ["somewhere-else"])])).toEqual(states([]));
  });

  it("does not depend on the order of faults", () => {
    const shuffled = anyFaults.chain((faults) =>
      fc.tuple(fc.constant(faults), fc.shuffledSubarray(faults, { minLength: faults.length })),
    );
    fc.assert(fc.property(shuffled, ([some, other]) => void expect(states(other)).toEqual(states(some))));
  });

  it("gets no better by another fault, and is as grave as the gravest that holds a node", () => {
    fc.assert(
      fc.property(anyFaults, anyFault, (faults, another) => {
        const before = states(faults);
        const after = states([...faults, another]);
        const alone = states([another]);
        for (const name of names) {
          expect(GRAVITY[after[name]!]).toBe(Math.max(GRAVITY[before[name]!], GRAVITY[alone[name]!]));
        }
      }),
    );
  });
});

describe("the grace of a node that must go down", () => {
  it("is that of its stop, and none once anything kills it", () => {
    const stopped = fault("stop", ["db-us"], { graceMs: 2_000 });
    expect(graceMs("db-us", [stopped])).toBe(2_000);
    expect(graceMs("db-us", [fault("stop", ["db-us"])])).toBe(5_000);
    expect(graceMs("db-us", [stopped, fault("stop", ["db-us"], { graceMs: 500 })])).toBe(500);
    expect(graceMs("db-us", [stopped, fault("kill", ["db-us"])])).toBe(0);
    expect(graceMs("db-us", [stopped, fault("kill", ["db-eu"])])).toBe(2_000);
  });
});

describe("differences", () => {
  it("names each node that is not as it should be, and nothing else", () => {
    const should = wanted(twoRegions, [fault("pause", ["kafka"])]);
    const is = new Map(should.nodes).set("kafka", "up").set("db-us", "down");
    expect(differences({ ...should, nodes: is }, should)).toEqual([
      "db-us is down, it should be up",
      "kafka is up, it should be paused",
    ]);
    expect(differences(should, should)).toEqual([]);
  });

  it("names who keeps answers back and should not, and the other way round; who does not tell is not accused", () => {
    const [held, free] = [wanted(twoRegions, [fault("hold", ["backend-us"])]), wanted(twoRegions, [])];
    expect(differences(held, free)).toEqual(["backend-us keeps answers back, it should give them at once"]);
    expect(differences(free, held)).toEqual(["backend-us answers, it should keep answers back"]);
    expect(differences({ ...free, controls: new Map() }, held)).toEqual([]);
  });

  it("takes a node that nobody sees for a node that is down", () => {
    const [whole, killed] = [wanted(twoRegions, []), wanted(twoRegions, [fault("kill", ["kafka"])])];
    const seen = new Map([...whole.nodes].filter(([name]) => name !== "kafka"));
    expect(differences({ ...whole, nodes: seen }, whole)).toEqual(["kafka is down, it should be up"]);
    expect(differences({ ...killed, nodes: seen }, killed)).toEqual([]);
  });
});
