// What every view says, in words: the same pictures as a person would read them.
import { describe, expect, it } from "vitest";
import { frame, type FrameOf } from "../../../src/dashboard/frame.tsx";
import type { Picture } from "../../../src/dashboard/picture.ts";
import { INITIAL, type Ui } from "../../../src/dashboard/ui.ts";
import {
  fault,
  line,
  NOTHING,
  NOW,
  system,
  verdict,
  withEffect,
  withFault,
  withNode,
  withRegion,
  withRun,
} from "./pictures.ts";

const shown = (picture: Picture, how: Partial<FrameOf> = {}) =>
  frame(picture, { columns: 100, rows: 40, colour: false, mode: "stack", ...how });
/** The line with this in it, blanks as one. */
const lineWith = (text: string, word: string) =>
  text
    .split("\n")
    .find((one) => one.includes(word))
    ?.replaceAll(/ +/g, " ")
    .trim();
const ui = (change: Partial<Ui>): Partial<FrameOf> => ({ ui: { ...INITIAL, ...change } });

describe("the header", () => {
  it("says what is watched, since when and where clients reach it", () => {
    expect(shown(system(["us", "eu"], "mine")).split("\n")[0]).toBe(
      "mine · up for 12 min · embedded · http://127.0.0.1:8080 · property · 2345 writes seen",
    );
    expect(shown(NOTHING).split("\n")[0]).toBe("regionctl watch · waiting for the stack's first word");
  });

  it("says of a run its scenario, its time, its step and how it ended", () => {
    const run = withRun(system(), 12, 5);
    expect(shown(run, { mode: "run" }).split("\n")[0]).toContain("failover · 0:32.0 · step 6 of 12 · embedded");
    const ended = withRun(system(), 3, 3, { ended: { reason: "timeout" } });
    expect(shown(ended, { mode: "run" }).split("\n")[0]).toContain("failover · 0:32.0 · ended: timeout");
  });

  it("says of a saved run where it is, how fast it plays, and that it does not", () => {
    const saved = {
      mode: "saved",
      playing: { lengthMs: 80_000, positionMs: 40_000, isPlaying: true, speed: 4 },
    } as const;
    const [head] = shown(withRun(system(), 3, 1), saved).split("\n");
    expect(head).toContain("▶ playing 4x  0:40.0 of 1:20.0  ━");
    const [done = "", left = ""] = head!.slice(head!.indexOf("━")).split("●");
    expect(Math.abs(done.length - left.length)).toBeLessThanOrEqual(1); // it is in the middle
    expect(head).not.toContain("· 0:32.0"); // it is told once
    expect(shown(withRun(system(), 3, 1), { mode: "saved" }).split("\n")[0]).toContain(
      "failover · 0:32.0 · step 2 of 3",
    );
    const paused = { ...saved, playing: { ...saved.playing, isPlaying: false } };
    expect(shown(withRun(system(), 3, 1), paused)).toContain("‖ PAUSED 4x");
  });
});

describe("a region", () => {
  it("says how it does, what its nodes do, and what its clients see", () => {
    const text = shown(system());
    expect(text).toMatch(/us +healthy for 12 min │ +eu +healthy for 12 min/);
    expect(text).toMatch(/kafka +up 12 min │\n +requests.*│ +requests/); // figures stand in one line, whoever has more nodes
    expect(text).toMatch(/backend-us +up 12 min │ +backend-eu +up 12 min/);
    expect(text).toMatch(/requests +101\/s +p50 +3\.2 ms/);
    expect(text).toMatch(/errors +0\/s +p99 +12 ms/);
    expect(text).toMatch(/pending +3 +conflicts +12, \+3\/min/);
    expect(text).toMatch(/lag eu 0\.04 s +[▁▂▃▄▅▆▇█]{20}/);
  });

  it("says it in words when it does not do well", () => {
    let picture = withNode(withNode(system(), "backend-us", "down", true), "db-us", "paused");
    picture = withRegion(withNode(picture, "kafka", "starting"), "us", {
      healthy: false,
      since: NOW - 4_000,
      lagSeconds: null,
    });
    const text = shown(picture);
    expect(text).toMatch(/us +NOT HEALTHY for 4 s/);
    expect(text).toMatch(/backend-us +DOWN 3 s, unasked/);
    expect(text).toMatch(/db-us +PAUSED 3 s/);
    expect(text).toMatch(/kafka +starting 3 s/);
    expect(text).toMatch(/lag not known/);
    expect(shown(withRegion(system(), "us", { healthy: null }))).toMatch(/us +no word yet/);
  });

  it("says the lag behind every source where there is room, and otherwise the worst", () => {
    const three = withRegion(system(["us", "eu", "ap"]), "us", { lagSeconds: { eu: 0.5, ap: 2.25 } });
    expect(shown(three, { columns: 160 })).toContain("lag eu 0.50 s  ap 2.25 s ");
    expect(shown(three, { columns: 92, rows: 24 })).toContain("lag ap 2.25 s ");
  });
});

