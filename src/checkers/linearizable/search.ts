// Linearizable, by search (Wing & Gong 1993, with Lowe's cache): tries the orders. Exponential at worst, so it goes in steps
// that somebody counts, and forgets rather than grows; but it needs no unique values and no versions, and it is so plain that
// the others are measured against it.
//
// An operation may come next when no other that is left was over before it began. A place in the search that was reached before
// (the same operations are behind it, and the register holds the same) leads nowhere new. Two things spare most of the work:
//
// - a read that the register answers as it stands is taken at once: it changes nothing and can only be in the way later;
// - a pending write is taken only together with a read that needs it, the earliest invoked of those with its value: any other
//   might as well not have happened.
import { READ, WRITE } from "./model.ts";
import type { Register } from "./model.ts";

/** What of the answers must be explained: values alone, or values and versions (as witness.ts says what those mean). */
export type Reading = "values" | "versions";

/** Of the names of the places that are remembered, in characters; more than this and all are forgotten. */
export const MEMORY = 16_000_000;

/** One step of an order: the operation, the pending write that it needed (-1: none), and what the register held before. */
interface Path {
  depth: number;
  operation: Int32Array;
  pending: Int32Array;
  value: Int32Array;
  version: Float64Array;
  /** It was taken at once: there is nothing else to try in its place. */
  forced: Uint8Array;
}

export class Search {
  /** true: `order()` is one. undefined: not decided yet. */
  result: boolean | undefined;
  /** Steps taken so far. */
  steps = 0;
  /** The most operations that any order explained so far. */
  furthest = 0;

  readonly #register: Register;
  readonly #versions: boolean;
  readonly #memory: number;
  /** Those that completed, by when they were invoked: from here on an operation is its rank in this list. */
  readonly #places: Uint32Array;
  readonly #invoked: Float64Array;
  readonly #completed: Float64Array;
  /** Ranks, by when they completed. */
  readonly #byCompletion: Uint32Array;
  readonly #completion: Uint32Array;
  readonly #done: Uint8Array;
  /** Everything below is done; so is everything below in the order of completion. */
  #low = 0;
  #lowCompletion = 0;
  /** Value -> its pending writes by when they were invoked, and how many of them are used. */
  readonly #pending = new Map<number, number[]>();
  readonly #used: Uint32Array;
  /** Value -> reads that are left: a value that nobody reads any more makes no difference. */
  readonly #readers: Uint32Array;
  /** Values of which pending writes are used and reads are left. */
  readonly #open = new Set<number>();
  readonly #path: Path;
  readonly #known = new Set<string>();
  #remembered = 0;
  #value: number;
  #version = -Infinity;
  /** Where to go on looking for the next operation. */
  #from = 0;

