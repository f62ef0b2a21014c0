// The verbs of the network: what each begins, how it is said, and what is refused before anything starts.
import { describe, expect, it } from "vitest";
import type { Topology } from "../../src/model/topology.ts";
import type { Complaint } from "../../src/model/vocabulary.ts";
import { verbs } from "../../src/verbs/index.ts";
import { backend, spec, twoRegions } from "../support/topology.ts";
import { fakeScene, perform } from "./scene.ts";

type Args = Record<string, unknown>;

const parsed = (verb: string, args: Args) => verbs[verb]!.args.parse(args) as never;
const said = (verb: string, args: Args) => verbs[verb]!.say!(parsed(verb, args));
const check = (verb: string, args: Args, topology: Topology = twoRegions): readonly Complaint[] =>
  verbs[verb]!.check!(parsed(verb, args), topology);
/** What the schema has against it. */
const issue = (verb: string, args: Args) => verbs[verb]!.args.safeParse(args).error?.issues[0]?.message;

const rules = (scene: ReturnType<typeof fakeScene>) =>
  scene.cluster.links.rules.map(({ from, to, effect }) => ({ way: `${from} -> ${to}`, ...effect }));
const proofs = (scene: ReturnType<typeof fakeScene>) =>
  scene.note.events.flatMap((event) => (event.type === "fault" && event.phase === "proved" ? [event.effective] : []));

describe("partition", () => {
  it("cuts a link both ways or one, in one of three modes, until heal", async () => {
    const scene = fakeScene();
    await perform(scene, "partition", { target: "us | eu" });
    expect(rules(scene)).toEqual([
      { way: "us -> eu", type: "cut", mode: "drop" },
      { way: "eu -> us", type: "cut", mode: "drop" },
    ]);
    await perform(scene, "partition", { target: "edge -> eu", mode: "reset" }, { id: "half" });
    expect(rules(scene).at(-1)).toEqual({ way: "edge -> eu", type: "cut", mode: "reset" });
    expect(scene.faults.active()).toMatchObject([
      { id: "partition us | eu", kind: "partition", targets: [], regions: ["us", "eu"] },
      { id: "half", regions: ["eu"] },
    ]);
    await perform(scene, "heal", { target: "partition us | eu" });
    expect(rules(scene)).toEqual([{ way: "edge -> eu", type: "cut", mode: "reset" }]);
    await perform(scene, "heal", {});
    expect([rules(scene), proofs(scene), scene.cluster.troubled()]).toEqual([[], [true, true], {}]);
  });

  it("ends by itself with `for`, and is understood in other tools' words", async () => {
    const scene = fakeScene();
    await perform(scene, "partition", { target: "us | eu" }, { forMs: 2_000 });
    await scene.clock.advance(2_000);
    await scene.faults.timed();
    expect(rules(scene)).toEqual([]);
    expect(verbs["partition"]!.synonyms).toEqual(["split", "net-split", "blackhole"]);
    expect(said("partition", { target: "us|eu" })).toBe("partition us | eu");
    expect(said("partition", { target: "us, edge->eu", mode: "refuse" })).toBe("partition us, edge -> eu (refuse)");
  });

  it("refuses a mode that is none, and a one-way refusal where nobody knocks", () => {
    expect(issue("partition", { target: "us | eu", mode: "rest" })).toBe("expected one of drop, reset, refuse");
    expect(issue("partition", { target: "us" })).toMatch(/^expected two sides/);
    expect(issue("partition", {})).toMatch(/^expected two sides/);
    expect(check("partition", { target: "us | asia" })).toMatchObject([{ word: "asia" }]);
    expect(check("partition", { target: "us -> eu", mode: "refuse" })).toMatchObject([
      { message: expect.stringContaining("nobody in us opens connections to eu") },
    ]);
    for (const fine of ["eu -> us", "us | eu"])
      expect(check("partition", { target: fine, mode: "refuse" }), fine).toEqual([]);
    expect(check("partition", { target: "us -> eu", mode: "reset" })).toEqual([]);
  });
});

