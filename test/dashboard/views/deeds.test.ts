// Every key that acts: what it asks for is a command that the command line takes and a step that the scenario language takes, and the
// two are the same; where it cannot do anything it says which key can.
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { COMMANDS } from "../../../src/commands/verb/table.ts";
import { stepOf } from "../../../src/commands/verb/step.ts";
import { type DeedKey, deedFor, yamlOf } from "../../../src/dashboard/deeds.ts";
import type { Deed } from "../../../src/dashboard/hands.ts";
import type { Picture } from "../../../src/dashboard/picture.ts";
import type { Selection } from "../../../src/dashboard/selection.ts";
import { verbs } from "../../../src/verbs/index.ts";
import { fault, NOTHING, system, withEffect, withFault, withNode } from "./pictures.ts";

const node = (name: string): Selection => ({ type: "node", name });
const region = (name: string): Selection => ({ type: "region", name });
const link = (one: string, other: string): Selection => ({ type: "link", between: [one, other] });

const well = system();
const three = system(["us", "eu", "ap"]);
const DROP = { type: "cut", mode: "drop" } as const;
const DELAY = { type: "delay", addMs: 80, jitterMs: 0 } as const;
const cutLink = withEffect(well, ["us", "eu"], DROP, fault("partition", "partition us | eu"));
const slowLink = withEffect(well, ["us", "eu"], DELAY, fault("latency", "latency us | eu"));
const isolated = withEffect(well, ["us", "eu"], DROP, fault("isolate", "isolate us"));
const outage = withEffect(
  withNode(well, "backend-us", "down"),
  ["us", "eu"],
  DROP,
  fault("region-outage", "region-outage backend-us db-us kafka", { targets: ["backend-us", "db-us", "kafka"] }),
);

type Done = readonly [about: string, key: DeedKey, chosen: Selection, on: Picture, command: string, step: string];

const DONE: readonly Done[] = [
  ["kills a node", "k", node("backend-us"), well, "kill backend-us", "- kill: backend-us"],
  ["kills a paused one", "k", node("db-us"), withNode(well, "db-us", "paused"), "kill db-us", "- kill: db-us"],
  ["kills the gateway", "k", node("gateway"), well, "kill gateway", "- kill: gateway"],
  ["kills a whole region", "k", region("eu"), well, "kill eu", "- kill: eu"],
  [
    "starts what is down",
    "s",
    node("backend-us"),
    withNode(well, "backend-us", "down"),
    "start backend-us",
    "- start: backend-us",
  ],
  [
    "starts a region that is partly down",
    "s",
    region("us"),
    withNode(well, "db-us", "down"),
    "start us",
    "- start: us",
  ],
  ["pauses", "z", node("db-eu"), well, "pause db-eu", "- pause: db-eu"],
  ["resumes", "z", node("db-eu"), withNode(well, "db-eu", "paused"), "resume db-eu", "- resume: db-eu"],
  ["cuts a link", "x", link("us", "eu"), well, "partition us eu", "- partition: us | eu"],
  ["cuts the way of clients", "x", link("edge", "us"), well, "partition edge us", "- partition: edge | us"],
  ["cuts a region from the others", "x", region("us"), three, "partition us eu,ap", "- partition: us | eu, ap"],
  ["heals what it cut", "x", link("us", "eu"), cutLink, 'heal "partition us | eu"', "- heal: partition us | eu"],
  [
    "heals what it cut, from the region",
    "x",
    region("eu"),
    cutLink,
    'heal "partition us | eu"',
    "- heal: partition us | eu",
  ],
  ["heals an isolation", "x", link("us", "eu"), isolated, 'heal "isolate us"', "- heal: isolate us"],
  ["slows a link", "l", link("us", "eu"), well, "latency us eu --add 80ms", "- { latency: us | eu, add: 80ms }"],
  ["slows a region", "l", region("eu"), three, "latency eu us --add 80ms", "- { latency: eu | us, add: 80ms }"],
  ["slows several", "l", region("us"), three, "latency us eu,ap --add 80ms", '- { latency: "us | eu, ap", add: 80ms }'],
  ["heals what it slowed", "l", link("us", "eu"), slowLink, 'heal "latency us | eu"', "- heal: latency us | eu"],
  [
    "slows what is cut as well",
    "l",
    link("us", "eu"),
    cutLink,
    "latency us eu --add 80ms",
    "- { latency: us | eu, add: 80ms }",
  ],
  ["takes a region out", "o", region("us"), well, "region-outage us", "- region-outage: us"],
  ["takes the region of a node out", "o", node("db-eu"), well, "region-outage eu", "- region-outage: eu"],
  ["starts the region that is out", "o", region("us"), outage, "start us", "- start: us"],
  ["takes another region out meanwhile", "o", region("eu"), outage, "region-outage eu", "- region-outage: eu"],
  ["heals everything", "h", node("backend-us"), cutLink, "heal", "- heal"],
  ["heals a crash that no fault explains", "h", region("us"), withNode(well, "db-us", "down", true), "heal", "- heal"],
];

