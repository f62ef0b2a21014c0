// The register client, story by story: what it knows of a key, what it sends, and who it is after an unknown.
import { describe, expect, it } from "vitest";
import type { Reply } from "../../src/model/cluster.ts";
import type { Arrival } from "../../src/traffic/arrivals.ts";
import { registerClient } from "../../src/traffic/kinds/register.ts";
import type { FilledRequest } from "../../src/traffic/mapping.ts";
import { historyOn, manualClock, properties, reply } from "./support.ts";

const served = { "x-served-by": "backend-us" };
const at = (version: number) => ({ ...served, etag: `"us:${version - 1},eu:0"` });
const row = (price: number, version: number) => reply(200, { price, version }, at(version));
const refused = reply(409, { detail: "Version conflict" }, served);

/** A client whose requests are answered by the lines of a script, in their order. */
function story(...answers: (Reply | Error | Promise<Reply>)[]) {
  const clock = manualClock();
  const history = historyOn(clock);
  const sent: FilledRequest[] = [];
  const count = { op: 0, id: 0, value: 0 };
  const client = registerClient({
    workload: properties,
    clock,
    name: "c3",
    record: history.record,
    nextOp: () => ++count.op,
    newId: () => `id-${++count.id}`,
    nextValue: () => ++count.value,
    async send(request) {
      // The history is written before the socket: whatever dies in between was invoked.
      expect(history.of("invoke").length).toBe(sent.push(request));
      const answer = await answers.shift();
      if (answer === undefined) throw new Error("the story has no more answers");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const perform = (kind: "read" | "write", changes: Partial<Arrival> = {}) =>
    client.perform({ due: clock.now(), client: 2, region: "us", key: "7", kind, repeat: "none", ...changes });
  const kinds = () => history.of("invoke").map((invoke) => invoke.kind);
  return { clock, history, sent, client, perform, kinds };
}

describe("what it has read", () => {
  it("turns a write of a key that it has not read into a read, and then writes on what it saw", async () => {
    const { history, sent, perform, kinds } = story(row(5, 1), row(1, 2), row(2, 3));
    await perform("write");
    await perform("write");
    await perform("write");
    expect(kinds()).toEqual(["read", "write", "write"]);
    expect(history.of("invoke").slice(1)).toMatchObject([
      { id: "id-1", value: 1, basis: "us:0,eu:0", expected: 1 },
      { id: "id-2", value: 2, basis: "us:1,eu:0", expected: 2 },
    ]);
    expect(sent[2]!.headers["if-match"]).toBe('"us:1,eu:0"');
    expect(history.of("complete")[2]).toMatchObject({ op: 3, value: 2, version: 3, state: "us:2,eu:0" });
  });

  it("does not take one key for another", async () => {
    const { perform, kinds } = story(row(5, 1), row(8, 1));
    await perform("read", { key: "7" });
    await perform("write", { key: "8" });
    expect(kinds()).toEqual(["read", "read"]);
  });

  it("reads again after a refusal, but not after a refused connection, which changed nothing", async () => {
    const down = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const { perform, kinds, client } = story(row(5, 1), refused, row(6, 2), down, row(7, 3));
    for (let turn = 0; turn < 5; turn++) await perform("write");
    expect(kinds()).toEqual(["read", "write", "read", "write", "write"]);
    expect(client.name()).toBe("c3");
  });

  it("keeps what it knew when a read gets no answer, and stays who it is", async () => {
    const { perform, kinds, client } = story(row(5, 1), reply(503), row(1, 2));
    await perform("read");
    await perform("read");
    await perform("write");
    expect(kinds()).toEqual(["read", "read", "write"]);
    expect(client.name()).toBe("c3");
  });

  it("reads again after a write whose answer does not say what is there now", async () => {
    const { perform, kinds } = story(row(5, 1), reply(204, "", served), row(6, 2));
    for (let turn = 0; turn < 3; turn++) await perform("write");
    expect(kinds()).toEqual(["read", "write", "read"]);
  });
});

describe("an unknown write", () => {
  it("gives the client a new name and makes it forget that key, not the others", async () => {
    const { history, perform } = story(row(5, 1), row(8, 1), reply(500, {}, served), row(6, 2), row(9, 2));
    await perform("read", { key: "7" });
    await perform("read", { key: "8" });
    await perform("write", { key: "7" });
    await perform("write", { key: "7" });
    await perform("write", { key: "8" });
    expect(history.of("invoke").map(({ client, kind, key }) => `${client} ${kind} ${key}`)).toEqual([
      "c3 read 7",
      "c3 read 8",
      "c3 write 7",
      "c3.2 read 7",
      "c3.2 write 8",
    ]);
  });
});

describe("a repeat", () => {
  it("is the same request again, after the answer to the first", async () => {
    const stored = reply(422, { original_response: { price: 1, version: 2 } }, at(2));
    const { history, sent, perform, clock } = story(row(5, 1), row(1, 2), stored, row(2, 3));
    await perform("read");
    await clock.advance(50);
    await perform("write", { repeat: "afterwards", due: 40 });
    expect(sent[2]).toEqual(sent[1]);
    const [, first, second] = history.of("invoke");
    const { seq: _seq, at: _at, ...same } = first!;
    expect(second).toMatchObject({ ...same, op: 3, repeatOf: 2, due: 50 });
    expect(first).not.toHaveProperty("repeatOf");
    expect(history.of("complete")[2]).toMatchObject({ outcome: { type: "ok" }, stored: true, state: "us:1,eu:0" });
    await perform("write");
    expect(history.of("invoke")[3]).toMatchObject({ id: "id-2", expected: 2 });
  });

  it("goes out before the answer to the first when it is concurrent", async () => {
    let answerFirst: (answer: Reply) => void;
    const first = new Promise<Reply>((resolve) => (answerFirst = resolve));
    const { history, perform } = story(row(5, 1), first, row(1, 2));
    await perform("read");
    const performing = perform("write", { repeat: "concurrent" });
    await history.until(() => history.of("complete").some(({ op }) => op === 3));
    expect(history.of("complete").map(({ op }) => op)).toEqual([1, 3]);
    answerFirst!(row(1, 2));
    await performing;
    expect(history.of("invoke").map(({ op, repeatOf }) => [op, repeatOf])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 2],
    ]);
  });

  it.each([
    ["unknown when the first attempt is", new Error("reset"), "unknown"],
    ["a fail when the first one was refused too", refused, "fail"],
  ])("that is refused is %s", async (_, answer, type) => {
    for (const repeat of ["concurrent", "afterwards"] as const) {
      const { history, perform } = story(row(5, 1), answer, refused);
      await perform("read");
      await perform("write", { repeat });
      expect(history.of("complete")[2]).toMatchObject({ op: 3, status: 409, outcome: { type } });
    }
  });

  it("is of a write only", async () => {
    const { perform, kinds } = story(row(5, 1));
    await perform("write", { repeat: "concurrent" }); // becomes a read
    expect(kinds()).toEqual(["read"]);
  });
});

describe("a client that asks another region", () => {
  it("takes what it knows along, and the history says where it is at home", async () => {
    const { history, sent, perform } = story(row(5, 1), row(1, 2));
    await perform("read");
    await perform("write", { region: "eu", home: "us" });
    expect(sent.map(({ path }) => path)).toEqual(["/us/properties/7", "/eu/properties/7"]);
    expect(sent[1]!.headers["if-match"]).toBe('"us:0,eu:0"');
    const [first, second] = history.of("invoke");
    expect(first).not.toHaveProperty("home");
    expect(second).toMatchObject({ client: first!.client, region: "eu", home: "us", basis: "us:0,eu:0" });
  });
});
