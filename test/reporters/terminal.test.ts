// What a tired reader sees.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Chalk } from "chalk";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Event, type Happening, type RegionSample, runOf } from "../../src/model/event.ts";
import { paintFor } from "../../src/reporters/paint.ts";
import { progressLine, statusLine, terminal } from "../../src/reporters/terminal.ts";
import { harmless, widthOf } from "../../src/reporters/text.ts";
import { asked, asks, fine, history, runWith, written } from "./run.ts";

const ESCAPE = "\u001b";

describe("the report of a run", () => {
  it("that passed", () => {
    expect(terminal(runWith([...fine, ...asks]))).toMatchInlineSnapshot(`
      "PASSED  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ✓ available: { region: us, at-least: 99% }  99.8 % of 1,204 operations answered  #3 #7
        ✓ no-lost-writes                            all 934 acknowledged writes are accounted for
        ✓ asked of every run                        healthy at first · 2 faults took effect

                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms

      judge it again: regionctl check /home/ada/runs/failover-1
      watch it again: regionctl watch /home/ada/runs/failover-1
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
        ✗ no-lost-writes                            2 of 934 acknowledged writes are lost  #812 #815 #901
                                                    #902
            us-3 wrote 1412 to key 7 at 6.2 s, acknowledged (event 812).
            Nobody shows it at the end.
        ✓ asked of every run                        healthy at first · 2 faults took effect
        ✗ no backend or service died unasked        backend-eu ended by itself  #640
            backend-eu: down at 5.1 s (event 640)

                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms

      judge it again: regionctl check /home/ada/runs/failover-1
      watch it again: regionctl watch /home/ada/runs/failover-1
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

                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms

      judge it again: regionctl check /home/ada/runs/failover-1
      watch it again: regionctl watch /home/ada/runs/failover-1
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

                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms

      judge it again: regionctl check /home/ada/runs/failover-1
      watch it again: regionctl watch /home/ada/runs/failover-1
      "
    `);
    const closed = runWith([gap(true, "all 934 acknowledged writes are accounted for")]);
    expect(terminal(closed)).toMatchInlineSnapshot(`
      "FAILED  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ✗ no-lost-writes  all 934 acknowledged writes are accounted for; known gap: wall clocks; but it
                          holds now: remove known-gap  #9
            The story.

                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms

      judge it again: regionctl check /home/ada/runs/failover-1
      watch it again: regionctl watch /home/ada/runs/failover-1
      "
    `);
    const untried = runWith([gap("unknown", "nothing was written")]);
    expect(terminal(untried)).toMatchInlineSnapshot(`
      "INCONCLUSIVE  failover  9.84 s, 4 operations, 1 write acknowledged, seed 42

        ? no-lost-writes  nothing was written; known gap: wall clocks  #9
            The story.

                             ╷2 s          ╷4 s           ╷6 s           ╷8 s          ╷10 s

        us  requests  ·······█································································  4/s
            errors    ·······▃································································  1
            slowest   ····███████·····························································  210 ms

      judge it again: regionctl check /home/ada/runs/failover-1
      watch it again: regionctl watch /home/ada/runs/failover-1
      "
    `);
  });

  it("that was interrupted says only that", () => {
    expect(terminal(runWith([], { interrupted: true }))).toBe("INTERRUPTED  failover\n");
  });

  it("names its directory so that a shell takes it for one word", () => {
    const next = (directory: string) => terminal(runWith(fine), undefined, directory).trimEnd().split("\n").slice(-2);
    expect(next("runs/failover-1")).toEqual([
      "judge it again: regionctl check runs/failover-1",
      "watch it again: regionctl watch runs/failover-1",
    ]);
    expect(next("/home/me/my runs/it's")[0]).toBe(`judge it again: regionctl check '/home/me/my runs/it'\\''s'`);
    expect(terminal(runWith(fine, { directory: "" }))).not.toContain("regionctl check"); // it was never played
  });

  it("points at the page where there is one", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-report-"));
    const last = () => terminal(runWith(fine, { directory })).trimEnd().split("\n").at(-1);
    try {
      expect(last()).toBe(`watch it again: regionctl watch ${directory}`);
      fs.writeFileSync(path.join(directory, "report.html"), "");
      expect(last()).toBe(`look at it:     ${directory}/report.html`);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  });

  it("shows where what was checked is broken, and is silent about it where nothing is", () => {
    const parts = (violated: number) => [
      { of: "same region", checked: 1_204, violated: 0 },
      { of: "moved region, inside fault windows", checked: 71, violated },
    ];
    const broken = { text: "read-your-writes", summary: "12 of 1,275 reads", story: ["Client us-1 read 5."] } as const;
    const report = (violated: number, valid: boolean) =>
      terminal(runWith([written({ ...broken, valid, breakdown: parts(violated) })]));
    expect(report(12, false)).toContain(
      [
        "  ✗ read-your-writes  12 of 1,275 reads",
        "      Client us-1 read 5.",
        "      same region                          0 of 1,204 violated",
        "      moved region, inside fault windows  12 of    71 violated",
      ].join("\n"),
    );
    expect(report(0, true)).not.toContain("same region");
  });

  const strip = (text: string) => text.replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, "g"), "");

  it.each([40, 80, 120])("keeps within %i columns, in colour too, and loses no word", (columns) => {
    const story = [
      "A sentence that is quite long, since it tells of us-3, which wrote 1412 to key 7 at 6.2 s. ".repeat(3),
    ];
    const lost = written({
      text: "available: { region: us, at-least: 99%, longest-outage: 10s, at-home: true, during: faults }",
      summary: "2 of 934 acknowledged writes are lost, which is more than anybody would want to lose in a run",
      valid: false,
      evidence: [812, 815],
      knownGap: "wall clocks",
      story,
      breakdown: [{ of: "moved region, inside fault windows", checked: 1e6, violated: 3 }],
    });
    const report = terminal(runWith([...fine, lost, ...asks], { directory: "" }), new Chalk({ level: 1 }), "", columns);
    for (const line of strip(report).split("\n")) expect([...line].length, line).toBeLessThanOrEqual(columns);
    const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
    const said = words(strip(report));
    for (const word of [...words(lost.summary), ...words(story[0]!), "#815"]) expect(said).toContain(word);
  });

  it("whatever a run says, nothing of it reaches the terminal as a command, breaks a line, or begins a CI's", () => {
    const nasty = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            "\u001b[2J",
            "\n::error::x",
            "\r",
            "::stop-commands::",
            "##[error]",
            "\u009b",
            "\u202e",
            "漢",
            "a",
          ),
          fc.string({ maxLength: 8, unit: "binary" }),
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.join(" "));
    fc.assert(
      fc.property(nasty, nasty, nasty, fc.integer({ min: 30, max: 140 }), (text, summary, sentence, columns) => {
        const [first, ...others] = history;
        const scenario = { ...runOf(history).scenario, name: text };
        const verdicts = [
          written({ text, summary, valid: false, story: [sentence], knownGap: sentence }),
          asked({ text, summary, valid: "unknown" }),
          asked({ text, summary, valid: true }),
        ];
        const report = terminal(
          runWith(verdicts, {
            history: [{ ...first!, scenario } as (typeof history)[number], ...others],
            directory: "",
          }),
          undefined,
          undefined,
          columns,
        );
        for (const line of report.split("\n")) {
          expect(widthOf(line), line).toBeLessThanOrEqual(columns);
          expect(line).not.toMatch(/^\s*::|##\[/);
          // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        }
      }),
      { numRuns: 400, seed: 8 },
    );
  });

  it("says the same with and without colour, and has no escape codes when plain", () => {
    const run = runWith([...fine, ...asks, asked({ text: "x", summary: "y", valid: false, story: ["z"] })]);
    const coloured = terminal(run, new Chalk({ level: 1 }));
    expect(coloured).toContain(`${ESCAPE}[`);
    expect(terminal(run)).not.toContain(ESCAPE);
    expect(strip(coloured)).toBe(terminal(run));
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

describe("lines of a log", () => {
  it("stay as they are laid out, and command nobody", () => {
    expect(harmless("  at x (y.ts:1)\n\tnext")).toBe("  at x (y.ts:1)\n\tnext");
    expect(harmless("\u001b[2Jgone\r\n  ::error::no\n##[error]no")).toBe(
      "\\u001b[2Jgone\\u000d\n  ..error::no\n## [error]no",
    );
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
