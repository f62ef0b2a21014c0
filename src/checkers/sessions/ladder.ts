// The writes of a key in the order of one counter: what lies above a level, and how much of it has been acknowledged yet.

export class Ladder {
  /** Ascending. */
  readonly #levels: Float64Array;
  /** By rung: of the writes there and above, the one that was acknowledged first. */
  readonly #oldest: Int32Array;
  /** How many were counted, as a binary indexed tree over the rungs (Fenwick 1994). */
  readonly #tree: Int32Array;
  #counted = 0;

  constructor(writes: readonly number[], levelOf: (write: number) => number, completed: Float64Array) {
    const sorted = sortedBy(writes, levelOf);
    this.#levels = Float64Array.from(sorted, levelOf);
    this.#oldest = Int32Array.from(sorted);
    this.#tree = new Int32Array(sorted.length + 1);
    for (let rung = sorted.length - 2; rung >= 0; rung--) {
      const above = this.#oldest[rung + 1]!;
      if (completed[above]! < completed[sorted[rung]!]!) this.#oldest[rung] = above;
    }
  }

  /** Of the writes above a level, whenever acknowledged, the one that was first; -1 when there is none. */
  oldestAbove(level: number): number {
    return this.#oldest[this.#rungsUpTo(level)] ?? -1;
  }

  count(level: number): void {
    this.#counted++;
    for (let at = this.#rungsUpTo(level); at < this.#tree.length; at += at & -at) this.#tree[at]!++;
  }

  /** How many of those counted so far are above a level. */
  countedAbove(level: number): number {
    let below = 0;
    for (let at = this.#rungsUpTo(level); at > 0; at -= at & -at) below += this.#tree[at]!;
    return this.#counted - below;
  }

  #rungsUpTo(level: number): number {
    let [low, high] = [0, this.#levels.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#levels[middle]! <= level) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Mostly they are in that order already: then nothing is sorted. */
export function sortedBy(writes: readonly number[], by: (write: number) => number): readonly number[] {
  const sorted = writes.every((write, i) => i === 0 || by(writes[i - 1]!) <= by(write));
  return sorted ? writes : writes.toSorted((a, b) => by(a) - by(b));
}
