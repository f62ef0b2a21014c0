// The smallest part of a register that has no order by itself: what a person can read. Leaves out reads, and writes whose value
// no read that is left has seen; neither can make an order impossible where there was one.
import { READ, WRITE } from "./model.ts";
import type { Register } from "./model.ts";
import { restricted } from "./model.ts";
import { Search } from "./search.ts";
import type { Reading } from "./search.ts";

/** Places of the register. Not always the smallest of all: none of it could be left out, or the steps were spent. */
export function smallest(register: Register, reading: Reading, steps: number): readonly number[] {
  let left = steps;
  /** Certainly none: a search that was not finished is no proof. */
  const hasNoOrder = (operations: readonly number[]): boolean => {
    if (left <= 0) return false;
    const search = new Search(restricted(register, operations), reading);
    const result = search.run(left);
    left -= Math.max(search.steps, operations.length);
    return result === false;
  };

  let kept = withWrites(register, beginningWithout(register, hasNoOrder));
  for (let size = Math.ceil(kept.length / 2); size >= 1 && left > 0;) {
    const before = kept.length;
    for (let from = kept.length - size; from > -size; from -= size) {
      const fewer = withWrites(register, [...kept.slice(0, Math.max(0, from)), ...kept.slice(from + size)]);
      if (fewer.length < kept.length && hasNoOrder(fewer)) kept = fewer;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (kept.length === before) break;
  }
  return kept;
}

/** The operations until the first moment at which there was no order any more. */
function beginningWithout(
  { size, completed }: Register,
  hasNoOrder: (operations: readonly number[]) => boolean,
): readonly number[] {
  const all = [...Array(size).keys()].filter((at) => completed[at] !== Infinity);
  all.sort((a, b) => completed[a]! - completed[b]!);
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hasNoOrder(all.slice(0, middle))) high = middle;
    else low = middle + 1;
  }
  return all.slice(0, high);
}

/** What a search of these looks at too: the writes whose values they read. */
function withWrites({ size, kind, value }: Register, operations: readonly number[]): readonly number[] {
  const read = new Set(operations.filter((at) => kind[at] === READ).map((at) => value[at]));
  const all = new Set(operations);
  for (let at = 0; at < size; at++) if (kind[at] === WRITE && read.has(value[at])) all.add(at);
  return [...all];
}
