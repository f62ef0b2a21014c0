// What became of every acknowledged write: current, superseded by one that knew it, lost to a recorded conflict, or gone.
// The definitions stand in the order in which they are asked; a write is counted once, by the first that fits.
//
//   fork        two acknowledgements of one counter of one region (or of a state its author had already seen): one is nowhere
//   current     a region shows its value in the end
//   superseded  it is in the past of another write that took effect (that one may be superseded or a loser in turn)
//   loser       a conflict record names it as loser to a write that is concurrent with it
//   undecided   the region that made it could not be read in the end
//   lost        none of these: rolled back when the final state does not cover it, vanished when it does
import type { ConflictEvent, ConflictingWrite, Event, Final } from "../model/event.ts";
import { covers } from "../model/vector.ts";
import { supersedersOf, tookEffect } from "./ancestry.ts";
import { append, factsOf } from "./history.ts";
import type { Facts, KeyFacts, Recorded } from "./history.ts";
import { sameValue, valueText, vectorText } from "./writes.ts";
import type { Effect, Write } from "./writes.ts";

export interface Lost {
  kind: "FORK" | "ROLLBACK" | "VANISHED";
  write: Write;
  effect: Effect;
  /** FORK: the acknowledgement with the same counter. */
  twin?: Effect;
  finals: readonly Recorded<Final>[];
}

export interface Loser {
  write: Write;
  record: Recorded<ConflictEvent>;
}

export interface Accounting {
  acknowledged: number;
  current: number;
  superseded: number;
  losers: readonly Loser[];
  lost: readonly Lost[];
  undecided: readonly Write[];
  unknown: { all: number; tookEffect: number };
  refused: number;
  /** Keys with acknowledged writes that are not equal everywhere: what is final there is not settled. */
  unequal: readonly string[];
}

const remembered = new WeakMap<Facts, Accounting>();

/** Meaningful only for a history that settled. */
export function accountingOf(history: readonly Event[]): Accounting {
  const facts = factsOf(history);
  const known = remembered.get(facts) ?? account(facts);
  remembered.set(facts, known);
  return known;
}

interface Tally {
  acknowledged: number;
  current: number;
  superseded: number;
  losers: Loser[];
  lost: Lost[];
  undecided: Write[];
  unknown: { all: number; tookEffect: number };
  refused: number;
  unequal: string[];
}

function account(facts: Facts): Accounting {
  const tally: Tally = {
    acknowledged: 0,
    current: 0,
    superseded: 0,
    losers: [],
    lost: [],
    undecided: [],
    unknown: { all: 0, tookEffect: 0 },
    refused: 0,
    unequal: [],
  };
  for (const key of facts.keys.values()) accountKey(facts, key, tally);
  return tally;
}

function accountKey(facts: Facts, key: KeyFacts, tally: Tally): void {
  const finals = facts.settled?.finals.get(key.key) ?? new Map<string, Recorded<Final>>();
  const happened = tookEffect(facts, key, finals);
  const acknowledged = key.writes.filter((write) => write.outcome === "ok");
  const unknown = key.writes.filter((write) => write.outcome === "unknown");
  tally.acknowledged += acknowledged.length;
  tally.unknown.all += unknown.length;
  tally.unknown.tookEffect += unknown.filter((write) => happened.has(write)).length;
  tally.refused += key.writes.filter((write) => write.outcome === "fail").length;
  if (acknowledged.length === 0) return;
  if (!agree(facts, finals)) tally.unequal.push(key.key);

  const isSuperseded = supersedersOf([...happened]);
  const seconds = secondEffects(facts, key);
  const losers = losersOf(facts, key, happened, seconds);
  const shown = currentOf(facts, acknowledged, finals, (write) =>
    write.effects.some((effect) => isSuperseded(effect, write)),
  );
  const forks = forksOf(acknowledged, shown);
  for (const write of acknowledged) {
    const effects = effectsOf(write, seconds);
    const fork = forks.get(write);
    const record = losers.get(write);
    if (fork !== undefined) tally.lost.push({ kind: "FORK", write, ...fork, finals: [...finals.values()] });
    else if (shown.has(write)) tally.current++;
    else if (effects.some((effect) => isSuperseded(effect, write))) tally.superseded++;
    else if (record !== undefined) tally.losers.push({ write, record });
    else if (!decided(facts, write, finals)) tally.undecided.push(write);
    else tally.lost.push(lostOf(facts, write, finals));
  }
}

