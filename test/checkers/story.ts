// Tells histories in few words. Every line is one thing that happened; time goes on by one millisecond per line unless said.
import type {
  ConflictingWrite,
  Event,
  Happening,
  Outcome,
  RegionSample,
  RunEnded,
  StepEvent,
} from "../../src/model/event.ts";
import type { FaultKind } from "../../src/model/fault.ts";
import type { Expectation, Scenario, TrafficSpec } from "../../src/model/scenario.ts";
import { EDGE } from "../../src/model/topology.ts";
import type { NodeSpec, Role, Topology } from "../../src/model/topology.ts";

/** Of a sample: what no story here is about. */
const NOTHING_ELSE = { pending: 0, conflicts: 0, requests: 0, errors: 0, p50Ms: null, p99Ms: null };

export interface StoryOptions {
  regions?: readonly string[];
  conflicts?: Topology["conflicts"];
  expect?: readonly Expectation[];
  traffic?: readonly TrafficSpec[];
  steps?: Scenario["steps"];
}

export interface WriteOptions {
  client?: string;
  /** What the client had seen; without one it sent no state. */
  basis?: string;
  expected?: number;
  id?: string;
  repeatOf?: number;
  due?: number;
}

export interface Answer {
  /** The region whose backend answered; the one in the path unless said, null for nobody. */
  by?: string | null;
  version?: number;
  value?: unknown;
  status?: number;
  stored?: boolean;
  /** How long the answer took. */
  tookMs?: number;
}

/** An operation under way: say what came of it, or leave it open. */
export interface Asked {
  op: number;
  ok(state?: string, answer?: Answer): Story;
  refused(status?: number, answer?: Answer): Story;
  unknown(error?: string, answer?: Answer): Story;
}

export class Story {
  readonly events: Event[] = [];
  #now = 0;
  #ops = 0;

  constructor(options: StoryOptions = {}) {
    const topology = topologyOf(options.regions ?? ["us", "eu"], options.conflicts);
    this.tell({
      type: "run",
      id: "story",
      scenario: scenarioOf(options),
      topology,
      runtime: "embedded",
      versions: {},
      startedAt: "2026-01-01T00:00:00Z",
    });
  }

  get regions(): readonly string[] {
    const [first] = this.events;
    return first?.type === "run" ? first.topology.regions : [];
  }

  get now(): number {
    return this.#now;
  }

  /** The clock stands at this time for the next line. */
  at(ms: number): this {
    this.#now = ms;
    return this;
  }

