// What a history says, read once for all checkers: operations, logical writes, what the regions hold at the end, probes.
// A history is complete when it is judged; what was read of it is remembered for that array (and read again if it grew).
import { runOf } from "../model/event.ts";
import type {
  Complete,
  ConflictEvent,
  Event,
  FaultEvent,
  Final,
  Healed,
  Invoke,
  Missed,
  NodeEvent,
  Outcome,
  Probe,
  Round,
  RunBegun,
  RunEnded,
  Sample,
  Surviving,
} from "../model/event.ts";
import { parseVector } from "../model/vector.ts";
import type { Vector } from "../model/vector.ts";
import { readCounters } from "./counters.ts";
import { Answered } from "./sessions/columns.ts";
import { writesOf } from "./writes.ts";
import type { Write } from "./writes.ts";

/** An event of the list: numbered and timed. */
export type Recorded<T> = T & { seq: number; at: number };

/** An invoke and what came of it. Without an answer in the history its outcome is unknown. */
export interface Operation {
  invoke: Recorded<Invoke>;
  complete?: Recorded<Complete>;
  outcome: Outcome;
  /** Infinity while the outcome is unknown: it may take effect at any time later. */
  completed: number;
  /** Region of the node that answered; absent when no node of the topology says it did. */
  servedIn?: string;
}

/** The last heal with traffic at rest, and the reading that followed: what "the end" means to a checker. */
export interface Settled {
  healed: Recorded<Healed>;
  rounds: readonly Recorded<Round>[];
  /** Key -> region -> what it holds. */
  finals: ReadonlyMap<string, ReadonlyMap<string, Recorded<Final>>>;
  /** A write that was begun after the heal: then nothing read is final. */
  disturbed?: Recorded<Invoke>;
}

export interface KeyFacts {
  key: string;
  writes: readonly Write[];
  /** Answered reads only: an unanswered one says nothing. */
  reads: readonly Operation[];
  /** Records of two writes that did not know of each other (409s are no such records). */
  conflicts: readonly Recorded<ConflictEvent>[];
}

export interface Facts {
  run: Recorded<RunBegun>;
  end?: Recorded<RunEnded>;
  operations: readonly Operation[];
  /** Reads whose answer nobody knows. */
  unansweredReads: readonly Operation[];
  missed: readonly Recorded<Missed>[];
  keys: ReadonlyMap<string, KeyFacts>;
  /** The writes of all keys, acknowledged or not. */
  writes: readonly Write[];
  /** How many of them are acknowledged. */
  acknowledged: number;
  /** Those that were sent more than once, or answered from memory. */
  repeated: readonly Write[];
  /** The answered operations as numbers, for those who walk over all of them (sessions/columns.ts). */
  answered: Answered;
  settled?: Settled;
  probes: ReadonlyMap<string, readonly Recorded<Probe>[]>;
  nodes: readonly Recorded<NodeEvent>[];
  faults: readonly Recorded<FaultEvent>[];
  samples: readonly Recorded<Sample>[];
  /** Fault -> what the regions that it left alone showed just before it ended. */
  surviving: ReadonlyMap<string, readonly Recorded<Surviving>[]>;
  /** undefined when the text is absent or opaque. */
  vector(state: string | undefined): Vector | undefined;
}

const remembered = new WeakMap<readonly Event[], { length: number; facts: Facts }>();

export function factsOf(history: readonly Event[]): Facts {
  const known = remembered.get(history);
  if (known?.length === history.length) return known.facts;
  const facts = read(history);
  remembered.set(history, { length: history.length, facts });
  return facts;
}

/** Every invoke with its answer, in the order of the invokes. */
export function operationsOf(history: readonly Event[]): readonly Operation[] {
  return factsOf(history).operations;
}

function read(history: readonly Event[]): Facts {
  const run = runOf(history);
  const regionOfNode = new Map(run.topology.nodes.map((node) => [node.name, node.region]));
  const invokes: Recorded<Invoke>[] = [];
  const completes = new Map<number, Recorded<Complete>>();
  const missed: Recorded<Missed>[] = [];
  const conflicts: Recorded<ConflictEvent>[] = [];
  const nodes: Recorded<NodeEvent>[] = [];
  const faults: Recorded<FaultEvent>[] = [];
  const samples: Recorded<Sample>[] = [];
  const probes = new Map<string, Recorded<Probe>[]>();
  const surviving = new Map<string, Recorded<Surviving>[]>();
  let end: Recorded<RunEnded> | undefined;
  for (const event of history) {
    if (event.type === "invoke") invokes.push(event);
    else if (event.type === "complete") completes.set(event.op, event);
    else if (event.type === "missed") missed.push(event);
    else if (event.type === "conflict" && event.kind !== "rejected") conflicts.push(event);
    else if (event.type === "node") nodes.push(event);
    else if (event.type === "fault") faults.push(event);
    else if (event.type === "probe") append(probes, event.region, event);
    else if (event.type === "sample") samples.push(event);
    else if (event.type === "surviving") append(surviving, event.fault, event);
    else if (event.type === "end") end = event;
  }
  const vector = parsing(run.topology.regions);
  const answered = new Answered(run.topology.regions, invokes.length, vector);
  const unansweredReads: Operation[] = [];
  const operations = invokes.map((invoke) => {
    const one = operation(invoke, completes.get(invoke.op), regionOfNode);
    if (one.completed === Infinity && invoke.kind === "read") unansweredReads.push(one);
    answered.add(one); // here, where all of it is at hand: to come back for it later takes longer than the rest
    return one;
  });
  const keys = byKey(operations, conflicts, vector);
  const writes = [...keys.values()].flatMap((key) => key.writes);
  return {
    run,
    end,
    operations,
    unansweredReads,
    missed,
    keys,
    writes,
    acknowledged: writes.filter((write) => write.outcome === "ok").length,
    repeated: writes.filter(({ attempts }) => attempts.length > 1 || attempts[0]!.complete?.stored),
    answered,
    settled: settledOf(history),
    probes,
    nodes,
    faults,
    samples,
    surviving,
    vector,
  };
}

