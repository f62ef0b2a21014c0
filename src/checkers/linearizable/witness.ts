// Linearizable, by version: the answers themselves name an order, and here it is checked; O(n log n).
//
// What may be relied on: within one region the version of a row grows whenever the row changes, never goes back, and each
// answer shows value and version of one moment. A write that is made here adds to it. So does a write that replication brings,
// **also when it loses** and the value stays; so a version that nobody here wrote shows the value of the version before it, or
// that of a pending write which nothing has shown yet. What may not be relied on: that an integer means the same in another
// region; only answers of this one are compared.
//
//     version   2          3           5            6
//               w(7) r(7)  r(7)        r(9)         w(8) expecting 5
//                          a remote    a pending    nothing between
//                          write lost  write of 9   5 and 6
//
// In this order no operation may stand before one that was over before it began, a write expecting `e` replaces `e`, and
// every value is explained. Then it is an order that proves the register linearizable, whatever the values are.
import type { Contradiction, Found } from "./contradiction.ts";
import { WRITE } from "./model.ts";
import type { Register } from "./model.ts";

/** The operations that completed, by version; those of one version from `starts[i]` to `starts[i + 1]`. */
interface Order {
  places: Uint32Array;
  starts: readonly number[];
  /** By version: the place of the write that made it, or -1. */
  writes: Int32Array;
}

/** Only for a register whose operations have versions. */
export function byVersion(register: Register): Found {
  const places = sorted(register);
  const order = grouped(register, places);
  if ("rule" in order) return order;
  const earliest = earliestFrom(register, order);
  return backwards(register, order, earliest) ?? unexpected(register, order) ?? unexplained(register, order, earliest);
}

function sorted({ size, version, completed }: Register): Uint32Array {
  let [count, greatest, whole] = [0, 0, true];
  for (let at = 0; at < size; at++) {
    if (completed[at] === Infinity) continue;
    const one = version[at]!;
    if (one > greatest) greatest = one;
    if (!Number.isInteger(one) || one < 0) whole = false;
    count++;
  }
  const places = new Uint32Array(count);
  if (whole && greatest < Number.MAX_SAFE_INTEGER / size - 1) {
    // Version and place in one number: sorting numbers is several times faster than comparing places.
    const both = new Float64Array(count);
    for (let at = 0, next = 0; at < size; at++) if (completed[at] !== Infinity) both[next++] = version[at]! * size + at;
    both.sort();
    for (let i = 0; i < count; i++) places[i] = both[i]! % size;
    return places;
  }
  for (let at = 0, next = 0; at < size; at++) if (completed[at] !== Infinity) places[next++] = at;
  return places.toSorted((a, b) => version[a]! - version[b]! || a - b);
}

/** One version has one write and one value. */
function grouped({ kind, value, version }: Register, places: Uint32Array): Order | Contradiction {
  const starts: number[] = [];
  const writes = new Int32Array(places.length).fill(-1);
  for (let i = 0; i < places.length; i++) {
    const at = places[i]!;
    if (i === 0 || version[at] !== version[places[i - 1]!]) starts.push(i);
    const one = starts.length - 1;
    if (kind[at] === WRITE) {
      if (writes[one]! >= 0) return { rule: "fork", writes: [writes[one]!, at] };
      writes[one] = at;
    }
  }
  for (let one = 0; one < starts.length; one++) {
    const [from, to] = [starts[one]!, starts[one + 1] ?? places.length];
    const shown = writes[one]! >= 0 ? writes[one]! : places[from]!;
    for (let i = from; i < to; i++)
      if (value[places[i]!] !== value[shown]) return { rule: "two-values", one: shown, other: places[i]! };
  }
  return { places, starts, writes };
}

/** By version: the operation at it or a later one that was over first. One more than there are versions: -1. */
function earliestFrom({ completed }: Register, { places, starts }: Order): Int32Array {
  const earliest = new Int32Array(starts.length + 1).fill(-1);
  for (let one = starts.length - 1; one >= 0; one--) {
    let best = earliest[one + 1]!;
    for (let i = starts[one]!; i < (starts[one + 1] ?? places.length); i++)
      if (best < 0 || completed[places[i]!]! < completed[best]!) best = places[i]!;
    earliest[one] = best;
  }
  return earliest;
}

