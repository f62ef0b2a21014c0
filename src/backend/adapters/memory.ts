// The Store and the Log in memory: for tests in milliseconds, and for simulating whole systems on a virtual clock.
// One transaction at a time, in the order they were begun, so nothing depends on chance.
import { pairOf } from "../conflict/record.ts";
import { versionOf } from "../conflict/vector.ts";
import type {
  Claim,
  Conflict,
  Delivery,
  Log,
  Message,
  OutboxRow,
  Position,
  Row,
  Store,
  Transaction,
} from "../ports.ts";

interface Tables {
  rows: Map<number, Row>;
  claims: Map<string, Claim & { createdAt: number }>;
  outbox: Map<number, OutboxRow>;
  conflicts: Map<number, Conflict & { id: number }>;
  pairs: Set<string>;
  position: Position;
}

export function createMemoryStore(seed: readonly Row[]): Store {
  const byId = seed.toSorted((a, b) => a.id - b.id).map((row) => [row.id, row] as const);
  let tables: Tables = {
    rows: new Map(byId),
    claims: new Map(),
    outbox: new Map(),
    conflicts: new Map(),
    pairs: new Set(),
    position: { next: null, heard: {} },
  };
  // As in PostgreSQL, a number that was drawn in a transaction that was undone is not drawn again.
  let lastOutbox = 0;
  let lastConflict = 0;
  let turn: Promise<unknown> = Promise.resolve();

  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  }

  function open(draft: Tables, abandon: () => void): Transaction {
    return {
      async claim(claims, now) {
        const known = new Map<string, Claim>();
        for (const claim of claims) {
          const taken = draft.claims.get(claim.requestId);
          if (taken === undefined) draft.claims.set(claim.requestId, { ...claim, createdAt: now });
          else known.set(claim.requestId, taken);
        }
        return known;
      },
      async lock(ids) {
        return new Map(ids.flatMap((id) => (draft.rows.has(id) ? [[id, draft.rows.get(id)!] as const] : [])));
      },
      async write({ row, expectedVersion, event, claim }) {
        const held = draft.rows.get(row.id);
        if (held === undefined || versionOf(held.seen) !== expectedVersion)
          throw new Error(`property ${row.id} is not at version ${expectedVersion} any more`);
        draft.rows.set(row.id, row);
        draft.outbox.set(++lastOutbox, { id: lastOutbox, key: event.key, event: event.text });
        const claimed = claim && draft.claims.get(claim.requestId);
        if (claim && claimed) draft.claims.set(claim.requestId, { ...claimed, effect: claim.effect });
      },
      async merge(rows) {
        for (const row of rows) draft.rows.set(row.id, row);
      },
      async record(conflicts) {
        return conflicts.filter((conflict) => {
          const pair = pairOf(conflict);
          if (pair !== null && draft.pairs.has(pair)) return false;
          if (pair !== null) draft.pairs.add(pair);
          draft.conflicts.set(++lastConflict, { ...conflict, id: lastConflict });
          return true;
        });
      },
      async moveTo(position) {
        draft.position = position;
      },
      abandon,
    };
  }

  const transaction = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
    exclusively(async () => {
      let kept = true;
      const draft = copy(tables);
      const result = await work(open(draft, () => (kept = false)));
      if (kept) tables = draft;
      return result;
    });

  return {
    ping: async () => {},
    property: async (id) => tables.rows.get(id),
    properties: async (after, limit) => [...tables.rows.values()].filter((row) => row.id > after).slice(0, limit),
    conflicts: async (after, limit) => [...tables.conflicts.values()].filter(({ id }) => id > after).slice(0, limit),
    record: (conflict) => transaction(async (tx) => void (await tx.record([conflict]))),
    transaction,
    unpublished: async (limit) => [...tables.outbox.values()].slice(0, limit),
    published: (ids) =>
      exclusively(async () => {
        for (const id of ids) tables.outbox.delete(id);
      }),
    backlog: async () => tables.outbox.size,
    position: async () => tables.position,
    moveTo: (position) => transaction((tx) => tx.moveTo(position)),
    greatestStamp: async () => Math.max(0, ...[...tables.rows.values()].map((row) => row.write.stamp)),
    prune: (before) =>
      exclusively(async () => {
        for (const [id, { createdAt }] of tables.claims) if (createdAt < before) tables.claims.delete(id);
        for (const [id, conflict] of tables.conflicts) {
          if (conflict.at >= before) continue;
          tables.conflicts.delete(id);
          tables.pairs.delete(pairOf(conflict) ?? "");
        }
      }),
    close: async () => {},
  };
}

function copy(tables: Tables): Tables {
  return {
    rows: new Map(tables.rows),
    claims: new Map(tables.claims),
    outbox: new Map(tables.outbox),
    conflicts: new Map(tables.conflicts),
    pairs: new Set(tables.pairs),
    position: tables.position,
  };
}

/** One log, as every region sees it. */
export interface MemoryLog {
  connect(): Log;
  /** While it is down nobody is answered. */
  down: boolean;
  length(): number;
  append(messages: readonly Message[]): void;
}

export function createMemoryLog(): MemoryLog {
  const messages: string[] = [];
  const waiting = new Set<() => void>();
  const shared: MemoryLog = {
    down: false,
    length: () => messages.length,
    append(added) {
      messages.push(...added.map((message) => message.value));
      for (const wake of waiting) wake();
    },
    connect: () => ({
      async append(added) {
        if (shared.down) throw new Error("the log is down");
        shared.append(added);
        return messages.length - added.length;
      },
      async follow(from, receive, signal) {
        let next = (await from()) ?? 0;
        while (!signal.aborted) {
          const batch: Delivery[] = messages.slice(next).map((value, index) => ({ offset: next + index, value }));
          if (batch.length === 0 || shared.down) {
            await until(signal, waiting);
            continue;
          }
          const done = await receive(batch).then(
            () => true,
            () => false,
          );
          if (done) next += batch.length;
          else await until(signal, waiting);
        }
      },
      end: async () => (shared.down ? null : messages.length),
      close: async () => {},
    }),
  };
  return shared;
}

/** The next append, or the end. */
function until(signal: AbortSignal, waiting: Set<() => void>): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      waiting.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    if (signal.aborted) return resolve();
    waiting.add(wake);
    signal.addEventListener("abort", wake);
  });
}
