// Who knew of whom. A write is in another's past when its state was among what the other's author had seen;
// and only a write that took effect can have superseded anything.
import { covers } from "../model/vector.ts";
import type { Vector } from "../model/vector.ts";
import type { Final } from "../model/event.ts";
import type { Facts, KeyFacts, Recorded } from "./history.ts";
import { append } from "./history.ts";
import { valueText, vectorText } from "./writes.ts";
import type { Effect, Write } from "./writes.ts";

type Named = Pick<Effect, "state" | "vector" | "version" | "home">;

/**
 * Is this effect in the past of a write that took effect? One pass over the writes of a key, then a short scan for each question:
 * a basis covered by another basis answers nothing that the other does not, and few bases of a key are concurrent.
 */
export function supersedersOf(writes: readonly Write[]): (effect: Named, of: Write) => boolean {
  const newest: Vector[] = [];
  const exact = new Map<string, Write[]>();
  const chains = { all: new Chain(), opaque: new Chain() };
  for (const write of writes.toReversed()) {
    const { basis } = write;
    if (basis === undefined) continue;
    // An answer that shows no more than its author had seen is a fork or a lie: it can hide nothing, itself least of all.
    if (write.effects.some((effect) => effect.vector && basis.vector && covers(basis.vector, effect.vector))) continue;
    if (basis.state !== undefined) append(exact, basis.state, write);
    chains.all.add(basis, write);
    if (basis.vector === undefined) chains.opaque.add(basis, write);
    else keepNewest(newest, basis.vector);
  }
  return (effect, of) => {
    const { vector } = effect;
    if (vector !== undefined) return newest.some((basis) => covers(basis, vector)) || chains.opaque.knew(effect, of);
    if (effect.state !== undefined && exact.get(effect.state)?.some((write) => write !== of)) return true;
    return chains.all.knew(effect, of);
  };
}

function keepNewest(newest: Vector[], basis: Vector): void {
  if (newest.some((other) => covers(other, basis))) return;
  newest.splice(0, newest.length, ...newest.filter((other) => !covers(basis, other)), basis);
}

/** Without vectors: a region's versions grow by one, so who expected version 7 of a region had seen its 1 to 7. */
class Chain {
  readonly #highest = new Map<string, { version: number; write: Write }[]>();

  add(basis: NonNullable<Write["basis"]>, write: Write): void {
    if (basis.region === undefined || basis.version === undefined) return;
    const known = this.#highest.get(basis.region) ?? [];
    const ranked = [...known, { version: basis.version, write }].toSorted((a, b) => b.version - a.version);
    this.#highest.set(basis.region, ranked.slice(0, 2)); // the second answers for the author of the first
  }

  knew(effect: Named, of: Write): boolean {
    const { home, version } = effect;
    if (home === undefined || version === undefined) return false;
    return (this.#highest.get(home) ?? []).some((entry) => entry.write !== of && entry.version >= version);
  }
}

/** A state somebody was shown, with the value beside it. */
interface Shown {
  value: unknown;
  vector?: Vector;
}

/**
 * The writes of a key that certainly happened: the acknowledged ones, and of the unanswered ones those that somebody saw.
 * Seen means: their value was read, or a conflict record names them, or a later write was based on the state they alone can have made.
 */
export function tookEffect(
  facts: Facts,
  key: KeyFacts,
  finals: ReadonlyMap<string, Recorded<Final>>,
): ReadonlySet<Write> {
  const happened = new Set(key.writes.filter((write) => write.outcome === "ok"));
  const unanswered = key.writes.filter((write) => write.outcome === "unknown");
  if (unanswered.length === 0) return happened;
  const shown = shownValues(facts, key, finals);
  const recorded = new Set(key.conflicts.flatMap(({ winner, loser }) => [winner?.id, loser?.id]));
  const authors = new Map<string, Write[]>();
  for (const write of key.writes) if (write.outcome !== "fail") append(authors, valueText(write.value), write);
  const steps = firstSteps(facts, key, unanswered);
  for (const write of unanswered) {
    const alone = authors.get(valueText(write.value))!.length === 1;
    const seen = alone && (shown.get(valueText(write.value)) ?? []).some((sight) => isAfter(sight, write));
    if (seen || (write.id !== undefined && recorded.has(write.id)) || steps.has(write)) happened.add(write);
  }
  return happened;
}

function shownValues(facts: Facts, key: KeyFacts, finals: ReadonlyMap<string, Recorded<Final>>): Map<string, Shown[]> {
  const shown = new Map<string, Shown[]>();
  const show = (value: unknown, state: string | undefined) =>
    append(shown, valueText(value), { value, vector: facts.vector(state) });
  for (const { complete } of key.reads) show(complete?.value, complete?.state);
  for (const final of finals.values()) if (final.outcome.type === "ok") show(final.value, final.state);
  for (const { winner, loser } of key.conflicts) {
    if (winner) show(winner.value, winner.state);
    if (loser) show(loser.value, loser.state);
  }
  return shown;
}

/** A value that stood there before the write was made (a starting value written again) shows nothing of the write. */
function isAfter(sight: Shown, write: Write): boolean {
  const before = write.basis?.vector;
  if (sight.vector === undefined || before === undefined) return true;
  return covers(sight.vector, before) && !covers(before, sight.vector);
}

/** Unanswered writes that alone can have made a state on which a later write was based. */
function firstSteps(facts: Facts, key: KeyFacts, unanswered: readonly Write[]): ReadonlySet<Write> {
  const owned = new Set<string>();
  for (const { effects } of key.writes)
    for (const { home, vector } of effects) if (home && vector) owned.add(`${home}:${vector[home] ?? 0}`);
  const candidates = new Map<string, Write[]>();
  const based = new Set(key.writes.flatMap((write) => (write.basis?.vector ? [vectorText(write.basis.vector)] : [])));
  for (const write of unanswered) {
    const before = write.basis?.vector;
    if (before === undefined) continue;
    for (const region of facts.run.topology.regions) {
      const counter = (before[region] ?? 0) + 1;
      if (!couldServe(write, region) || owned.has(`${region}:${counter}`)) continue;
      append(candidates, `${region}:${counter}`, write);
    }
  }
  const found = new Set<Write>();
  for (const [step, writes] of candidates) {
    const [region, counter] = [step.slice(0, step.lastIndexOf(":")), Number(step.slice(step.lastIndexOf(":") + 1))];
    const [write] = writes;
    if (writes.length === 1 && based.has(vectorText({ ...write!.basis!.vector, [region]: counter }))) found.add(write!);
  }
  return found;
}

/** May an unanswered attempt of this write have reached that region? A gateway may have asked any. */
export function couldServe(write: Write, region: string): boolean {
  return write.attempts.some(
    ({ outcome, servedIn }) => outcome.type === "unknown" && (servedIn === undefined || servedIn === region),
  );
}
