// Whole traffic against a real HTTP service on loopback: what it says of itself must agree with what the service did.
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Complete, Invoke } from "../../src/model/event.ts";
import { seeded } from "../../src/model/random.ts";
import type { TrafficSpec } from "../../src/model/scenario.ts";
import { parseVector } from "../../src/model/vector.ts";
import { CLIENT_TIMEOUT_MS } from "../../src/traffic/clients.ts";
import { startLedger } from "../../src/traffic/ledger.ts";
import { startTraffic } from "../../src/traffic/traffic.ts";
import { ANSWER_TIMEOUT_MS } from "../../src/traffic/wire.ts";
import { startFakeRegister, type FakeRegister } from "./fake-register.ts";
import { historyOn, properties, realClock, spec, type History } from "./support.ts";

let fake: FakeRegister;
let history: History;
beforeEach(async () => {
  fake = await startFakeRegister();
});
afterEach(() => fake[Symbol.asyncDispose]());

function start(changes: Partial<TrafficSpec> = {}) {
  const clock = realClock();
  history = historyOn(clock);
  const ledger = startLedger();
  return startTraffic({
    spec: spec(changes),
    workload: properties,
    gateway: fake.origin,
    clock,
    random: seeded(42),
    record: history.record,
    newId: randomUUID,
    nextValue: ledger.nextValue,
    nextOp: ledger.nextOp,
    nextClient: ledger.nextClient,
  });
}

interface Pair {
  invoke: Invoke & { at: number; seq: number };
  complete: Complete & { at: number; seq: number };
}

/** Each operation with its end; fails when one has none or two. */
function operations(): readonly Pair[] {
  const completes = new Map(history.of("complete").map((complete) => [complete.op, complete]));
  expect(completes.size).toBe(history.of("complete").length);
  expect(completes.size).toBe(history.of("invoke").length);
  return history.of("invoke").map((invoke) => ({ invoke, complete: completes.get(invoke.op)! }));
}

const writes = () => operations().filter(({ invoke }) => invoke.kind === "write");
const okWrites = () => writes().filter(({ complete }) => complete.outcome.type === "ok");
const completed = (count: number) => history.until(() => history.of("complete").length >= count);
const outcomes = (pairs: readonly Pair[]) => new Set(pairs.map(({ complete }) => complete.outcome.type));

