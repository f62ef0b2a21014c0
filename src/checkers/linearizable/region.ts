// What the clients of one region saw of each of its registers.
//
// Judged is what that region's own node answered, whoever asked it: an answer that a gateway fetched from another region tells
// of the register there. Without a name of who answered, the region in the path counts.
//
// - A write that this region made, by its own acknowledgement: one write, however often it was sent, from the first attempt to
//   the first answer that tells of it. A second effect of one id shows as one more answer that holds the value.
// - Writes that other regions made arrive here by replication at any time after they were sent, win, lose, or never come: pending.
//   So is an unanswered write. One id that took effect in two regions (a recorded duplicate-request) arrives once for each.
// - Refused writes did not happen. Reads without an answer say nothing.
import type { Event } from "../../model/event.ts";
import { factsOf } from "../history.ts";
import type { Facts, KeyFacts, Operation } from "../history.ts";
import { valueText } from "../writes.ts";
import type { Effect, Write } from "../writes.ts";
import { Columns, READ, WRITE } from "./model.ts";
import type { Register } from "./model.ts";

/** What stands at a place of the register. */
export interface Seen {
  operation: Operation;
  /** Of a pending write: why it may take effect at any time. Absent: it completed here. */
  pending?: "elsewhere" | "unanswered";
}

export interface Judged {
  key: string;
  register: Register;
  seen(place: number): Seen;
  /** Writes that certainly did not happen. */
  refused: readonly Write[];
}

export interface Region {
  keys: readonly Judged[];
  reads: number;
  /** Acknowledged writes that this region made. */
  writes: number;
  /** Answers that tell of one more effect of a write that this region had made already. */
  again: number;
  /** Pending writes, and how many of them somebody saw. */
  pending: { all: number; seen: number };
  /** Reads without an answer. */
  dropped: number;
}

export function regionOf(history: readonly Event[], region: string): Region {
  const facts = factsOf(history);
  const keys: Judged[] = [];
  const counts = { reads: 0, writes: 0, again: 0, pending: { all: 0, seen: 0 } };
  for (const key of facts.keys.values()) {
    const judged = new Telling(facts, key, region).done(counts);
    if (judged !== undefined) keys.push(judged);
  }
  let dropped = 0;
  for (const { completed, invoke } of facts.operations)
    if (completed === Infinity && invoke.kind === "read" && invoke.region === region) dropped++;
  return { keys, ...counts, dropped };
}

/** The region whose register an answer tells of. */
export function answeredIn({ invoke, complete, servedIn }: Operation): string | undefined {
  return servedIn ?? (complete?.servedBy === undefined ? invoke.region : undefined);
}

/** One key, while it is put into columns. */
class Telling {
  readonly #columns: Columns;
  readonly #seen: Operation[] = [];
  /** By place: why it is pending. */
  readonly #why: Seen["pending"][] = [];
  readonly #refused: Write[] = [];
  #writes = 0;
  #reads = 0;
  #again = 0;
  #pending = 0;

  constructor(
    readonly facts: Facts,
    readonly key: KeyFacts,
    readonly region: string,
  ) {
    this.#columns = new Columns(key.writes.length + key.reads.length, valueText);
    const twice = duplicates(key);
    for (const write of key.writes) this.#write(write, twice);
    for (const read of key.reads) {
      if (answeredIn(read) !== region) continue;
      this.#reads++;
      this.#held(read, read.complete?.value);
    }
  }

  done(counts: Omit<Region, "keys" | "dropped">): Judged | undefined {
    const { register, added } = this.#columns.done();
    counts.reads += this.#reads;
    counts.writes += this.#writes;
    counts.again += this.#again;
    counts.pending.all += this.#pending;
    for (let at = 0; at < register.size; at++) if (register.completed[at] === Infinity) counts.pending.seen++;
    if (this.#reads + this.#writes === 0) return undefined;
    const [seen, why] = [this.#seen, this.#why];
    return {
      key: this.key.key,
      register,
      refused: this.#refused,
      seen: (place) => ({ operation: seen[added[place]!]!, pending: why[added[place]!] }),
    };
  }

  #write(write: Write, twice: ReadonlyMap<string, number>): void {
    const first = write.attempts[0]!;
    if (write.outcome === "fail") {
      this.#columns.refuse(write.value, first.invoke.at);
      this.#refused.push(write);
      return;
    }
    let effects = 0;
    let isHere = false;
    for (const effect of write.effects) {
      effects++;
      if (this.#home(effect) !== this.region) this.#add(WRITE, write.value, first, "elsewhere");
      else if (isHere) {
        this.#again++;
        this.#held(effect.acknowledged, write.value);
      } else {
        isHere = true;
        this.#writes++;
        this.#add(WRITE, write.value, first, undefined, toldAt(write, effect), effect.version, expectedBy(write));
      }
    }
    if (effects === 0) this.#add(WRITE, write.value, first, "unanswered");
    // Regions that could not know of each other may each have made it; what they recorded of that says so.
    const recorded = write.id === undefined ? 0 : (twice.get(write.id) ?? 0);
    for (effects = Math.max(1, effects); effects < recorded; effects++)
      this.#add(WRITE, write.value, first, "elsewhere");
  }

  /** An answer that shows this value. */
  #held(operation: Operation, value: unknown): void {
    this.#add(READ, value, operation, undefined, operation.completed, operation.complete?.version);
  }

  #add(
    kind: 0 | 1,
    value: unknown,
    by: Operation,
    pending: Seen["pending"],
    completed = Infinity,
    version?: number,
    expected?: number,
  ): void {
    if (pending !== undefined) this.#pending++;
    this.#seen.push(by);
    this.#why.push(pending);
    this.#columns.add(kind, value, by.invoke.at, completed, version, expected);
  }

  #home({ home, acknowledged }: Effect): string | undefined {
    return home ?? (acknowledged.complete?.stored ? undefined : answeredIn(acknowledged));
  }
}

/** When somebody was first told of this effect. */
function toldAt({ attempts }: Write, { acknowledged, state, version }: Effect): number {
  if (attempts.length === 1) return acknowledged.completed;
  const told = attempts.filter(
    ({ outcome, complete }) => outcome.type === "ok" && complete?.state === state && complete?.version === version,
  );
  return Math.min(acknowledged.completed, ...told.map(({ completed }) => completed));
}

/** The version that every attempt expected. */
function expectedBy({ attempts }: Write): number | undefined {
  const { expected } = attempts[0]!.invoke;
  return attempts.length === 1 || attempts.every(({ invoke }) => invoke.expected === expected) ? expected : undefined;
}

/** Id -> how many states the records of duplicate requests name as made by it. */
function duplicates({ conflicts }: KeyFacts): ReadonlyMap<string, number> {
  const states = new Map<string, Set<string>>();
  for (const { kind, winner, loser } of conflicts) {
    if (kind !== "duplicate-request") continue;
    for (const side of [winner, loser])
      if (side?.id !== undefined) states.set(side.id, (states.get(side.id) ?? new Set()).add(side.state));
  }
  return new Map([...states].map(([id, named]) => [id, named.size]));
}
