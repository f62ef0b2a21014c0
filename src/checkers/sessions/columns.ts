// The answered operations of a history in columns: who asked what, when, and which position in the order of versions the
// answer names. A million operations are walked several times, so numbers lie side by side and each state is parsed once;
// they are written down while the history is read, when each event is at hand anyway.
//
// A position is a version vector where the state is one, and otherwise a number of the region that answered. A number means
// something in its own region only: between two regions nothing is said, rather than something wrong.
import type { Vector } from "../../model/vector.ts";
import { readCounters } from "../counters.ts";
import type { Facts, Operation } from "../history.ts";
import type { Write } from "../writes.ts";

export const READ = 0;
export const WRITE = 1;

/** What a position is made of. */
export const NO_POSITION = 0;
export const VECTOR = 1;
export const NUMBER = 2;

/** More places than this are no regions but something unbounded: such a state is taken as opaque. */
const MOST_PLACES = 64;

export interface Columns {
  /** In the order in which they were invoked; only those that were answered ("ok"). */
  operations: readonly Operation[];
  /** The names that vectors count for and that answers come from: the regions of the topology first. */
  places: readonly string[];
  kind: Uint8Array;
  /** One number for each pair of client and key, counted from 0. */
  session: Int32Array;
  sessions: number;
  /** By session: the number of its key, counted from 0. */
  key: Int32Array;
  keys: number;
  invoked: Float64Array;
  completed: Float64Array;
  /** Place that answered; the one addressed where no answer says so. All are below `servers`. */
  servedIn: Int32Array;
  servers: number;
  position: Uint8Array;
  /** VECTOR: counter of place `p` of operation `i` at `i * places.length + p`. */
  counters: Float64Array;
  /** NUMBER: the version. */
  version: Float64Array;
  /** Writes: an earlier attempt may have had the effect, or a stored answer. Its state tells of something that happened before. */
  again: Uint8Array;
  /** Writes: the first answer that names this effect. */
  first: Uint8Array;
  /** Writes: the place whose counter the write moved; -1 when nobody knows. */
  home: Int32Array;
  /** Operations without an answer: they say nothing. */
  unanswered: { reads: number; writes: number };
}

const remembered = new WeakMap<Facts, Columns>();

export function columnsOf(facts: Facts): Columns {
  const known = remembered.get(facts) ?? finished(facts);
  remembered.set(facts, known);
  return known;
}

function finished(facts: Facts): Columns {
  if (facts.answered.inOrder) return facts.answered.done(facts.repeated);
  const sorted = new Answered(facts.run.topology.regions, facts.operations.length, facts.vector);
  for (const operation of facts.operations.toSorted((a, b) => a.invoke.at - b.invoke.at)) sorted.add(operation);
  return sorted.done(facts.repeated);
}

/** The columns while they are written down. */
export class Answered {
  /** What was added came in the order in which it was invoked. */
  inOrder = true;
  readonly #regions: readonly string[];
  readonly #vector: (state: string) => Vector | undefined;
  readonly #places: Places;
  readonly #operations: Operation[] = [];
  readonly #keys = new Map<string, { number: number; sessions: Map<string, number> }>();
  /** Names that vectors count for and that have no place. */
  readonly #strangers = new Set<string>();
  readonly #unanswered = { reads: 0, writes: 0 };
  readonly #kind: Uint8Array;
  readonly #session: Int32Array;
  readonly #keyOf: number[] = [];
  readonly #invoked: Float64Array;
  readonly #completed: Float64Array;
  readonly #servedIn: Int32Array;
  /** Writes: 1 when the answer says where it was made. */
  readonly #homed: Uint8Array;
  readonly #position: Uint8Array;
  /** Empty as long as all positions are vectors. */
  #version = new Float64Array(0);
  readonly #counters: Float64Array;

  constructor(regions: readonly string[], capacity: number, vector: (state: string) => Vector | undefined) {
    this.#regions = regions;
    this.#vector = vector;
    this.#places = new Places(regions);
    this.#kind = new Uint8Array(capacity);
    this.#session = new Int32Array(capacity);
    this.#invoked = new Float64Array(capacity);
    this.#completed = new Float64Array(capacity);
    this.#servedIn = new Int32Array(capacity);
    this.#homed = new Uint8Array(capacity);
    this.#position = new Uint8Array(capacity);
    this.#counters = new Float64Array(capacity * regions.length);
  }

