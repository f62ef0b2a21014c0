// What every Store promises: one body, against memory and against a real PostgreSQL.
import { once } from "node:events";
import net from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryStore } from "../../src/backend/adapters/memory.ts";
import { createPostgresStore } from "../../src/backend/adapters/postgres.ts";
import { StoreUnavailable, type Claim, type Conflict, type Row, type Store } from "../../src/backend/ports.ts";
import { ask, startPostgres, type Postgres } from "../support/postgres.ts";
import { seedRows } from "./world.ts";

const silent = () => {};
let postgres: Postgres;
let databases = 0;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.[Symbol.asyncDispose]());

const newDatabase = () => postgres.database(`store_${++databases}`);

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => createMemoryStore(seedRows(1_200)),
  postgres: async () => createPostgresStore(await newDatabase(), silent),
};

/** A row as it is after its nth write by us. */
function written(row: Row, counter: number, stamp = counter): Row {
  const at = 1_780_000_000_000 + counter;
  const requestId = `r${counter}`;
  return {
    ...row,
    seen: { us: counter },
    write: { value: counter + 0.99, written: { us: counter }, stamp, region: "us", requestId, at },
  };
}

const claimOf = (requestId: string): Claim => ({ requestId, fingerprint: `f-${requestId}`, effect: null });
const side = (state: string) => ({ state, value: 1.5, stamp: 1_780_000_000_000_000, request_id: null });

function conflict(kind: Conflict["kind"], key: number, winner: string, loser: string, at = 5): Conflict {
  return { kind, key, region: "us", at, rule: "the rule", winner: side(winner), loser: side(loser) };
}

const TEN = Array.from({ length: 10 }, (_, index) => index);

