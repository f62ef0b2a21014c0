// The dashboard without a terminal: one picture, a stream of facts, how each ends, and what is refused. And what a person does by
// key, done on a real stack, written down, and played.
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { surroundings } from "../../src/commands/surroundings.ts";
import { handsOn } from "../../src/commands/watch/hands.ts";
import type { WatchJson } from "../../src/dashboard/json.ts";
import { look } from "../../src/stack.ts";
import { repository, type Running, sandbox } from "../support/cli.ts";

const place = sandbox({ CI: "true" });
const going = new AbortController().signal;

beforeAll(async () => {
  const { code, stderr } = await place.run("up");
  expect(stderr).not.toContain("bug");
  expect(code).toBe(0);
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

/** Every command is a process of its own; a busy machine needs longer. */
const PATIENCE_MS = 120_000;

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

/** What was read of a command beyond the tick that was asked for last: a line may come in two pieces. */
const unread = new WeakMap<Running, string>();

/** Resolves with the next tick that is as asked. */
async function ticked(running: Running, isIt: (tick: WatchJson) => boolean): Promise<WatchJson> {
  let text = unread.get(running) ?? "";
  let last = "nothing";
  const next = () => {
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
      last = text.slice(0, end);
      text = text.slice(end + 1);
      const tick = JSON.parse(last) as WatchJson;
      if (isIt(tick)) return tick;
    }
    return undefined;
  };
  let found = next();
  const { stdout } = running.child;
  if (found === undefined)
    for await (const chunk of stdout!.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
      text += chunk;
      found = next();
      if (found !== undefined) break;
    }
  unread.set(running, text);
  if (found === undefined) throw new Error(`it ended without saying so; its last tick: ${last}`);
  return found;
}

describe("regionctl watch", { timeout: PATIENCE_MS }, () => {
  it("without a terminal says so, with the way out, and draws nothing", async () => {
    const end = await place.run("watch");
    expect(end.code).toBe(64);
    expect(linesOf(end.stderr)).toHaveLength(1);
    expect(end.stderr).toMatch(/draws on a terminal.*--once.*--json/);
    expect(end.stdout).toBe("");
    const run = await place.run("scenario", "run", "smoke", "--watch");
    expect([run.code, run.stdout]).toEqual([64, ""]);
    expect(run.stderr).toContain("--watch draws on a terminal");
  });

  it("refuses what does not go together, and what cannot be, before it looks at anything", async () => {
    for (const [words, why] of [
      [["--json", "--once"], "choose one of them"],
      [["--at", "5s", "--once"], "a time in a saved run"],
      [["--json", "--columns", "80"], "are for --once"],
      [["--once", "--columns", "2"], "from 20 to 500"],
      [["--once", "--every", "1ms"], "from 250ms"],
      [["runs/nothing", "--once"], "is not a run"],
      [["runs/nothing", "--stack", "default", "--once"], "is no stack"],
    ] as const) {
      const end = await place.run("watch", ...words);
      expect(end.code, words.join(" ")).toBe(64);
      expect(end.stdout + end.stderr, words.join(" ")).toContain(why);
      expect(linesOf(end.stdout).length, words.join(" ")).toBe((words as readonly string[]).includes("--json") ? 1 : 0);
    }
    const gone = await place.run("watch", "--once", "--stack", "nowhere");
    expect(gone.code).toBe(2);
    expect(gone.stderr).toContain('there is no stack "nowhere"');
  });

  it("--once prints one picture as text, as wide as asked, with every node and nothing but text", async () => {
    for (const columns of [80, 60, 120]) {
      const end = await place.run("watch", "--once", "--columns", String(columns), "--rows", "40");
      expect(end.code).toBe(0);
      expect(end.stderr).toBe("");
      for (const node of ["gateway", "backend-us", "backend-eu", "db-us", "db-eu", "kafka"])
        expect(end.stdout).toContain(node);
      expect(end.stdout).not.toContain("\u001b");
      expect(Math.max(...linesOf(end.stdout).map((line) => [...line].length))).toBeLessThanOrEqual(columns);
    }
  });

  it("--json prints one object per tick, sees what another shell does, and ends with Ctrl-C", async () => {
    const watching = place.start("watch", "--json");
    const whole = await ticked(watching, ({ regions }) => regions.every(({ healthy }) => healthy === true));
    expect(whole).toMatchObject({ stack: { name: "default", runtime: "embedded" }, topology: "property", run: null });
    await place.passes("kill", "backend-us");
    const broken = await ticked(watching, ({ nodes }) => nodes.some(({ state }) => state === "down"));
    expect(broken.faults).toMatchObject([{ id: "kill backend-us", kind: "kill" }]);
    expect(broken.nodes.find(({ name }) => name === "backend-us")).toMatchObject({ state: "down", unasked: false });
    await place.passes("heal");
    await ticked(watching, ({ nodes, faults }) => nodes.every(({ state }) => state === "up") && faults.length === 0);
    watching.child.stdout!.resume();
    watching.child.kill("SIGINT");
    const { code, stderr } = await watching.done;
    expect([code, stderr]).toEqual([130, ""]);
  });

  it("--json counts the requests of whoever uses the stack", async () => {
    const watching = place.start("watch", "--json");
    const using = place.start("traffic", "--rate", "50/s", "--for", "1m");
    const busy = await ticked(watching, ({ regions }) =>
      regions.every(({ requestsPerSecond, p50Ms }) => requestsPerSecond > 0 && p50Ms !== null),
    );
    expect(busy.regions.map(({ name }) => name)).toEqual(["us", "eu"]);
    using.child.kill("SIGINT");
    watching.child.kill("SIGTERM");
    watching.child.stdout!.resume();
    expect((await using.done).code).toBe(130);
    expect((await watching.done).code).toBe(130);
  });

  it("--json ends quietly when nobody reads it any more", async () => {
    const watching = place.start("watch", "--json");
    await ticked(watching, () => true);
    watching.child.stdout!.destroy();
    const { code, stderr } = await watching.done;
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("says when the stack is ended by somebody else, and ends well", async () => {
    await place.passes("up", "--stack", "short");
    const watching = place.start("watch", "--stack", "short", "--json");
    await ticked(watching, () => true);
    watching.child.stdout!.resume();
    await place.passes("down", "--stack", "short");
    const { code, stderr } = await watching.done;
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("loads neither React nor Ink for any command that does not draw", () => {
    const dist = path.join(repository, "dist");
    const seen = new Set<string>();
    const visit = (file: string): readonly string[] => {
      if (seen.has(file)) return [];
      seen.add(file);
      const text = fs.readFileSync(file, "utf8");
      const named = [...text.matchAll(/^(?:import|export)\b[^;]*?["']([^"']+)["'];?$/gm)].map(([, name]) => name!);
      const inside = named.filter((name) => name.startsWith("."));
      return [...named, ...inside.flatMap((name) => visit(path.resolve(path.dirname(file), name)))];
    };
    const loaded = visit(path.join(dist, "cli.js"));
    expect(loaded).toEqual(expect.arrayContaining(["commander", "yaml"]));
    expect(loaded.filter((name) => /^(ink|react)\b/.test(name))).toEqual([]);
    const later = fs.readdirSync(path.join(dist, "chunks")).filter((name) => /^watch-.*\.js$/.test(name));
    expect(later.map((name) => fs.readFileSync(path.join(dist, "chunks", name), "utf8").includes('"ink"'))).toContain(
      true,
    );
  });
});

describe("what is done by key", { timeout: PATIENCE_MS }, () => {
  it("is what the commands do, and as a scenario it runs and passes", async () => {
    process.env["REGIONCTL_HOME"] = place.home;
    const stack = await look(surroundings(), "default", going);
    const hands = handsOn(stack, going, place.directory);
    const deed = (command: string, step: unknown) => hands.perform({ command: `regionctl ${command}`, step });
    try {
      await expect(hands.writeScenario()).rejects.toThrow("nothing was done yet");
      await expect(deed("kill nobody", { kill: "nobody" })).rejects.toThrow('no node "nobody"');
      expect(await deed("kill backend-us", { kill: "backend-us" })).toMatch(/^took effect: backend-us has no process/);
      expect(await deed("start backend-us", { start: "backend-us" })).toBe("backend-us: up");
      expect(await deed("partition us eu", { partition: "us | eu" })).toMatch(/^took effect: /);
      expect(stack.faults.active().map(({ id }) => id)).toEqual(["partition us | eu"]);
      // While neither region hears of the other: otherwise the second write may find that the first is there already.
      const { said, deed: conflict } = await hands.conflict();
      expect(said).toMatch(/us answered 200 \(backend-us\), eu answered 200 \(backend-eu\); both accepted/);
      expect(conflict.command).toMatch(
        /^curl -X PUT http:\/\/127.0.0.1:\d+\/us\/properties\/\d+ .* & curl -X PUT .*\/eu\//,
      );
      expect(await deed('heal "partition us | eu"', { heal: "partition us | eu" })).toContain(
        "healed: partition us | eu",
      );
      expect(stack.faults.active()).toEqual([]);
      // Pressed at once: what ends it waits until it was measured, or it would count as one without effect.
      const both = await Promise.all([deed("partition us eu", { partition: "us | eu" }), deed("heal", "heal")]);
      expect(both).toEqual([expect.stringMatching(/^took effect: /), expect.stringMatching(/^healed: partition/)]);

      const on = await hands.toggleTraffic();
      expect(on).toMatchObject({ on: true, deed: { step: { traffic: "edit-properties" } } });
      const first = await hands.writeScenario(); // while it is on
      expect((await hands.toggleTraffic()).on).toBe(false);
      const second = await hands.writeScenario();
      expect(second).not.toBe(first);
      expect(fs.readdirSync(place.directory)).toEqual(expect.arrayContaining([first, second]));

      const checked = await place.run("scenario", "check", first, second);
      expect(checked.stdout).toMatch(/nothing wrong\n.*nothing wrong/);
      const run = await place.run("scenario", "run", second);
      expect(run.stdout, run.stderr).toContain("PASSED");
      expect(run.code).toBe(0);
      const [directory] = fs.readdirSync(path.join(place.directory, "runs"));

      // The run can be watched too.
      const saved = path.join("runs", directory!);
      const early = await place.run("watch", saved, "--once", "--at", "0s", "--rows", "40");
      const late = await place.run("watch", saved, "--once", "--rows", "40", "--columns", "120");
      expect([early.code, late.code], early.stderr + late.stderr).toEqual([0, 0]);
      expect(late.stdout).toContain("partition us | eu");
      expect(late.stdout).toContain("no-lost-writes");
      expect(early.stdout).not.toBe(late.stdout);
      const after = await place.run("watch", saved, "--once", "--at", "1h");
      expect(after.code).toBe(64);
      expect(after.stderr).toContain("after its end");
    } finally {
      await hands[Symbol.asyncDispose]();
      stack.leave();
      delete process.env["REGIONCTL_HOME"];
    }
  });
});