describe("on a service that works", () => {
  it("records exactly what the service did", async () => {
    const traffic = start();
    await completed(150);
    await traffic.stop();
    const ok = okWrites();
    expect(ok.length).toBeGreaterThan(10);
    expect(
      ok
        .map(({ invoke, complete }) => ({ key: invoke.key, id: invoke.id, value: invoke.value, state: complete.state }))
        .toSorted(byState),
    ).toEqual([...fake.effects].toSorted(byState));
    for (const { invoke, complete } of operations()) {
      expect(complete.seq).toBeGreaterThan(invoke.seq);
      expect(complete.servedBy).toBe(`backend-${invoke.region}`);
      expect(invoke.at).toBeGreaterThanOrEqual(invoke.due);
    }
    expect(outcomes(operations())).toEqual(new Set(["ok", "fail"])); // others wrote in between: refusals
    expect(traffic.touched).toEqual(new Set(history.of("invoke").map(({ key }) => key)));
    expect(traffic.touched.size).toBe(5);
  });

  it("sends what it says that it had seen, and a new value and id with each write", async () => {
    const traffic = start({ reads: 0.2 });
    await completed(100);
    await traffic.stop();
    const sent = new Map(fake.seen.map((seen) => [seen.headers["x-request-id"], seen]));
    for (const { invoke } of writes()) {
      const { headers, body } = sent.get(invoke.id!)!;
      expect(headers["if-match"]).toBe(`"${invoke.basis}"`);
      expect(body).toEqual({ price: invoke.value, version: invoke.expected });
      const seen = Object.values(parseVector(invoke.basis!)!);
      expect(invoke.expected).toBe(1 + seen.reduce((sum, counter) => sum + counter, 0));
    }
    const values = writes().map(({ invoke }) => invoke.value as number);
    expect(new Set(values).size).toBe(values.length);
    expect(values.every((value) => Number(value.toFixed(2)) === value && !Number.isInteger(value))).toBe(true);
    expect(new Set(writes().map(({ invoke }) => invoke.id)).size).toBe(values.length);
  });

  it("lets each client do one thing at a time, and look again after a refusal", async () => {
    const traffic = start({ clients: 2, keys: 2, reads: 0 });
    await completed(120);
    await traffic.stop();
    let lookedAgain = 0;
    for (const client of ["c1", "c2"]) {
      const own = operations().filter(({ invoke }) => invoke.client === client);
      for (const [place, { invoke }] of own.slice(1).entries())
        expect(invoke.seq).toBeGreaterThan(own[place]!.complete.seq);
      for (const [place, { invoke, complete }] of own.entries()) {
        if (complete.status !== 409) continue;
        const next = own.slice(place + 1).find((later) => later.invoke.key === invoke.key);
        if (next === undefined) continue;
        expect(next.invoke.kind).toBe("read");
        lookedAgain++;
      }
    }
    expect(lookedAgain).toBeGreaterThan(3);
  });

  it("repeats writes with the same id and content, and each id has one effect and one answer", async () => {
    const traffic = start({ repeats: 1, reads: 0.3 });
    await completed(200);
    await traffic.stop();
    const byOp = new Map(operations().map((pair) => [pair.invoke.op, pair]));
    const repeats = writes().filter(({ invoke }) => invoke.repeatOf !== undefined);
    expect(repeats).toHaveLength(writes().length / 2);
    for (const { invoke, complete } of repeats) {
      const first = byOp.get(invoke.repeatOf!)!;
      expect([invoke.id, invoke.value, invoke.basis, invoke.key]).toEqual([
        first.invoke.id,
        first.invoke.value,
        first.invoke.basis,
        first.invoke.key,
      ]);
      if (first.complete.outcome.type === "ok") expect(complete).toMatchObject({ state: first.complete.state });
    }
    const together = repeats.filter(({ invoke }) => byOp.get(invoke.repeatOf!)!.complete.seq > invoke.seq);
    expect(together.length).toBeGreaterThan(0);
    expect(together.length).toBeLessThan(repeats.length);
    // Of two ok attempts of one id, one had the effect and the other one got the stored answer.
    const ids = new Set(okWrites().map(({ invoke }) => invoke.id!));
    const firsts = okWrites().filter(({ complete }) => complete.stored !== true);
    expect(firsts.map(({ invoke }) => invoke.id).toSorted()).toEqual([...ids].toSorted());
    expect(fake.effects.map(({ id }) => id).toSorted()).toEqual([...ids].toSorted());
  });
});

