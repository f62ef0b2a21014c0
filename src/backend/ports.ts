// What the backend needs from outside. app.ts does no I/O except through these, so that the same code runs over
// PostgreSQL and Kafka, and over memory on a virtual clock.
import type { Random } from "../model/random.ts";
import type { Held } from "./conflict/resolve.ts";

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`; rejects when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** One readable line for the log. */
export type Say = (line: string) => void;

export interface Ports {
  store: Store;
  log: Log;
  /** What time it is: lag, expiry, waiting. */
  clock: Clock;
  /** Stamps writes, milliseconds since 1970. A clock that is skewed on purpose moves this one alone. */
  stampNow: () => number;
  /** What replication faults draw from. */
  random: Random;
  say: Say;
}

// --- the database ---

export interface Row extends Held {
  id: number;
  bedrooms: number;
  bathrooms: number;
  regionOrigin: string;
}

/** What a PUT answered, as it is stored for a repeat. */
export interface Answer {
  body: { id: number; price: number; version: number; updated_at: string };
  etag: string;
}

/** One side of a conflict, as clients see it. */
export interface Side {
  /** Vector of that write as text; "" where nothing was written (a refused PUT). */
  state: string;
  value: number;
  stamp: number | null;
  request_id: string | null;
}

/** The one effect of a request id, in whichever region it took place. */
export interface Effect {
  region: string;
  key: number;
  write: Side;
  answer: Answer;
}

export interface Claim {
  requestId: string;
  fingerprint: string;
  /** null while the request that claims it is still in its transaction. */
  effect: Effect | null;
}

export type ConflictKind = "rejected" | "concurrent" | "duplicate-request";

export interface Conflict {
  kind: ConflictKind;
  key: number;
  region: string;
  /** Milliseconds since 1970. */
  at: number;
  rule: string;
  winner: Side | null;
  loser: Side | null;
}

export interface OutboxRow {
  id: number;
  key: string;
  /** The event as text. */
  event: string;
}

/** How far the log was applied. */
export interface Position {
  /** Offset of the next message; null: nothing was consumed yet. */
  next: number | null;
  /** Per source region: commit time of the newest event or heartbeat applied from it. */
  heard: Readonly<Record<string, number>>;
}

export interface Store {
  /** Rejects when the database does not answer within 250 ms. */
  ping(): Promise<void>;
  property(id: number): Promise<Row | undefined>;
  properties(after: number, limit: number): Promise<readonly Row[]>;
  conflicts(after: number, limit: number): Promise<readonly (Conflict & { id: number })[]>;
  /** Records a conflict on its own, outside any transaction. */
  record(conflict: Conflict): Promise<void>;
  /** Commits when `work` resolves, unless it abandoned the transaction; undoes everything when it rejects. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Events that are not published yet, in the order of each row. */
  unpublished(limit: number): Promise<readonly OutboxRow[]>;
  published(ids: readonly number[]): Promise<void>;
  backlog(): Promise<number>;
  position(): Promise<Position>;
  moveTo(position: Position): Promise<void>;
  greatestStamp(): Promise<number>;
  /** Forgets request ids and conflicts from before this time (milliseconds since 1970). */
  prune(before: number): Promise<void>;
  close(): Promise<void>;
}

/** Ids come first, rows second, in every transaction: the other order deadlocks. */
export interface Transaction {
  /** Claims those ids that are free and answers those that are not; waits for another transaction that holds one. */
  claim(claims: readonly Claim[], now: number): Promise<ReadonlyMap<string, Claim>>;
  /** The rows, locked until the end. */
  lock(ids: readonly number[]): Promise<ReadonlyMap<number, Row>>;
  /** A local write: the row (which must still have that version), its event, and the answer of its claim. */
  write(made: {
    row: Row;
    expectedVersion: number;
    event: { key: string; text: string };
    claim: Claim | null;
  }): Promise<void>;
  /** Rows as they are after writes from elsewhere. */
  merge(rows: readonly Row[]): Promise<void>;
  /** The same pair is recorded once, however often it arrives. Answers those that are new. */
  record(conflicts: readonly Conflict[]): Promise<readonly Conflict[]>;
  moveTo(position: Position): Promise<void>;
  /** Nothing of this transaction is kept. */
  abandon(): void;
}

/** The database does not answer; whether a commit that was under way took place is not known. */
export class StoreUnavailable extends Error {
  override name = "StoreUnavailable";
}

// --- the log between the regions ---

export interface Message {
  key: string;
  value: string;
}

export interface Delivery {
  offset: number;
  value: string;
}

export interface Log {
  /**
   * In order, one at a time. Answers the offset of the first; null: not known. Rejects when it may not have been
   * appended: append it again.
   */
  append(messages: readonly Message[]): Promise<number | null>;
  /**
   * Hands over every message from `from()` on (null: the beginning), at least once, until the signal aborts. The next
   * batch comes once `receive` has resolved; one that it rejects is handed over again.
   */
  follow(
    from: () => Promise<number | null>,
    receive: (batch: readonly Delivery[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Offset after the last message, asked now; null, and soon, when nobody answers. */
  end(): Promise<number | null>;
  close(): Promise<void>;
}
