// What a tired reader sees.
import { Chalk } from "chalk";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Event, Happening, RegionSample } from "../../src/model/event.ts";
import { paintFor } from "../../src/reporters/paint.ts";
import { progressLine, statusLine, terminal } from "../../src/reporters/terminal.ts";
import { asked, asks, fine, runWith, written } from "./run.ts";

const ESCAPE = "\u001b";

describe("the report of a run", () => {
  it("that passed", () => {
    expect(terminal(runWith([...fine, ...asks]))).toMatchInlineSnapshot(`
      "PASSED  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ✓ available: { region: us, at-least: 99% }  99.8 % of 1,204 operations answered  #3 #7
        ✓ no-lost-writes                            all 934 acknowledged writes are accounted for
        ✓ asked of every run                        healthy at first · 2 faults took effect

      judge it again: regionctl check /home/ada/runs/failover-1
      "
    `);
  });

  it("that failed, with the story of the failure and no more evidence than fits", () => {
    const lost = written({
      text: "no-lost-writes",
      summary: "2 of 934 acknowledged writes are lost",
      valid: false,
      evidence: [812, 815, 901, 902, 903],
      story: ["us-3 wrote 1412 to key 7 at 6.2 s, acknowledged (event 812).", "Nobody shows it at the end."],
    });
    const dead = asked({
      text: "no backend or service died unasked",
      summary: "backend-eu ended by itself",
      valid: false,
      weight: "failed",
      evidence: [640],
      story: ["backend-eu: down at 5.1 s (event 640)"],
    });
    expect(terminal(runWith([fine[0]!, lost, ...asks, dead]))).toMatchInlineSnapshot(`
      "FAILED  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ✓ available: { region: us, at-least: 99% }  99.8 % of 1,204 operations answered  #3 #7
        ✗ no-lost-writes                            2 of 934 acknowledged writes are lost  #812 #815 #901 #902
            us-3 wrote 1412 to key 7 at 6.2 s, acknowledged (event 812).
            Nobody shows it at the end.
        ✓ asked of every run                        healthy at first · 2 faults took effect
        ✗ no backend or service died unasked        backend-eu ended by itself  #640
            backend-eu: down at 5.1 s (event 640)

      judge it again: regionctl check /home/ada/runs/failover-1
      "
    `);
  });

  it("that is inconclusive", () => {
    const little = asked({ text: "enough traffic to mean anything", summary: "only 3 operations", valid: "unknown" });
    expect(terminal(runWith([...fine, asks[0]!, little]))).toMatchInlineSnapshot(`
      "INCONCLUSIVE  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ✓ available: { region: us, at-least: 99% }  99.8 % of 1,204 operations answered  #3 #7
        ✓ no-lost-writes                            all 934 acknowledged writes are accounted for
        ✓ asked of every run                        healthy at first
        ? enough traffic to mean anything           only 3 operations

      judge it again: regionctl check /home/ada/runs/failover-1
      "
    `);
  });

  it("with a known gap: open, closed, and not tried", () => {
    const gap = (valid: boolean | "unknown", summary: string) =>
      written({
        text: "no-lost-writes",
        summary,
        valid,
        knownGap: "wall clocks",
        evidence: [9],
        story: ["The story."],
      });
    const open = runWith([gap(false, "2 of 934 acknowledged writes are lost")]);
    expect(terminal(open)).toMatchInlineSnapshot(`
      "PASSED  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        - no-lost-writes  2 of 934 acknowledged writes are lost; known gap: wall clocks  #9
            The story.

      judge it again: regionctl check /home/ada/runs/failover-1
      "
    `);
    const closed = runWith([gap(true, "all 934 acknowledged writes are accounted for")]);
    expect(terminal(closed)).toMatchInlineSnapshot(`
      "FAILED  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ✗ no-lost-writes  all 934 acknowledged writes are accounted for; known gap: wall clocks; but it holds now: remove known-gap  #9
            The story.

      judge it again: regionctl check /home/ada/runs/failover-1
      "
    `);
    const untried = runWith([gap("unknown", "nothing was written")]);
    expect(terminal(untried)).toMatchInlineSnapshot(`
      "INCONCLUSIVE  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ? no-lost-writes  nothing was written; known gap: wall clocks  #9
            The story.

      judge it again: regionctl check /home/ada/runs/failover-1
      "
    `);
  });

  it("that was interrupted says only that", () => {
    expect(terminal(runWith([], { interrupted: true }))).toBe("INTERRUPTED  failover\n");
  });

  it("names its directory so that a shell takes it for one word", () => {
    const last = (directory: string) => terminal(runWith(fine), undefined, directory).trimEnd().split("\n").at(-1);
    expect(last("runs/failover-1")).toBe("judge it again: regionctl check runs/failover-1");
    expect(last("/home/me/my runs/it's")).toBe(`judge it again: regionctl check '/home/me/my runs/it'\\''s'`);
  });

  it("says the same with and without colour, and has no escape codes when plain", () => {
    const run = runWith([...fine, ...asks, asked({ text: "x", summary: "y", valid: false, story: ["z"] })]);
    const coloured = terminal(run, new Chalk({ level: 1 }));
    expect(coloured).toContain(`${ESCAPE}[`);
    expect(terminal(run)).not.toContain(ESCAPE);
    expect(coloured.replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, "g"), "")).toBe(terminal(run));
  });
});

