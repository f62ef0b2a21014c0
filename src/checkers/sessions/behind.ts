// How far each read was behind: the acknowledged writes of its key that the state it was shown does not cover.
//
// A write is not covered exactly when one of its counters is above the read's. So for each place the writes stand on a ladder
// by its counter: a search on each tells the oldest news that a read missed. How many it missed is counted on the way
// through time, each write on the ladder of the counter that it moved. (Without vectors: one ladder for each region.)
import { NO_POSITION, NUMBER, READ, VECTOR } from "./columns.ts";
import type { Columns } from "./columns.ts";
import { Ladder, sortedBy } from "./ladder.ts";

export interface Behind {
  /** By operation, 1 for a read that was asked after a write of its key was acknowledged with which it can be compared. */
  checked: Uint8Array;
  /** By operation: since when there was news that it did not show; 0 when there was none. */
  timeMs: Float64Array;
  /** By operation: how many newer writes had been acknowledged. */
  versions: Int32Array;
  /** By operation: the earliest newer write; -1 for none. */
  missed: Int32Array;
  /** By operation: the last write acknowledged before it; -1 for none. */
  newest: Int32Array;
  /** Reads before which nothing of their key was acknowledged. */
  untouched: number;
  /** Reads that could not be compared with all writes before them. */
  apart: number;
}

const remembered = new WeakMap<Columns, Behind>();

export function behindOf(columns: Columns): Behind {
  const known = remembered.get(columns) ?? find(columns);
  remembered.set(columns, known);
  return known;
}

function find(columns: Columns): Behind {
  const size = columns.operations.length;
  const found: Behind = {
    checked: new Uint8Array(size),
    timeMs: new Float64Array(size),
    versions: new Int32Array(size),
    missed: new Int32Array(size).fill(-1),
    newest: new Int32Array(size).fill(-1),
    untouched: 0,
    apart: 0,
  };
  const reads = Array.from({ length: columns.keys }, (): number[] => []);
  const writes = Array.from({ length: columns.keys }, (): number[] => []);
  for (let i = 0; i < size; i++)
    (columns.kind[i] === READ ? reads : writes)[columns.key[columns.session[i]!]!]!.push(i);
  for (let key = 0; key < columns.keys; key++) readKey(columns, reads[key]!, writes[key]!, found);
  return found;
}

/** Goes through the reads of a key in the order in which they were asked, and takes the writes along as they are acknowledged. */
function readKey(columns: Columns, reads: readonly number[], writes: readonly number[], found: Behind): void {
  const { completed, invoked } = columns;
  const scales = scalesOf(columns, writes);
  const byTime = sortedBy(writes, (write) => completed[write]!);
  let passed = 0;
  for (const read of reads) {
    for (; passed < byTime.length && completed[byTime[passed]!]! < invoked[read]!; passed++)
      scales(byTime[passed]!)?.pass(byTime[passed]!);
    const scale = scales(read);
    if (passed === 0) found.untouched++;
    else if (scale === undefined || scale.passed < passed) found.apart++;
    if (scale === undefined || scale.passed === 0) continue;
    found.checked[read] = 1;
    found.newest[read] = scale.newest;
    const missed = scale.oldestMissedBy(read);
    if (missed === -1 || completed[missed]! >= invoked[read]!) continue;
    found.missed[read] = missed;
    found.timeMs[read] = invoked[read]! - completed[missed]!;
    found.versions[read] = Math.max(1, scale.countMissedBy(read));
  }
}

/** Which scale an operation is weighed on: one for all vectors, one for the numbers of each region. */
function scalesOf(columns: Columns, writes: readonly number[]): (operation: number) => Scale | undefined {
  const { position, servedIn, counters, places, version } = columns;
  const width = places.length;
  const vectors = writes.filter((write) => position[write] === VECTOR);
  const byVector = new Scale(columns, vectors, width, (operation, place) => counters[operation * width + place]!);
  const numbers = new Map<number, number[]>();
  for (const write of writes)
    if (position[write] === NUMBER) {
      const list = numbers.get(servedIn[write]!);
      if (list) list.push(write);
      else numbers.set(servedIn[write]!, [write]);
    }
  const byNumber = new Map(
    [...numbers].map(([region, list]) => [region, new Scale(columns, list, 1, (operation) => version[operation]!)]),
  );
  return (operation) => {
    if (position[operation] === NO_POSITION) return undefined;
    return position[operation] === VECTOR ? byVector : byNumber.get(servedIn[operation]!);
  };
}

class Scale {
  /** How many writes were acknowledged up to now, and the last of them. */
  passed = 0;
  newest = -1;
  readonly #columns: Columns;
  readonly #ladders: readonly Ladder[];
  readonly #level: (operation: number, place: number) => number;

  constructor(
    columns: Columns,
    writes: readonly number[],
    places: number,
    level: (operation: number, place: number) => number,
  ) {
    this.#columns = columns;
    this.#level = level;
    this.#ladders = Array.from(
      { length: places },
      (_, place) => new Ladder(writes, (write) => level(write, place), columns.completed),
    );
  }

  pass(write: number): void {
    this.passed++;
    this.newest = write;
    if (this.#columns.first[write] === 0) return; // told before: one write, however often it is acknowledged
    const moved = this.#moved(write);
    this.#ladders[moved]!.count(this.#level(write, moved));
  }

  /** The place whose counter a write moved. Any of its counters will do: it is above a read's only if the read misses the write. */
  #moved(write: number): number {
    const home = this.#columns.home[write]!;
    if (this.#ladders.length === 1) return 0;
    if (home !== -1 && this.#level(write, home) > 0) return home;
    let highest = 0;
    for (let place = 1; place < this.#ladders.length; place++)
      if (this.#level(write, place) > this.#level(write, highest)) highest = place;
    return highest;
  }

  oldestMissedBy(read: number): number {
    const { completed } = this.#columns;
    let oldest = -1;
    for (let place = 0; place < this.#ladders.length; place++) {
      const write = this.#ladders[place]!.oldestAbove(this.#level(read, place));
      if (write !== -1 && (oldest === -1 || completed[write]! < completed[oldest]!)) oldest = write;
    }
    return oldest;
  }

  countMissedBy(read: number): number {
    return this.#ladders.reduce((total, ladder, place) => total + ladder.countedAbove(this.#level(read, place)), 0);
  }
}