describe("on a service in trouble", () => {
  it("goes on under a new name after a write that may have happened", async () => {
    let broken = 0;
    fake.bend = ({ method }) => (method === "PUT" && broken++ < 2 ? "reset after" : undefined);
    const traffic = start();
    await completed(100);
    await traffic.stop();
    const unknown = writes().filter(({ complete }) => complete.outcome.type === "unknown");
    expect(unknown).toHaveLength(2);
    for (const { invoke, complete } of unknown) {
      expect(fake.effects.map(({ id }) => id)).toContain(invoke.id); // it did happen
      const later = history.of("invoke").filter(({ client, seq }) => client === invoke.client && seq > complete.seq);
      expect(later).toEqual([]);
      const [name, life = "1"] = invoke.client.split(".");
      expect(history.of("invoke").map(({ client }) => client)).toContain(`${name}.${Number(life) + 1}`);
    }
  });

  it("does not slow down for a stall: what is due is begun late, missed, or unanswered, never forgotten", async () => {
    fake.bend = () => "stall";
    const traffic = start({ clients: 2, ratePerSecond: 100 });
    const missed = await history.until(() => history.of("missed").length >= 20 && history.of("missed"));
    for (const { at, due } of missed) expect(at - due).toBeGreaterThanOrEqual(CLIENT_TIMEOUT_MS);
    await history.until(() => history.of("complete").length >= 2);
    // Until the first answer, or its time-out, two clients can have begun two things; all else that was due waited.
    const firstEnd = history.of("complete")[0]!.seq;
    expect(history.of("invoke").filter(({ seq }) => seq < firstEnd)).toHaveLength(2);
    for (const complete of history.of("complete").slice(0, 2)) {
      const invoke = history.of("invoke").find(({ op }) => op === complete.op)!;
      expect(complete.outcome).toEqual({ type: "unknown", error: "no answer within 2 s" });
      expect(complete.at - invoke.at).toBeGreaterThanOrEqual(ANSWER_TIMEOUT_MS - 1);
    }
    fake.bend = () => undefined;
    fake.release();
    await history.until(() => history.of("complete").length >= 10);
    await traffic.stop();
    const late = operations().filter(({ complete }) => complete.outcome.type === "ok");
    const latencies = late.map(({ invoke, complete }) => complete.at - invoke.due);
    expect(Math.max(...latencies)).toBeGreaterThan(CLIENT_TIMEOUT_MS / 2); // from when it was due, not from the socket
    const dues = [...history.of("invoke"), ...history.of("missed")].map(({ due }) => due);
    expect(new Set(dues).size).toBe(dues.length);
  });

  it("calls a refused connection a fail, and goes on when somebody listens again", async () => {
    await fake.goDown();
    const traffic = start();
    await completed(20);
    expect(new Set(history.of("complete").map(({ outcome }) => outcome.type))).toEqual(new Set(["fail"]));
    await fake.comeBack();
    await history.until(() => history.of("complete").some(({ outcome }) => outcome.type === "ok"));
    await traffic.stop();
    expect(outcomes(operations())).toEqual(new Set(["fail", "ok"])); // once all have ended
  });
});

describe("the end", () => {
  it("leaves nothing in flight, and stopping twice is harmless", async () => {
    fake.bend = () => "stall";
    const traffic = start();
    await history.until(() => history.of("invoke").length === 4);
    const stopping = traffic.stop();
    fake.bend = () => undefined;
    fake.release();
    await Promise.all([stopping, traffic.stop(), traffic[Symbol.asyncDispose]()]);
    expect(history.of("complete")).toHaveLength(history.of("invoke").length);
    expect(fake.open().requests).toBe(0);
    expect(outcomes(operations())).toEqual(new Set(["ok"]));
  });

  it("does not wait for answers when it is given up: they are unknown", async () => {
    fake.bend = () => "stall";
    const traffic = start();
    await history.until(() => history.of("invoke").length === 4);
    await traffic[Symbol.asyncDispose]();
    await traffic.stop();
    const answered = operations();
    expect(answered).toHaveLength(4);
    expect(outcomes(answered)).toEqual(new Set(["unknown"]));
    for (const { complete } of answered)
      expect(complete.outcome).toMatchObject({ error: "the traffic was ended before the answer came" });
    const before = history.events.length;
    fake.release();
    expect(history.events).toHaveLength(before);
  });

  it("says what broke in ourselves: a history that cannot be written ends the traffic", async () => {
    const clock = realClock();
    let op = 0;
    let refuse: () => void;
    const broke = new Promise<void>((resolve) => (refuse = resolve));
    const traffic = startTraffic({
      spec: spec(),
      workload: properties,
      gateway: fake.origin,
      clock,
      random: seeded(1),
      record: () => {
        refuse();
        throw new Error("no space left on the disk");
      },
      newId: randomUUID,
      nextValue: () => 1.01,
      nextOp: () => ++op,
    });
    await broke;
    await expect(traffic.stop()).rejects.toThrow("no space left on the disk");
    expect(fake.seen).toEqual([]);
  });
});

const byState = (a: { key: string; state?: string }, b: { key: string; state?: string }) =>
  `${a.key} ${a.state}`.localeCompare(`${b.key} ${b.state}`);
