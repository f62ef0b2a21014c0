// Why a register has no order: the few operations that cannot all be true, by their places in it. explain.ts puts them in words.

export type Contradiction =
  /** Somebody read a value that nobody wrote and that was not there before. */
  | { rule: "unwritten"; read: number }
  /** `early`, which shows the effect of a write or something later, was over before that write was invoked; `earlier`: see "again". */
  | { rule: "future"; write: number; early: number; read: number; earlier?: readonly number[] }
  /** Two values: each has an operation that was over before one of the other's began, so each is newer than the other. -1: the initial value needs none. */
  | { rule: "inversion"; firstA: number; lastB: number; firstB: number; lastA: number }
  /** Two writes made the same version. */
  | { rule: "fork"; writes: readonly [number, number] }
  /** One version, two values. */
  | { rule: "two-values"; one: number; other: number }
  /** The later operation shows an older version, or its write made one that had been shown before. */
  | { rule: "back"; before: number; after: number }
  /** The write replaced another version than the one that it expected: `between` shows one above that. */
  | { rule: "predecessor"; write: number; between?: number }
  /**
   * A value stands there again (or too early) at a version that is not its write's: `instead` shows the value just before.
   * `earlier`: operations that show how each of its pending writes had taken effect already.
   */
  | { rule: "again"; read: number; instead: number; write: number; earlier: readonly number[] }
  /** Found by trying every order. */
  | { rule: "no-order"; operations: readonly number[] };

/** The operations of a contradiction, each once. */
export function operationsIn(found: Contradiction): readonly number[] {
  const named: readonly (number | undefined)[] = NAMED[found.rule](found as never);
  return [...new Set(named.filter((at) => at !== undefined && at >= 0))] as number[];
}

type Of<R extends Contradiction["rule"]> = Extract<Contradiction, { rule: R }>;

const NAMED: { readonly [R in Contradiction["rule"]]: (found: Of<R>) => readonly (number | undefined)[] } = {
  unwritten: ({ read }) => [read],
  future: ({ write, early, read, earlier = [] }) => [early, write, read, ...earlier],
  inversion: ({ firstA, lastB, firstB, lastA }) => [lastA, firstB, lastB, firstA],
  fork: ({ writes }) => writes,
  "two-values": ({ one, other }) => [other, one],
  back: ({ before, after }) => [after, before],
  predecessor: ({ write, between }) => [write, between],
  again: ({ read, instead, write, earlier }) => [read, instead, write, ...earlier],
  "no-order": ({ operations }) => operations,
};

/** undefined: an order exists. */
export type Found = Contradiction | undefined;