describe("progress", () => {
  const line = (happening: Happening) => progressLine({ seq: 1, at: 12_345, ...happening } as Event);
  const step = { type: "step", path: "3", verb: "kill", text: "kill backend-us for 2s", line: 9 } as const;
  const fault = { id: "kill backend-us", kind: "kill", targets: ["backend-us"], parameters: {}, since: 1 } as const;

  it("says what begins, what went wrong and what took effect, a line each", () => {
    const told: Happening[] = [
      { ...step, phase: "begin" },
      { ...step, phase: "begin", path: "3.10", lateMs: 340 },
      { ...step, phase: "begin", lateMs: 20 },
      { type: "step", phase: "end", path: "3", verdict: "failed", detail: "expected status 200, got 503" },
      { type: "step", phase: "end", path: "3", verdict: "inconclusive", detail: "lag(eu) > 3s did not come true" },
      { type: "step", phase: "end", path: "3", verdict: "errored", detail: "a bug" },
      { type: "fault", phase: "proved", id: fault.id, effective: true, measured: "backend-us has no process" },
      { type: "fault", phase: "proved", id: fault.id, effective: false, measured: "backend-us still answers" },
      { type: "fault", phase: "ended", id: fault.id, by: "time", targets: fault.targets },
      { type: "node", node: "backend-eu", state: "down", expected: false, detail: "its process ended by itself" },
      { type: "log", level: "warning", text: "the machine is slow" },
      { type: "log", level: "error", text: "the sampler died" },
      { type: "end", reason: "timeout", error: "the scenario's timeout was reached" },
      { type: "end", reason: "errored" },
    ];
    expect(told.map(line).join("\n")).toMatchInlineSnapshot(`
      "  12.3s    3  kill backend-us for 2s
        12.3s  3.10  kill backend-us for 2s (late by 340 ms)
        12.3s    3  kill backend-us for 2s
        12.3s    3  ✗ failed: expected status 200, got 503
        12.3s    3  ? inconclusive: lag(eu) > 3s did not come true
        12.3s    3  ! errored: a bug
        12.3s       took effect: backend-us has no process
        12.3s       NO EFFECT: backend-us still answers
        12.3s       kill backend-us ended
        12.3s       backend-eu is down, and nobody asked for it (its process ended by itself)
        12.3s       the machine is slow
        12.3s       the sampler died
        12.3s       the scenario's timeout was reached
        12.3s       errored"
    `);
  });

  it("is silent about what goes as it should", () => {
    const untold: Happening[] = [
      { type: "step", phase: "end", path: "3", verdict: "passed" },
      { type: "step", phase: "end", path: "3", verdict: "skipped" },
      { type: "fault", phase: "begun", fault },
      { type: "fault", phase: "ended", id: fault.id, by: "heal", targets: fault.targets },
      { type: "node", node: "backend-us", state: "up", expected: true },
      { type: "log", level: "info", text: "hello" },
      { type: "end", reason: "done" },
      { type: "end", reason: "interrupted" },
      { type: "probe", region: "us", ok: true, due: 1 },
      { type: "healed", quiet: true },
      { type: "leftovers", found: [] },
    ];
    expect(untold.map(line).filter(Boolean)).toEqual([]);
  });

  it("shows the newest numbers on one line", () => {
    const region: RegionSample = {
      healthy: true,
      lagSeconds: { eu: 0.04, ap: 1.26 },
      pending: 0,
      conflicts: 0,
      requests: 98,
      errors: 0,
      p50Ms: 2,
      p99Ms: 9,
    };
    const regions = { us: region, eu: { ...region, healthy: false, lagSeconds: null, requests: 7 } };
    const sample: Event = { seq: 9, at: 12_345, type: "sample", regions, acknowledged: 934 };
    expect(statusLine(sample)).toMatchInlineSnapshot(
      `"  12.3s  us healthy  98/s lag 1.3s   eu DOWN      7/s lag ?   934 acknowledged"`,
    );
    expect(statusLine({ seq: 10, at: 1, type: "healed", quiet: true })).toBeUndefined();
  });
});

describe("colour", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is refused by NO_COLOR, whatever the stream can do", () => {
    vi.stubEnv("NO_COLOR", "1");
    expect(paintFor("stdout").level).toBe(0);
    expect(paintFor("stderr").level).toBe(0);
  });
});
