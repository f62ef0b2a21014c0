// What the clients of one region saw of each of its registers.
//
// Judged is what that region's own node answered, whoever asked it: an answer that a gateway fetched from another region tells
// of the register there. Without a name of who answered, the region in the path counts.
//
// - A write that this region made, by its own acknowledgement: one write, however often it was sent, from the first
//   attempt that may have had an effect to the first answer that tells of it. A second effect of one id shows as one more answer that holds the value.
// - Writes that other regions made arrive here by replication at any time after they were sent, win, lose, or never come: pending.
//   So is an unanswered write. One id that took effect in two regions (a recorded duplicate-request) arrives once for each.
// - Refused writes did not happen. Reads without an answer say nothing.
import type { Event } from "../../model/event.ts";
import { factsOf } from "../history.ts";
import type { KeyFacts, Operation } from "../history.ts";
import { valueText } from "../writes.ts";
import type { Effect, Write } from "../writes.ts";
import { Columns, READ, WRITE } from "./model.ts";
import type { Register } from "./model.ts";

/** What stands at a place of the register. */
export interface Seen {
  operation: Operation;
  /** Of a pending write: why it may take effect at any time. Absent: it completed here. */
  pending?: "elsewhere" | "unanswered";
  /** Of a write: whose answer was the first to tell that it was done. Absent: its own. */
  told?: Operation;
}

export interface Judged {
  key: string;
  register: Register;
  seen(place: number): Seen;
  /** A client of another region asked. */
  moved(place: number): boolean;
  /** Writes that certainly did not happen. */
  refused(): readonly Write[];
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
    const judged = new Telling(key, region).done(counts);
    if (judged !== undefined) keys.push(judged);
  }
  const dropped = facts.unansweredReads.filter(({ invoke }) => invoke.region === region).length;
  return { keys, ...counts, dropped };
}

/** The region whose register an answer tells of. */
export function answeredIn({ invoke, complete, servedIn }: Operation): string | undefined {
  return servedIn ?? (complete?.servedBy === undefined ? invoke.region : undefined);
}

/** One key, while it is put into columns. */
class Telling {
  readonly #columns: Columns;
  /** By place, like the columns. */
  readonly #seen: Operation[];
  readonly #moved: boolean[];
  /** Places of pending writes that nobody answered; the other pending ones were made elsewhere. */
  readonly #unanswered = new Set<number>();
  /** Place -> whose answer was the first to tell of it, where it is another's. */
  readonly #told = new Map<number, Operation>();
  #writes = 0;
  #reads = 0;
  #again = 0;
  #pending = 0;

  constructor(
    readonly key: KeyFacts,
    readonly region: string,
  ) {
    const capacity = key.writes.length + key.reads.length;
    this.#columns = new Columns(capacity, valueText);
    this.#seen = Array(capacity);
    this.#moved = Array(capacity);
    const twice = duplicates(key);
    for (const write of key.writes) if (write.outcome !== "fail") this.#write(write, twice);
    for (const read of key.reads) {
      if (answeredIn(read) !== region) continue;
      this.#reads++;
      this.#held(read, read.complete?.value);
    }
    for (const { outcome, value, attempts } of key.writes)
      if (outcome === "fail" && this.#columns.has(value)) this.#columns.refuse(value, attempts[0]!.invoke.at);
  }

  done(counts: Omit<Region, "keys" | "dropped">): Judged | undefined {
    const { register, added } = this.#columns.done();
    counts.reads += this.#reads;
    counts.writes += this.#writes;
    counts.again += this.#again;
    counts.pending.all += this.#pending;
    for (let at = 0; at < register.size; at++) if (register.completed[at] === Infinity) counts.pending.seen++;
    if (this.#reads + this.#writes === 0) return undefined;
    const [key, seen, moved, unanswered, told] = [this.key, this.#seen, this.#moved, this.#unanswered, this.#told];
    return {
      key: key.key,
      register,
      refused: () => key.writes.filter(({ outcome }) => outcome === "fail"),
      seen(place) {
        const at = added[place]!;
        const pending = unanswered.has(at) ? "unanswered" : "elsewhere";
        return {
          operation: seen[at]!,
          pending: register.completed[place] === Infinity ? pending : undefined,
          told: told.get(at),
        };
      },
      moved: (place) => moved[added[place]!]!,
    };
  }

  #write(write: Write, twice: ReadonlyMap<string, number>): void {
    const sent = firstSent(write);
    let effects = 0;
    let isHere = false;
    for (const effect of write.effects) {
      effects++;
      if (this.#home(effect) !== this.region) this.#pend(write.value, sent);
      else if (isHere) {
        this.#again++;
        this.#held(effect.acknowledged, write.value);
      } else {
        isHere = true;
        this.#writes++;
        const told = firstTold(write, effect);
        if (told !== sent) this.#told.set(this.#columns.size, told);
        this.#add(WRITE, write.value, sent, told.completed, effect.version, expectedBy(write));
      }
    }
    if (effects === 0) {
      this.#unanswered.add(this.#columns.size);
      this.#pend(write.value, sent);
    }
    // Regions that could not know of each other may each have made it; what they recorded of that says so.
    const recorded = write.id === undefined ? 0 : (twice.get(write.id) ?? 0);
    for (effects = Math.max(1, effects); effects < recorded; effects++) this.#pend(write.value, sent);
  }

  /** An answer that shows this value. */
  #held(operation: Operation, value: unknown): void {
    this.#add(READ, value, operation, operation.completed, operation.complete?.version);
  }

  #pend(value: unknown, by: Operation): void {
    this.#pending++;
    this.#add(WRITE, value, by, Infinity);
  }

  #add(kind: 0 | 1, value: unknown, by: Operation, completed: number, version?: number, expected?: number): void {
    const { at, home, region } = by.invoke;
    this.#seen[this.#columns.size] = by;
    this.#moved[this.#columns.size] = (home ?? region) !== this.region;
    this.#columns.add(kind, value, at, completed, version, expected);
  }

  #home({ home, acknowledged }: Effect): string | undefined {
    return home ?? (acknowledged.complete?.stored ? undefined : answeredIn(acknowledged));
  }
}

/** The first attempt that may have had an effect: before it was sent there was none. */
function firstSent({ attempts }: Write): Operation {
  if (attempts.length === 1) return attempts[0]!;
  return attempts.find(({ outcome }) => outcome.type !== "fail") ?? attempts[0]!;
}

/** The operation whose answer was the first to tell of this effect. */
function firstTold({ attempts }: Write, { acknowledged, state, version }: Effect): Operation {
  if (attempts.length === 1) return acknowledged;
  const told = attempts.filter(
    ({ outcome, complete }) => outcome.type === "ok" && complete?.state === state && complete?.version === version,
  );
  return told.reduce((first, one) => (one.completed < first.completed ? one : first), acknowledged);
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
