// Whatever a client sends: a readable sentence, never a stack trace, and nothing of it is kept.
import fc from "fast-check";
import { once } from "node:events";
import net from "node:net";
import { describe, expect, test } from "vitest";
import { createWorld, type Region } from "./world.ts";

const us = () => createWorld({ replicating: false }).regions["us"]!;
const json = { "content-type": "application/json" };
const good = { price: 1, version: 1 };

/** What, status, a part of the sentence, how to ask. */
const WRONG: readonly (readonly [string, number, string, (region: Region) => ReturnType<Region["ask"]>])[] = [
  ["an unknown region", 404, "regions are us, eu", (us) => us.ask("/mars/properties/1")],
  ["an unknown region of health", 404, 'Unknown region "mars"', (us) => us.ask("/mars/health")],
  ["an unknown route", 404, "No such route: GET /us/nothing", (us) => us.get("nothing")],
  ["the root", 404, "No such route: GET /", (us) => us.ask("/")],
  ["an unknown method", 404, "No such route: POST", (us) => us.ask("/us/properties/1", { method: "POST" })],
  ["a url that cannot be decoded", 400, "%", (us) => us.ask("/us/properties/%zz")],
  ["a property that is not there", 404, "Property 999 not found", (us) => us.get("properties/999")],
  ["a property that is not there, to write", 404, "Property 999 not found", (us) => us.put(999, good)],
  ["an id that is a word", 400, "whole number", (us) => us.get("properties/one")],
  ["an id of 0", 400, "whole number", (us) => us.get("properties/0")],
  ["an id beyond the column", 400, "whole number", (us) => us.get("properties/2147483648")],
  ["an id with a fraction, to write", 400, "whole number", (us) => us.put("1.5", good)],
  ["a limit of 0", 400, "limit must be", (us) => us.get("properties?limit=0")],
  ["a limit too large", 400, "from 1 to 500", (us) => us.get("properties?limit=501")],
  ["a limit twice", 400, "limit must be", (us) => us.get("properties?limit=1&limit=2")],
  ["a negative place", 400, "after must be", (us) => us.get("properties?after=-1")],
  ["a place that is a word", 400, "after must be", (us) => us.get("conflicts?after=x")],
  ["no expectation", 400, "If-Match", (us) => us.put(1, { price: 1 })],
  ["no price", 400, "price must be a number", (us) => us.put(1, { version: 1 })],
  ["a price that is text", 400, 'not "1"', (us) => us.put(1, { price: "1", version: 1 })],
  ["a negative price", 400, "from 0 to", (us) => us.put(1, { price: -0.01, version: 1 })],
  ["three decimals", 400, "two decimals", (us) => us.put(1, { price: 1.001, version: 1 })],
  ["a price beyond the column", 400, "from 0 to", (us) => us.put(1, { price: 1e9, version: 1 })],
  ["a price beyond numbers", 400, "price", (us) => us.put(1, '{"price": 1e999, "version": 1}', json)],
  ["a version that is text", 400, "version must be", (us) => us.put(1, { price: 1, version: "1" })],
  ["a version of 0", 400, "version must be", (us) => us.put(1, { price: 1, version: 0 })],
  ["a version of null", 400, "version must be", (us) => us.put(1, { price: 1, version: null })],
  ["an unknown field", 400, 'Unknown field "bedrooms"', (us) => us.put(1, { ...good, bedrooms: 4 })],
  ["a list", 400, "JSON object", (us) => us.put(1, [good])],
  ["null", 400, "JSON object", (us) => us.put(1, "null", json)],
  ["no body", 400, "JSON object", (us) => us.ask("/us/properties/1", { method: "PUT" })],
  ["an empty body", 400, "empty", (us) => us.put(1, "", json)],
  ["half of a JSON", 400, "not valid JSON", (us) => us.put(1, '{"price": 1,', json)],
  ["a poisoned prototype", 400, "", (us) => us.put(1, '{"price":1,"version":1,"__proto__":{"a":1}}', json)],
  ["an If-Match that is none of ours", 400, "ETag", (us) => us.put(1, { price: 1 }, { "if-match": '"abc"' })],
  ["any If-Match", 400, "ETag", (us) => us.put(1, { price: 1 }, { "if-match": "*" })],
  ["a request id with a space", 400, "X-Request-ID", (us) => us.put(1, good, { "x-request-id": "a b" })],
  ["a request id without end", 400, "X-Request-ID", (us) => us.put(1, good, { "x-request-id": "a".repeat(201) })],
  ["an empty request id", 400, "X-Request-ID", (us) => us.put(1, good, { "x-request-id": "" })],
  [
    "a form",
    415,
    "application/json",
    (us) => us.put(1, "price=1", { "content-type": "application/x-www-form-urlencoded" }),
  ],
  ["plain text", 415, "application/json", (us) => us.put(1, '{"price":1}', { "content-type": "text/plain" })],
  ["no content type", 415, "application/json", (us) => us.put(1, Buffer.from("{}"), { "content-type": "" })],
  ["a body too large", 413, "16384 bytes", (us) => us.put(1, { ...good, note: "x".repeat(17_000) })],
];