describe("a key", () => {
  it.each(DONE)("%s: %s", (_about, key, chosen, on, command, step) => {
    const deed = deedFor(key, chosen, on) as Deed;
    expect(deed).toEqual({ command: `regionctl ${command}`, step: parse(step)[0] });
    expect(yamlOf(deed.step)).toBe(step);
    expect(asScenario(deed)).toEqual(asCommand(deed));
    const [verb, args] = asScenario(deed);
    expect(verbs[verb]!.check?.(args as never, on.topology!) ?? []).toEqual([]);
  });

  it("is written on one line that parses as what it is, however deep it is", () => {
    const request = { request: "PUT /us/rows/1", headers: { "If-Match": "${state}" } };
    for (const step of ["heal", { kill: "db-us" }, { together: [request, request] }, { ...request, body: { a: 1 } }]) {
      expect(yamlOf(step)).toMatch(/^- .+$/);
      expect(parse(yamlOf(step))).toEqual([step]);
    }
  });

  type Refused = readonly [about: string, key: DeedKey, chosen: Selection | undefined, on: Picture, why: string];
  const REFUSED: readonly Refused[] = [
    ["is down already", "k", node("db-us"), withNode(well, "db-us", "down"), "db-us is DOWN already: s starts it"],
    ["is up", "s", node("db-us"), well, "db-us is up: k kills it"],
    ["is paused", "s", node("db-us"), withNode(well, "db-us", "paused"), "db-us is PAUSED: z resumes it"],
    ["has nothing to start", "s", region("us"), well, "all of us is not DOWN: there is nothing to start"],
    ["is down", "z", node("db-us"), withNode(well, "db-us", "down"), "db-us is DOWN: s starts it"],
    ["is starting", "z", node("db-us"), withNode(well, "db-us", "starting"), "db-us is starting: wait until it is up"],
    [
      "is a link",
      "k",
      link("us", "eu"),
      well,
      "us | eu is a link: x cuts it, l makes it slow; kill is for nodes and regions",
    ],
    ["makes the faults", "k", node("links"), well, "links is what faults are made with: no fault can be on it"],
    [
      "is a node",
      "x",
      node("db-us"),
      well,
      "db-us is a node, and partition is for links: choose a link, or us with the arrows",
    ],
    [
      "is a node of the edge",
      "l",
      node("gateway"),
      well,
      "gateway is a node, and latency is for links: choose a link with the arrows",
    ],
    ["is cut by an outage", "x", link("us", "eu"), outage, "us | eu is cut by the outage of us: o ends that"],
    [
      "has no link to another region",
      "x",
      region("us"),
      system(["us"]),
      "nothing crosses a link between us and another region",
    ],
    [
      "is in no region",
      "o",
      node("gateway"),
      well,
      "gateway is in no region: choose a region, or a node in one, for an outage",
    ],
    [
      "is a link, and in no region",
      "o",
      link("us", "eu"),
      well,
      "us | eu is in no region: choose a region, or a node in one, for an outage",
    ],
    ["is well", "h", region("us"), well, "no fault is active and every node is up: there is nothing to heal"],
    ["is not there", "k", undefined, NOTHING, "nothing is there yet that could be chosen"],
  ];

  it.each(REFUSED)("is refused where what is chosen %s: %s", (_about, key, chosen, on, why) => {
    expect(deedFor(key, chosen, on)).toEqual({ refused: why });
  });

  it("names the stack where it is not the default one", () => {
    const deed = deedFor("k", node("backend-us"), system(["us", "eu"], "mine")) as Deed;
    expect(deed.command).toBe("regionctl kill backend-us --stack mine");
    expect(deed.step).toEqual({ kill: "backend-us" });
  });

  it("heals the newest of several faults of its kind, and none of another kind", () => {
    const twice = withEffect(cutLink, ["us", "eu"], DROP, fault("partition", "partition us | eu #2"));
    expect((deedFor("x", link("us", "eu"), twice) as Deed).step).toEqual({ heal: "partition us | eu #2" });
    const killed = withFault(well, fault("kill", "kill db-us", { targets: ["db-us"] }));
    expect((deedFor("x", link("us", "eu"), killed) as Deed).step).toEqual({ partition: "us | eu" });
  });
});

/** As the scenario language reads the step. */
function asScenario({ step }: Deed): readonly [string, unknown] {
  if (typeof step === "string") return [step, verbs[step]!.args.parse({})];
  const [[verb, target], ...parameters] = Object.entries(step as Record<string, unknown>) as [
    [string, unknown],
    ...[string, unknown][],
  ];
  return [verb, verbs[verb]!.args.parse({ target, ...Object.fromEntries(parameters) })];
}

/** As the command line reads the command. */
function asCommand({ command }: Deed): readonly [string, unknown] {
  const words = Array.from(command.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, bare]) => quoted ?? bare!).slice(1);
  const [name, ...rest] = words as [string, ...string[]];
  const first = rest.findIndex((word) => word.startsWith("--"));
  const [targets, options] = first === -1 ? [rest, []] : [rest.slice(0, first), rest.slice(first)];
  const flags = Object.fromEntries(
    options.flatMap((word, i) => (word.startsWith("--") ? [[word.slice(2), options[i + 1]]] : [])),
  );
  expect(Object.keys(COMMANDS)).toContain(name);
  return [name, stepOf(verbs[name]!, targets, flags).args];
}