function operation(
  invoke: Recorded<Invoke>,
  complete: Recorded<Complete> | undefined,
  regionOfNode: ReadonlyMap<string, string>,
): Operation {
  const outcome: Outcome = complete?.outcome ?? { type: "unknown", error: "no answer is in the history" };
  return {
    invoke,
    complete,
    outcome,
    completed: complete === undefined || outcome.type === "unknown" ? Infinity : complete.at,
    servedIn: complete?.servedBy === undefined ? undefined : regionOfNode.get(complete.servedBy),
  };
}

function byKey(
  operations: readonly Operation[],
  conflicts: readonly Recorded<ConflictEvent>[],
  vector: Facts["vector"],
): ReadonlyMap<string, KeyFacts> {
  const keys = new Map<string, { attempts: Operation[]; reads: Operation[]; records: Recorded<ConflictEvent>[] }>();
  const ofKey = (key: string) => {
    let known = keys.get(key);
    if (known === undefined) keys.set(key, (known = { attempts: [], reads: [], records: [] }));
    return known;
  };
  for (const operation of operations) {
    const key = ofKey(operation.invoke.key);
    if (operation.invoke.kind === "write") key.attempts.push(operation);
    else if (operation.outcome.type === "ok") key.reads.push(operation);
  }
  for (const record of conflicts) ofKey(record.key).records.push(record);
  const answersOfClients = learning(operations);
  return new Map(
    [...keys].map(([key, { attempts, reads, records }]) => [
      key,
      { key, writes: writesOf(attempts, vector, answersOfClients), reads, conflicts: records },
    ]),
  );
}

/** Where a client learned the version that it sent: the region of that answer, which is what the number means. */
function learning(operations: readonly Operation[]): (write: Operation) => string | undefined {
  let answers: Map<string, Operation[]> | undefined; // asked only where states are no vectors
  const heardBy = (client: string, key: string, version: number | undefined) => `${client} ${key} ${version}`;
  return ({ invoke }) => {
    if (answers === undefined) {
      answers = new Map();
      for (const operation of operations) {
        const { invoke, complete, outcome } = operation;
        if (outcome.type !== "ok" || complete?.version === undefined) continue;
        append(answers, heardBy(invoke.client, invoke.key, complete.version), operation);
      }
    }
    const heard = answers.get(heardBy(invoke.client, invoke.key, invoke.expected));
    return heard?.findLast((answer) => answer.completed <= invoke.at && answer.invoke.op !== invoke.op)?.servedIn;
  };
}

function settledOf(history: readonly Event[]): Settled | undefined {
  const start = history.findLastIndex((event) => event.type === "healed" && event.quiet);
  const healed = history[start];
  if (healed?.type !== "healed") return undefined;
  const rounds: Recorded<Round>[] = [];
  const finals = new Map<string, Map<string, Recorded<Final>>>();
  let disturbed: Recorded<Invoke> | undefined;
  for (let place = start + 1; place < history.length; place++) {
    const event = history[place]!;
    if (event.type === "round") rounds.push(event);
    else if (event.type === "invoke" && event.kind === "write") disturbed ??= event;
    else if (event.type === "final") {
      const held = finals.get(event.key) ?? new Map<string, Recorded<Final>>();
      finals.set(event.key, held.set(event.region, event));
    }
  }
  return { healed, rounds, finals, disturbed };
}

/** Parses each state once: a run has many more answers than states. */
function parsing(regions: readonly string[]): Facts["vector"] {
  const parsed = new Map<string, Vector | undefined>();
  const counters = new Float64Array(regions.length);
  const parse = (state: string): Vector | undefined => {
    if (!readCounters(state, regions, counters, 0)) return parseVector(state);
    const vector: Record<string, number> = {};
    for (let region = 0; region < regions.length; region++) vector[regions[region]!] = counters[region]!;
    return vector;
  };
  return (state) => {
    if (state === undefined) return undefined;
    let vector = parsed.get(state);
    if (vector === undefined && !parsed.has(state)) parsed.set(state, (vector = parse(state)));
    return vector;
  };
}

export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