/** Every region was read, and all hold the same. */
export function agree(facts: Facts, finals: ReadonlyMap<string, Recorded<Final>>): boolean {
  const { regions } = facts.run.topology;
  const first = finals.get(regions[0] ?? "");
  return regions.every((region) => {
    const final = finals.get(region);
    return final?.outcome.type === "ok" && first !== undefined && sameFinal(facts, first, final);
  });
}

/** Equal in value and version, and in state where there is one. */
export function sameFinal(facts: Facts, a: Recorded<Final>, b: Recorded<Final>): boolean {
  const face = (final: Recorded<Final>) => {
    const vector = facts.vector(final.state);
    return vector === undefined ? final.state : vectorText(vector);
  };
  return sameValue(a.value, b.value) && a.version === b.version && face(a) === face(b);
}

/** The writes whose value stands somewhere in the end. Where several wrote one value, those that nobody superseded. */
function currentOf(
  facts: Facts,
  writes: readonly Write[],
  finals: ReadonlyMap<string, Recorded<Final>>,
  isSuperseded: (write: Write) => boolean,
): ReadonlySet<Write> {
  const current = new Set<Write>();
  for (const final of finals.values()) {
    if (final.outcome.type !== "ok") continue;
    const vector = facts.vector(final.state);
    const shown = writes.filter(
      (write) =>
        sameValue(write.value, final.value) &&
        write.effects.some((effect) => !vector || !effect.vector || covers(vector, effect.vector)),
    );
    const standing = shown.length > 1 ? shown.filter((write) => !isSuperseded(write)) : shown;
    for (const write of standing) current.add(write);
  }
  return current;
}

/** Acknowledgements of one counter of one region: all but one are lost, and the one that is shown is not. */
function forksOf(
  writes: readonly Write[],
  shown: ReadonlySet<Write>,
): ReadonlyMap<Write, { effect: Effect; twin?: Effect }> {
  interface Claim {
    write: Write;
    effect: Effect;
  }
  const claims = new Map<string, Claim>();
  const contested = new Map<Claim, Claim[]>();
  const forks = new Map<Write, { effect: Effect; twin?: Effect }>();
  for (const write of writes)
    for (const effect of write.effects) {
      const { home, vector } = effect;
      // A state that its author had seen before is somebody else's, whoever that was.
      if (vector && write.basis?.vector && covers(write.basis.vector, vector)) forks.set(write, { effect });
      if (home === undefined || vector === undefined) continue;
      const name = `${home}:${vector[home] ?? 0}`;
      const first = claims.get(name);
      if (first === undefined) claims.set(name, { write, effect });
      else append(contested, first, { write, effect });
    }
  for (const [first, others] of contested) {
    const all = [first, ...others];
    const keeper = all.find(({ write }) => shown.has(write)) ?? all.find(({ write }) => !forks.has(write)) ?? first;
    for (const { write, effect } of all) if (write !== keeper.write) forks.set(write, { effect, twin: keeper.effect });
  }
  return forks;
}

/** What a record says of a write that took effect in two regions which could not know of each other: id -> its states. */
type Seconds = ReadonlyMap<string, readonly Pick<Effect, "state" | "vector">[]>;

function secondEffects(facts: Facts, key: KeyFacts): Seconds {
  const seconds = new Map<string, Pick<Effect, "state" | "vector">[]>();
  for (const { kind, winner, loser } of key.conflicts) {
    if (kind !== "duplicate-request") continue;
    for (const side of [winner, loser])
      if (side?.id !== undefined) append(seconds, side.id, { state: side.state, vector: facts.vector(side.state) });
  }
  return seconds;
}

