// A register as its clients saw it: one key of one region, as plain columns, so that a million operations fit and are judged
// in less than a second. The three judgements (witness.ts, zones.ts, search.ts) read nothing else.
//
// A read has its answer: reads without one say nothing. A write that is not known to have happened here by a certain time
// (no answer; made elsewhere, so that replication brings it when it likes) has `completed` Infinity: it may take effect at any
// time after it was invoked, or never. One that nobody saw is left out: it explains nothing and forbids nothing.

export const READ = 0;
export const WRITE = 1;
/** In place of a version that is not known. */
export const NONE = NaN;

export interface Register {
  size: number;
  kind: Uint8Array;
  /** Numbers in place of values: equal numbers, equal values; all below `values`. */
  value: Int32Array;
  invoked: Float64Array;
  /** Infinity: pending. */
  completed: Float64Array;
  /** The version read, or made by the write; NONE for pending writes. */
  version: Float64Array;
  /** The version that the write expected to find, or NONE. */
  expected: Float64Array;
  values: number;
  /** The value before any write; -1 when nobody saw it. */
  initial: number;
  /** Every value has one write, and the initial one none. */
  unique: boolean;
  /** Every operation that completed has its version. */
  versioned: boolean;
}

/** What the operation at a place of the register says, for those who have few of them. */
export interface Plain {
  kind: "read" | "write";
  value: unknown;
  invoked: number;
  completed: number;
  version?: number;
  expected?: number;
}

/** A register while it is written down. */
export class Columns {
  readonly #values = new Map<unknown, number>();
  readonly #texts = new Map<string, number>();
  readonly #refused: Refused[] = [];
  readonly #text: (value: unknown) => string;
  #distinct = 0;
  #size = 0;
  #all: Table;

  /** `text`: equal texts, equal values; asked of objects only. */
  constructor(capacity: number, text: (value: unknown) => string = JSON.stringify) {
    this.#text = text;
    this.#all = table(capacity);
  }

  get size(): number {
    return this.#size;
  }