describe("the map", () => {
  const cut = fault("partition", "partition us | eu");
  const both = withEffect(system(), ["us", "eu"], { type: "cut", mode: "drop" }, cut);

  it("has the nodes of the edge, and every link with its round trip", () => {
    const text = shown(withNode(system(), "gateway", "down"));
    expect(lineWith(text, "edge ")).toBe("edge gateway DOWN 3 s links up 12 min");
    expect(lineWith(text, "us ══")).toBe("links us ══ 80 ms ══ eu edge ═══ us edge ═══ eu");
  });

  it("says what is done to a link, and which way", () => {
    const on = (...args: Parameters<typeof withEffect>) => lineWith(shown(withEffect(...args)), "══")!;
    expect(lineWith(shown(both), "══")).toContain("us ══✂ cut (drop) ✂══ eu");
    const reset = { type: "cut", mode: "reset" } as const;
    expect(on(system(), ["us", "eu"], reset, cut, [true, false])).toContain("us ══ 80 ms, ✂→ cut (reset) ══ eu");
    expect(on(system(), ["us", "eu"], reset, cut, [false, true])).toContain("us ══ 80 ms, ←✂ cut (reset) ══ eu");
    const slow = { type: "delay", addMs: 40, jitterMs: 5 } as const;
    expect(on(system(), ["edge", "us"], slow, cut)).toContain("edge ══ +40 ms ±5 ms ══ us");
    expect(on(system(), ["us", "eu"], slow, cut, [true, false])).toContain("us ══ 80 ms, → +40 ms ±5 ms ══ eu");
    expect(on(system(), ["us", "eu"], { type: "cap", bytesPerSecond: 125_000 }, cut)).toContain("at most 1 mbit");
    expect(on(system(), ["us", "eu"], { type: "flaky", resetsPerSecond: 0.05 }, cut)).toContain("5%/s reset");
  });

  it("tells a link of which only some connections are cut from one that is cut", () => {
    const partly = { ...both, links: both.links.map((link) => ({ ...link, cut: [false, false] as const })) };
    expect(lineWith(shown(partly), "══")).toContain("us ══ 80 ms, partly cut (drop) ══ eu");
  });
});

describe("the faults", () => {
  it("say how long they have left, and what was measured", () => {
    const timed = fault("partition", "partition us | eu", { until: NOW + 11_200, parameters: { mode: "drop" } });
    let picture = withFault(system(), { ...timed, measured: "a probe stalled" });
    picture = withFault(picture, { ...fault("kill", "kill db-us", { targets: ["db-us"] }), measured: undefined });
    picture = withFault(picture, { ...fault("pause", "pause db-eu"), effective: false, measured: "it answers" });
    const text = shown(picture);
    expect(lineWith(text, "partition us")).toBe("faults partition us | eu 12 s left a probe stalled");
    expect(lineWith(text, "kill db-us")).toBe("kill db-us for 5 s, until healed");
    expect(lineWith(text, "pause db-eu")).toContain("WITHOUT EFFECT: it answers");
    expect(lineWith(shown(system()), "faults")).toBe("faults no fault is active");
  });

  it("say what is left of them after a run", () => {
    const run = withRun(system(), 2, 2, { leftovers: ["db-us is paused, it should be up"] });
    expect(lineWith(shown(run, { mode: "run" }), "faults")).toBe("faults LEFT OVER: db-us is paused, it should be up");
  });
});

