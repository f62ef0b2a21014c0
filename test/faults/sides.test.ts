// Two sides of a link as people write them: which directions of which links they mean, and what is said when they mean none.
import { describe, expect, it } from "vitest";
import { rulesOf } from "../../src/faults/rules.ts";
import { between, checkSides, saySides, sides } from "../../src/faults/sides.ts";
import type { Topology } from "../../src/model/topology.ts";
import { backend, spec, twoRegions } from "../support/topology.ts";

const threeRegions: Topology = {
  ...twoRegions,
  regions: ["us", "eu", "ap"],
  nodes: [...twoRegions.nodes, backend("ap"), spec("db-ap", "postgres", "ap")],
};
/** Two backends in eu, which reach kafka by the same crossing. */
const pair: Topology = {
  ...twoRegions,
  nodes: [...twoRegions.nodes, { ...backend("eu"), name: "second-eu" }],
};

const meant = (text: string, topology: Topology = threeRegions) =>
  between(sides.parse(text), topology).links.map(
    ({ from, to, crossing }) => `${from} -> ${to}${crossing ? ` by ${crossing.from} to ${crossing.to}` : ""}`,
  );
const wrong = (text: string, topology: Topology = threeRegions, opened = false) =>
  checkSides(sides.parse(text), topology, { doing: "cutting", opened });

describe("two sides", () => {
  it("are written with | or ->, several on a side with commas, and said as they were meant", () => {
    const spellings = ["us|eu", " us |eu ", "us | eu"].map((text) => saySides(sides.parse(text)));
    expect(new Set(spellings)).toEqual(new Set(["us | eu"]));
    expect(sides.parse("us,eu->ap")).toEqual({ left: ["us", "eu"], right: ["ap"], oneWay: true });
    expect(saySides(sides.parse("us,eu->ap"))).toBe("us, eu -> ap");
    for (const no of [
      "us",
      "us eu",
      "us |",
      "| eu",
      "us | eu | ap",
      "us <- eu",
      "us,, | eu",
      "a b | c",
      "",
      7,
      null,
      ["us"],
    ]) {
      const parsed = sides.safeParse(no);
      expect(parsed.error?.issues[0]?.message, JSON.stringify(no)).toMatch(/^expected two sides, e\.g\. us \| eu/);
    }
  });

  it("mean both directions of a link, or one; of several each pair across", () => {
    expect(meant("us | eu")).toEqual(["us -> eu", "eu -> us"]);
    expect(meant("us -> eu")).toEqual(["us -> eu"]);
    expect(meant("edge | us")).toEqual(["edge -> us", "us -> edge"]);
    expect(meant("edge, us -> eu")).toEqual(["edge -> eu", "us -> eu"]);
    // Nobody in ap talks to eu: there is nothing to cut.
    expect(meant("us, eu | ap")).toEqual(["us -> ap", "ap -> us"]);
  });

  it("made of nodes mean their own connections and no others", () => {
    expect(meant("edge | backend-us")).toEqual([
      "edge -> us by edge to backend-us",
      "us -> edge by edge to backend-us",
    ]);
    expect(meant("kafka -> eu")).toEqual(["us -> eu by eu to kafka"]);
    expect(meant("backend-eu -> kafka")).toEqual(["eu -> us by eu to kafka"]);
    expect(meant("gateway | us")).toEqual(["edge -> us by edge to backend-us", "us -> edge by edge to backend-us"]);
    expect(meant("edge, gateway | us")).toEqual(["edge -> us", "us -> edge"]); // it is in there already
  });

  it("touch the regions on both sides; the edge is none", () => {
    const regions = (text: string) => between(sides.parse(text), threeRegions).regions;
    expect([regions("eu | us"), regions("edge -> ap"), regions("kafka | eu")]).toEqual([
      ["us", "eu"],
      ["ap"],
      ["us", "eu"],
    ]);
  });

  it("give every direction a rule of its own, however they overlap", () => {
    const { links } = between(sides.parse("us, kafka, backend-us | eu, edge, gateway"), threeRegions);
    const fault = { id: "f", kind: "partition", targets: [], links, parameters: {}, since: 0 } as const;
    const ids = rulesOf(fault).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(4);
  });
});