/** A promise and its key. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe.each(Object.entries(STORES))("%s", (_name, openStore) => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore();
  });
  afterAll(() => store?.close());

  /** Writes row `id` as a PUT does. */
  async function put(id: number, counter: number, claim: Claim | null = null): Promise<void> {
    await store.transaction(async (tx) => {
      if (claim) await tx.claim([claim], 1_000);
      const row = (await tx.lock([id])).get(id)!;
      const answer = { body: { id, price: 1, version: counter + 1, updated_at: "x" }, etag: "e" };
      await tx.write({
        row: written(row, counter),
        expectedVersion: counter,
        event: { key: String(id), text: `{"n": ${counter}}` },
        claim: claim && { ...claim, effect: { region: "us", key: id, write: side("us:1,eu:0"), answer } },
      });
    });
  }

  test("starts with 1,200 properties that no region has written, and pages through them", async () => {
    await store.ping();
    const all = await store.properties(0, 2_000);
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 1_200 }, (_, index) => index + 1));
    for (const { seen, write } of all)
      expect([seen, write.written, write.stamp, write.region]).toEqual([{}, {}, 0, ""]);
    expect((await store.properties(10, 2)).map(({ id }) => id)).toEqual([11, 12]);
    expect(await store.property(1)).toEqual(all[0]);
    expect(await store.property(0)).toBeUndefined();
    expect(await store.greatestStamp()).toBe(0);
  });

  test("keeps a row to the last digit, its event, and the answer of its id", async () => {
    const before = (await store.property(100))!;
    await put(100, 1, claimOf("kept"));
    const after = written(before, 1, 1);
    expect(await store.property(100)).toEqual(after);
    const exact = {
      ...after,
      seen: { us: 2 },
      write: { ...after.write, stamp: 1_795_227_607_069_001, value: 999_999_999.99 },
    };
    await store.transaction((tx) => tx.merge([exact]));
    expect(await store.property(100)).toEqual(exact);
    expect(await store.greatestStamp()).toBe(1_795_227_607_069_001);
    const known = await store.transaction((tx) => tx.claim([claimOf("kept"), claimOf("new")], 1_000));
    expect([...known.keys()]).toEqual(["kept"]);
    expect(known.get("kept")).toMatchObject({ fingerprint: "f-kept", effect: { region: "us", key: 100 } });
    const events = await store.unpublished(10);
    expect(events.map(({ key, event }) => [key, JSON.parse(event)])).toEqual([["100", { n: 1 }]]);
    expect(await store.backlog()).toBe(1);
    await store.published(events.map(({ id }) => id));
    expect(await store.backlog()).toBe(0);
  });

  test.each(["rejected", "abandoned"])("keeps nothing of a transaction that was %s", async (how) => {
    const before = await store.property(101);
    const work = store.transaction(async (tx) => {
      await tx.claim([claimOf(`undone-${how}`)], 1_000);
      const row = (await tx.lock([101])).get(101)!;
      await tx.write({ row: written(row, 1), expectedVersion: 1, event: { key: "101", text: "{}" }, claim: null });
      await tx.record([conflict("concurrent", 101, `us:1 ${how}`, "eu:1")]);
      await tx.moveTo({ next: 77, heard: {} });
      if (how === "rejected") throw new Error("no");
      tx.abandon();
    });
    if (how === "rejected") await expect(work).rejects.toThrow("no");
    else await work;
    expect(await store.property(101)).toEqual(before);
    expect(await store.backlog()).toBe(0);
    expect((await store.conflicts(0, 500)).filter(({ key }) => key === 101)).toEqual([]);
    expect((await store.position()).next).not.toBe(77);
    expect(await store.transaction((tx) => tx.claim([claimOf(`undone-${how}`)], 1_000))).toEqual(new Map());
  });

  test("refuses a write over another version", async () => {
    await put(102, 1);
    await expect(put(102, 1)).rejects.toThrow("not at version 1 any more");
    expect((await store.property(102))!.seen).toEqual({ us: 1 });
    await store.published((await store.unpublished(10)).map(({ id }) => id));
  });

  test("lets a second request with one id wait for the first: known if it had an effect, free if not", async () => {
    for (const [id, keeps] of [
      ["waits-known", true],
      ["waits-free", false],
    ] as const) {
      const claimed = gate();
      const finish = gate();
      const first = store.transaction(async (tx) => {
        await tx.claim([claimOf(id)], 1_000);
        claimed.open();
        await finish.opened;
        if (!keeps) tx.abandon();
      });
      await claimed.opened;
      let answered = false;
      const second = store.transaction((tx) => tx.claim([claimOf(id)], 1_000)).finally(() => (answered = true));
      await store.property(1);
      expect(answered).toBe(false);
      finish.open();
      await first;
      expect((await second).has(id)).toBe(keeps);
    }
  });

  test("hands events out in the order of their rows until they are published", async () => {
    for (const counter of [1, 2, 3]) await Promise.all([put(110, counter), put(111, counter)]);
    const all = await store.unpublished(100);
    for (const key of ["110", "111"])
      expect(all.filter((row) => row.key === key).map(({ event }) => JSON.parse(event).n)).toEqual([1, 2, 3]);
    await store.published(all.slice(0, 2).map(({ id }) => id));
    expect(await store.unpublished(100)).toEqual(all.slice(2));
    expect(await store.unpublished(1)).toEqual(all.slice(2, 3));
    await store.published(all.map(({ id }) => id));
    expect(await store.unpublished(100)).toEqual([]);
  });

  test("records a pair once and every refusal, in the order in which they can be seen", async () => {
    const last = (await store.conflicts(0, 500)).at(-1)?.id ?? 0;
    const pair = conflict("concurrent", 7, "us:1,eu:0", "us:0,eu:1");
    expect(await store.transaction((tx) => tx.record([pair]))).toEqual([pair]);
    const mirrored = conflict("concurrent", 7, "us:0,eu:1", "us:1,eu:0");
    expect(await store.transaction((tx) => tx.record([mirrored]))).toEqual([]);
    await store.record({ ...conflict("rejected", 7, "us:1,eu:0", ""), loser: null });
    await store.record({ ...conflict("rejected", 7, "us:1,eu:0", ""), loser: null });
    const duplicate = conflict("duplicate-request", 7, "us:1,eu:0", "us:0,eu:1");
    await store.transaction((tx) => tx.record([duplicate]));
    const found = await store.conflicts(last, 500);
    expect(found.map(({ id, ...rest }) => (id > last ? rest : undefined))).toEqual([
      pair,
      { ...conflict("rejected", 7, "us:1,eu:0", ""), loser: null },
      { ...conflict("rejected", 7, "us:1,eu:0", ""), loser: null },
      duplicate,
    ]);
    expect(await store.conflicts(found[0]!.id, 2)).toEqual(found.slice(1, 3));
  });

  test("a record made while another is not committed yet is numbered after it", async () => {
    const last = (await store.conflicts(0, 500)).at(-1)?.id ?? 0;
    const recorded = gate();
    const finish = gate();
    const slow = store.transaction(async (tx) => {
      await tx.record([conflict("concurrent", 8, "us:1,eu:0", "us:0,eu:1")]);
      recorded.open();
      await finish.opened;
    });
    await recorded.opened;
    const quick = store.record(conflict("rejected", 9, "us:1,eu:0", ""));
    expect(await store.conflicts(last, 500)).toEqual([]);
    finish.open();
    await Promise.all([slow, quick]);
    expect((await store.conflicts(last, 500)).map(({ key }) => key)).toEqual([8, 9]);
  });

  test("remembers how far the log was applied", async () => {
    expect(await store.position()).toEqual({ next: null, heard: {} });
    await store.moveTo({ next: 12, heard: { eu: 1_780_000_000_123 } });
    expect(await store.position()).toEqual({ next: 12, heard: { eu: 1_780_000_000_123 } });
    await store.transaction((tx) => tx.moveTo({ next: 3, heard: {} }));
    expect(await store.position()).toEqual({ next: 3, heard: {} });
  });

  test("forgets what is old and nothing else", async () => {
    await store.transaction(async (tx) => {
      await tx.claim([claimOf("old")], 10_000);
      await tx.claim([claimOf("young")], 20_000);
    });
    await store.record(conflict("rejected", 55, "old", "", 10_000));
    await store.record(conflict("rejected", 55, "young", "", 20_000));
    await store.prune(15_000);
    const known = await store.transaction((tx) => tx.claim([claimOf("old"), claimOf("young")], 20_000));
    expect([...known.keys()]).toEqual(["young"]);
    const left = (await store.conflicts(0, 500)).filter(({ key }) => key === 55);
    expect(left.map(({ winner }) => winner?.state)).toEqual(["young"]);
  });

  test("many transactions over the same ids and rows, in any order, all end", async () => {
    const ids = Array.from({ length: 60 }, (_, index) => 200 + index);
    const batch = (turn: number) =>
      store.transaction(async (tx) => {
        const order = turn % 2 === 0 ? ids : ids.toReversed();
        // Enough of them that two which begin at opposite ends meet in the middle.
        const names = order.flatMap((id) => TEN.map((n) => `crowd-${Math.floor(turn / 2)}-${id}-${n}`));
        await tx.claim(names.map(claimOf), 1_000);
        const rows = await tx.lock(order);
        await tx.merge([...rows.values()].map((row) => written(row, (row.seen["us"] ?? 0) + 1)));
      });
    await Promise.all(Array.from({ length: 30 }, (_, turn) => batch(turn)));
    for (const id of ids) expect((await store.property(id))!.seen).toEqual({ us: 30 });
  });
});