function effectsOf(write: Write, seconds: Seconds): readonly Omit<Effect, "acknowledged">[] {
  const more = write.id === undefined ? undefined : seconds.get(write.id);
  return more === undefined ? write.effects : [...write.effects, ...more];
}

/** Acknowledged writes that a record names as loser to a write which took effect and did not know them. */
function losersOf(
  facts: Facts,
  key: KeyFacts,
  happened: ReadonlySet<Write>,
  seconds: Seconds,
): ReadonlyMap<Write, Recorded<ConflictEvent>> {
  const losers = new Map<Write, Recorded<ConflictEvent>>();
  if (key.conflicts.length === 0) return losers;
  const find = finder(facts, happened, seconds);
  for (const record of key.conflicts) {
    if (record.winner === null || record.loser === null) continue;
    const [winner, loser] = [find(record.winner), find(record.loser)];
    // One write with two effects does not lose to itself: it is there as long as one of them is.
    if (winner === undefined || loser === undefined || winner === loser) continue;
    if (!losers.has(loser) && areConcurrent(facts, record.winner, record.loser, winner, loser))
      losers.set(loser, record);
  }
  return losers;
}

/** Which write a side of a record is: by the state it made, or by its id or value where no answer told its state. */
function finder(
  facts: Facts,
  happened: ReadonlySet<Write>,
  seconds: Seconds,
): (side: ConflictingWrite) => Write | undefined {
  const byState = new Map<string, Write>();
  const nameless = new Map<string, Write>();
  const face = (state: string) => {
    const vector = facts.vector(state);
    return vector === undefined ? state : vectorText(vector);
  };
  for (const write of happened) {
    const effects = effectsOf(write, seconds);
    for (const { state } of effects) if (state !== undefined) byState.set(face(state), write);
    if (effects.some((effect) => effect.state !== undefined)) continue;
    if (write.id !== undefined) nameless.set(`id ${write.id}`, write);
    nameless.set(`value ${valueText(write.value)}`, write);
  }
  return (side) => {
    const known = byState.get(face(side.state));
    if (known !== undefined && (side.id === undefined || side.id === known.id)) return known;
    return nameless.get(side.id === undefined ? `value ${valueText(side.value)}` : `id ${side.id}`);
  };
}

function areConcurrent(
  facts: Facts,
  winning: ConflictingWrite,
  losing: ConflictingWrite,
  winner: Write,
  loser: Write,
): boolean {
  const [a, b] = [facts.vector(winning.state), facts.vector(losing.state)];
  if (a !== undefined && b !== undefined) return !covers(a, b) && !covers(b, a);
  const knows = (later: Write, earlier: Write) =>
    earlier.effects.some((effect) => supersedersOf([later])(effect, earlier));
  return !knows(winner, loser) && !knows(loser, winner);
}

/** Whether the end of a write can be known: the region that made it was read, or every region was. */
function decided(facts: Facts, write: Write, finals: ReadonlyMap<string, Recorded<Final>>): boolean {
  const read = (region: string) => finals.get(region)?.outcome.type === "ok";
  const homes = write.effects.map((effect) => effect.home).filter((home) => home !== undefined);
  return homes.some(read) || (facts.run.topology.regions.length > 0 && facts.run.topology.regions.every(read));
}

function lostOf(facts: Facts, write: Write, finals: ReadonlyMap<string, Recorded<Final>>): Lost {
  const effect = write.effects[0]!;
  const forgot = (final: Recorded<Final>) => {
    const vector = facts.vector(final.state);
    if (vector !== undefined && effect.vector !== undefined) return !covers(vector, effect.vector);
    return effect.version !== undefined && final.version !== undefined && final.version < effect.version;
  };
  const home = effect.home === undefined ? undefined : finals.get(effect.home);
  const read = [...finals.values()].filter((final) => final.outcome.type === "ok");
  const rolledBack = home?.outcome.type === "ok" ? forgot(home) : read.some(forgot);
  return { kind: rolledBack ? "ROLLBACK" : "VANISHED", write, effect, finals: [...finals.values()] };
}