describe("is answered in words and changes nothing", () => {
  test.each(WRONG)("%s: %i", async (_what, status, sentence, ask) => {
    const region = us();
    const reply = await ask(region);
    expect({ status: reply.statusCode, body: reply.json() }).toEqual({
      status,
      body: { detail: expect.stringContaining(sentence) },
    });
    expect(reply.headers["x-served-by"]).toBe("backend-us");
    expect(reply.body).not.toMatch(/\bat .*\.(ts|js|cjs):\d+|node_modules/);
    expect(await region.store.backlog()).toBe(0);
    expect(await region.store.property(1)).toMatchObject({ seen: {} });
  });

  test("the same request, made right, is taken", async () => {
    const region = us();
    for (const [version, price] of [0, 0.01, 0.1, 1_234.56, 999_999_999.99].entries()) {
      const reply = await region.put(1, { price, version: version + 1 }, { "x-request-id": "~".repeat(200 - version) });
      expect(reply.statusCode).toBe(200);
      expect((await region.get("properties/1")).json().price).toBe(price);
    }
    const reply = await region.put(1, "[]".padEnd(16_384), json);
    expect(reply.statusCode).toBe(400);
  });
});

test("whatever stands in a PUT, it is never our fault, and only a 200 leaves anything behind", async () => {
  const value = fc.oneof(fc.jsonValue(), fc.double(), fc.integer({ min: 0, max: 3 }), fc.constant(undefined));
  const body = fc.oneof(
    fc.record({ price: value, version: value }, { requiredKeys: [] }).map((object) => JSON.stringify(object)),
    fc.jsonValue().map((any) => JSON.stringify(any)),
    fc.string(),
  );
  const text = fc.string({
    unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  const headers = fc.record(
    {
      "content-type": fc.oneof({ weight: 8, arbitrary: fc.constant("application/json") }, text),
      "if-match": fc.oneof(text, fc.constantFrom('"us:0,eu:0"', "us:0", '"us:1,eu:0"', '"constructor:1"')),
      "x-request-id": text,
    },
    { requiredKeys: ["content-type"] },
  );
  const id = fc.oneof(fc.constant("1"), fc.webSegment(), fc.integer().map(String));
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(id, body, headers, async (id, body, headers) => {
      const region = us();
      const before = await region.store.properties(0, 100);
      const reply = await region.put(id, body, headers);
      seen.add(reply.statusCode);
      expect(reply.statusCode).toBeLessThan(500);
      if (reply.statusCode === 200) {
        expect(await region.store.backlog()).toBe(1);
        return;
      }
      expect(reply.json().detail).toEqual(expect.any(String));
      expect(await region.store.properties(0, 100)).toEqual(before);
      expect(await region.store.backlog()).toBe(0);
    }),
    { numRuns: 300, seed: 7 },
  );
  // Otherwise this has tried nothing.
  expect([...seen]).toEqual(expect.arrayContaining([400, 415]));
});

test.each([
  ["nonsense\r\n\r\n", "400", "not a valid HTTP request"],
  [`GET /us/health HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`, "431", "too large"],
])("what is not HTTP is answered in words too", async (bytes, status, sentence) => {
  const { backend } = us();
  await backend.http.listen({ host: "127.0.0.1", port: 0 });
  const { port } = backend.http.server.address() as net.AddressInfo;
  const socket = net.connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
  socket.write(bytes);
  await once(socket, "close");
  expect(answer).toContain(`HTTP/1.1 ${status}`);
  expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toEqual({ detail: expect.stringContaining(sentence) });
  await backend.close();
});

test("whatever is asked of any endpoint by any method, it is never our fault and changes nothing", async () => {
  const word = fc.string({
    unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
    maxLength: 30,
  });
  const path = fc
    .tuple(
      fc.oneof(fc.constantFrom("us", "eu"), word),
      fc.oneof(fc.constantFrom("health", "properties", "replication-lag", "conflicts", "metrics"), word),
      fc.option(fc.oneof(fc.constantFrom("1", "0", "-1", "1e9", "999999999999999999999"), word)),
    )
    .map(
      ([region, route, rest]) =>
        `/${[region, route, ...(rest === null ? [] : [rest])].map(encodeURIComponent).join("/")}`,
    );
  const query = fc.array(
    fc.tuple(
      fc.oneof(fc.constantFrom("limit", "after"), word),
      fc.oneof(fc.constantFrom("0", "-1", "1e99", "501", "NaN"), word),
    ),
    { maxLength: 3 },
  );
  const method = fc.constantFrom("GET", "HEAD", "POST", "DELETE", "PATCH", "OPTIONS" as const);
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(path, query, method, async (path, query, method) => {
      const region = us();
      const before = await region.store.properties(0, 100);
      const reply = await region.ask(`${path}?${new URLSearchParams(query).toString()}`, { method });
      seen.add(reply.statusCode);
      expect(reply.statusCode).toBeLessThan(500);
      expect(reply.body).not.toMatch(/\bat .*\.(ts|js|cjs):\d+|node_modules/);
      if (reply.statusCode >= 400 && method !== "HEAD") expect(reply.json().detail).toEqual(expect.any(String));
      expect(await region.store.properties(0, 100)).toEqual(before);
      expect(await region.store.backlog()).toBe(0);
    }),
    { numRuns: 300, seed: 7 },
  );
  // Otherwise this has tried nothing.
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 404]));
});