  tell(happening: Happening): this {
    this.events.push({ ...happening, seq: this.events.length + 1, at: this.#now } as Event);
    this.#now += 1;
    return this;
  }

  write(region: string, key: number | string, value: unknown, options: WriteOptions = {}): Asked {
    const id = "id" in options ? options.id : `id-${key}-${JSON.stringify(value)}`;
    return this.#ask({ region, key: String(key), kind: "write", value, ...options, id });
  }

  read(region: string, key: number | string, options: { client?: string; due?: number; home?: string } = {}): Asked {
    return this.#ask({ region, key: String(key), kind: "read", ...options });
  }

  missed(region: string, due: number): this {
    return this.tell({ type: "missed", client: `${region}-1`, workload: "edit", region, due });
  }

  /** Begun and proved. */
  fault(
    kind: FaultKind,
    targets: readonly string[],
    { id = `${kind} ${targets.join(" ")}`, effective = true } = {},
  ): this {
    this.begun(kind, targets, id);
    return this.tell({
      type: "fault",
      phase: "proved",
      id,
      effective,
      measured: effective ? "no process" : "it still answers",
    });
  }

  begun(kind: FaultKind, targets: readonly string[], id = `${kind} ${targets.join(" ")}`): this {
    return this.tell({ type: "fault", phase: "begun", fault: { id, kind, targets, parameters: {}, since: this.#now } });
  }

  ended(id: string, targets: readonly string[]): this {
    return this.tell({ type: "fault", phase: "ended", id, by: "time", targets });
  }

  probe(region: string, ok: boolean, due = this.#now): this {
    return this.tell({ type: "probe", region, ok, due, ...(ok ? { status: 200 } : { error: "connection refused" }) });
  }

  /** A probe every 100 ms from now on until that time. */
  probes(region: string, ok: boolean, until: number): this {
    for (let at = this.#now; at < until; at += 100) this.at(at).probe(region, ok);
    return this.at(until);
  }

  node(node: string, state: "up" | "down", expected: boolean): this {
    return this.tell({ type: "node", node, state, expected });
  }

  /** What each region says: seconds behind the others, or null when it cannot be asked. */
  sample(lags: Readonly<Record<string, Readonly<Record<string, number>> | null>>): this {
    const regions = Object.entries(lags).map(([region, lagSeconds]): [string, RegionSample] => [
      region,
      { healthy: lagSeconds !== null, lagSeconds, ...NOTHING_ELSE },
    ]);
    return this.tell({ type: "sample", regions: Object.fromEntries(regions), acknowledged: 0 });
  }

  /** What a region showed of a key just before a fault on another one ended. */
  surviving(
    fault: string,
    region: string,
    key: number | string,
    value: unknown,
    state?: string,
    version?: number,
  ): this {
    const outcome: Outcome = { type: "ok" };
    return this.tell({ type: "surviving", fault, region, key: String(key), outcome, value, state, version });
  }

  notSurviving(fault: string, region: string, key: number | string): this {
    return this.tell({
      type: "surviving",
      fault,
      region,
      key: String(key),
      outcome: { type: "fail", error: "refused" },
    });
  }

  conflict(
    region: string,
    key: number | string,
    winner: ConflictingWrite | null,
    loser: ConflictingWrite | null,
    kind: "concurrent" | "duplicate-request" | "rejected" = "concurrent",
  ): this {
    const number = this.events.length;
    return this.tell({ type: "conflict", region, number, kind, key: String(key), winner, loser, rule: "latest stamp" });
  }

  healed(quiet = true): this {
    return this.tell({ type: "healed", quiet });
  }

  round(differing: readonly (number | string)[], pending: number | null = 0): this {
    return this.tell({
      type: "round",
      differing: differing.map(String),
      pending: Object.fromEntries(this.regions.map((region) => [region, pending])),
    });
  }

  final(region: string, key: number | string, value: unknown, state?: string, version?: number): this {
    return this.tell({ type: "final", region, key: String(key), outcome: { type: "ok" }, value, state, version });
  }

  /** What every region holds. */
  finals(key: number | string, value: unknown, state?: string, version?: number): this {
    for (const region of this.regions) this.final(region, key, value, state, version);
    return this;
  }

  unread(region: string, key: number | string): this {
    return this.tell({ type: "final", region, key: String(key), outcome: { type: "fail", error: "refused" } });
  }

  /** Healed, one round in which all was equal, and what every region holds. */
  settled(finals: Readonly<Record<string, readonly [value: unknown, state?: string, version?: number]>>): this {
    this.healed().round([]);
    for (const [key, [value, state, version]] of Object.entries(finals)) this.finals(key, value, state, version);
    return this;
  }

  step(path: string, verdict: Extract<StepEvent, { phase: "end" }>["verdict"], detail?: string): this {
    this.tell({ type: "step", phase: "begin", path, verb: "wait", text: `wait ${path}`, line: 3 });
    return this.tell({ type: "step", phase: "end", path, verdict, detail });
  }

  leftovers(...found: readonly string[]): this {
    return this.tell({ type: "leftovers", found });
  }

  end(reason: RunEnded["reason"] = "done"): this {
    return this.tell({ type: "end", reason });
  }

  #ask(invoke: {
    region: string;
    key: string;
    kind: "read" | "write";
    client?: string;
    value?: unknown;
    basis?: string;
    expected?: number;
    id?: string;
    repeatOf?: number;
    due?: number;
    home?: string;
  }): Asked {
    const op = ++this.#ops;
    this.tell({
      type: "invoke",
      op,
      workload: "edit",
      due: this.#now,
      ...invoke,
      client: invoke.client ?? `${invoke.region}-1`,
    });
    const answered = (outcome: Outcome, by: string | null, answer: Answer, state?: string) => {
      this.#now += (answer.tookMs ?? 1) - 1;
      return this.tell({
        type: "complete",
        op,
        outcome,
        status: answer.status,
        servedBy: by === null ? undefined : `backend-${by}`,
        value: answer.value ?? (outcome.type === "ok" ? invoke.value : undefined),
        version: answer.version,
        state,
        stored: answer.stored,
      });
    };
    const here = (answer: Answer, otherwise: string | null) => (answer.by === undefined ? otherwise : answer.by);
    return {
      op,
      ok: (state, answer = {}) =>
        answered({ type: "ok" }, here(answer, invoke.region), { status: answer.stored ? 422 : 200, ...answer }, state),
      refused: (status = 409, answer = {}) =>
        answered({ type: "fail", error: `status ${status}` }, here(answer, invoke.region), { status, ...answer }),
      unknown: (error = "timeout", answer = {}) => answered({ type: "unknown", error }, here(answer, null), answer),
    };
  }
}

/** What a region's backend, a conflict record or a reader calls a write. */
export function side(value: unknown, state: string, id?: string): ConflictingWrite {
  return id === undefined ? { value, state } : { value, state, id };
}

export function traffic(regions: readonly string[] = ["us", "eu"]): TrafficSpec {
  return { workload: "edit", regions, clients: 4, ratePerSecond: 100, keys: 5, reads: 0.5, repeats: 0.05 };
}

export function expecting(name: string, args: unknown = {}, knownGap?: string): Expectation {
  return { name, args, text: name, line: 20, knownGap };
}

function scenarioOf({ expect = [], traffic = [], steps = [] }: StoryOptions): Scenario {
  return {
    name: "story",
    file: "/scenarios/story.yaml",
    topology: { file: "/compose/property.yaml" },
    seed: 1,
    tags: [],
    timeoutMs: 60_000,
    traffic,
    steps,
    expect,
  };
}

export function topologyOf(regions: readonly string[], conflicts: Topology["conflicts"] = "hybrid-clock"): Topology {
  const node = (name: string, role: Role, region: string): NodeSpec => ({
    name,
    role,
    region,
    needs: [],
    environment: {},
    port: 8000,
    files: [],
  });
  return {
    name: "property",
    file: "/compose/property.yaml",
    regions,
    nodes: [
      node("gateway", "gateway", EDGE),
      node("kafka", "kafka", regions[0]!),
      ...regions.flatMap((region) => [
        node(`backend-${region}`, "backend", region),
        node(`db-${region}`, "postgres", region),
      ]),
    ],
    links: [],
    routes: Object.fromEntries(regions.map((region) => [`/${region}`, region])),
    steady: regions.map((region) => ({ method: "GET", path: `/${region}/health`, region })),
    observe: { lag: "/:region/replication-lag", conflicts: "/:region/conflicts" },
    conflicts,
    workloads: {},
  };
}
