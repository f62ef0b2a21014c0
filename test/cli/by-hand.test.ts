// What a verb does on a stack that is up, in memory: what is told, what counts as done, and who ends it.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { perform } from "../../src/commands/verb/perform.ts";
import { byHand } from "../../src/commands/verb/scene.ts";
import { stepOf } from "../../src/commands/verb/step.ts";
import { Interrupted } from "../../src/commands/trouble.ts";
import { connect, type Stack, type Surroundings, up } from "../../src/stack.ts";
import { verbs } from "../../src/verbs/index.ts";
import { fakeRuntime, type FakeRuntime } from "../support/fake-runtime.ts";
import { twoRegions } from "../support/topology.ts";

const going = new AbortController().signal;
let home: string;
let runtime: FakeRuntime;
let around: Surroundings;
let stack: Stack;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-by-hand-"));
  runtime = fakeRuntime();
  around = { home, runtimes: [runtime], ownership: { me: { pid: 1, started: "1" }, alive: () => true } };
  stack = await up(around, { name: "default", topology: twoRegions, runtime: "embedded", signal: going });
});
afterEach(async () => {
  await stack.down();
  fs.rmSync(home, { recursive: true, force: true });
});

const cluster = () => runtime.clusters.get(stack.record.id)!;

/** As the command does it; `said` is what a person reads meanwhile. */
function act(words: readonly string[], flags: Record<string, string> = {}, signal = going, on = stack) {
  const [name, ...target] = words;
  const verb = verbs[name!]!;
  const said: string[] = [];
  return Object.assign(perform(verb, stepOf(verb, target, flags), on, { signal, say: (line) => said.push(line) }), {
    said,
  });
}

describe("a fault by hand", () => {
  it("stays, says what ends it and what was measured", async () => {
    const { effective, lines, facts } = await act(["kill", "backend-us"]);
    expect(effective).toBe(true);
    expect(lines).toEqual([
      'backend-us: down until "regionctl start backend-us" or "regionctl heal"',
      expect.stringMatching(/^measured: backend-us has no process, no answer/),
    ]);
    expect(facts).toMatchObject({
      nodes: ["backend-us"],
      fault: "kill backend-us",
      faults: [{ id: "kill backend-us", effective: true }],
    });
  });

  it("without measurable effect says so, and does not count as done", async () => {
    cluster().node("backend-us").stubborn = true;
    const { effective, lines, facts } = await act(["kill", "backend-us"]);
    expect(effective).toBe(false);
    expect(lines[1]).toBe("WITHOUT EFFECT: backend-us has no process, but still answers");
    expect(facts).toMatchObject({ faults: [{ effective: false }] });
    expect((await act(["restart", "backend-us"])).effective).toBe(false);
  });

  it("with a time ends by itself", async () => {
    const pausing = act(["pause", "db-us"], { for: "30ms" });
    const { lines, facts } = await pausing;
    expect(pausing.said).toEqual(["db-us: paused for 30 ms ...", expect.stringContaining("measured: db-us is paused")]);
    expect(lines).toEqual(["db-us: up again"]);
    expect(facts).toMatchObject({ fault: null, faults: [{ id: "pause db-us" }] });
    expect(cluster().troubled()).toEqual({});
  });

  it("is over for whoever waits when another shell ends it", async () => {
    const interrupt = new AbortController();
    const waiting = await connect(around, "default", interrupt.signal);
    const killing = act(["kill", "db-eu"], { for: "1h" }, interrupt.signal, waiting);
    await expect.poll(() => killing.said.length, { timeout: 20_000 }).toBe(2);
    expect((await act(["heal"])).lines).toEqual(["healed: kill db-eu"]);
    expect((await killing).lines).toEqual(["db-eu: ended by another command"]);
    interrupt.abort(new Interrupted()); // nothing keeps its time any more
    waiting.leave();
  });

  it("is ended by Ctrl-C", async () => {
    const interrupt = new AbortController();
    const killing = act(["kill", "db-eu"], { for: "1h", id: "gone" }, interrupt.signal);
    await expect.poll(() => killing.said.length, { timeout: 20_000 }).toBe(2);
    interrupt.abort(new Interrupted());
    await expect(killing).rejects.toThrow("interrupted; db-eu: up again");
    expect(stack.faults.active()).toEqual([]);
    expect(cluster().troubled()).toEqual({});
  });
});

describe("mending by hand", () => {
  it("start, resume and restart say which nodes", async () => {
    await act(["kill", "us"]);
    expect((await act(["start", "us.postgres", "backend-us"])).lines).toEqual(["backend-us, db-us: up"]);
    expect((await act(["resume", "db-us"])).lines).toEqual(["db-us: not paused any more"]);
    expect(await act(["restart", "kafka"])).toMatchObject({
      lines: ["kafka: restarted"],
      facts: { nodes: ["kafka"], fault: null },
    });
  });

  it("heal ends one fault, or all, or none", async () => {
    await act(["kill", "backend-us"], { id: "cut" });
    await act(["kill", "backend-eu"], { id: "cut" });
    await act(["hold", "backend-us"]);
    expect((await act(["heal", "hold", "backend-us"])).lines).toEqual(["healed: hold backend-us"]);
    expect((await act(["heal", "cut"])).facts).toEqual({ stack: "default", ended: ["cut", "cut #2"] });
    await expect(act(["heal", "cut"])).rejects.toThrow('there is no active fault "cut". None is active.');
    expect(await act(["heal"])).toMatchObject({
      lines: ["no fault was active; every node is up"],
      facts: { ended: [] },
    });
  });
});

it("a verb that asks for a run fails and says why", () => {
  const { scene } = byHand(stack, going);
  for (const missing of ["traffic", "samples", "perform", "newId"] as const) {
    expect(() => scene[missing]).toThrow(`a verb done by hand has no "${missing}"`);
  }
  expect({ ...scene }).toHaveProperty("cluster"); // a copy of it is no accident
});
