// What a region holds at the end, from its own node: keys, and every conflict record.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { conflictCursors, pageConflicts, readKeys } from "../../src/traffic/final.ts";
import { startFakeRegister, type FakeRegister } from "./fake-register.ts";
import { properties, reply, topology } from "./support.ts";

let fake: FakeRegister;
beforeEach(async () => {
  fake = await startFakeRegister();
});
afterEach(() => fake[Symbol.asyncDispose]());

const node = () => fake.node("backend-us", "us");

describe("final reads", () => {
  it("bring every key in the order asked, a few at a time", async () => {
    let most = 0;
    fake.bend = () => {
      most = Math.max(most, fake.open().requests);
      return undefined;
    };
    const keys = Array.from({ length: 40 }, (_, place) => String(40 - place));
    const finals = await readKeys({ workload: properties, region: "us", node: node(), keys, concurrency: 3 });
    expect(finals.map(({ key }) => key)).toEqual(keys);
    expect(finals[0]).toEqual({
      type: "final",
      region: "us",
      key: "40",
      outcome: { type: "ok" },
      value: 40_000,
      version: 1,
      state: "us:0,eu:0",
    });
    expect(most).toBeLessThanOrEqual(3);
  });

  it("say of each key that could not be read why, and read the others", async () => {
    fake.bend = ({ path }) => (path.endsWith("/2") ? reply(500, { detail: "no database" }) : undefined);
    const finals = await readKeys({ workload: properties, region: "us", node: node(), keys: ["1", "2", "3"] });
    expect(finals.map(({ outcome }) => outcome.type)).toEqual(["ok", "unknown", "ok"]);
    expect(finals[1]).toMatchObject({ outcome: { error: "500: no database" } });
    await fake.goDown();
    const dead = await readKeys({ workload: properties, region: "us", node: node(), keys: ["1"] });
    expect(dead).toMatchObject([{ key: "1", outcome: { type: "fail", error: "connection refused" } }]);
  });
});

describe("conflict records", () => {
  const side = (state: string, value: number, id: string | null) => ({ state, value, stamp: "1:us", request_id: id });
  const record = (id: number, changes: object = {}) => ({
    id,
    kind: "concurrent",
    key: 7,
    region: "us",
    at: "2026-01-01T00:00:00Z",
    rule: "later stamp",
    winner: side("us:1,eu:0", 5.01, "a"),
    loser: side("us:0,eu:1", 6.01, null),
    ...changes,
  });
  const page = (after?: number) => pageConflicts({ topology, region: "us", node: node(), after });

  it("come from all pages, in one shape", async () => {
    fake.conflicts = [1, 2, 3, 4, 5, 6, 7].map((id) => record(id));
    fake.conflicts[6] = record(7, { kind: "rejected", key: "seven", winner: null, loser: null, rule: null });
    const found = await page();
    expect(found.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(found[0]).toEqual({
      type: "conflict",
      region: "us",
      number: 1,
      kind: "concurrent",
      key: "7",
      winner: { state: "us:1,eu:0", value: 5.01, id: "a" },
      loser: { state: "us:0,eu:1", value: 6.01 },
      rule: "later stamp",
    });
    expect(found[6]).toMatchObject({ kind: "rejected", key: "seven", winner: null, loser: null, rule: "" });
  });

  it("of an earlier run are left out by its cursors", async () => {
    fake.conflicts = [record(1), record(2)];
    const nodes = [node(), fake.node("backend-eu", "eu")];
    const cursors = await conflictCursors({ topology, nodes });
    expect(cursors).toEqual({ us: 2, eu: 2 });
    expect(await page(cursors.us)).toEqual([]);
    fake.conflicts.push(record(3));
    expect((await page(cursors.us)).map(({ number }) => number)).toEqual([3]);
  });

  it("are none where the topology does not say where to look, and 0 is where an empty list begins", async () => {
    expect(await pageConflicts({ topology: { ...topology, observe: {} }, region: "us", node: node() })).toEqual([]);
    expect(fake.seen).toEqual([]);
    expect(await conflictCursors({ topology, nodes: [node()] })).toEqual({ us: 0, eu: 0 });
  });

  it.each([
    ["a status", reply(503, {}), /status 503/],
    ["another shape", reply(200, { conflicts: [{ id: 1 }], next: null }), /conflicts\.0\.kind/],
    ["pages that never end", reply(200, { conflicts: [record(1)], next: 1 }), /again and again/],
  ])("stop with the node's name and the reason on %s", async (_, answer, reason) => {
    fake.bend = () => answer;
    await expect(page(1)).rejects.toThrow(/backend-us/);
    await expect(page(1)).rejects.toThrow(reason);
  });
});
