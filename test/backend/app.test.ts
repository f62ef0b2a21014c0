// What clients are promised, over memory: reads, writes under a version, request ids, paging, health.
import { setMaxListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { StoreUnavailable } from "../../src/backend/ports.ts";
import { prune } from "../../src/backend/prune.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { createWorld } from "./world.ts";

interface Page {
  properties: readonly { id: number }[];
  next: number | null;
}

const one = () => {
  const world = createWorld({ replicating: false });
  return { world, us: world.regions["us"]!, eu: world.regions["eu"]! };
};

describe("reading", () => {
  test("a property is answered with numbers, its state as ETag, and who answered", async () => {
    const { us } = one();
    const reply = await us.get("properties/1");
    expect(reply.statusCode).toBe(200);
    expect(reply.headers).toMatchObject({ etag: '"us:0,eu:0"', "x-served-by": "backend-us" });
    expect(reply.json()).toEqual({
      id: 1,
      price: 350_000,
      bedrooms: 3,
      bathrooms: 2,
      region_origin: "us",
      version: 1,
      updated_at: "2026-01-01T00:00:00.000Z",
    });
  });

  test("pages follow each other to the end, each property once", async () => {
    const { us } = one();
    const ids: number[] = [];
    let pages = 0;
    for (let next: number | null = 0; next !== null; pages++) {
      const page: Page = (await us.get(`properties?limit=8&after=${next}`)).json();
      ids.push(...page.properties.map(({ id }) => id));
      next = page.next;
    }
    expect(pages).toBe(3);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    // Without a limit there is one anyway; exactly one page has no next one.
    expect((await us.get("properties?limit=20")).json().next).toBeNull();
    expect((await us.get("properties")).json().properties).toHaveLength(20);
  });

  test("any known region is served, from the own database, and health tells whose that is", async () => {
    const { eu } = one();
    await eu.put(3, { price: 7, version: 1 });
    expect((await eu.ask("/us/properties/3")).json()).toMatchObject({ price: 7, version: 2 });
    const health = await eu.ask("/us/health");
    expect(health.json()).toEqual({ status: "ok", region: "eu" });
    expect(health.headers["x-served-by"]).toBe("backend-eu");
  });

  test("health is 503 while the database does not answer, and reads and writes say so in words", async () => {
    const { us } = one();
    const gone = async () => {
      throw new StoreUnavailable("gone");
    };
    Object.assign(us.store, { ping: gone, property: gone, transaction: gone });
    expect((await us.get("health")).statusCode).toBe(503);
    expect((await us.get("health")).json()).toMatchObject({ status: "unavailable", region: "us" });
    expect((await us.get("properties/1")).json()).toEqual({ detail: "The database of us does not answer" });
    const write = await us.put(1, { price: 1, version: 1 });
    expect(write.statusCode).toBe(503);
    expect(write.json().detail).toContain("whether the write took place is not known");
    expect(write.headers["x-served-by"]).toBe("backend-us");
  });

  test("metrics are Prometheus text, with what was done in it", async () => {
    const { us } = one();
    await us.put(1, { price: 1, version: 1 });
    await us.put(1, { price: 2, version: 1 });
    await us.get("properties/1");
    const { body, headers } = await us.get("metrics");
    expect(headers["content-type"]).toContain("text/plain");
    expect(body).toContain(
      'regionctl_http_requests_total{method="GET",route="/:region/properties/:id",status="200",region="us"} 1',
    );
    expect(body).toContain('status="409",region="us"} 1');
    expect(body).toContain('regionctl_outbox_events{region="us"} 1');
    expect(body).toContain('regionctl_conflicts_total{kind="rejected",region="us"} 1');
    expect(body).toContain('regionctl_replication_lag_seconds{source="eu",region="us"} 0');
    expect(body).toMatch(/regionctl_http_request_seconds_count\{.*method="PUT".*\} 2/);
  });
});

describe("writing", () => {
  test("a PUT adds one to the version and answers the state that it made", async () => {
    const { us } = one();
    const done = await us.put(1, { price: 500_000.5, version: 1 });
    expect(done.statusCode).toBe(200);
    expect(done.json()).toEqual({ id: 1, price: 500_000.5, version: 2, updated_at: expect.stringMatching(/^2026-/) });
    expect(done.headers["etag"]).toBe('"us:1,eu:0"');
    const read = await us.get("properties/1");
    expect(read.json()).toMatchObject(done.json());
    expect(read.headers["etag"]).toBe(done.headers["etag"]);
  });

  test("a stale version is refused by name, changes nothing, and is written down", async () => {
    const { us } = one();
    await us.put(1, { price: 10, version: 1 });
    const stale = await us.put(1, { price: 20, version: 1 }, { "x-request-id": "late" });
    expect(stale.statusCode).toBe(409);
    expect(stale.json()).toEqual({ detail: "Version conflict: expected version 1, current version is 2" });
    expect((await us.get("properties/1")).json().price).toBe(10);
    const { conflicts, next } = (await us.get("conflicts")).json();
    expect(next).toBeNull();
    expect(conflicts).toEqual([
      {
        id: 1,
        kind: "rejected",
        key: 1,
        region: "us",
        at: expect.stringMatching(/^2026-.*Z$/),
        rule: expect.stringContaining("optimistic lock"),
        winner: { state: "us:1,eu:0", value: 10, stamp: expect.any(Number), request_id: null },
        loser: { state: "", value: 20, stamp: null, request_id: "late" },
      },
    ]);
  });

  test("If-Match is compared exactly and names both states; with a version, both must match", async () => {
    const { us } = one();
    await us.put(1, { price: 10, version: 1 }, { "if-match": '"us:0,eu:0"' });
    const stale = await us.put(1, { price: 20 }, { "if-match": '"us:0,eu:0"' });
    expect(stale.statusCode).toBe(409);
    expect(stale.json().detail).toBe("Version conflict: expected state us:0,eu:0, current state is us:1,eu:0");
    // The same integer can name another state, after a failover: here one that eu would have made.
    const other = await us.put(1, { price: 20, version: 2 }, { "if-match": '"us:0,eu:1"' });
    expect(other.statusCode).toBe(409);
    const both = await us.put(1, { price: 20, version: 7 }, { "if-match": '"us:1,eu:0"' });
    expect(both.json().detail).toBe("Version conflict: expected version 7, current version is 2");
    expect((await us.put(1, { price: 20, version: 2 }, { "if-match": '"us:1,eu:0"' })).statusCode).toBe(200);
  });

  test("of two PUTs with one version at the same time one is done and one is refused", async () => {
    const { us } = one();
    const replies = await Promise.all([us.put(1, { price: 1, version: 1 }), us.put(1, { price: 2, version: 1 })]);
    expect(replies.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 409]);
    const winner = replies.find(({ statusCode }) => statusCode === 200)!;
    expect((await us.get("properties/1")).json()).toMatchObject(winner.json());
  });
});