  constructor(register: Register, reading: Reading = "values", memory = MEMORY) {
    this.#register = register;
    this.#versions = reading === "versions";
    this.#memory = memory;
    const { size, kind, value, invoked, completed } = register;
    const finite: number[] = [];
    this.#used = new Uint32Array(register.values);
    this.#readers = new Uint32Array(register.values);
    for (let at = 0; at < size; at++) {
      if (kind[at] === READ) this.#readers[value[at]!]!++;
      if (completed[at] !== Infinity) finite.push(at);
      else {
        const same = this.#pending.get(value[at]!);
        if (same) same.push(at);
        else this.#pending.set(value[at]!, [at]);
      }
    }
    for (const same of this.#pending.values()) same.sort((a, b) => invoked[a]! - invoked[b]!);
    finite.sort((a, b) => invoked[a]! - invoked[b]!);
    this.#places = Uint32Array.from(finite);
    this.#invoked = Float64Array.from(finite, (at) => invoked[at]!);
    this.#completed = Float64Array.from(finite, (at) => completed[at]!);
    this.#byCompletion = Uint32Array.from(finite.keys()).toSorted((a, b) => this.#completed[a]! - this.#completed[b]!);
    this.#completion = new Uint32Array(finite.length);
    for (const [i, rank] of this.#byCompletion.entries()) this.#completion[rank] = i;
    this.#done = new Uint8Array(finite.length);
    this.#path = path(finite.length);
    this.#value = register.initial;
    if (this.#hasOrphan()) this.result = false;
  }

  /** How many operations an order has to explain. */
  get size(): number {
    return this.#places.length;
  }

  /** Goes on for so many steps at most; undefined when they were not enough. */
  run(steps: number): boolean | undefined {
    const until = this.steps + steps;
    while (this.result === undefined && this.steps < until) this.#step();
    return this.result;
  }

  /** The order found: places of the register, pending writes where they took effect. */
  order(): readonly number[] {
    const { depth, operation, pending } = this.#path;
    const order: number[] = [];
    for (let i = 0; i < depth; i++) {
      if (pending[i]! >= 0) order.push(pending[i]!);
      order.push(this.#places[operation[i]!]!);
    }
    return order;
  }

  /** A value that neither was there nor was written: no order can explain it, and trying all of them would take long. */
  #hasOrphan(): boolean {
    const { size, kind, value, values, initial } = this.#register;
    const written = new Uint8Array(values);
    for (let at = 0; at < size; at++) if (kind[at] === WRITE) written[value[at]!] = 1;
    for (let at = 0; at < size; at++)
      if (kind[at] === READ && value[at] !== initial && written[value[at]!] === 0) return true;
    return false;
  }

  #step(): void {
    this.steps++;
    const { depth } = this.#path;
    if (depth === this.#places.length) {
      this.result = true;
      return;
    }
    const horizon = this.#completed[this.#firstOver()]!;
    if (this.#from === this.#low) {
      const free = this.#freeRead(horizon);
      if (free >= 0) return this.#take(free, -1, true);
    }
    for (let rank = this.#from; rank < this.#places.length && this.#invoked[rank]! <= horizon; rank++) {
      this.steps++;
      if (this.#done[rank] === 1) continue;
      const pending = this.#possible(rank, horizon);
      if (pending === undefined) continue;
      this.#take(rank, pending, false);
      if (this.#isNew()) return;
      this.#undo();
    }
    this.#back();
  }

  /** The operation that is left and was over first: whatever began after that must wait for it. */
  #firstOver(): number {
    while (this.#done[this.#byCompletion[this.#lowCompletion]!] === 1) this.#lowCompletion++;
    return this.#byCompletion[this.#lowCompletion]!;
  }

  /** A read that may come next and changes nothing; -1: none. */
  #freeRead(horizon: number): number {
    const { kind, value, version } = this.#register;
    for (let rank = this.#low; rank < this.#places.length && this.#invoked[rank]! <= horizon; rank++) {
      this.steps++;
      const at = this.#places[rank]!;
      if (this.#done[rank] === 1 || kind[at] !== READ || value[at] !== this.#value) continue;
      if (!this.#versions || version[at] === this.#version) return rank;
    }
    return -1;
  }

  /** The pending write that it needs to be next, -1 when it needs none; undefined when it cannot be next. */
  #possible(rank: number, horizon: number): number | undefined {
    const { kind, value, version, expected, invoked } = this.#register;
    const at = this.#places[rank]!;
    if (kind[at] === WRITE) {
      if (!this.#versions) return -1;
      const expects = expected[at]!;
      const fits = Number.isNaN(expects) || (expects >= this.#version && version[at]! > expects);
      return fits && version[at]! > this.#version ? -1 : undefined;
    }
    // A version above the register's: something here was changed, by a write that lost where the value is the same.
    if (value[at] === this.#value) return !this.#versions || version[at]! >= this.#version ? -1 : undefined;
    if (this.#versions && version[at]! <= this.#version) return undefined;
    const pending = this.#pending.get(value[at]!)?.[this.#used[value[at]!]!];
    return pending !== undefined && invoked[pending]! <= horizon ? pending : undefined;
  }

  #take(rank: number, pending: number, forced: boolean): void {
    const { operation, pending: needed, value, version, forced: isForced } = this.#path;
    const depth = this.#path.depth++;
    operation[depth] = rank;
    needed[depth] = pending;
    value[depth] = this.#value;
    version[depth] = this.#version;
    isForced[depth] = forced ? 1 : 0;
    const at = this.#places[rank]!;
    this.#value = this.#register.value[at]!;
    if (this.#versions) this.#version = this.#register.version[at]!;
    if (this.#register.kind[at] === READ) this.#readers[this.#value]!--;
    if (pending >= 0) this.#used[this.#value]!++;
    this.#reopen(this.#value);
    this.#done[rank] = 1;
    while (this.#low < this.#done.length && this.#done[this.#low] === 1) this.#low++;
    this.#from = this.#low;
    if (this.#path.depth > this.furthest) this.furthest = this.#path.depth;
  }

  /** Takes the last operation back; the next to try is the one after it. */
  #undo(): void {
    const depth = --this.#path.depth;
    const rank = this.#path.operation[depth]!;
    const at = this.#places[rank]!;
    if (this.#path.pending[depth]! >= 0) this.#used[this.#value]!--;
    if (this.#register.kind[at] === READ) this.#readers[this.#value]!++;
    this.#reopen(this.#value);
    this.#value = this.#path.value[depth]!;
    this.#version = this.#path.version[depth]!;
    this.#done[rank] = 0;
    this.#low = Math.min(this.#low, rank);
    this.#lowCompletion = Math.min(this.#lowCompletion, this.#completion[rank]!);
    this.#from = rank + 1;
  }

  #reopen(value: number): void {
    if (this.#used[value]! > 0 && this.#readers[value]! > 0) this.#open.add(value);
    else this.#open.delete(value);
  }

  /** Nothing can come next: the last choice was wrong, and all that followed from it. */
  #back(): void {
    while (this.#path.depth > 0) {
      const forced = this.#path.forced[this.#path.depth - 1] === 1;
      this.#undo();
      if (!forced) return;
    }
    this.result = false;
  }

  #isNew(): boolean {
    const name = this.#name();
    if (this.#known.has(name)) return false;
    this.#remembered += name.length;
    if (this.#remembered > this.#memory) {
      this.#known.clear();
      this.#remembered = name.length;
    }
    this.#known.add(name);
    return true;
  }

  /** What is behind and what the register holds. Everything below the lowest that is left is done, so only what is above is spelled out. */
  #name(): string {
    const open = [...this.#open].toSorted((a, b) => a - b).map((value) => `${value}x${this.#used[value]}`);
    const last = this.#path.depth === this.#places.length ? Infinity : this.#completed[this.#firstOver()]!;
    let name = `${this.#low} ${this.#value} ${this.#versions ? this.#version : ""} ${open.join(",")} `;
    let bits = 1;
    for (let rank = this.#low; rank < this.#places.length && this.#invoked[rank]! <= last; rank++) {
      bits = bits * 2 + this.#done[rank]!;
      if (bits < 0x4000) continue;
      name += String.fromCharCode(bits);
      bits = 1;
    }
    return name + String.fromCharCode(bits);
  }
}

function path(size: number): Path {
  return {
    depth: 0,
    operation: new Int32Array(size),
    pending: new Int32Array(size),
    value: new Int32Array(size),
    version: new Float64Array(size),
    forced: new Uint8Array(size),
  };
}
