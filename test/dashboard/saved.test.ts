import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { savedRun } from "../../src/dashboard/saved.ts";
import { createStore } from "../../src/dashboard/store.ts";
import type { Event } from "../../src/model/event.ts";
import { spec, twoRegions } from "../support/topology.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { begun, ended, events, fault, runBegun } from "./story.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "saved-"));
  fs.mkdirSync(path.join(directory, "logs"));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const kill = fault("kill", ["backend-us"]);
const history = events(
  [400, runBegun],
  [1_400, begun(kill)],
  [3_400, ended(kill.id, ["backend-us"])],
  [4_400, { type: "end", reason: "done" }],
);

function save(all: readonly Event[] = history) {
  fs.writeFileSync(path.join(directory, "events.ndjson"), all.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

const log = (node: string, text: string) => fs.writeFileSync(path.join(directory, "logs", `${node}.log`), text);

describe("a saved run", () => {
  it("plays into the same picture as it once was, and its expectations stand beside it", async () => {
    save();
    const clock = virtualClock();
    const store = createStore({ clock });
    await using source = savedRun(directory, { clock });
    source.player.onReset(store.reset);
    await source.start(store.push);
    expect([source.mode, source.hands, store.get().run?.id]).toEqual(["saved", undefined, "failover-1"]);
    await clock.advance(1_500);
    expect(store.get().faults.map((each) => each.fault.id)).toEqual([kill.id]);

    expect(source.verdicts?.()).toEqual([]);
    await clock.advance(1);
    expect(source.verdicts?.().map(({ name }) => name)).toEqual(["available"]);

    source.player.seek(source.player.lengthMs);
    expect([store.get().faults, store.get().run?.ended]).toEqual([[], { reason: "done" }]);
    source.verdicts?.();
    const drawn = store.get();
    await clock.advance(2_000);
    expect(source.verdicts?.().length).toBeGreaterThan(5); // the run has ended: everything is asked
    expect(store.get()).not.toBe(drawn); // and what stands there is drawn

    source.player.seek(0);
    expect(store.get().run?.ended).toBeUndefined();
    source.verdicts?.();
    await clock.advance(2_000);
    expect(source.verdicts?.().map(({ name }) => name)).toEqual(["available"]);
  });

  it("ends at once, whatever was planned", async () => {
    save();
    const clock = virtualClock();
    const source = savedRun(directory, { clock });
    const seen: number[] = [];
    await source.start((batch) => seen.push(...batch.map(({ seq }) => seq)));
    source.verdicts?.();
    await source[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
    await clock.advance(60_000);
    expect([seen, clock.asleep()]).toEqual([[1], 0]);
  });

  it("shows the end of a node's log: whole lines, no more than was asked, nothing that a terminal would obey", async () => {
    save();
    await using source = savedRun(directory);
    log("backend-us", "one\n\u001b[31mtwo\u001b[0m\nthree\n");
    expect(await source.log("backend-us", 2)).toEqual(["two", "three"]);
    expect(await source.log("backend-us", 50)).toEqual(["one", "two", "three"]);
    expect(await source.log("db-us", 50)).toEqual([]);

    log("kafka", Array.from({ length: 20_000 }, (_, i) => `line ${i} ${"x".repeat(20)}`).join("\n"));
    const lines = await source.log("kafka", 100_000);
    expect(lines.length).toBeGreaterThan(1_000);
    expect(lines.join("\n").length).toBeLessThanOrEqual(64 * 1024);
    expect(lines.every((line) => /^line \d+ x{20}$/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/^line 19999/);
  });

  it("reads plain files of its own nodes, and nothing else", async () => {
    const evil = {
      ...runBegun,
      topology: { ...twoRegions, nodes: [...twoRegions.nodes, spec("../secret", "service", "us")] },
    };
    save(events([0, evil]));
    await using source = savedRun(directory);
    fs.writeFileSync(path.join(directory, "secret.log"), "secret\n");
    expect(await source.log("../secret", 5)).toEqual([]);
    log("other", "of no node\n");
    expect(await source.log("other", 5)).toEqual([]);
    fs.symlinkSync(path.join(directory, "secret.log"), path.join(directory, "logs", "db-us.log"));
    expect(await source.log("db-us", 5)).toEqual([]);
    fs.mkdirSync(path.join(directory, "logs", "db-eu.log"));
    expect(await source.log("db-eu", 5)).toEqual([]);
    execFileSync("mkfifo", [path.join(directory, "logs", "kafka.log")]); // whoever opens it to read waits for a writer
    expect(await source.log("kafka", 5)).toEqual([]);
  });

  it("what is no run, or cannot be shown, is said before anything is drawn", () => {
    expect(() => savedRun(directory)).toThrow(/is not a run: it has no events.ndjson/);
    save(events([0, { type: "healed", quiet: true }]));
    expect(() => savedRun(directory)).toThrow(/does not begin with a run/);
    expect(() => savedRun(path.join(directory, "events.ndjson"))).toThrow(/is a file.*\n.*regionctl check/);
    save([history[0]!, { type: "fault", phase: "begun", seq: 2, at: 3 } as unknown as Event]);
    expect(() => savedRun(directory)).toThrow(/cannot be shown/);
    save();
    expect(() => savedRun(directory)).not.toThrow();
  });
});