describe("request ids", () => {
  test("a repeat is answered with the original answer and state, however often and whatever it expects by now", async () => {
    const { us } = one();
    const first = await us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    for (const ifMatch of ['"us:0,eu:0"', '"us:9,eu:9"']) {
      const again = await us.put(1, { price: 10, version: 1 }, { "x-request-id": "a", "if-match": ifMatch });
      expect(again.statusCode).toBe(422);
      expect(again.json()).toEqual({ detail: "Duplicate request", original_response: first.json() });
      expect(again.headers["etag"]).toBe(first.headers["etag"]);
    }
    expect((await us.get("properties/1")).json().version).toBe(2);
  });

  test("two at the same time take effect once", async () => {
    const { us } = one();
    const put = () => us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    const replies = await Promise.all([put(), put(), put()]);
    expect(replies.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 422, 422]);
    expect((await us.get("properties/1")).json().version).toBe(2);
  });

  test("an id that belongs to another request is refused in other words", async () => {
    const { us } = one();
    await us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    for (const [id, body] of [
      [1, { price: 11, version: 1 }],
      [2, { price: 10, version: 1 }],
      [1, { price: 10, version: 2 }],
    ] as const) {
      const reply = await us.put(id, body, { "x-request-id": "a" });
      expect(reply.statusCode).toBe(422);
      expect(reply.json().detail).toContain("used for a different request");
      expect(reply.json()).not.toHaveProperty("original_response");
    }
  });

  test("only an effect is remembered: a refused or missing one leaves the id free", async () => {
    const { us } = one();
    const headers = { "x-request-id": "a" };
    expect((await us.put(1, { price: 10, version: 9 }, headers)).statusCode).toBe(409);
    expect((await us.put(999, { price: 10, version: 1 }, headers)).statusCode).toBe(404);
    expect((await us.put(1, { price: -1, version: 1 }, headers)).statusCode).toBe(400);
    expect((await us.put(1, { price: 10, version: 1 }, headers)).statusCode).toBe(200);
  });

  test("they are forgotten after a day, and not before", async () => {
    const { us } = one();
    const clock = virtualClock();
    const ending = new AbortController();
    setMaxListeners(0, ending.signal);
    // The world's own clock stands still: the PUT is made at its beginning.
    const start = 1_780_000_000_000;
    const ports = { store: us.store, clock: { now: () => start + clock.now(), sleep: clock.sleep }, say: () => {} };
    const pruning = prune(ports, ending.signal);
    const put = () => us.put(1, { price: 10, version: 1 }, { "x-request-id": "a" });
    expect((await put()).statusCode).toBe(200);
    await clock.advance(23.9 * 60 * 60_000);
    expect((await put()).statusCode).toBe(422);
    await clock.advance(30 * 60_000);
    expect((await put()).statusCode).toBe(409);
    ending.abort();
    await pruning;
  });
});