describe("isolate", () => {
  it("cuts a place off from everything else that it talks to; only it is touched", async () => {
    const scene = fakeScene();
    await perform(scene, "isolate", { target: "us" });
    expect(rules(scene).map(({ way }) => way)).toEqual(["us -> edge", "edge -> us", "us -> eu", "eu -> us"]);
    expect(scene.faults.active()).toMatchObject([{ id: "isolate us", regions: ["us"], targets: [] }]);
    await perform(scene, "heal", {});
    await perform(scene, "isolate", { target: "edge", mode: "reset" });
    expect(rules(scene)).toHaveLength(4);
    expect(scene.faults.active()).toMatchObject([{ id: "isolate edge", regions: [] }]);
    expect([proofs(scene), said("isolate", { target: "us, eu", mode: "reset" })]).toEqual([
      [true, true],
      "isolate us, eu (reset)",
    ]);
  });

  it("takes a node that talks over links alone", async () => {
    const scene = fakeScene();
    expect(check("isolate", { target: "gateway" })).toEqual([]);
    await perform(scene, "isolate", { target: "gateway" });
    const ways = scene.cluster.links.rules.map(
      ({ from, crossing }) => `${from} by ${crossing!.from} to ${crossing!.to}`,
    );
    expect(ways).toEqual([
      "edge by edge to backend-us",
      "us by edge to backend-us",
      "edge by edge to backend-eu",
      "eu by edge to backend-eu",
    ]);
  });

  it("refuses a node that talks inside its region, one that talks to nobody, one that is not alone, and none", () => {
    expect(check("isolate", { target: "backend-eu" })).toMatchObject([
      {
        word: "backend-eu",
        message: "backend-eu talks to db-eu inside eu, where no link lies between them",
        hint: "Use isolate: eu, or pause or kill: backend-eu instead; partition cuts backend-eu off from another region.",
      },
    ]);
    expect(check("isolate", { target: "kafka" })).toMatchObject([{ message: expect.stringContaining("backend-us") }]);
    const lonely = { ...twoRegions, nodes: [...twoRegions.nodes, spec("cache", "redis", "eu")] };
    expect(check("isolate", { target: "cache" }, lonely)).toMatchObject([
      { message: "nothing crosses a link to or from cache, so cutting it off would change nothing" },
    ]);
    const gateways = { ...twoRegions, nodes: [...twoRegions.nodes, spec("gateway-2", "gateway", "edge")] };
    expect(check("isolate", { target: "gateway" }, gateways)).toMatchObject([
      { message: expect.stringContaining("gateway shares its way to backend-us with gateway-2") },
    ]);
    expect(check("isolate", { target: "usa" })).toMatchObject([
      { message: 'topology "property" has no region or node "usa"', hint: expect.stringMatching(/"us"/) },
    ]);
  });
});

describe("latency", () => {
  it("adds to each direction, and says what that is in a round trip", async () => {
    const scene = fakeScene();
    await perform(scene, "latency", { target: "us | eu", add: "80ms", jitter: "10ms" });
    expect(rules(scene)).toEqual([
      { way: "us -> eu", type: "delay", addMs: 80, jitterMs: 10 },
      { way: "eu -> us", type: "delay", addMs: 80, jitterMs: 10 },
    ]);
    expect(proofs(scene)).toEqual([true]);
    expect(said("latency", { target: "us | eu", add: "80ms" })).toBe(
      "latency us | eu add 80 ms, 160 ms more in a round trip",
    );
    expect(said("latency", { target: "us -> eu", add: "1s", jitter: "5ms" })).toBe(
      "latency us -> eu add 1 s, give or take 5 ms, 1 s more in a round trip",
    );
  });

  it("refuses no delay, a negative one, one without a unit, one that nobody waits for, and more jitter than delay", () => {
    const add = (value: unknown) =>
      issue("latency", { target: "us | eu", ...(value === undefined ? {} : { add: value }) });
    for (const wrong of [undefined, 80, "80", "-80ms", "80 ms", "fast"])
      expect(add(wrong), String(wrong)).toBe("expected a duration with its unit, e.g. 80ms");
    expect(add("0ms")).toBe("expected a duration above 0");
    expect([add("60s"), add("61s")]).toEqual([undefined, "expected a duration of at most 1 min"]);
    const jitter = (text: string) => check("latency", { target: "us | eu", add: "80ms", jitter: text });
    expect(jitter("80ms")).toEqual([]);
    expect(jitter("81ms")).toEqual([
      { path: ["jitter"], message: 'no byte can arrive before it was sent: jitter is at most "add", 80 ms' },
    ]);
    expect(check("latency", { target: "db-us | eu", add: "80ms" })).toMatchObject([
      { message: "nothing crosses the link between db-us and eu, so slowing it would change nothing" },
    ]);
  });
});

describe("bandwidth", () => {
  it("caps each direction that it names", async () => {
    const scene = fakeScene();
    await perform(scene, "bandwidth", { target: "us -> eu", cap: "1mbit" });
    expect(rules(scene)).toEqual([{ way: "us -> eu", type: "cap", bytesPerSecond: 125_000 }]);
    expect(proofs(scene)).toEqual([true]);
    expect(said("bandwidth", { target: "us -> eu", cap: "1mbit" })).toBe("bandwidth us -> eu cap 1 mbit");
  });

  it("refuses a cap without a unit, and one that lets nothing pass", () => {
    const cap = (value: unknown) => issue("bandwidth", { target: "us -> eu", cap: value });
    for (const wrong of [1, "1", "1 mbit", "1mb", "0kbit", "-1mbit"])
      expect(cap(wrong), String(wrong)).toBe("expected a bandwidth above 0 with its unit, e.g. 1mbit, 512kbit, 10MB/s");
    expect(cap("0.5MB/s")).toBeUndefined();
  });
});