describe("a run", () => {
  it("shows the steps around the one that runs, with marks and words", () => {
    const text = shown(withRun(system(), 30, 14), { mode: "run" });
    expect(lineWith(text, "kill backend-14")).toBe("✓ 14 kill backend-14 900 ms");
    expect(lineWith(text, "kill backend-15")).toBe("▶ 15 kill backend-15 running 4 s");
    expect(lineWith(text, "kill backend-16")).toBe("· 16 kill backend-16");
    expect(text).not.toContain("kill backend-3 ");
    expect(text).toMatch(/… \d+ more steps/);
  });

  it("says why a step failed, and which was never begun", () => {
    const failed = {
      path: "2",
      state: "failed",
      begun: NOW - 4_000,
      ended: NOW - 1_000,
      detail: "lag(eu) was 4 s",
    } as const;
    const run = withRun(system(), 3, 1, { ended: { reason: "done" } });
    const text = shown({ ...run, run: { ...run.run!, steps: { ...run.run!.steps, "2": failed } } }, { mode: "run" });
    expect(lineWith(text, "kill backend-2")).toBe("✗ 2 kill backend-2 failed 3 s lag(eu) was 4 s");
    expect(lineWith(text, "kill backend-3")).toBe("· 3 kill backend-3 never begun");
  });

  it("shows the expectations as they stand, what fails first", () => {
    const verdicts = [
      verdict("no-lost-writes", true, "1,204 writes, all there"),
      verdict("rpo: 0", "unknown", "nothing to judge"),
      verdict("converges", false, "key 7 differs"),
      verdict("no-duplicates", false, "2 twice", { knownGap: "known" }),
    ];
    const rows = shown(withRun(system(), 2, 1), { mode: "run", verdicts }).split("\n");
    const from = rows.findIndex((row) => row.startsWith("expect"));
    expect(rows.slice(from, from + 4).map((row) => row.slice(8))).toEqual([
      "✗ converges  key 7 differs",
      "✗ no-duplicates (known gap)  2 twice",
      "? rpo: 0  nothing to judge",
      "✓ no-lost-writes  1,204 writes, all there",
    ]);
  });
});

describe("the events", () => {
  it("are the newest that fit, the last one last, and harmless", () => {
    const lines = Array.from({ length: 100 }, (_, i) => line(i, i * 1_000, "plain", `event ${i}`));
    const worst = {
      ...line(100, 100_000, "bad" as const, "\u001b]0;x\u0007\u001b[31merror\u001b[0m: 世界\r\nnext"),
      times: 3,
    };
    const rows = shown({ ...system(), lines: [...lines, worst] }).split("\n");
    expect(rows.at(-1)).toBe("         1:40.0  error: 世界 next  3 times");
    expect(rows.at(-2)).toBe("         1:39.0  event 99");
    expect(rows.join("\n")).not.toContain("event 3\n");
  });

  it("say how often something happened also where its text has no room", () => {
    const often = { ...line(1, 1_000, "plain" as const, "again and again ".repeat(20)), times: 15 };
    const last = shown({ ...system(), lines: [often] }, { columns: 60, rows: 20 })
      .split("\n")
      .at(-1)!;
    expect(last).toMatch(/^events   0:01.0  again and again .*…  15 times$/);
  });
});

describe("the details", () => {
  it("of a node are its role, its place, the faults on it and the end of its log", () => {
    const killed = withFault(
      withNode(system(), "backend-us", "down"),
      fault("kill", "kill backend-us", { targets: ["backend-us"] }),
    );
    const log = { node: "backend-us", lines: Array.from({ length: 90 }, (_, i) => `\u001b[2mline\u001b[0m ${i}`) };
    const text = shown(killed, ui({ pane: "detail", log }));
    expect(lineWith(text, "since")).toBe("backend-us DOWN 3 s since 12:27.0");
    expect(lineWith(text, "serves port")).toBe("is backend in us serves port 8000 needs db-us");
    expect(lineWith(text, "until healed")).toBe("faults kill backend-us for 5 s, until healed it is so");
    expect(text).toContain("line 89");
    expect(text).not.toContain("line 3\n");
    expect(shown(system(), ui({ pane: "detail", chosen: { type: "node", name: "gateway" } }))).toContain(
      "answers at http://127.0.0.1:8080",
    );
  });

  it("of a node say why there is no log", () => {
    const of = (log?: Ui["log"]) => shown(system(), ui({ pane: "detail", log }));
    expect(of()).toContain("is being read ...");
    expect(of({ node: "backend-eu", lines: ["another node's"] })).not.toContain("another node's");
    expect(of({ node: "backend-us", lines: [] })).toContain("no log was kept");
    expect(of({ node: "backend-us", trouble: "it took too long" })).toContain("it took too long");
  });

  it("of a link are its rules and who uses it", () => {
    const cut = withEffect(
      system(),
      ["us", "eu"],
      { type: "cut", mode: "drop" },
      fault("partition", "partition us | eu"),
      [true, false],
    );
    const text = shown(cut, ui({ pane: "detail", chosen: { type: "link", between: ["us", "eu"] } }));
    expect(lineWith(text, "round trip")).toBe("delay 80 ms in a round trip, jitter 5 ms");
    expect(lineWith(text, "us → eu")).toBe("rules us → eu: cut (drop) by partition us | eu");
    expect(lineWith(text, "opened")).toBe("opened backend-eu in eu → kafka");
  });

  it("of a region are all its figures", () => {
    const text = shown(system(["us", "eu", "ap"]), ui({ pane: "detail", chosen: { type: "region", name: "eu" } }));
    expect(lineWith(text, "101 requests/s")).toContain("0 errors/s p50 3.2 ms p99 12 ms pending 3");
    expect(text).toContain("12, 3 in the last minute");
    expect(lineWith(text, "lag us")).toBeDefined();
    expect(lineWith(text, "nodes ")).toBe("nodes backend-eu up 12 min db-eu up 12 min");
  });

  it("take the whole screen where it is small", () => {
    const small = { columns: 60, rows: 15, ...ui({ pane: "detail" }) };
    expect(shown(system(), small)).not.toContain("db-eu");
    expect(shown(system(), { ...small, rows: 40 })).toContain("db-eu");
  });
});

