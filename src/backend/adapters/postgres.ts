// The Store in PostgreSQL. Every query has a time-out, here and in the server; a database that goes away costs the
// requests that needed it and nothing else: the pool opens new connections once it is back.
import pg from "pg";
import { pairOf } from "../conflict/record.ts";
import { versionOf } from "../conflict/vector.ts";
import { StoreUnavailable } from "../ports.ts";
import type { Claim, Conflict, Position, Row, Say, Store, Transaction } from "../ports.ts";
import { within } from "./within.ts";

const CONNECTIONS = 10;
const CONNECT_MS = 1_000;
/** The server gives up first, so that a lock is not held for a client that has gone. */
const STATEMENT_MS = 2_000;
const QUERY_MS = 2_500;
const PING_MS = 250;

const COLUMNS = `id, price::float8 AS price, bedrooms, bathrooms, region_origin, seen, written, stamp::text, stamp_region,
  request_id, (extract(epoch FROM updated_at) * 1000)::float8 AS updated_ms`;

const CONFLICT_COLUMNS = `id::float8 AS id, kind, key, region, (extract(epoch FROM at) * 1000)::float8 AS at, rule, winner, loser`;

/**
 * Conflicts are numbered in the order of their commits, so that a reader who asks for what came after a number misses
 * none: whoever draws a number holds this lock until its commit.
 */
const RECORD = `
  WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(7203114))
  INSERT INTO conflicts (kind, key, region, at, rule, winner, loser, pair)
  SELECT c.kind, c.key, c.region, to_timestamp(c.at / 1000.0), c.rule, c.winner, c.loser, c.pair
  FROM turn, json_to_recordset($1) AS c (
    kind text, key integer, region text, at float8, rule text, winner json, loser json, pair text)
  ON CONFLICT (pair) DO NOTHING
  RETURNING pair`;

const SET = `
  UPDATE properties AS p SET price = r.price, version = r.version, updated_at = to_timestamp(r.updated_ms / 1000.0),
    seen = r.seen, written = r.written, stamp = r.stamp, stamp_region = r.stamp_region, request_id = r.request_id
  FROM json_to_recordset($1) AS r (id integer, price numeric, version integer, updated_ms float8, seen jsonb,
    written jsonb, stamp bigint, stamp_region text, request_id text)
  WHERE p.id = r.id`;

/** A local write: the row if it still has that version, then its event, then the answer that its id stands for. */
const WRITE = `
  WITH row AS (${SET} AND p.version = $2 RETURNING p.id),
    event AS (INSERT INTO outbox (key, event) SELECT $3, $4 FROM row),
    claim AS (UPDATE requests SET effect = $6 FROM row WHERE request_id = $5)
  SELECT id FROM row`;

const CLAIM = `
  INSERT INTO requests (request_id, fingerprint, effect, created_at)
  SELECT c."requestId", c.fingerprint, c.effect, to_timestamp($2 / 1000.0)
  FROM json_to_recordset($1) AS c ("requestId" text, fingerprint text, effect json)
  ORDER BY 1
  ON CONFLICT (request_id) DO NOTHING
  RETURNING request_id`;

const MOVE = "UPDATE consumed SET next_offset = $1, heard = $2";