describe("flaky", () => {
  it("resets connections that are opened on the sides where they are, and is measured in the end", async () => {
    const scene = fakeScene();
    await perform(scene, "flaky", { target: "us | eu", resets: "50%" }, { id: "dying", forMs: 1_000 });
    expect(rules(scene)).toEqual([{ way: "eu -> us", type: "flaky", resetsPerSecond: 0.5 }]); // nobody in us calls eu
    expect(proofs(scene)).toEqual([]);
    scene.cluster.links.resets["dying: eu -> us"] = 1;
    await scene.clock.advance(1_000);
    await scene.faults.timed();
    expect([proofs(scene), rules(scene)]).toEqual([[true], []]);
    expect(said("flaky", { target: "us | eu", resets: "0.5%" })).toBe("flaky us | eu resets 0.5% a second");
  });

  it("refuses what is no share, and a side where no connection is opened", () => {
    for (const wrong of [5, "5", "0%", "101%", "-5%"])
      expect(issue("flaky", { target: "us | eu", resets: wrong }), String(wrong)).toBe(
        "expected a percentage above 0% and up to 100%, e.g. 5%",
      );
    expect(issue("flaky", { target: "us | eu", resets: "100%" })).toBeUndefined();
    expect(check("flaky", { target: "us -> eu", resets: "5%" })).toMatchObject([
      { message: "nobody in us opens connections to eu, and only those that are opened from there are meant" },
    ]);
  });
});

describe("replication", () => {
  const controls = (scene: ReturnType<typeof fakeScene>) =>
    Object.fromEntries(
      scene.cluster.nodes.flatMap(({ spec: { name, role }, control }) =>
        role === "backend" ? [[name, control.replication]] : [],
      ),
    );

  it("is done by the backends that receive, to one source, and again after they were killed", async () => {
    const scene = fakeScene();
    await perform(scene, "replication", { target: "us -> eu", delay: "5s" });
    const late = { us: { pause: false, delayMs: 5_000, duplicate: 0, reorderMs: 0 } };
    expect(controls(scene)).toEqual({ "backend-us": {}, "backend-eu": late });
    expect(scene.faults.active()).toMatchObject([
      { id: "replication us -> eu", targets: ["backend-eu"], regions: ["eu"], parameters: { source: "us" } },
    ]);
    await perform(scene, "restart", { target: "backend-eu" });
    expect(controls(scene)["backend-eu"]).toEqual(late);
    await perform(scene, "replication", { target: "us->eu", duplicate: "10%" });
    expect(controls(scene)["backend-eu"]).toMatchObject({ us: { delayMs: 5_000, duplicate: 0.1 } });
    await perform(scene, "heal", {});
    expect([controls(scene), proofs(scene)]).toEqual([{ "backend-us": {}, "backend-eu": {} }, [true, true, true]]);
    expect(await scene.faults.leftovers()).toEqual([]);
  });

  it("says what it does", () => {
    const all = [{ pause: true }, { delay: "5s" }, { duplicate: "10%" }, { reorder: "2s" }];
    expect(all.map((one) => said("replication", { target: "us -> eu", ...one }))).toEqual([
      "replication us -> eu paused",
      "replication us -> eu delay 5 s",
      "replication us -> eu duplicate 10%",
      "replication us -> eu reorder within 2 s",
    ]);
  });

  it("is exactly one fault", () => {
    const given = (args: Args) => check("replication", { target: "us -> eu", ...args });
    for (const fine of [{ pause: true }, { delay: "5s" }, { duplicate: "100%" }, { reorder: "2s" }])
      expect(given(fine)).toEqual([]);
    expect(given({})).toMatchObject([
      {
        message: "what shall become of the stream is missing",
        hint: expect.stringMatching(/^Write one of pause: true/),
      },
    ]);
    expect(given({ pause: true, delay: "5s", reorder: "2s" })).toMatchObject([
      { path: ["delay"], message: 'a replication has one fault, and this one has "pause" already' },
      { path: ["reorder"] },
    ]);
    expect(issue("replication", { target: "us -> eu", pause: false })).toBe('expected "true"');
    expect(issue("replication", { target: "us -> eu", delay: "5" })).toMatch(/^expected a duration with its unit/);
    expect(issue("replication", { target: "us -> eu", delay: "0s" })).toBe("expected a duration above 0");
    expect(issue("replication", { target: "us -> eu", duplicate: "0%" })).toMatch(/^expected a percentage/);
  });

  it("has one region on each side, and a direction", () => {
    for (const wrong of ["us | eu", "us, ap -> eu", "us -> eu, ap"])
      expect(issue("replication", { target: wrong, pause: true }), wrong).toBe(
        "expected a direction between two regions, e.g. us -> eu",
      );
    const at = (target: string, topology?: Topology) => check("replication", { target, pause: true }, topology);
    expect(at("us -> euu")).toMatchObject([
      { word: "euu", message: 'topology "property" has no region "euu"', hint: expect.stringMatching(/"eu"/) },
    ]);
    expect(at("edge -> eu")).toMatchObject([{ word: "edge" }]);
    expect(at("backend-us -> eu")).toMatchObject([{ word: "backend-us" }]);
    expect(at("us -> us")).toMatchObject([{ message: "us does not receive what it writes itself" }]);
    const bare = { ...twoRegions, nodes: twoRegions.nodes.filter(({ name }) => name !== "backend-eu") };
    expect(at("us -> eu", bare)).toMatchObject([
      { word: "eu", message: "eu has no backend, and only those send and receive what is written" },
    ]);
  });
});

