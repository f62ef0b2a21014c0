// The life of a stack as its shells see it: taken, started, found again, ended, and cleaned up after whoever died.
import fs from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { connect, list, type Surroundings, takeDown, up } from "../../src/stack.ts";
import { wallClock } from "../../src/stack/clock.ts";
import type { Owner } from "../../src/stack/lock.ts";
import { fakeRuntime } from "../support/fake-runtime.ts";
import { twoRegions } from "../support/topology.ts";
import { place } from "./place.ts";

const going = new AbortController().signal;

describe("a stack", () => {
  const here = place();
  /** A world of shells: each is a process that lives until the test kills it. */
  const world = () => {
    const runtime = fakeRuntime();
    const dead = new Set<number>();
    const shell = (pid: number): Surroundings => ({
      home: here.directory,
      runtimes: [runtime],
      ownership: { me: { pid, started: `start of ${pid}` }, alive: (owner: Owner) => !dead.has(owner.pid) },
    });
    const kill9 = (shell: Surroundings) => dead.add(shell.ownership.me.pid);
    return { runtime, shell, kill9, a: shell(1), b: shell(2), c: shell(3) };
  };
  const options = { name: "default", topology: twoRegions, runtime: "embedded" as const, signal: going };
  const directories = () => fs.readdirSync(path.join(here.directory, "stacks"));

  afterEach(() => vi.restoreAllMocks());

  it("is up, seen by every shell, and gone after down", async () => {
    const { a, b, runtime } = world();
    const heard: Event[] = [];
    const stack = await up(a, { ...options, onEvent: (event) => heard.push(event) });
    expect(stack.record).toMatchObject({ state: "up", gateway: "http://127.0.0.1:20000", owner: undefined });
    expect(heard.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    const seen = await connect(b, "default", going);
    expect(seen.record).toEqual(JSON.parse(JSON.stringify(stack.record)));
    expect(list(b)).toEqual([{ name: "default", record: seen.record, orphaned: false }]);
    expect(seen.events.append({ type: "log", level: "info", text: "from another shell" }).seq).toBe(7);
    seen.leave();
    await stack.down();
    await stack.down();
    expect(directories()).toEqual([]);
    expect(list(b)).toEqual([]);
    expect([...runtime.clusters.values()].map((cluster) => cluster.wentDown > 0)).toEqual([true]);
  });

  it("is up once: the second `up` says where it is and how to go on", async () => {
    const { a, b } = world();
    const stack = await up(a, options);
    await expect(up(b, options)).rejects.toMatchObject({
      name: "AlreadyUp",
      message: 'stack "default" is already up at http://127.0.0.1:20000',
      hint: expect.stringContaining("--stack NAME"),
    });
    const beside = await up(b, { ...options, name: "second" });
    expect(list(a).map(({ name }) => name)).toEqual(["default", "second"]);
    await beside.down();
    await stack.down();
  });

  it("that is being started is left to its starter", async () => {
    const { a, b, runtime } = world();
    const refusals: unknown[] = [];
    runtime.whileStarting = async () => {
      const attempts = await Promise.allSettled([up(b, options), connect(b, "default", going)]);
      refusals.push(...attempts.map((attempt) => attempt.status === "rejected" && attempt.reason.message));
    };
    const stack = await up(a, options);
    expect(refusals).toEqual([
      'stack "default" is being started by process 1',
      'stack "default" is being started by process 1',
    ]);
    await stack.down();
  });

  it("that does not start leaves nothing, and says why in the words of the first error", async () => {
    const { a, runtime } = world();
    runtime.whileStarting = () => {
      throw new Error("db-us did not come up");
    };
    await expect(up(a, options)).rejects.toThrow("db-us did not come up");
    expect(directories()).toEqual([]);
    runtime.whileStarting = () => {};
    await (await up(a, options)).down();
  });

  it("that was interrupted at the last moment is taken down; what cannot be taken down can be found", async () => {
    for (const stuck of [false, true]) {
      const { a, b, kill9, runtime } = world();
      const interrupt = new AbortController();
      const start = runtime.start.bind(runtime);
      runtime.start = async (...args) => {
        const cluster = await start(...args);
        interrupt.abort(new Error("Ctrl-C"));
        return stuck ? { ...cluster, down: () => Promise.reject(new Error("a process hangs")) } : cluster;
      };
      await expect(up(a, { ...options, signal: interrupt.signal })).rejects.toThrow("Ctrl-C");
      expect(directories()).toEqual(stuck ? ["default"] : []);
      kill9(a);
      expect(list(b)).toMatchObject(stuck ? [{ name: "default", orphaned: true }] : []);
      await takeDown(b, "default");
      expect(directories()).toEqual([]);
    }
  });

  it("whose starter was killed is explained by connect and taken over by up", async () => {
    const { a, b, kill9, runtime } = world();
    runtime.whileStarting = () => new Promise(() => {}); // it never gets further
    void up(a, options);
    await vi.waitUntil(() => runtime.clusters.size === 1);
    kill9(a);
    expect(list(b)).toMatchObject([{ name: "default", orphaned: true, record: { state: "starting" } }]);
    await expect(connect(b, "default", going)).rejects.toMatchObject({
      message: 'stack "default" was left half started',
      hint: 'Remove it with "regionctl down".',
    });
    runtime.whileStarting = () => {};
    const stack = await up(b, options);
    const [half, whole] = [...runtime.clusters.values()];
    expect(half!.wentDown).toBeGreaterThan(0);
    expect(whole!.wentDown).toBe(0);
    await stack.down();
  });

  it("whose owner was killed is an orphan, and one that stays until `down` never is", async () => {
    const { a, b, kill9 } = world();
    const kept = await up(a, { ...options, name: "kept" });
    const owned = await up(a, { ...options, name: "owned", owned: true });
    kept.leave();
    owned.leave();
    expect(list(b).filter((stack) => stack.orphaned)).toEqual([]);
    kill9(a);
    expect(list(b).map(({ name, orphaned }) => [name, orphaned])).toEqual([
      ["kept", false],
      ["owned", true],
    ]);
    await (await connect(b, "kept", going)).down();
    await takeDown(b, "owned");
    expect(directories()).toEqual([]);
  });

  it("left behind is taken over once when two want its name at the same time", async () => {
    const { a, b, c, kill9, runtime } = world();
    (await up(a, { ...options, owned: true })).leave();
    kill9(a);
    const results = await Promise.allSettled([up(b, options), up(c, options)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { name: "AlreadyUp" } });
    expect([...runtime.clusters.values()].map(({ wentDown }) => wentDown > 0)).toEqual([true, false]);
  });

  it("is started anew after `down` was killed half way", async () => {
    const { a, b, runtime } = world();
    (await up(a, options)).leave();
    const [first] = runtime.clusters.values();
    first!.down = () => Promise.reject(new Error("the end of this process"));
    await expect(takeDown(b, "default")).rejects.toThrow("the end of this process");
    await expect(connect(b, "default", going)).rejects.toMatchObject({
      message: 'stack "default" is being ended',
      hint: expect.stringContaining('"regionctl down"'),
    });
    first!.down = async () => void (first!.wentDown += 1);
    await (await up(b, options)).down();
    expect(first!.wentDown).toBeGreaterThan(0);
  });

  it("that another shell ended and started anew is not touched by who had the old one", async () => {
    const { a, b, runtime } = world();
    const old = await up(a, options);
    await takeDown(b, "default");
    const fresh = await up(b, options);
    await old.down();
    await takeDown(b, "default", old.record.id);
    expect(directories()).toEqual(["default"]);
    expect([...runtime.clusters.values()][1]!.wentDown).toBe(0);
    await takeDown(b, "default", fresh.record.id);
    expect(directories()).toEqual([]);
  });

  it("that is ended while it starts does not come up, and not over the next one", async () => {
    const { a, b, runtime } = world();
    let next: Awaited<ReturnType<typeof up>> | undefined;
    runtime.whileStarting = async () => {
      runtime.whileStarting = () => {};
      await takeDown(b, "default");
      next = await up(b, options);
    };
    await expect(up(a, options)).rejects.toThrow(/was ended by another command/);
    expect((await connect(b, "default", going)).record.id).toBe(next!.record.id);
    expect([...runtime.clusters.values()].map(({ wentDown }) => wentDown > 0)).toEqual([true, false]);
  });

  it("that does not exist is asked for with the names of those that do", async () => {
    const { a } = world();
    await expect(connect(a, "default", going)).rejects.toMatchObject({
      message: 'there is no stack "default"',
      hint: 'Start it with "regionctl up".',
    });
    const other = await up(a, { ...options, name: "other" });
    await expect(connect(a, "mine", going)).rejects.toMatchObject({
      message: 'there is no stack "mine"; there is other',
      hint: 'Start it with "regionctl up --stack mine".',
    });
    await takeDown(a, "mine");
    await other.down();
  });

  it("is never named by a path, and a wrong word leaves nothing", async () => {
    const { a } = world();
    for (const name of ["../x", "A b", "", ".", "-x", "a/b", "default.lock", "x".repeat(41), "\u0000"]) {
      await expect(up(a, { ...options, name }), name).rejects.toThrow(/is not a stack's name/);
      await expect(connect(a, name, going), name).rejects.toThrow(/is not a stack's name/);
      await expect(takeDown(a, name), name).rejects.toThrow(/is not a stack's name/);
    }
    await expect(up(a, { ...options, runtime: "docker" })).rejects.toThrow(
      'there is no runtime "docker". This version has embedded.',
    );
    expect(fs.readdirSync(here.directory)).toEqual([]);
    await (await up(a, { ...options, name: "x".repeat(40) })).down();
  });

  it("whose record is damaged keeps what may still be needed, and says so", async () => {
    const { a } = world();
    (await up(a, options)).leave();
    fs.writeFileSync(path.join(here.directory, "stacks", "default", "stack.json"), '{"name": "defa');
    fs.writeFileSync(path.join(here.directory, "stacks", "a-file"), "");
    const words = /^stack "default" cannot be told: .*stack\.json is damaged/;
    expect(list(a)).toEqual([{ name: "default", orphaned: false, trouble: expect.stringMatching(words) }]);
    for (const attempt of [() => takeDown(a, "default"), () => connect(a, "default", going), () => up(a, options)]) {
      await expect(attempt()).rejects.toMatchObject({
        message: expect.stringMatching(words),
        hint: expect.stringMatching(/^Remove .*default by hand/),
      });
    }
    expect(directories()).toContain("default");
  });

  it("of which there is only a directory belongs to nobody once its maker is gone", async () => {
    const { a } = world();
    const directory = path.join(here.directory, "stacks", "default");
    fs.mkdirSync(directory, { recursive: true });
    expect(list(a)).toEqual([{ name: "default", record: undefined, orphaned: false }]);
    const longAgo = new Date(Date.now() - 10_000);
    fs.utimesSync(directory, longAgo, longAgo);
    expect(list(a)).toEqual([{ name: "default", record: undefined, orphaned: true }]);
    await (await up(a, options)).down();
  });

  it("can be taken down on a full disk, though it cannot be started there", async () => {
    const { a, runtime } = world();
    (await up(a, options)).leave();
    vi.spyOn(fs, "writeFileSync").mockImplementation(() => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    });
    await expect(up(a, { ...options, name: "second" })).rejects.toMatchObject({
      message: expect.stringMatching(/^the disk is full: .*stack\.json cannot be written$/),
      hint: "Free some space and try again.",
    });
    await takeDown(a, "default");
    expect(directories()).toEqual([]);
    expect([...runtime.clusters.values()][0]!.wentDown).toBeGreaterThan(0);
  });
});

describe("the faults of a stack", () => {
  const here = place();
  const topology = twoRegions;
  const shells = () => {
    const runtime = fakeRuntime();
    const dead = new Set<number>();
    const shell = (pid: number): Surroundings => ({
      home: here.directory,
      runtimes: [runtime],
      ownership: { me: { pid, started: "" }, alive: (owner: Owner) => !dead.has(owner.pid) },
    });
    const kill9 = (shell: Surroundings) => dead.add(shell.ownership.me.pid);
    return { runtime, kill9, a: shell(1), b: shell(2) };
  };
  const options = { name: "default", topology, runtime: "embedded" as const };
  const kill = { kind: "kill" as const, targets: ["backend-us"], parameters: {} };

  it("are seen and ended by any shell", async () => {
    const { a, b, runtime } = shells();
    const stack = await up(a, { ...options, signal: going });
    await stack.faults.begin(kill);
    const other = await connect(b, "default", going);
    expect(other.faults.active()).toEqual(stack.faults.active());
    await other.faults.heal();
    expect(stack.faults.active()).toEqual([]);
    expect([...runtime.clusters.values()][0]!.troubled()).toEqual({});
    other.leave();
    await stack.down();
  });

  it("end with the next connect when their time was over and nobody was there", async () => {
    const { a, b, runtime, kill9 } = shells();
    const interrupt = new AbortController();
    const stack = await up(a, { ...options, signal: interrupt.signal });
    const [cluster] = runtime.clusters.values();
    const begun = stack.faults.begin(kill, { forMs: 0 });
    interrupt.abort(new Error("kill -9"));
    await begun;
    (await connect(b, "default", going)).leave();
    expect(cluster!.troubled()).toEqual({ "backend-us": "down" }); // who began it lives, and ends it
    kill9(a);
    const next = await connect(b, "default", going);
    expect(cluster!.troubled()).toEqual({});
    expect(next.faults.active()).toEqual([]);
    next.leave();
    await stack.down();
  });

  it("are healed once when two shells heal at the same time", async () => {
    const { a, b, runtime } = shells();
    const stack = await up(a, { ...options, signal: going });
    const other = await connect(b, "default", going);
    const [cluster] = runtime.clusters.values();
    await stack.faults.begin(kill);
    cluster!.before = () => new Promise((resolve) => setImmediate(resolve)); // starting takes a while
    await Promise.all([stack.faults.heal(), other.faults.heal(), stack.faults.heal()]);
    expect(cluster!.moves).toEqual(["kill backend-us", "start backend-us"]);
    other.leave();
    await stack.down();
  });

  it("that cannot be read are not taken for none", async () => {
    const { a } = shells();
    const stack = await up(a, { ...options, signal: going });
    fs.writeFileSync(path.join(stack.directory, "faults.json"), "[{");
    expect(() => stack.faults.active()).toThrow(/faults\.json is damaged/);
    await expect(stack.faults.heal()).rejects.toThrow(/faults\.json is damaged/);
    await stack.down();
  });
});

describe("the time of a stack", () => {
  it("counts from `up` in every process", () => {
    const before = wallClock(Date.now() - 5_000).now();
    expect(before).toBeGreaterThan(4_000);
    expect(before).toBeLessThan(60_000);
    const clock = wallClock(Date.now());
    const [first, second] = [clock.now(), clock.now()];
    expect(second).toBeGreaterThanOrEqual(first);
  });

  it("sleeps no less than it was asked, and wakes with the reason of an abort", async () => {
    const clock = wallClock(Date.now());
    for (const ms of [0.3, 1, 1.7, 2.4, 5.9, 0.3, 1, 1.7, 2.4, 5.9]) {
      const began = clock.now();
      await clock.sleep(ms); // though timers count whole milliseconds
      expect(clock.now() - began).toBeGreaterThanOrEqual(ms);
    }
    const controller = new AbortController();
    const asleep = clock.sleep(600_000, controller.signal);
    controller.abort(new Error("wake up"));
    await expect(asleep).rejects.toThrow("wake up");
    await expect(clock.sleep(600_000, controller.signal)).rejects.toThrow("wake up");
    await clock.sleep(-1);
  });
});
