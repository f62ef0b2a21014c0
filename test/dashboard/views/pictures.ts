// Pictures to draw: a system of two to six regions as it does well, and what can be done to it.
import type { Fault, FaultKind } from "../../../src/model/fault.ts";
import type { Effect } from "../../../src/model/link.ts";
import type { Scenario, Step } from "../../../src/model/scenario.ts";
import type { NodeSpec, Topology } from "../../../src/model/topology.ts";
import type { Verdict } from "../../../src/model/verdict.ts";
import type {
  FaultPicture,
  Line,
  LinkPicture,
  NodePicture,
  Picture,
  RegionPicture,
  RunPicture,
  StepPicture,
} from "../../../src/dashboard/picture.ts";

export const NOW = 750_000;

export const NOTHING: Picture = { at: 0, regions: [], nodes: [], links: [], faults: [], lines: [], acknowledged: 0 };

export const SIX = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2", "sa-east-1", "af-south-1"];

/** A gateway before a backend and a database in each region, and a broker at home in the first one. */
export function system(regions: readonly string[] = ["us", "eu"], name = "default"): Picture {
  const topology = topologyOf(regions);
  const [first] = regions as [string];
  return {
    ...NOTHING,
    at: NOW,
    stack: { name, runtime: "embedded", gateway: "http://127.0.0.1:8080" },
    topology,
    regions: regions.map((region) => regionOf(region, regions)),
    nodes: [
      ...topology.nodes.map((spec): NodePicture => node(spec.name, spec.role, spec.region)),
      node("links", "link", "edge"),
    ],
    links: [
      ...regions.map((region) => link(["edge", region])),
      ...regions.slice(1).map((region) => link([first, region], 80)),
    ],
    lines: [line(1, 1_000, "good", "every node is up")],
    acknowledged: 2_345,
  };
}

function topologyOf(regions: readonly string[]): Topology {
  const spec = (name: string, role: NodeSpec["role"], region: string, port: number): NodeSpec => ({
    name,
    role,
    region,
    needs: role === "backend" ? [`db-${region}`] : [],
    environment: role === "backend" ? { KAFKA_BROKER: "kafka:29092", DB: `db-${region}:5432` } : {},
    port,
    files: [],
  });
  const [first] = regions as [string];
  return {
    name: "property",
    file: "/compose/property.yaml",
    regions,
    nodes: [
      spec("gateway", "gateway", "edge", 8080),
      ...regions.map((region) => spec(`backend-${region}`, "backend", region, 8000)),
      ...regions.map((region) => spec(`db-${region}`, "postgres", region, 5432)),
      spec("kafka", "kafka", first, 29092),
    ],
    links: regions.slice(1).map((region) => ({ between: [first, region], rttMs: 80, jitterMs: 5 })),
    routes: Object.fromEntries(regions.map((region) => [`/${region}`, region])),
    steady: [],
    observe: {},
    conflicts: "hybrid-clock",
    workloads: {},
  };
}

function regionOf(name: string, regions: readonly string[]): RegionPicture {
  const sources = regions.filter((other) => other !== name);
  return {
    name,
    healthy: true,
    since: NOW - 720_000,
    requestsPerSecond: 101,
    errorsPerSecond: 0,
    p50Ms: 3.2,
    p99Ms: 12.4,
    lagSeconds: Object.fromEntries(sources.map((source, i) => [source, 0.04 + i / 100])),
    lagHistory: Array.from({ length: 240 }, (_, i) => ({ at: NOW - 60_000 + i * 250, seconds: (i % 40) / 20 })),
    pending: 3,
    conflicts: 12,
    conflictsLastMinute: 3,
    conflictHistory: [],
  };
}

const node = (name: string, role: NodePicture["role"], region: string): NodePicture => ({
  name,
  role,
  region,
  state: "up",
  since: NOW - 720_000,
  unasked: false,
});

const link = (between: readonly [string, string], rttMs = 0): LinkPicture => ({
  between,
  rttMs,
  done: [],
  cut: [false, false],
});

export const line = (seq: number, at: number, tone: Line["tone"], text: string): Line => ({ seq, at, tone, text });

// --- what is done to it ---

export function withNode(picture: Picture, name: string, state: NodePicture["state"], unasked = false): Picture {
  const change = (one: NodePicture): NodePicture =>
    one.name === name ? { ...one, state, unasked, since: picture.at - 3_000 } : one;
  return { ...picture, nodes: picture.nodes.map(change) };
}

export function withRegion(picture: Picture, name: string, change: Partial<RegionPicture>): Picture {
  return { ...picture, regions: picture.regions.map((one) => (one.name === name ? { ...one, ...change } : one)) };
}

export function fault(kind: FaultKind, id: string, more: Partial<Fault> = {}): FaultPicture {
  return {
    fault: { id, kind, targets: [], parameters: {}, since: NOW - 5_000, ...more },
    effective: true,
    measured: "it is so",
  };
}

export const withFault = (picture: Picture, one: FaultPicture): Picture => ({
  ...picture,
  faults: [...picture.faults, one],
});

/** What a fault does to a link: both ways, or the one that is named. */
export function withEffect(
  picture: Picture,
  between: readonly [string, string],
  effect: Effect,
  one: FaultPicture,
  ways: readonly [boolean, boolean] = [true, true],
): Picture {
  const [a, b] = between;
  const done = [
    ...(ways[0] ? [{ from: a, to: b, effect, fault: one.fault.id }] : []),
    ...(ways[1] ? [{ from: b, to: a, effect, fault: one.fault.id }] : []),
  ];
  const isCut = effect.type === "cut";
  const change = (link: LinkPicture): LinkPicture =>
    link.between.join() === between.join()
      ? {
          ...link,
          done: [...link.done, ...done],
          cut: [link.cut[0] || (isCut && ways[0]), link.cut[1] || (isCut && ways[1])],
        }
      : link;
  const faults = picture.faults.some(({ fault }) => fault.id === one.fault.id)
    ? picture.faults
    : [...picture.faults, one];
  return { ...picture, faults, links: picture.links.map(change) };
}

// --- a run ---

const step = (path: number, text: string): Step => ({
  path: String(path),
  verb: text.split(" ")[0]!,
  args: {},
  text,
  line: path + 10,
});

/** A run of so many steps, of which the first ones are done and the next one is running. */
export function withRun(picture: Picture, steps: number, done: number, more: Partial<RunPicture> = {}): Picture {
  const written = Array.from({ length: steps }, (_, i) => step(i + 1, `kill backend-${i + 1}`));
  const scenario: Scenario = {
    name: "failover",
    file: "/scenarios/failover.yaml",
    topology: { file: "/compose/property.yaml" },
    seed: 1,
    tags: [],
    timeoutMs: 60_000,
    traffic: [],
    steps: written,
    expect: [],
  };
  const began = picture.at - 32_000;
  const states = written
    .slice(0, done + 1)
    .map(({ path }, i): [string, StepPicture] => [
      path,
      i < done
        ? { path, state: "passed", begun: began + i * 1_000, ended: began + i * 1_000 + 900 }
        : { path, state: "running", begun: picture.at - 4_000 },
    ]);
  return {
    ...picture,
    run: { id: "20260101-120000-failover", scenario, began, steps: Object.fromEntries(states), ...more },
  };
}

export const verdict = (
  text: string,
  valid: Verdict["valid"],
  summary: string,
  more: Partial<Verdict> = {},
): Verdict => ({
  name: text.split(":")[0]!,
  text,
  valid,
  summary,
  evidence: [],
  weight: "failed",
  ...more,
});