describe("sides that mean nothing", () => {
  it("are fine when there is a link between, whoever opens its connections", () => {
    for (const fine of [
      "us | eu",
      "us -> eu",
      "eu -> us",
      "edge | us, eu, ap",
      "us, eu | ap",
      "kafka | eu",
      "backend-eu | us",
    ])
      expect(wrong(fine), fine).toEqual([]);
  });

  it("name what does not exist, with what is near", () => {
    expect(wrong("us | euu")).toMatchObject([
      {
        path: ["target"],
        word: "euu",
        message: 'topology "property" has no region or node "euu"',
        hint: expect.stringMatching(/^Did you mean "eu"\? There are edge, us, eu, ap, gateway, backend-us/),
      },
    ]);
    expect(wrong("mars, us | venus").map(({ word }) => word)).toEqual(["mars", "venus"]);
    expect(wrong("links | us")).toMatchObject([{ word: "links" }]); // what faults are made with has none itself
  });

  it("are the same place twice, or lie in the same region", () => {
    expect(wrong("us | us")).toMatchObject([
      { word: "us", message: "us stands on both sides", hint: "Write two different sides, e.g. us | eu." },
    ]);
    expect(wrong("us, eu | ap, eu")).toMatchObject([{ message: "eu stands on both sides" }]);
    expect(wrong("us | backend-us")).toMatchObject([
      {
        message:
          "no link lies between us and backend-us: backend-us is in us, and inside a region everything is direct",
        hint: "Use pause or kill: backend-us instead.",
      },
    ]);
    expect(wrong("backend-us | kafka")).toMatchObject([
      {
        word: "kafka",
        message: expect.stringMatching(/^no link lies between backend-us and kafka: both are in us/),
        hint: "Use pause or kill: kafka instead.",
      },
    ]);
  });

  it("have no connection between them", () => {
    expect(wrong("eu | ap")).toEqual([
      {
        path: ["target"],
        message: "nothing crosses the link between eu and ap, so cutting it would change nothing",
        hint: "Connections are opened edge -> us, edge -> eu, edge -> ap, eu -> us, ap -> us.",
      },
    ]);
    expect(wrong("db-us | eu")).toMatchObject([{ message: expect.stringContaining("between db-us and eu") }]);
    const alone = { ...twoRegions, nodes: twoRegions.nodes.filter(({ role }) => role === "postgres") };
    expect(wrong("us | eu", alone)).toMatchObject([{ hint: "In this topology nothing crosses any link." }]);
  });

  it("have none that is opened there, where that is what counts", () => {
    expect(wrong("eu -> us", threeRegions, true)).toEqual([]);
    expect(wrong("us | eu", threeRegions, true)).toEqual([]);
    expect(wrong("us -> eu", threeRegions, true)).toMatchObject([
      { message: "nobody in us opens connections to eu, and only those that are opened from there are meant" },
    ]);
  });

  it("name one of several that share a crossing; all of them together can be named", () => {
    expect(wrong("backend-eu | us", pair)).toEqual([
      {
        path: ["target"],
        word: "backend-eu",
        message:
          "backend-eu shares its way to kafka with second-eu, so it cannot be told from them on the link between eu and us",
        hint: "Name all of them (backend-eu, second-eu), name eu, or use pause or kill: backend-eu instead.",
      },
    ]);
    expect(wrong("us | second-eu", pair)).toMatchObject([{ word: "second-eu" }]);
    expect(wrong("edge | backend-eu", pair)).toEqual([]); // there it is called, by a crossing of its own
    expect(wrong("backend-eu, second-eu | us", pair)).toEqual([]);
    expect(meant("backend-eu, second-eu -> us", pair)).toEqual(["eu -> us by eu to kafka"]);
  });
});
