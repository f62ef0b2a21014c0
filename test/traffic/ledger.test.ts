// Counts of the run: unique numbers, what was acknowledged, and what the last second was like for a region.
import { describe, expect, it } from "vitest";
import type { Event, Happening, Outcome } from "../../src/model/event.ts";
import { startLedger } from "../../src/traffic/ledger.ts";

const ok: Outcome = { type: "ok" };

function story() {
  const ledger = startLedger();
  let seq = 0;
  const tell = (at: number, happening: Happening) => ledger.observe({ ...happening, seq: ++seq, at } as Event);
  const operation = (
    due: number,
    completed: number,
    outcome: Outcome,
    {
      status,
      region = "us",
      kind = "read" as "read" | "write",
      id,
    }: Partial<Record<"region" | "id", string>> & {
      status?: number;
      kind?: "read" | "write";
    } = {},
  ) => {
    const op = ledger.nextOp();
    tell(due, { type: "invoke", op, client: "c1", workload: "w", region, key: "1", kind, due, id });
    tell(completed, { type: "complete", op, outcome, status });
  };
  return { ledger, tell, operation };
}

describe("the last second of a region", () => {
  it("is empty before anything happened: no latency is not a latency of 0", () => {
    expect(story().ledger.lastSecond("us", 0)).toEqual({ requests: 0, errors: 0, p50Ms: null, p99Ms: null });
  });

  it("counts from when it was due, and forgets after a second", () => {
    const { ledger, operation } = story();
    for (let n = 1; n <= 100; n++) operation(1_000 - n, 1_000, ok);
    expect(ledger.lastSecond("us", 1_999)).toEqual({ requests: 100, errors: 0, p50Ms: 50, p99Ms: 99 });
    expect(ledger.lastSecond("us", 2_000).requests).toBe(0);
    expect(ledger.lastSecond("eu", 1_999).requests).toBe(0);
  });

  it("counts as errors what nobody answered, and no refusal", () => {
    const { ledger, tell, operation } = story();
    operation(0, 10, ok);
    operation(0, 10, { type: "fail", error: "409" }, { status: 409 });
    operation(0, 10, { type: "fail", error: "nothing sent" }, { status: 503 });
    operation(0, 10, { type: "fail", error: "connection refused" });
    operation(0, 10, { type: "unknown", error: "reset" });
    tell(10, { type: "missed", client: "c1", workload: "w", region: "us", due: 0 });
    expect(ledger.lastSecond("us", 20)).toEqual({ requests: 6, errors: 4, p50Ms: 10, p99Ms: 10 });
  });

  it("is that of its clients, whichever region they asked", () => {
    const { ledger, tell } = story();
    tell(0, {
      type: "invoke",
      op: 1,
      client: "c1",
      workload: "w",
      region: "eu",
      home: "us",
      key: "1",
      kind: "read",
      due: 0,
    });
    tell(5, { type: "complete", op: 1, outcome: ok });
    expect([ledger.lastSecond("us", 20).requests, ledger.lastSecond("eu", 20).requests]).toEqual([1, 0]);
  });

  it("does not count what is still under way, nor the end of what it never saw begin", () => {
    const { ledger, tell } = story();
    tell(0, { type: "invoke", op: 1, client: "c1", workload: "w", region: "us", key: "1", kind: "read", due: 0 });
    tell(5, { type: "complete", op: 99, outcome: ok });
    expect(ledger.lastSecond("us", 10).requests).toBe(0);
  });
});

describe("what is acknowledged", () => {
  it("is writes, each once however often it was sent, and nothing that was refused or unknown", () => {
    const { ledger, operation } = story();
    operation(0, 1, ok, { kind: "read" });
    operation(0, 1, ok, { kind: "write", id: "a" });
    operation(0, 1, ok, { kind: "write", id: "a" });
    operation(0, 1, { type: "unknown", error: "reset" }, { kind: "write", id: "b" });
    operation(0, 1, { type: "fail", error: "409" }, { kind: "write", id: "c" });
    expect(ledger.acknowledged()).toBe(1);
    operation(0, 1, ok, { kind: "write", id: "b" }); // its repeat was answered
    operation(0, 1, ok, { kind: "write" });
    expect(ledger.acknowledged()).toBe(3);
  });
});

describe("numbers", () => {
  it("are prices that never repeat, have two decimals and are never whole", () => {
    const ledger = startLedger({ firstWhole: 5_000 });
    const values = Array.from({ length: 10_000 }, ledger.nextValue);
    expect(values[0]).toBe(5_000.01);
    expect(new Set(values).size).toBe(10_000);
    for (const value of values) expect(JSON.stringify(value)).toMatch(/^\d+\.\d{1,2}$/);
  });
});