describe("PostgreSQL alone", () => {
  test("the seeds are the same bytes everywhere, and the first property is the documented one", async () => {
    const sum =
      "SELECT md5(string_agg(p::text, ',' ORDER BY id)) AS sum, count(*)::int AS n, count(DISTINCT price)::int AS prices, min(version) + max(version) AS versions FROM properties p";
    const [one, other] = await Promise.all([newDatabase(), newDatabase()].map(async (url) => ask(await url, sum)));
    expect(one).toEqual(other);
    expect(one).toMatchObject([{ n: 1_200, versions: 2 }]);
    expect(one![0]!.prices).toBeGreaterThan(1_000);
    const store = createPostgresStore(await newDatabase(), silent);
    const rows = await store.properties(0, 2);
    expect(rows[0]).toMatchObject({ id: 1, bedrooms: 3, bathrooms: 2, regionOrigin: "us", write: { value: 350_000 } });
    expect(rows[1]).toMatchObject({ regionOrigin: "eu" });
    await store.close();
  });

  test("a database that goes away is said once, costs only what needed it, and is used again once it is back", async () => {
    await using own = await startPostgres();
    const said: string[] = [];
    const store = createPostgresStore(await own.database("away"), (line) => said.push(line));
    await store.ping();
    const begun = gate();
    const finish = gate();
    const cut = store.transaction(async (tx) => {
      await tx.lock([1]);
      begun.open();
      await finish.opened;
      await tx.lock([2]);
    });
    await begun.opened;
    await own.crash();
    finish.open();
    await expect(cut).rejects.toThrow(StoreUnavailable);
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
    await expect(store.property(1)).rejects.toThrow(StoreUnavailable);
    await own.start();
    await expect(store.property(1)).resolves.toMatchObject({ id: 1, seen: {} });
    await store.ping();
    expect(said.map((line) => line.replace(/:.*/, ""))).toEqual([
      "the database does not answer",
      "the database answers again",
    ]);
    await store.close();
  });

  test("a database that accepts and says nothing is not waited for", async () => {
    const sockets: net.Socket[] = [];
    const mute = net.createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as net.AddressInfo;
    const store = createPostgresStore(`postgres://tester@127.0.0.1:${port}/mute`, silent);
    // Health is asked by everybody all the time, so it gives up long before a request does.
    const gaveUp: string[] = [];
    await Promise.all([
      expect(store.property(1).finally(() => gaveUp.push("request"))).rejects.toThrow(StoreUnavailable),
      expect(store.ping().finally(() => gaveUp.push("health"))).rejects.toThrow(StoreUnavailable),
    ]);
    expect(gaveUp).toEqual(["health", "request"]);
    await store.close();
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  test("what is wrong with a statement is not mistaken for a database that is away", async () => {
    const url = await newDatabase();
    await ask(url, "DROP TABLE outbox");
    const store = createPostgresStore(url, silent);
    const wrong = await store.backlog().catch((error) => error);
    expect(wrong).not.toBeInstanceOf(StoreUnavailable);
    expect(String(wrong)).toContain("outbox");
    await store.close();
  });
});
