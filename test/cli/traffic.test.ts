// Clients against a stack that is up: what they did is told, and the stack's own log knows nothing of them.
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { totals } from "../../src/commands/traffic/totals.ts";
import type { Event } from "../../src/model/event.ts";
import { sandbox } from "../support/cli.ts";

const place = sandbox();
beforeAll(async () => {
  await place.passes("up");
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

interface Facts {
  workload: string;
  regions: readonly { region: string; operations: number; answered: number; unanswered: number; p50Ms: number }[];
  all: { operations: number; answered: number; unanswered: number };
}

describe("regionctl traffic", () => {
  it("uses the first workload in all regions until its time is over, and tells what came of it", async () => {
    const log = () => fs.readFileSync(path.join(place.home, "stacks/default/events.ndjson"), "utf8");
    const before = log();
    const facts = await place.facts<Facts>("traffic", "--rate", "100/s", "--for", "2s");
    expect(facts.workload).toBe("edit-properties");
    expect(facts.regions.map(({ region }) => region)).toEqual(["us", "eu"]);
    expect(facts.all.operations).toBeGreaterThan(60);
    expect(facts.all.answered + facts.all.unanswered).toBe(facts.all.operations);
    expect(facts.all.answered).toBeGreaterThan(0);
    expect(facts.regions.every(({ p50Ms }) => p50Ms > 0)).toBe(true);
    expect(log()).toBe(before);
  });

  it("with regions and a workload keeps to them; what nobody answers is unanswered", async () => {
    await place.passes("kill", "gateway");
    const end = await place.run("traffic", "edit-properties", "--regions", "eu", "--rate", "20/s", "--for", "1s");
    expect(end.code, end.stdout + end.stderr).toBe(0);
    expect(end.stdout).toMatch(/^eu +\d+ operations +0 answered +\d+ unanswered\n$/);
    await place.passes("heal");
  });

  it("goes on until Ctrl-C, and still tells", async () => {
    const log = path.join(place.home, "stacks/default/logs/gateway.log");
    const before = fs.statSync(log).size;
    const running = place.start("traffic");
    await vi.waitFor(() => expect(fs.statSync(log).size).toBeGreaterThan(before + 2_000), { timeout: 20_000 });
    running.child.kill("SIGINT");
    const { code, stdout } = await running.done;
    expect(code).toBe(130);
    expect(stdout).toMatch(/^us .*\neu .*\nall +\d+ operations/);
  });

  it("refuses what a scenario would refuse, in the words of its options", async () => {
    for (const [words, why] of [
      [["nothing"], 'no workload "nothing"'],
      [["--regions", "us,mars"], 'no region "mars"'],
      [["--rate", "fast"], '--rate takes a rate with its unit, e.g. 200/s, not "fast"'],
      [["--clients", "0"], "--clients takes a whole number from 1 to 64"],
      [["--keys", "5000"], "has 1200 keys"],
      [["--for", "3"], "--for takes a duration"],
    ] as const) {
      const end = await place.run("traffic", ...words);
      expect([end.code, end.stdout], words.join(" ")).toEqual([64, ""]);
      expect(end.stderr, words.join(" ")).toContain(why);
    }
  });

  it("ends with the stack", async () => {
    await place.passes("up", "--stack", "short");
    const running = place.start("traffic", "--stack", "short", "--json");
    const down = await place.run("down", "--stack", "short");
    expect(down.code).toBe(0);
    const { code, stdout } = await running.done;
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: expect.stringMatching(/ended|no stack/) });
  });
});

describe("totals", () => {
  const event = (happening: object) => ({ seq: 0, at: 0, ...happening }) as Event;

  it("keep latencies to a hundredth, however many there are, and count for the client's own region", () => {
    const counted = totals(["us", "eu"]);
    for (let op = 1; op <= 10_000; op++) {
      counted.count(
        event({ type: "invoke", op, region: op % 2 === 0 ? "us" : "eu", home: "us", kind: "read", due: 100 }),
      );
      counted.count(event({ type: "complete", op, outcome: { type: "ok" }, at: 100 + op / 100 }));
    }
    counted.count(event({ type: "missed", region: "eu" }));
    counted.count(event({ type: "invoke", op: 0, region: "eu", kind: "read", due: 0 }));
    counted.count(event({ type: "complete", op: 0, outcome: { type: "unknown", error: "" } }));
    const { p50Ms, p99Ms, ...rest } = counted.of("us");
    expect(rest).toEqual({ region: "us", operations: 10_000, answered: 10_000, unanswered: 0 });
    expect(p50Ms! / 50).toBeCloseTo(1, 1);
    expect(p99Ms! / 99).toBeCloseTo(1, 1);
    expect(counted.of("eu")).toMatchObject({ operations: 2, unanswered: 2, p50Ms: null, p99Ms: null });
    expect(counted.all()).toMatchObject({ operations: 10_002, answered: 10_000 });
  });
});
