// One walk over all sessions finds what each of the four guarantees asks, because all four ask the same: does the version of
// a later operation cover the versions of the client's earlier ones on that key?
//
//                          the later is a     the earlier ones are
//   read-your-writes       read               writes
//   monotonic-reads        read               reads
//   monotonic-writes       write              writes
//   writes-follow-reads    write              reads
//
// A version covers all earlier ones exactly when it covers their pointwise maximum, so a session remembers that and who
// contributed which counter: the work per operation does not grow with the session, and whoever is not covered is known by
// name. It does so for each region that answered, since a region that contradicts itself is worse than two that differ.
import type { Event } from "../../model/event.ts";
import { faultsOf } from "../faults.ts";
import { factsOf } from "../history.ts";
import type { Facts } from "../history.ts";
import { STORIES } from "../say.ts";
import { columnsOf, NO_POSITION, NUMBER, READ, VECTOR } from "./columns.ts";
import type { Columns } from "./columns.ts";
import { Waiting } from "./waiting.ts";
import { GRACE_MS, insideWindows } from "./windows.ts";

/** The parts of what was checked, by `moved + 2 * inside`. */
export const PARTS = [
  "same region, outside fault windows",
  "moved region, outside fault windows",
  "same region, inside fault windows",
  "moved region, inside fault windows",
] as const;

/** Two operations of one client, by their numbers in the columns: the later does not cover the earlier. */
export interface Contradiction {
  later: number;
  earlier: number;
}

export interface Tally {
  /** By part. */
  checked: number[];
  violated: number[];
  /** By part, the first few that miss something else than those before. */
  cases: Contradiction[][];
  /** Later operations that could not be compared with all that came before them. */
  apart: number;
}

export type Guarantee = "readYourWrites" | "monotonicReads" | "monotonicWrites" | "writesFollowReads";
export type Sessions = Readonly<Record<Guarantee, Tally>> & { columns: Columns };

const remembered = new WeakMap<Facts, Sessions>();

export function sessionsOf(history: readonly Event[]): Sessions {
  const facts = factsOf(history);
  const columns = columnsOf(facts);
  const known = remembered.get(facts) ?? sweep(columns, insideWindows(columns, faultsOf(history), GRACE_MS));
  remembered.set(facts, known);
  return known;
}

function sweep(columns: Columns, inside: Uint8Array): Sessions {
  const reads = new Memory(columns);
  const writes = new Memory(columns);
  const found = {
    readYourWrites: emptyTally(),
    monotonicReads: emptyTally(),
    monotonicWrites: emptyTally(),
    writesFollowReads: emptyTally(),
  };
  const judge = (tally: Tally, memory: Memory, later: number) => {
    const earlier = memory.contradicted(later);
    if (earlier === NOTHING_BEFORE) return;
    if (memory.leftOut) tally.apart++;
    if (earlier === NOT_COMPARABLE) return;
    const reference = earlier === COVERED ? memory.reference : earlier;
    const moved = columns.servedIn[later] === columns.servedIn[reference] ? 0 : 1;
    const part = moved + 2 * inside[later]!;
    tally.checked[part]!++;
    if (earlier === COVERED) return;
    tally.violated[part]!++;
    const cases = tally.cases[part]!; // who asks again and again misses the same again and again
    if (cases.length < STORIES && !cases.some((one) => one.earlier === earlier)) cases.push({ later, earlier });
  };
  const waiting = new Waiting(columns.sessions, columns.completed);
  const remember = (operation: number) =>
    (columns.kind[operation] === READ ? reads : writes).remember(operation, columns.session[operation]!);
  for (let i = 0; i < columns.operations.length; i++) {
    const session = columns.session[i]!;
    waiting.release(session, columns.invoked[i]!, remember);
    if (columns.kind[i] === READ) {
      judge(found.readYourWrites, writes, i);
      judge(found.monotonicReads, reads, i);
    } else if (columns.again[i] === 0) {
      // A write sent again, or answered from memory, may have happened before what came before this attempt.
      judge(found.monotonicWrites, writes, i);
      judge(found.writesFollowReads, reads, i);
    }
    waiting.add(session, i);
  }
  return { ...found, columns };
}

function emptyTally(): Tally {
  return { checked: [0, 0, 0, 0], violated: [0, 0, 0, 0], cases: [[], [], [], []], apart: 0 };
}

const COVERED = -1;
const NOTHING_BEFORE = -2;
const NOT_COMPARABLE = -3;

const HELD_VECTOR = 1;
const HELD_NUMBER = 2;
const HELD_NOTHING = 4;

