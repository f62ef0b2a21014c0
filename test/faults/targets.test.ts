// Targets as a user writes them, and what is said when they mean nothing.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkRegions,
  checkRole,
  checkTargets,
  drawTargets,
  resolveTargets,
  targets,
} from "../../src/faults/targets.ts";
import { seeded } from "../../src/model/random.ts";
import { notes } from "../support/recorder.ts";
import { twoRegions } from "../support/topology.ts";

const resolve = (patterns: string | string[], seed: number | string = 1) =>
  resolveTargets(targets.parse(patterns), twoRegions, seeded(seed));

describe("target patterns", () => {
  it("mean a node, a region, a role in a region, or all of a role", () => {
    expect(resolve("backend-us")).toEqual(["backend-us"]);
    expect(resolve("us")).toEqual(["backend-us", "db-us", "kafka"]);
    expect(resolve("edge")).toEqual(["gateway"]);
    expect(resolve("us.backend")).toEqual(["backend-us"]);
    expect(resolve("all(postgres)")).toEqual(["db-us", "db-eu"]);
  });

  it("may be several, each node once, in the topology's order", () => {
    expect(resolve("db-eu, backend-us")).toEqual(["backend-us", "db-eu"]);
    expect(resolve(["db-us", "us", "all(postgres)"])).toEqual(["backend-us", "db-us", "db-eu", "kafka"]);
  });

  it("draw one of a role with the seed: the same for the same seed, each for some seed", () => {
    const drawn = Array.from({ length: 50 }, (_, seed) => resolve("one(backend)", seed));
    expect(Array.from({ length: 50 }, (_, seed) => resolve("one(backend)", seed))).toEqual(drawn);
    expect(new Set(drawn.flat())).toEqual(new Set(["backend-us", "backend-eu"]));
    expect(drawn.every((names) => names.length === 1)).toBe(true);
  });

  it("say in the history what was drawn, and nothing of what needs no draw", () => {
    const note = notes();
    const scene = { topology: twoRegions, random: seeded(7), record: note.record };
    const drawn = drawTargets(["db-us", "one(backend)"], scene, { path: "3.1" });
    expect(drawn).toEqual(resolveTargets(["db-us", "one(backend)"], twoRegions, seeded(7).fork("3.1")));
    const backend = drawn.find((name) => name.startsWith("backend"));
    expect(note.events).toMatchObject([{ type: "log", level: "info", text: `step 3.1: one(backend) is ${backend}` }]);
  });

  it("are refused when they are empty or no words", () => {
    for (const wrong of ["", "backend-us,", [], [""], 7, null, { node: "x" }]) {
      const result = targets.safeParse(wrong);
      expect(result.success, JSON.stringify(wrong)).toBe(false);
      expect(result.error!.issues[0]!.message).toMatch(/expected nodes, e\.g\. backend-us/);
    }
  });
});

describe("checkTargets", () => {
  it("has nothing against what means something", () => {
    const fine = ["backend-us", "us", "edge", "us.backend", "eu.postgres", "all(backend)", "one(gateway)"];
    expect(checkTargets(fine, twoRegions)).toEqual([]);
  });

  it("names the nearest node, and all there are", () => {
    expect(checkTargets(["kafka", "backend-usa"], twoRegions)).toEqual([
      {
        path: ["target"],
        word: "backend-usa",
        message: 'topology "property" has no node "backend-usa"',
        hint: 'Did you mean "backend-us"? Its nodes are gateway, backend-us, backend-eu, db-us, db-eu, kafka.',
      },
    ]);
  });

  it("does not guess at what is nothing like a node", () => {
    expect(checkTargets(["zookeeper"], twoRegions)).toMatchObject([{ hint: expect.stringMatching(/^Its nodes are/) }]);
  });

  it("refuses roles that are none, roles that a region does not have, and patterns with too many parts", () => {
    for (const wrong of [
      "us.queue",
      "eu.kafka",
      "all(redis)",
      "all(queue)",
      "one()",
      "us.backend.eu",
      "us.",
      ".backend",
    ]) {
      expect(checkTargets([wrong], twoRegions), wrong).toHaveLength(1);
    }
  });

  it("accepts exactly what can be resolved", () => {
    const word = fc.constantFrom("us", "eu", "edge", "backend", "kafka", "backend-us", "redis", "x");
    const pattern = fc.oneof(
      word,
      fc.tuple(word, word).map(([a, b]) => `${a}.${b}`),
      word.map((role) => `all(${role})`),
      word.map((role) => `one(${role})`),
    );
    fc.assert(
      fc.property(pattern, (pattern) => {
        const accepted = checkTargets([pattern], twoRegions).length === 0;
        if (accepted) expect(resolve(pattern).length).toBeGreaterThan(0);
        else if (!pattern.startsWith("one(")) expect(resolve(pattern)).toEqual([]);
        else expect(() => resolve(pattern)).toThrow("empty list");
      }),
    );
  });
});

describe("where only some nodes can be meant", () => {
  it("a region is one of the topology's, and no node", () => {
    expect(checkRegions(["us", "eu"], twoRegions)).toEqual([]);
    expect(checkRegions(["us", "backend-us", "euu"], twoRegions)).toMatchObject([
      {
        word: "backend-us",
        message: 'topology "property" has no region "backend-us"',
        hint: "Its regions are us, eu.",
      },
      { word: "euu", hint: 'Did you mean "eu"? Its regions are us, eu.' },
    ]);
  });

  it("all that a pattern means has the role that is needed", () => {
    const check = (pattern: string) => checkRole([pattern], twoRegions, "backend", "can keep answers back");
    for (const fine of ["backend-us", "us.backend", "all(backend)", "one(backend)"])
      expect(check(fine), fine).toEqual([]);
    expect(check("us")).toMatchObject([
      { word: "us", message: "db-us is a postgres, and only a backend can keep answers back" },
    ]);
    expect(check("backend-usa")).toMatchObject([{ message: 'topology "property" has no node "backend-usa"' }]);
  });
});