export function createPostgresStore(url: string, say: Say): Store {
  const state = createState(say);
  const pool = createPool(url, state, {
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
  });
  // Health has a connection of its own: a busy database is not a dead one.
  const probe = createPool(url, state, {
    max: 1,
    connectionTimeoutMillis: PING_MS,
    query_timeout: PING_MS,
    statement_timeout: PING_MS,
  });
  let pinging: Promise<unknown> | undefined;

  async function query(text: string, values: readonly unknown[] = []): Promise<readonly Fields[]> {
    return state.watch(pool.query<Fields>({ name: nameOf(text), text, values: [...values] })).then(({ rows }) => rows);
  }

  return {
    async ping() {
      pinging ??= within(PING_MS, probe.query("SELECT 1")).finally(() => (pinging = undefined));
      await state.watch(pinging);
    },
    property: async (id) => (await query(`SELECT ${COLUMNS} FROM properties WHERE id = $1`, [id])).map(rowOf)[0],
    properties: async (after, limit) =>
      (await query(`SELECT ${COLUMNS} FROM properties WHERE id > $1 ORDER BY id LIMIT $2`, [after, limit])).map(rowOf),
    conflicts: async (after, limit) =>
      (await query(`SELECT ${CONFLICT_COLUMNS} FROM conflicts WHERE id > $1 ORDER BY id LIMIT $2`, [
        after,
        limit,
      ])) as unknown as readonly (Conflict & { id: number })[],
    record: async (conflict) => void (await query(RECORD, [recordsOf([conflict])])),

    async transaction(work) {
      const client = await state.watch(pool.connect());
      let broken: Error | undefined;
      try {
        let abandoned = false;
        const ask = (text: string, values: readonly unknown[]) =>
          state.watch(client.query<Fields>({ name: nameOf(text), text, values: [...values] })).then(({ rows }) => rows);
        await state.watch(client.query("BEGIN"));
        const result = await work(open(ask, () => (abandoned = true)));
        await state.watch(client.query(abandoned ? "ROLLBACK" : "COMMIT"));
        return result;
      } catch (error) {
        // Closing the connection undoes whatever was not committed, also when the server is too busy to be asked.
        broken = error instanceof Error ? error : new Error(String(error));
        throw error;
      } finally {
        client.release(broken);
      }
    },

    unpublished: async (limit) =>
      (await query("SELECT id::float8 AS id, key, event::text AS event FROM outbox ORDER BY outbox.id LIMIT $1", [
        limit,
      ])) as unknown as readonly { id: number; key: string; event: string }[],
    published: async (ids) => void (await query("DELETE FROM outbox WHERE id = ANY($1)", [ids])),
    backlog: async () => Number((await query("SELECT count(*) AS n FROM outbox"))[0]?.n),
    async position() {
      const row = (await query("SELECT next_offset, heard FROM consumed"))[0];
      return {
        next: row?.next_offset == null ? null : Number(row.next_offset),
        heard: row?.heard as Position["heard"],
      };
    },
    moveTo: async ({ next, heard }) => void (await query(MOVE, [next, JSON.stringify(heard)])),
    greatestStamp: async () =>
      Number((await query("SELECT coalesce(max(stamp), 0) AS stamp FROM properties"))[0]?.stamp),
    async prune(before) {
      await query("DELETE FROM requests WHERE created_at < to_timestamp($1 / 1000.0)", [before]);
      await query("DELETE FROM conflicts WHERE at < to_timestamp($1 / 1000.0)", [before]);
    },
    async close() {
      await Promise.allSettled([pool.end(), probe.end()]);
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;
type Ask = (text: string, values: readonly unknown[]) => Promise<readonly Fields[]>;

function open(ask: Ask, abandon: () => void): Transaction {
  return {
    async claim(claims, now) {
      const fresh = await ask(CLAIM, [JSON.stringify(claims), now]);
      if (fresh.length === claims.length) return new Map();
      const ours = new Set(fresh.map((row) => row.request_id));
      const taken = claims.map((claim) => claim.requestId).filter((id) => !ours.has(id));
      const rows = await ask("SELECT request_id, fingerprint, effect FROM requests WHERE request_id = ANY($1)", [
        taken,
      ]);
      return new Map(rows.map((row) => [String(row.request_id), claimOf(row)]));
    },
    async lock(ids) {
      const rows = await ask(`SELECT ${COLUMNS} FROM properties WHERE id = ANY($1) ORDER BY id FOR UPDATE`, [ids]);
      return new Map(rows.map(rowOf).map((row) => [row.id, row]));
    },
    async write({ row, expectedVersion, event, claim }) {
      const done = await ask(WRITE, [
        JSON.stringify([fieldsOf(row)]),
        expectedVersion,
        event.key,
        event.text,
        claim?.requestId ?? null,
        claim && JSON.stringify(claim.effect),
      ]);
      if (done.length !== 1) throw new Error(`property ${row.id} is not at version ${expectedVersion} any more`);
    },
    merge: async (rows) => void (await ask(SET, [JSON.stringify(rows.map(fieldsOf))])),
    async record(conflicts) {
      const recorded = await ask(RECORD, [recordsOf(conflicts)]);
      const pairs = new Set(recorded.map((row) => row.pair));
      return conflicts.filter((conflict) => pairs.has(pairOf(conflict)));
    },
    moveTo: async ({ next, heard }) => void (await ask(MOVE, [next, JSON.stringify(heard)])),
    abandon,
  };
}

function rowOf(fields: Fields): Row {
  return {
    id: Number(fields.id),
    bedrooms: Number(fields.bedrooms),
    bathrooms: Number(fields.bathrooms),
    regionOrigin: String(fields.region_origin),
    seen: fields.seen as Row["seen"],
    write: {
      value: Number(fields.price),
      written: fields.written as Row["seen"],
      stamp: Number(fields.stamp),
      region: String(fields.stamp_region),
      requestId: fields.request_id as string | null,
      at: Math.round(Number(fields.updated_ms)),
    },
  };
}

function fieldsOf({ id, seen, write }: Row): Fields {
  return {
    id,
    price: write.value,
    version: versionOf(seen),
    updated_ms: write.at,
    seen,
    written: write.written,
    stamp: write.stamp,
    stamp_region: write.region,
    request_id: write.requestId,
  };
}

function claimOf(fields: Fields): Claim {
  return {
    requestId: String(fields.request_id),
    fingerprint: String(fields.fingerprint),
    effect: fields.effect as Claim["effect"],
  };
}

function recordsOf(conflicts: readonly Conflict[]): string {
  return JSON.stringify(conflicts.map((conflict) => ({ ...conflict, pair: pairOf(conflict) })));
}

/** Prepared once per connection, under a name that follows from the text. */
const names = new Map<string, string>();
function nameOf(text: string): string {
  const name = names.get(text) ?? `q${names.size}`;
  names.set(text, name);
  return name;
}

type State = ReturnType<typeof createState>;

/** Tells the log once that the database has gone, and once that it is back. */
function createState(say: Say) {
  let gone = false;
  function judge(error: unknown): unknown {
    if (!isUnavailable(error)) return error;
    const reason = error instanceof Error ? error.message : String(error);
    if (!gone) say(`the database does not answer: ${reason}`);
    gone = true;
    return new StoreUnavailable(reason, { cause: error });
  }
  async function watch<T>(asked: Promise<T>): Promise<T> {
    try {
      const result = await asked;
      if (gone) say("the database answers again");
      gone = false;
      return result;
    } catch (error) {
      throw judge(error);
    }
  }
  return { judge, watch };
}

function createPool(url: string, state: State, config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, keepAlive: true, allowExitOnIdle: true, ...config });
  // Without these a connection that the server closes would end the process.
  pool.on("error", state.judge);
  pool.on("connect", (client) => client.on("error", state.judge));
  return pool;
}

/** The server's own errors have an SQL state, of which only some mean that it cannot be asked; every other one is the connection's. */
function isUnavailable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) return true;
  // Connection exceptions, transactions that were given up, out of resources, shutting down or starting, time-outs.
  return /^(08|25P|40|53|57)/.test(code);
}
