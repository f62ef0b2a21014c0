// A workload is data: filled in forwards for clients, read backwards for requests that a scenario writes by hand.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Workload } from "../../src/model/topology.ts";
import { contentOf, fill, matchRequest } from "../../src/traffic/mapping.ts";
import { properties, reply } from "./support.ts";

const blanks = { region: "us", key: "7", value: 1000.01, id: "a-1", state: "us:1,eu:0", version: 2 };

const withWrite = (changes: Partial<Workload["write"]["request"]>): Workload => ({
  ...properties,
  write: { ...properties.write, request: { ...properties.write.request, ...changes } },
});

describe("a template filled in", () => {
  it("keeps types where a string is one placeholder, and quotes the state as the ETag that it was", () => {
    expect(fill(properties, "write", blanks)).toEqual({
      method: "PUT",
      path: "/us/properties/7",
      headers: { "content-type": "application/json", "x-request-id": "a-1", "if-match": '"us:1,eu:0"' },
      body: { price: 1000.01, version: 2 },
    });
  });

  it("leaves out header and body fields that have nothing to say", () => {
    const { headers, body } = fill(properties, "write", { ...blanks, state: undefined, version: undefined });
    expect(headers).not.toHaveProperty("if-match");
    expect(body).toEqual({ price: 1000.01 });
  });

  it("makes text of a placeholder inside text, and fills lists and deeper fields", () => {
    const workload = withWrite({ body: { key: "${key}", note: ["key ${key} in ${region}", 5, { at: "${version}" }] } });
    expect(fill(workload, "write", blanks).body).toEqual({ key: 7, note: ["key 7 in us", 5, { at: 2 }] });
  });

  it("sends a state that is no ETag as it is", () => {
    const workload: Workload = { ...properties, read: { ...properties.read, state: "body.version" } };
    expect(fill(workload, "write", { ...blanks, state: "2" }).headers["if-match"]).toBe("2");
  });

  it("escapes what goes into a path, and refuses a word it does not know, or a path with a hole", () => {
    const path = withWrite({ path: "/${region}/by-id/${id}" });
    expect(fill(path, "write", { ...blanks, id: "a/b?c" }).path).toBe("/us/by-id/a%2Fb%3Fc");
    expect(() => fill(path, "write", { ...blanks, id: undefined })).toThrow(/needs \$\{id\}/);
    expect(() => fill(withWrite({ body: "${price}" }), "write", blanks)).toThrow(/no placeholder "\$\{price\}".*value/);
  });
});

describe("an answer read", () => {
  it("finds value, version and the bare state", () => {
    const answer = reply(200, { price: 5, version: 2 }, { etag: 'W/"us:1,eu:0"' });
    expect(contentOf(properties, answer)).toEqual({ value: 5, version: 2, state: "us:1,eu:0" });
  });

  it("finds nothing where nothing is, and nothing that every object inherits", () => {
    expect(contentOf(properties, reply(200, "plain text"))).toEqual({});
    const workload: Workload = { ...properties, read: { ...properties.read, value: "body.constructor" } };
    expect(contentOf(workload, reply(200, { version: "2" }))).toEqual({});
  });
});

describe("a request written by hand", () => {
  const workloads = { "edit-properties": properties };

  it("is a read or a write of the workload whose template it fits", () => {
    expect(matchRequest(workloads, "get", "/eu/properties/7")).toEqual({
      workload: properties,
      kind: "read",
      region: "eu",
      key: "7",
    });
    const headers = { "x-request-id": "a-1", "IF-MATCH": '"us:1,eu:0"' };
    expect(matchRequest(workloads, "PUT", "/us/properties/7", { price: 5, version: 2 }, headers)).toEqual({
      workload: properties,
      kind: "write",
      region: "us",
      key: "7",
      value: 5,
      id: "a-1",
      basis: "us:1,eu:0",
      expected: 2,
    });
  });

  it.each([
    ["GET", "/us/health"],
    ["DELETE", "/us/properties/7"],
    ["GET", "/us/properties/1201"],
    ["GET", "/us/properties/0"],
    ["GET", "/us/properties/7/photos"],
    ["GET", "/us/properties/seven"],
    ["GET", "/us/properties?limit=5"],
  ])("is none: %s %s", (method, path) => {
    expect(matchRequest(workloads, method, path)).toBeUndefined();
  });

  it("is what a client of the workload sends, for whatever it sends", () => {
    const sent = fc.record({
      region: fc.constantFrom("us", "eu", "ap-south"),
      key: fc.integer({ min: 1, max: 1200 }).map(String),
      value: fc.integer({ min: 1, max: 1e9 }).map((cents) => cents / 100),
      id: fc.uuid(),
      state: fc.option(
        fc.nat().map((n) => `us:${n},eu:0`),
        { nil: undefined },
      ),
      version: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(sent, (written) => {
        const { method, path, body, headers } = fill(properties, "write", written);
        const { state, version, ...rest } = written;
        expect(matchRequest(workloads, method, path, body, headers)).toEqual({
          workload: properties,
          kind: "write",
          ...rest,
          basis: state,
          expected: version,
        });
      }),
    );
  });
});