  add(kind: 0 | 1, value: unknown, invoked: number, completed: number, version = NONE, expected = NONE): void {
    if (this.#size === this.#all.kind.length) this.#all = grown(this.#all);
    const { all, at } = { all: this.#all, at: this.#size++ };
    all.kind[at] = kind;
    all.value[at] = this.#number(value);
    all.invoked[at] = invoked;
    all.completed[at] = completed;
    all.version[at] = version;
    all.expected[at] = expected;
  }

  /** Has an operation that was added this value? */
  has(value: unknown): boolean {
    return this.#known(value) !== undefined;
  }

  /** A write that certainly did not happen, of a value that is there: who reads it later has not read what was there before. */
  refuse(value: unknown, invoked: number): void {
    this.#refused.push({ value: this.#number(value), invoked });
  }

  /** The register, in these very columns, and where each of its operations was added. */
  done(): { register: Register; added: Uint32Array } {
    const added = seen(this.#all, this.#size, this.#distinct);
    const size = added.length;
    const columns = kept(this.#all, added);
    const { initial, unique } = beginning(columns, size, this.#distinct, this.#refused);
    let versioned = size > 0;
    for (let at = 0; at < size; at++)
      if (columns.completed[at] !== Infinity && Number.isNaN(columns.version[at]!)) versioned = false;
    return { register: { size, ...columns, values: this.#distinct, initial, unique, versioned }, added };
  }

  #number(value: unknown): number {
    const known = this.#known(value);
    if (known !== undefined) return known;
    if (isObject(value)) this.#texts.set(this.#text(value), this.#distinct);
    else this.#values.set(value, this.#distinct);
    return this.#distinct++;
  }

  #known(value: unknown): number | undefined {
    return isObject(value) ? this.#texts.get(this.#text(value)) : this.#values.get(value);
  }
}

interface Refused {
  value: number;
  invoked: number;
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

export function registerOf(operations: readonly Plain[]): Register {
  const columns = new Columns(operations.length);
  for (const { kind, value, invoked, completed, version, expected } of operations)
    columns.add(kind === "read" ? READ : WRITE, value, invoked, completed, version, expected);
  return columns.done().register;
}

/**
 * What is left of a register when only these operations happened, and every write whose value one of them read: without it
 * that read would be wrong for another reason. If what is left has no order, the whole has none.
 */
export function restricted(whole: Register, operations: readonly number[]): Register {
  const places = new Set(operations);
  const read = new Set(operations.filter((at) => whole.kind[at] === READ).map((at) => whole.value[at]!));
  for (let at = 0; at < whole.size; at++) if (whole.kind[at] === WRITE && read.has(whole.value[at]!)) places.add(at);
  return { ...whole, size: places.size, ...pick(whole, Uint32Array.from(places).toSorted()) };
}

type Table = Pick<Register, "kind" | "value" | "invoked" | "completed" | "version" | "expected">;

function table(capacity: number): Table {
  return {
    kind: new Uint8Array(capacity),
    value: new Int32Array(capacity),
    invoked: new Float64Array(capacity),
    completed: new Float64Array(capacity),
    version: new Float64Array(capacity),
    expected: new Float64Array(capacity),
  };
}

function grown(from: Table): Table {
  const to = table(Math.max(16, from.kind.length * 2));
  for (const column of ["kind", "value", "invoked", "completed", "version", "expected"] as const)
    to[column].set(from[column]);
  return to;
}

/** What stands at these places, ascending: moved together where it is, since a copy would be as large again. */
function kept(all: Table, places: Uint32Array): Table {
  const { length } = places;
  for (const column of Object.values(all) as Table[keyof Table][])
    for (let at = 0; at < length; at++) column[at] = column[places[at]!]!;
  return {
    kind: all.kind.subarray(0, length),
    value: all.value.subarray(0, length),
    invoked: all.invoked.subarray(0, length),
    completed: all.completed.subarray(0, length),
    version: all.version.subarray(0, length),
    expected: all.expected.subarray(0, length),
  };
}

/** The same as a copy of its own. */
function pick(from: Table, places: Uint32Array): Table {
  const to = table(places.length);
  for (const column of ["kind", "value", "invoked", "completed", "version", "expected"] as const) {
    const [source, target] = [from[column], to[column]];
    for (let at = 0; at < places.length; at++) target[at] = source[places[at]!]!;
  }
  return to;
}

/** All but the pending writes whose value nobody read. */
function seen({ kind, value, completed }: Table, size: number, values: number): Uint32Array {
  const isRead = new Uint8Array(values);
  for (let at = 0; at < size; at++) if (kind[at] === READ) isRead[value[at]!] = 1;
  const places = new Uint32Array(size);
  let left = 0;
  for (let at = 0; at < size; at++)
    if (kind[at] === READ || completed[at] !== Infinity || isRead[value[at]!] === 1) places[left++] = at;
  return places.subarray(0, left);
}

/**
 * What stood there before any write: the value that somebody read and nobody wrote. When there is none, a value that was read
 * before its own write was invoked: then it was there from the beginning, and was written once more.
 */
function beginning(
  { kind, value, invoked, completed }: Table,
  size: number,
  values: number,
  refused: readonly Refused[],
): { initial: number; unique: boolean } {
  const writes = new Uint32Array(values);
  const since = new Float64Array(values).fill(Infinity);
  for (let at = 0; at < size; at++) {
    if (kind[at] === READ) continue;
    writes[value[at]!]!++;
    since[value[at]!] = Math.min(since[value[at]!]!, invoked[at]!);
  }
  for (const one of refused) since[one.value] = Math.min(since[one.value]!, one.invoked);
  let [nobodys, early] = [-1, -1];
  for (let at = 0; at < size; at++) {
    if (kind[at] === WRITE || completed[at]! >= since[value[at]!]!) continue;
    if (writes[value[at]!] === 0) nobodys = nobodys < 0 || completed[at]! < completed[nobodys]! ? at : nobodys;
    else early = early < 0 || completed[at]! < completed[early]! ? at : early;
  }
  const read = nobodys < 0 ? early : nobodys;
  const initial = read < 0 ? -1 : value[read]!;
  return { initial, unique: writes.every((count) => count < 2) && (initial < 0 || writes[initial] === 0) };
}
