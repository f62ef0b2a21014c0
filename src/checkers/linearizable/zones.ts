// Linearizable, by zones (Gibbons & Korach 1997): from values and times alone, where every value is written once; O(n log n).
//
// A write and the reads of its value are a cluster. In any order they stand together, so the whole cluster takes one place.
// f is when the first of them was over, s is when the last of them began.
//
//     forward, f < s: from f to s the register held this value       ├──────┤ f..s
//     backward:       it held it at some moment between s and f        s ├╌╌┤ f
//
// One cluster must come before another when one of its operations was over before one of the other's began: f < the other's s.
// There is an order when no two must come before each other (a longer circle always contains such a pair) and no read was over
// before its write was invoked. Two forward zones that overlap are such a pair, and a backward one inside a forward one.
import type { Found } from "./contradiction.ts";
import { READ, WRITE } from "./model.ts";
import type { Register } from "./model.ts";

interface Clusters {
  /** By value: the place of its write; -1 without one. */
  write: Int32Array;
  f: Float64Array;
  s: Float64Array;
  /** The operations with these times; -1 for the beginning of the initial value. */
  first: Int32Array;
  last: Int32Array;
}

/** Only for a register whose values are unique. */
export function byZones(register: Register): Found {
  const clusters = clustersOf(register);
  return misread(register, clusters) ?? overlap(register, clusters);
}

function clustersOf({ size, kind, value, invoked, completed, values, initial }: Register): Clusters {
  const write = new Int32Array(values).fill(-1);
  const f = new Float64Array(values).fill(Infinity);
  const s = new Float64Array(values).fill(-Infinity);
  const first = new Int32Array(values).fill(-1);
  const last = new Int32Array(values).fill(-1);
  for (let at = 0; at < size; at++) {
    const one = value[at]!;
    if (kind[at] === WRITE) write[one] = at;
    if (first[one]! < 0 || completed[at]! < f[one]!) [f[one], first[one]] = [completed[at]!, at];
    if (last[one]! < 0 || invoked[at]! > s[one]!) [s[one], last[one]] = [invoked[at]!, at];
  }
  if (initial >= 0) [f[initial], first[initial]] = [-Infinity, -1];
  return { write, f, s, first, last };
}

/** A read without a write, or before it. */
function misread({ size, kind, value, invoked, completed, initial }: Register, { write }: Clusters): Found {
  for (let at = 0; at < size; at++) {
    if (kind[at] !== READ || value[at] === initial) continue;
    const from = write[value[at]!]!;
    if (from < 0) return { rule: "unwritten", read: at };
    if (completed[at]! < invoked[from]!) return { rule: "future", write: from, early: at, read: at };
  }
  return undefined;
}

function overlap(register: Register, clusters: Clusters): Found {
  const { f, s, last } = clusters;
  const forward: number[] = [];
  for (let one = 0; one < f.length; one++) if (f[one]! < s[one]!) forward.push(one);
  forward.sort((a, b) => f[a]! - f[b]! || s[a]! - s[b]!);
  // If any two overlap, two neighbours do.
  for (let i = 1; i < forward.length; i++)
    if (f[forward[i]!]! < s[forward[i - 1]!]!) return inversion(register, clusters, forward[i - 1]!, forward[i]!);
  for (let one = 0; one < f.length; one++) {
    if (last[one]! < 0 || f[one]! < s[one]!) continue;
    // They do not overlap, so only the last one that begins before it can have it inside.
    const around = lastBefore(forward, f, s[one]!);
    if (around !== undefined && f[one]! < s[around]!) return inversion(register, clusters, around, one);
  }
  return undefined;
}

function lastBefore(forward: readonly number[], f: Float64Array, time: number): number | undefined {
  let [low, high] = [0, forward.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (f[forward[middle]!]! < time) low = middle + 1;
    else high = middle;
  }
  return forward[low - 1];
}

/** `a` stood there first: an operation of `b` began after one of it was over, and one of it after one of `b` was. */
function inversion({ invoked, completed }: Register, { f, s, first, last }: Clusters, a: number, b: number): Found {
  const [firstA, lastA] = [first[a]!, last[a]!];
  let [firstB, lastB] = [first[b]!, last[b]!];
  // One operation in between tells more plainly than two.
  if (invoked[firstB]! > f[a]!) lastB = firstB;
  else if (completed[lastB]! < s[a]!) firstB = lastB;
  return { rule: "inversion", firstA, lastB, firstB, lastA };
}
