// Conflict records, recomputed. Stamps are not in a history, but much can be judged without them:
//
//   nameless   a record of two writes that names only one
//   ordered    one of the two had seen the other: that is no conflict
//   circle     the winner of all is the greatest stamp, so nobody can win over one that wins over it: neither in another
//              region's record, nor, where a stamp is taken above all that its author had seen, over a later write of the loser's
//   standing   what all regions hold in the end is the greatest of all, so no record can name it as a loser
import type { ConflictEvent, ConflictingWrite } from "../model/event.ts";
import { covers, equal } from "../model/vector.ts";
import type { Vector } from "../model/vector.ts";
import { agree } from "./accounting.ts";
import { append } from "./history.ts";
import type { Facts, KeyFacts, Recorded } from "./history.ts";
import { sayConflict, sayFinal } from "./say.ts";
import { sameValue, valueText, vectorText } from "./writes.ts";

type Conflict = Recorded<ConflictEvent>;
/** A record that names both. */
type Pair = Conflict & { winner: ConflictingWrite; loser: ConflictingWrite };

export interface Contradiction {
  records: readonly Conflict[];
  story: readonly string[];
}

export interface Reckoning {
  records: number;
  /** Distinct unordered pairs of writes, over all keys and regions; a record of each. */
  pairs: readonly Pair[];
  /** Records whose states are no version vectors: nobody can say whether those writes knew of each other. */
  opaque: readonly Pair[];
  contradictions: readonly Contradiction[];
}

/** Only records of concurrent writes: a 409 is no conflict of two, and one id in two regions is another matter. */
export function reckon(facts: Facts): Reckoning {
  const found = [...facts.keys.values()].map((key) => reckonKey(facts, key));
  return {
    records: found.reduce((total, one) => total + one.records, 0),
    pairs: found.flatMap((one) => one.pairs),
    opaque: found.flatMap((one) => one.opaque),
    contradictions: found.flatMap((one) => one.contradictions),
  };
}

function reckonKey(facts: Facts, key: KeyFacts): Reckoning {
  const records = key.conflicts.filter(({ kind }) => kind === "concurrent");
  if (records.length === 0) return { records: 0, pairs: [], opaque: [], contradictions: [] };
  const named = records.filter((record): record is Pair => record.winner !== null && record.loser !== null);
  const pairs = new Map<string, Pair>();
  for (const pair of named) {
    const name = [pair.winner, pair.loser]
      .map((side) => faceOf(facts, side))
      .toSorted()
      .join(" ");
    if (!pairs.has(name)) pairs.set(name, pair);
  }
  const vectors = ({ winner, loser }: Pair) => [facts.vector(winner.state), facts.vector(loser.state)];
  return {
    records: records.length,
    pairs: [...pairs.values()],
    opaque: named.filter((pair) => vectors(pair).includes(undefined)),
    contradictions: [
      ...records.filter((record) => !named.includes(record as Pair)).map(sayNameless),
      ...named.flatMap((pair) => ordered(facts, pair) ?? []),
      ...(circle(facts, key, named) ?? []),
      ...standing(facts, key, named),
    ],
  };
}

function faceOf(facts: Facts, { state }: ConflictingWrite): string {
  const vector = facts.vector(state);
  return vector === undefined ? state : vectorText(vector);
}

function sayNameless(record: Conflict): Contradiction {
  return { records: [record], story: [sayConflict(record), "It takes two writes to make a conflict."] };
}

function ordered(facts: Facts, pair: Pair): Contradiction | undefined {
  const [winner, loser] = [facts.vector(pair.winner.state), facts.vector(pair.loser.state)];
  if (winner === undefined || loser === undefined) return undefined;
  const said = (later: ConflictingWrite, earlier: ConflictingWrite): Contradiction => ({
    records: [pair],
    story: [
      sayConflict(pair),
      equal(winner, loser)
        ? "Those are one state, so one write: nothing conflicts with itself."
        : `But ${later.state} covers ${earlier.state}: its author had seen the other one, so it is no conflict.`,
    ],
  });
  if (covers(winner, loser)) return said(pair.winner, pair.loser);
  return covers(loser, winner) ? said(pair.loser, pair.winner) : undefined;
}

/** `above` has the greater stamp, by a record or because its author had seen the other. */
interface Edge {
  above: string;
  below: string;
  record?: Pair;
}