/** Along real time versions never go back, and a write makes one that nobody had been shown. */
function backwards({ invoked, completed }: Register, order: Order, earliest: Int32Array): Found {
  const { places, starts, writes } = order;
  for (let one = 0; one < starts.length; one++) {
    const later = earliest[one + 1]!;
    const write = writes[one]!;
    const shown = earliest[one]!;
    if (write >= 0 && completed[shown]! < invoked[write]!) return { rule: "back", before: shown, after: write };
    if (later < 0) continue;
    for (let i = starts[one]!; i < (starts[one + 1] ?? places.length); i++)
      if (completed[later]! < invoked[places[i]!]!) return { rule: "back", before: later, after: places[i]! };
  }
  return undefined;
}

/** A write that expected a version replaced that one. */
function unexpected({ version, expected }: Register, { places, starts, writes }: Order): Found {
  for (let one = 0; one < starts.length; one++) {
    const write = writes[one]!;
    if (write < 0 || Number.isNaN(expected[write]!)) continue;
    if (expected[write]! >= version[write]!) return { rule: "predecessor", write };
    const before = one > 0 ? places[starts[one - 1]!]! : -1;
    if (before >= 0 && version[before]! > expected[write]!) return { rule: "predecessor", write, between: before };
  }
  return undefined;
}

/** A version that nobody here wrote shows the value before it, or that of a pending write. */
function unexplained(register: Register, order: Order, earliest: Int32Array): Found {
  const { places, starts, writes } = order;
  const { value, invoked, completed } = register;
  const pending = pendingOf(register);
  const used = new Uint32Array(register.values);
  let before = register.initial;
  for (let one = 0; one < starts.length; one++) {
    const read = places[starts[one]!]!;
    const now = value[read]!;
    if (writes[one]! < 0 && now !== before) {
      // The earliest of those with this value: what can take its place later can take it now.
      const write = pending.get(now)?.[used[now]!++];
      if (write === undefined) return neverSo(register, order, one);
      const early = earliest[one]!;
      if (completed[early]! < invoked[write]!)
        return { rule: "future", write, early, read, earlier: register.unique ? [] : historyOf(register, order, one) };
    }
    before = now;
  }
  return undefined;
}

function pendingOf({ size, kind, value, invoked, completed }: Register): Map<number, number[]> {
  const pending = new Map<number, number[]>();
  for (let at = 0; at < size; at++) {
    if (kind[at] !== WRITE || completed[at] !== Infinity) continue;
    const known = pending.get(value[at]!);
    if (known) known.push(at);
    else pending.set(value[at]!, [at]);
  }
  for (const some of pending.values()) if (some.length > 1) some.sort((a, b) => invoked[a]! - invoked[b]!);
  return pending;
}

function neverSo(register: Register, order: Order, one: number): Contradiction {
  const { size, kind, value, initial } = register;
  const { places, starts } = order;
  const read = places[starts[one]!]!;
  let write = -1;
  for (let at = 0; at < size && write < 0; at++) if (kind[at] === WRITE && value[at] === value[read]) write = at;
  if (write < 0 && value[read] !== initial) return { rule: "unwritten", read };
  const instead = one > 0 ? places[starts[one - 1]!]! : -1;
  return { rule: "again", read, instead, write, earlier: historyOf(register, order, one) };
}

/** What stood there just before, and where pending writes explained this value earlier: what shows it, and what it replaced. */
function historyOf({ value, initial }: Register, { places, starts, writes }: Order, until: number): readonly number[] {
  const now = value[places[starts[until]!]!]!;
  const uses: number[] = [];
  let before = initial;
  for (let one = 0; one <= until; one++) {
    const shown = places[starts[one]!]!;
    if (value[shown] === now && before !== now && writes[one]! < 0) {
      if (one > 0) uses.push(places[starts[one - 1]!]!);
      if (one < until) uses.push(shown);
    }
    before = value[shown]!;
  }
  return uses;
}