  add(operation: Operation): void {
    const { invoke, complete, outcome, servedIn } = operation;
    const isWrite = invoke.kind === "write";
    if (outcome.type !== "ok" || complete === undefined) {
      if (outcome.type === "unknown") this.#unanswered[isWrite ? "writes" : "reads"]++;
      return;
    }
    const i = this.#operations.push(operation) - 1;
    if (i > 0 && this.#invoked[i - 1]! > invoke.at) this.inOrder = false;
    this.#name(i, invoke.key, invoke.client);
    const place = this.#places.numberOf(servedIn ?? invoke.region);
    this.#kind[i] = isWrite ? WRITE : READ;
    this.#invoked[i] = invoke.at;
    this.#completed[i] = operation.completed;
    this.#servedIn[i] = place;
    this.#homed[i] = servedIn === undefined || !isWrite ? 0 : 1;
    const { state, version, stored } = complete;
    if (state !== undefined && this.#parse(i, state)) this.#position[i] = VECTOR;
    // A stored number is one of the region that made it, which need not be the one that answered.
    else if (version !== undefined && !stored && (servedIn !== undefined || this.#regions.length <= 1)) {
      if (this.#version.length === 0) this.#version = new Float64Array(this.#position.length);
      this.#position[i] = NUMBER;
      this.#version[i] = version;
    }
  }

  #name(i: number, keyName: string, client: string): void {
    let key = this.#keys.get(keyName);
    if (key === undefined) this.#keys.set(keyName, (key = { number: this.#keys.size, sessions: new Map() }));
    let session = key.sessions.get(client);
    if (session === undefined) key.sessions.set(client, (session = this.#keyOf.push(key.number) - 1));
    this.#session[i] = session;
  }

  /** Whether the state is a vector that counts for regions of the topology alone. */
  #parse(i: number, state: string): boolean {
    const width = this.#regions.length;
    if (readCounters(state, this.#regions, this.#counters, i * width)) return true;
    const vector = this.#vector(state);
    for (const name in vector) if (!this.#regions.includes(name)) this.#estrange(name);
    return place(vector, this.#regions, this.#counters, i * width);
  }

  #estrange(name: string): void {
    if (this.#strangers.size <= MOST_PLACES) this.#strangers.add(name);
  }

  /** `repeated`: the writes that were sent more than once, and those answered from memory. */
  done(repeated: readonly Write[]): Columns {
    const size = this.#operations.length;
    const servers = this.#places.names.length;
    const columns = {
      operations: this.#operations,
      kind: this.#kind.subarray(0, size),
      session: this.#session.subarray(0, size),
      sessions: this.#keyOf.length,
      key: Int32Array.from(this.#keyOf),
      keys: this.#keys.size,
      invoked: this.#invoked.subarray(0, size),
      completed: this.#completed.subarray(0, size),
      servedIn: this.#servedIn.subarray(0, size),
      servers,
      position: this.#position.subarray(0, size),
      version: this.#version.subarray(0, size),
      again: new Uint8Array(size),
      first: new Uint8Array(size).fill(1),
      home: new Int32Array(size),
      unanswered: this.#unanswered,
      ...this.#spread(),
    };
    const repeats = repeatsOf(repeated);
    for (let i = 0; i < size; i++) {
      columns.home[i] = this.#homed[i] === 1 ? this.#servedIn[i]! : -1;
      const repeat = repeats.size > 0 && this.#kind[i] === WRITE ? repeats.get(this.#operations[i]!) : undefined;
      if (repeat === undefined) continue;
      columns.again[i] = repeat.author ? 0 : 1;
      columns.first[i] = repeat.first ? 1 : 0;
      columns.home[i] = repeat.home === undefined ? -1 : columns.places.indexOf(repeat.home);
    }
    return columns;
  }

  /** The counters, as wide as there are places: more than regions where an answer or a vector named others. */
  #spread(): Pick<Columns, "places" | "counters"> {
    const width = this.#regions.length;
    const size = this.#operations.length;
    const named = this.#places.names;
    const places = named.length + this.#strangers.size <= MOST_PLACES ? [...named, ...this.#strangers] : named;
    if (places.length === width) return { places, counters: this.#counters.subarray(0, size * width) };
    // Vectors that count for more than the regions (their nodes, say): now all names are known.
    const counters = new Float64Array(size * places.length);
    for (let i = 0; i < size; i++) {
      const state = this.#operations[i]!.complete?.state;
      const vector = state === undefined ? undefined : this.#vector(state);
      if (place(vector, places, counters, i * places.length)) this.#position[i] = VECTOR;
    }
    return { places, counters };
  }
}

/** Names and their numbers, in the order in which they were met. */
class Places {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(names: readonly string[]) {
    for (const name of names) this.numberOf(name);
  }

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

/** Any spelling of a vector, a missing place counting 0. False when it counts for somebody without a place. */
function place(vector: Vector | undefined, places: readonly string[], counters: Float64Array, start: number): boolean {
  for (let at = 0; at < places.length; at++) counters[start + at] = vector?.[places[at]!] ?? 0;
  return vector !== undefined && Object.keys(vector).every((name) => places.includes(name));
}

interface Repeat {
  /** It is the attempt that wrote, as far as the answers tell. */
  author: boolean;
  first: boolean;
  home?: string;
}

/** By operation. The region that answered a repeat need not be the one where the write took effect. */
function repeatsOf(writes: readonly Write[]): ReadonlyMap<Operation, Repeat> {
  const repeats = new Map<Operation, Repeat>();
  for (const { attempts, effects } of writes) {
    const oks = attempts.filter(({ outcome }) => outcome.type === "ok").toSorted((a, b) => a.completed - b.completed);
    const named = new Set<string>();
    const sent = attempts.find(({ outcome }) => outcome.type !== "fail");
    for (const attempt of oks) {
      const { state, version, stored } = attempt.complete!;
      const name = state ?? `${attempt.servedIn} ${version}`;
      const effect = effects.find((one) => one.state === state && one.version === version);
      const author = attempt === sent && !stored;
      repeats.set(attempt, { author, first: !named.has(name), home: (effect ?? effects[0])?.home });
      named.add(name);
    }
  }
  return repeats;
}