/** Takes away whoever beats nobody that is left, again and again. What stays beats in a circle. */
function circle(facts: Facts, key: KeyFacts, records: readonly Pair[]): readonly Contradiction[] | undefined {
  const edges: Edge[] = records
    .map((record) => ({ above: faceOf(facts, record.winner), below: faceOf(facts, record.loser), record }))
    .filter(({ above, below }) => above !== below);
  if (facts.run.topology.conflicts === "hybrid-clock") edges.push(...ancestors(facts, key, records));

  const beats = new Map<string, Edge[]>();
  const beatenBy = new Map<string, Edge[]>();
  for (const edge of edges) {
    append(beats, edge.above, edge);
    append(beatenBy, edge.below, edge);
  }
  const left = new Map([...beats].map(([node, list]) => [node, list.length]));
  const done = [...beatenBy.keys()].filter((node) => !beats.has(node));
  for (let node = done.pop(); node !== undefined; node = done.pop())
    for (const { above } of beatenBy.get(node) ?? []) {
      const others = left.get(above)! - 1;
      left.set(above, others);
      if (others === 0) done.push(above);
    }
  const inCircle = new Set([...left].filter(([, others]) => others > 0).map(([node]) => node));
  const [start] = inCircle;
  return start === undefined ? undefined : [sayCircle(walk(start, beats, inCircle))];
}

/** Everybody left beats somebody left, so going on leads back to where one has been. */
function walk(
  start: string,
  beats: ReadonlyMap<string, readonly Edge[]>,
  inside: ReadonlySet<string>,
): readonly Edge[] {
  const path: Edge[] = [];
  const places = new Map<string, number>();
  for (let node = start; !places.has(node);) {
    places.set(node, path.length);
    const edge = beats.get(node)!.find(({ below }) => inside.has(below))!;
    path.push(edge);
    node = edge.below;
  }
  return path.slice(places.get(path.at(-1)!.below));
}

function sayCircle(edges: readonly Edge[]): Contradiction {
  return {
    records: edges.flatMap(({ record }) => record ?? []),
    story: [
      ...edges.map(({ above, below, record }) =>
        record ? sayConflict(record) : `${above} had seen ${below}, so its stamp is above that.`,
      ),
      "So each of them would have won over itself: one winner is wrong.",
    ],
  };
}

/**
 * Of the writes that records name: who had seen whom. A region's own writes have all seen each other, so from each write one
 * edge per region, to the newest it had seen of that, says all.
 */
function ancestors(facts: Facts, key: KeyFacts, records: readonly Pair[]): readonly Edge[] {
  const homes = new Map<string, string>();
  for (const { effects } of key.writes)
    for (const { vector, home } of effects) if (vector && home !== undefined) homes.set(vectorText(vector), home);
  const nodes = new Map<string, Vector>();
  for (const { winner, loser } of records)
    for (const { state } of [winner, loser]) {
      const vector = facts.vector(state);
      if (vector !== undefined) nodes.set(vectorText(vector), vector);
    }
  const made = new Map<string, { name: string; vector: Vector }[]>();
  for (const [name, vector] of nodes) {
    const home = homes.get(name);
    if (home !== undefined) append(made, home, { name, vector });
  }
  return [...made].flatMap(([region, writes]) => {
    const sorted = writes.toSorted((a, b) => (a.vector[region] ?? 0) - (b.vector[region] ?? 0));
    const counters = sorted.map(({ vector }) => vector[region] ?? 0);
    return [...nodes].flatMap(([name, vector]) => {
      let place = lastAtMost(counters, vector[region] ?? 0);
      if (sorted[place]?.name === name) place--;
      const before = sorted[place];
      return before && covers(vector, before.vector) ? [{ above: name, below: before.name }] : [];
    });
  });
}

/** Place of the last number that is not above a bound; -1 when all are. */
function lastAtMost(sorted: readonly number[], bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= bound) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A value that only one write of the key wrote, that all regions hold, and that a record calls the loser. */
function standing(facts: Facts, key: KeyFacts, records: readonly Pair[]): readonly Contradiction[] {
  const finals = facts.settled?.finals.get(key.key);
  if (finals === undefined || !agree(facts, finals)) return [];
  const [final] = finals.values();
  const authors = key.writes.filter((write) => write.outcome !== "fail" && sameValue(write.value, final!.value));
  // An id that took effect twice may lose with one state and stand with the other.
  const twice = new Set(
    key.conflicts.flatMap(({ kind, winner }) => (kind === "duplicate-request" && winner?.id ? [winner.id] : [])),
  );
  const [author] = authors;
  if (authors.length !== 1 || (author?.id !== undefined && twice.has(author.id))) return [];
  const wrong = records.filter(
    ({ loser }) => sameValue(loser.value, final!.value) && (loser.id === undefined || loser.id === author?.id),
  );
  if (wrong.length === 0) return [];
  return [
    {
      records: wrong,
      story: [
        sayConflict(wrong[0]!),
        `But in the end all regions hold ${valueText(final!.value)}: ${[...finals.values()].map(sayFinal).join(", and ")}.`,
      ],
    },
  ];
}