describe("the last lines", () => {
  it("say what is chosen, and after a key what it did: the command and the step", () => {
    const wide = shown(system(), ui({})).split("\n").slice(-2);
    expect(wide[0]).toBe("› backend-us  backend in us  up 12 min");
    expect(wide[1]).toMatch(/^k kill {2}s start .* \? help {2}q quit$/);
    const notice = { state: "done", text: "regionctl kill db-us   ·   - kill: db-us", result: "took effect" } as const;
    const rows = shown(system(), ui({ notice })).split("\n");
    expect(rows.at(-3)).toBe("✓ regionctl kill db-us   ·   - kill: db-us");
    expect(rows.at(-2)).toBe("  took effect");
    const small = shown(system(), { columns: 60, rows: 15, ...ui({ notice }) }).split("\n");
    expect(small.at(-2)).toBe("✓ regionctl kill db-us   ·   - kill: db-us  took effect");
  });

  it("have the command and the step whole, below each other, where they are longer than a line", () => {
    const command = `regionctl partition us eu,ap --stack ${"a-long-name-".repeat(5)}`;
    const notice = { state: "done", text: `${command}   ·   - partition: us | eu, ap`, result: "took effect" } as const;
    const rows = shown(system(), { columns: 80, rows: 36, ...ui({ notice }) }).split("\n");
    expect(rows.slice(-5, -1)).toEqual([
      "✓ regionctl partition us eu,ap --stack",
      "  a-long-name-a-long-name-a-long-name-a-long-name-a-long-name-",
      "  - partition: us | eu, ap",
      "  took effect",
    ]);
    const small = shown(system(), { columns: 60, rows: 15, ...ui({ notice }) }).split("\n");
    expect(small.at(-2)).toMatch(/^✓ regionctl partition .*…$/);
  });

  it("say first why something failed, where there is one line for it", () => {
    const notice = { state: "failed", text: "regionctl kill db-us", result: "db-us does not answer" } as const;
    const rows = shown(system(), { columns: 60, rows: 15, ...ui({ notice }) }).split("\n");
    expect(rows.at(-2)).toBe("✗ db-us does not answer  regionctl kill db-us");
  });

  it("are not there where nobody steers", () => {
    expect(shown(system())).not.toContain("q quit");
    expect(shown(system())).not.toContain("›");
  });
});

describe("the help", () => {
  it.each(["stack", "run", "saved"] as const)("has every key of a %s, also in a small window", (mode) => {
    const small = shown(system(), { columns: 60, rows: 15, mode, ...ui({ pane: "help" }) });
    const keys = {
      stack: ["k", "s", "z", "x", "l", "o", "h", "t", "c", "w"],
      run: [],
      saved: ["space", ", .", "< >", "- +", "0 $"],
    };
    for (const key of [...keys[mode], "q", "Enter", "arrows"])
      expect(
        small.split("\n").some((row) => row.startsWith(`${key} `)),
        key,
      ).toBe(true);
    if (mode !== "stack") expect(small).not.toMatch(/^k /m);
    expect(shown(system(), { mode, ...ui({ pane: "help" }) })).toContain("Any key closes this help.");
  });
});