describe("clock-skew", () => {
  const skews = (scene: ReturnType<typeof fakeScene>) =>
    scene.cluster.nodes
      .filter(({ control }) => control.skewMs !== 0)
      .map(({ spec, control }) => [spec.name, control.skewMs]);

  it("moves the clocks of backends, adds up, and ends", async () => {
    const scene = fakeScene();
    await perform(scene, "clock-skew", { target: "backend-us", by: "-2m" });
    await perform(scene, "clock-skew", { target: "all(backend)", by: "+500ms" }, { forMs: 1_000 });
    expect(skews(scene)).toEqual([
      ["backend-us", -119_500],
      ["backend-eu", 500],
    ]);
    await scene.clock.advance(1_000);
    await scene.faults.timed();
    expect(skews(scene)).toEqual([["backend-us", -120_000]]);
    await perform(scene, "heal", {});
    expect([skews(scene), proofs(scene)]).toEqual([[], [true, true]]);
    expect(said("clock-skew", { target: "backend-us", by: "-2m" })).toBe("clock-skew backend-us 2 min behind");
  });

  it("is for backends, and needs an offset that can be told from noise", () => {
    const by = (value: unknown) => issue("clock-skew", { target: "backend-us", by: value });
    for (const wrong of [undefined, 2, "2", "--2m", "600h", "soon"])
      expect(by(wrong), String(wrong)).toBe("expected an offset with its unit, e.g. -2m, +500ms, at most 24 days");
    for (const small of ["0s", "9ms", "-9ms"]) expect(by(small)).toMatch(/^expected an offset of 10ms or more/);
    for (const fine of ["10ms", "-10ms", "-576h"]) expect(by(fine), fine).toBeUndefined();
    expect(check("clock-skew", { target: "backend-us", by: "2m" })).toEqual([]);
    expect(check("clock-skew", { target: "db-us", by: "2m" })).toMatchObject([
      { word: "db-us", message: "db-us is a postgres, and only a backend stamps writes with a clock of its own" },
    ]);
  });
});

describe("region-outage", () => {
  it("kills the nodes of a region and cuts its links; both are there again in the end", async () => {
    const scene = fakeScene();
    await perform(scene, "region-outage", { target: "us" });
    expect(rules(scene).map(({ way }) => way)).toEqual(["us -> edge", "edge -> us", "us -> eu", "eu -> us"]);
    expect(scene.faults.active()).toMatchObject([{ regions: ["us"], targets: ["backend-us", "db-us", "kafka"] }]);
    expect(proofs(scene)).toEqual([true]);
    await perform(scene, "start", { target: "us" });
    expect([rules(scene), scene.cluster.troubled(), scene.faults.active()]).toEqual([[], {}, []]);
  });
});

describe("all of them", () => {
  it("end by themselves where asked, and explain themselves: every example parses and is allowed", () => {
    const system: Topology = {
      ...twoRegions,
      regions: ["us", "eu", "ap"],
      nodes: [...twoRegions.nodes, backend("ap"), spec("db-ap", "postgres", "ap")],
    };
    for (const name of ["partition", "isolate", "latency", "bandwidth", "flaky", "replication", "clock-skew"]) {
      const { example, modifiers, summary } = verbs[name]!;
      const lines = example
        .replace(/^- /, "")
        .split("\n")
        .map((line) => line.trim().split(/:\s+/) as [string, string]);
      const args = Object.fromEntries(
        lines.filter(([key]) => key !== "for").map(([key, value]) => [key === name ? "target" : key, value]),
      );
      expect(check(name, args, system), name).toEqual([]);
      expect([modifiers, summary], name).toEqual([["for"], expect.stringMatching(/until heal or the end of `for`\.$/)]);
    }
  });
});