/** What each session has seen (or written) of its key, apart for each region that answered: the greatest counters, the greatest number. */
class Memory {
  /** What the last question was compared with, when nothing was contradicted: the latest of the earlier operations. */
  reference = -1;
  /** The last question had earlier operations that it could not be compared with. */
  leftOut = false;
  readonly #columns: Columns;
  /** By session, region and place. The second tells who contributed the first; -1 for nobody. */
  readonly #counters: Float64Array;
  readonly #countersBy: Int32Array;
  /** By session and region. */
  readonly #versions: Float64Array;
  readonly #versionsBy: Int32Array;
  /** By session: the latest vector, -1 for none. */
  readonly #latest: Int32Array;
  /** By session: what kinds of positions it holds. */
  readonly #held: Uint8Array;

  constructor(columns: Columns) {
    const { sessions, servers, places } = columns;
    this.#columns = columns;
    this.#counters = new Float64Array(sessions * servers * places.length);
    this.#countersBy = new Int32Array(sessions * servers * places.length).fill(-1);
    this.#versions = new Float64Array(sessions * servers);
    this.#versionsBy = new Int32Array(sessions * servers).fill(-1);
    this.#latest = new Int32Array(sessions).fill(-1);
    this.#held = new Uint8Array(sessions);
  }

  remember(operation: number, session: number): void {
    const { position, counters, version, completed, servedIn, servers, places } = this.#columns;
    const region = session * servers + servedIn[operation]!;
    const width = places.length;
    if (position[operation] === VECTOR) {
      this.#held[session]! |= HELD_VECTOR;
      const latest = this.#latest[session]!;
      if (latest === -1 || completed[operation]! >= completed[latest]!) this.#latest[session] = operation;
      for (let place = 0; place < width; place++) {
        const slot = region * width + place;
        this.#raise(this.#counters, this.#countersBy, slot, counters[operation * width + place]!, operation);
      }
    } else if (position[operation] === NUMBER) {
      this.#held[session]! |= HELD_NUMBER;
      this.#raise(this.#versions, this.#versionsBy, region, version[operation]!, operation);
    } else this.#held[session]! |= HELD_NOTHING;
  }

  /** Of equals the later stands: the nearer two operations are, the more a contradiction between them tells. */
  #raise(greatest: Float64Array, by: Int32Array, slot: number, value: number, operation: number): void {
    if (by[slot] !== -1 && greatest[slot]! > value) return;
    greatest[slot] = value;
    by[slot] = operation;
  }

  /** The earlier operation that this one does not cover, if it can be one of the same region; or COVERED, NOTHING_BEFORE, NOT_COMPARABLE. */
  contradicted(operation: number): number {
    const session = this.#columns.session[operation]!;
    const held = this.#held[session]!;
    if (held === 0) return NOTHING_BEFORE;
    const position = this.#columns.position[operation]!;
    this.leftOut = position === NO_POSITION || held !== (position === VECTOR ? HELD_VECTOR : HELD_NUMBER);
    if (position === VECTOR) return (held & HELD_VECTOR) === 0 ? NOT_COMPARABLE : this.#byVector(operation, session);
    return position === NUMBER && (held & HELD_NUMBER) !== 0 ? this.#byNumber(operation, session) : NOT_COMPARABLE;
  }

  #byVector(operation: number, session: number): number {
    const { servedIn, servers, completed } = this.#columns;
    this.reference = this.#latest[session]!;
    const here = session * servers + servedIn[operation]!;
    let earlier = this.#above(operation, here);
    if (earlier !== COVERED) return earlier;
    for (let region = session * servers; region < (session + 1) * servers; region++) {
      const by = region === here ? COVERED : this.#above(operation, region);
      if (by !== COVERED && (earlier === COVERED || completed[by]! > completed[earlier]!)) earlier = by;
    }
    return earlier;
  }

  /** The latest of those that gave a region's memory a counter above this operation's. */
  #above(operation: number, region: number): number {
    const { counters, completed, places } = this.#columns;
    const width = places.length;
    let earlier = COVERED;
    for (let place = 0; place < width; place++) {
      if (this.#counters[region * width + place]! <= counters[operation * width + place]!) continue;
      const by = this.#countersBy[region * width + place]!;
      if (earlier === COVERED || completed[by]! > completed[earlier]!) earlier = by;
    }
    return earlier;
  }

  #byNumber(operation: number, session: number): number {
    const { version, servedIn, servers } = this.#columns;
    const here = session * servers + servedIn[operation]!;
    for (let region = session * servers; region < (session + 1) * servers; region++)
      if (region !== here && this.#versionsBy[region] !== -1) this.leftOut = true;
    const by = this.#versionsBy[here]!;
    if (by === -1) return NOT_COMPARABLE;
    this.reference = by;
    return this.#versions[here]! > version[operation]! ? by : COVERED;
  }
}
