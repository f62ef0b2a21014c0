import { describe, expect, it } from "vitest";
import { printable } from "../../src/dashboard/clean.ts";
import { lineOf, sayFault } from "../../src/dashboard/lines.ts";
import type { Happening } from "../../src/model/event.ts";
import { begun, ended, events, fault, node, proved, region, runBegun, sample } from "./story.ts";

const line = (happening: Happening) => lineOf(events([1_234, happening])[0]!);
const said = (happening: Happening) => [line(happening)?.tone, line(happening)?.text];

describe("an event in words", () => {
  it("has its number and its time", () => {
    expect(line(node("db-us", "up"))).toEqual({ seq: 1, at: 1_234, tone: "good", text: "db-us is up" });
  });

  it("steps: the text with which they begin, and how they failed; a good end needs no word", () => {
    const step = { type: "step", path: "3", verb: "kill", line: 9 } as const;
    expect(said({ ...step, phase: "begin", text: "kill backend-us", lateMs: 20 })[1]).toBe("step 3: kill backend-us");
    expect(said({ ...step, phase: "begin", text: "kill backend-us", lateMs: 120 })[1]).toBe(
      "step 3: kill backend-us (late by 120 ms)",
    );
    const end = (verdict: "passed" | "failed" | "inconclusive" | "skipped", detail?: string): Happening => ({
      type: "step",
      phase: "end",
      path: "3",
      verdict,
      detail,
    });
    expect(line(end("passed"))).toBeUndefined();
    expect(said(end("failed", "it answered 500"))).toEqual(["bad", "step 3 failed: it answered 500"]);
    expect(said(end("inconclusive"))).toEqual(["notice", "step 3 inconclusive"]);
    expect(said(end("skipped"))).toEqual(["plain", "step 3 is skipped"]);
  });

  it("faults: what begins and how long, what was measured, and who ended it", () => {
    expect(said(begun(fault("kill", ["backend-us"], { since: 500, until: 2_500 })))).toEqual([
      "notice",
      "kill backend-us, for 2 s",
    ]);
    expect(said(proved("kill backend-us"))[0]).toBe("plain");
    expect(said(proved("kill backend-us", false))).toEqual(["bad", "kill backend-us had NO EFFECT: it answered"]);
    expect(said(ended("kill backend-us", [], "time"))).toEqual(["good", "kill backend-us ended, its time is over"]);
    expect(said(ended("kill backend-us", [], "heal"))[1]).toBe("kill backend-us ended, by heal");
  });

  it("a fault says how much of it there is, and what it is where its name does not tell", () => {
    expect(sayFault(fault("latency", [], { id: "latency us | eu", parameters: { addMs: 80 } }))).toBe(
      "latency us | eu (80 ms more one way)",
    );
    expect(sayFault(fault("partition", [], { id: "partition us | eu", parameters: { mode: "drop" } }))).toBe(
      "partition us | eu",
    );
    expect(sayFault(fault("partition", [], { id: "cut", parameters: { mode: "reset" } }))).toBe(
      "cut (partition, reset)",
    );
    expect(sayFault(fault("clock-skew", ["backend-us"], { parameters: { byMs: -2_000 } }))).toBe(
      "clock-skew backend-us (-2 s)",
    );
    expect(sayFault(fault("kill", ["backend-us"], { id: "outage" }))).toBe("outage (kill backend-us)");
  });

  it("nodes: a death that nobody asked for is bad, one that was asked for is not", () => {
    expect(said(node("backend-us", "down"))).toEqual(["notice", "backend-us is down"]);
    expect(said({ ...node("backend-us", "down", false), detail: "its process ended by itself" } as Happening)).toEqual([
      "bad",
      "backend-us is down, and nobody asked for it (its process ended by itself)",
    ]);
  });

  it("the end of a run: what is left, what differs, how it ended", () => {
    expect(said(runBegun)[1]).toBe("run failover-1 of failover begins");
    expect(said({ type: "healed", quiet: true })[0]).toBe("good");
    expect(said({ type: "round", differing: ["7"], pending: {} })[1]).toBe(
      "1 row differs between the regions, or cannot be read",
    );
    expect(said({ type: "round", differing: [], pending: {} })[0]).toBe("good");
    expect(said({ type: "leftovers", found: [] })).toEqual(["good", "nothing is left of any fault"]);
    expect(said({ type: "leftovers", found: ["a is down", "b is down"] })).toEqual([
      "bad",
      "left of the faults: a is down (and 1 more)",
    ]);
    expect(said({ type: "end", reason: "done" })[0]).toBe("good");
    expect(said({ type: "end", reason: "interrupted" })[0]).toBe("notice");
    expect(said({ type: "end", reason: "errored", error: "no disk" })).toEqual([
      "bad",
      "the run is over: errored: no disk",
    ]);
  });

  it("figures need no words, nor does a write that was refused for its version", () => {
    const conflict = {
      type: "conflict",
      region: "eu",
      number: 1,
      key: "7",
      winner: null,
      loser: null,
      rule: "r",
    } as const;
    expect(line(sample({ us: region() }))).toBeUndefined();
    expect(line({ type: "probe", region: "us", ok: true, due: 0 })).toBeUndefined();
    expect(line({ ...conflict, kind: "rejected" })).toBeUndefined();
    expect(line({ ...conflict, kind: "concurrent" })?.text).toContain("row 7 recorded in eu");
  });

  it("is one line that a terminal can show, whatever a log says", () => {
    const wild = "\u001b[31mred\u001b[0m\u0007\nnext\u001b]0;title\u0007 \u009b2Jend";
    const { text } = line({ type: "log", level: "error", text: wild })!;
    expect(text).toMatch(/^red next/);
    expect(text).not.toMatch(/\p{Cc}/u);
    expect(line({ type: "log", level: "info", text: "x".repeat(10_000) })!.text).toHaveLength(300);
    expect(printable("  as it is  ")).toBe("as it is");
    expect(printable("turned \u202eround, \u001b]0;a name that never ends")).toBe("turned round,");
    expect(printable("\u{1f600}".repeat(9), 6)).toBe("\u{1f600}\u{1f600}…"); // no half of a character
  });
});
