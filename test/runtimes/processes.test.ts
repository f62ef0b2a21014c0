// Processes are ended and stopped as trees, found by their marks, and never mistaken for others that got their pids.
import { describe, expect, it } from "vitest";
import { system } from "../../src/runtimes/embedded/process-table.ts";
import {
  alive,
  findByMark,
  freezeTrees,
  gone,
  identify,
  killTrees,
  self,
  signalOne,
  signalTrees,
  stateOf,
  thawTrees,
  treesOf,
} from "../../src/runtimes/embedded/processes.ts";
import { child, familyOfThree, sleeper, until } from "./children.ts";

describe("a tree of processes", () => {
  it("is walked from the parent down, across sessions, and killed whole; others live on", async () => {
    const stranger = sleeper();
    const parent = await familyOfThree();
    const family = treesOf([parent]);
    expect(family[0]!.pid).toBe(parent.pid);
    expect(family.slice(1).map((row) => row.parent)).toEqual(family.slice(0, 2).map((row) => row.pid));

    await killTrees([parent]);

    expect(family.filter(alive)).toEqual([]);
    expect(alive(stranger)).toBe(true);
  });

  it("is killed whole while it is stopped, too", async () => {
    const parent = await familyOfThree();
    const family = await freezeTrees([parent]);
    expect(family).toHaveLength(3);
    await killTrees([parent]);
    expect(family.filter(alive)).toEqual([]);
  });

  it("stops and continues whole", async () => {
    const parent = await familyOfThree();
    const family = await freezeTrees([parent]);
    expect(family.map(stateOf)).toEqual(["stopped", "stopped", "stopped"]);
    thawTrees([parent]);
    await until(() => family.every((one) => stateOf(one) === "running"), "all three running");
  });

  it("is met completely by a signal that ends it from the top", async () => {
    const parent = await familyOfThree();
    const met = signalTrees([parent], "SIGTERM");
    expect(met).toHaveLength(3);
    await gone(met);
  });
});

describe("an identity", () => {
  it("is a pid with the moment of its start: whoever else has that pid is left alone", async () => {
    const stranger = sleeper();
    const predecessor = { pid: stranger.pid, started: `${stranger.started}0` };

    expect(alive(predecessor)).toBe(false);
    expect(signalOne(predecessor, "SIGKILL")).toBe(false);
    expect(signalTrees([predecessor], "SIGKILL")).toEqual([]);
    await killTrees([predecessor]);
    await gone([predecessor]);
    expect(alive(stranger)).toBe(true);

    expect(signalOne(stranger, "SIGKILL")).toBe(true);
    await gone([stranger]);
    expect(signalOne(stranger, "SIGKILL")).toBe(false);
  });

  it("stays the same for as long as the process lives", () => {
    expect(identify(process.pid)).toEqual(self());
    expect(identify(2 ** 30)).toBeUndefined();
  });

  it("of a zombie counts as gone", async () => {
    // The shell's child ends; what the shell has become does not ask for its status.
    const parent = child("sh", ["-c", "true & exec sleep 300"]);
    const zombie = () => system.rows().find((row) => row.parent === parent.pid && row.state === "zombie");
    await until(() => zombie() !== undefined, "a zombie");
    const { pid, started } = zombie()!;
    expect(alive({ pid, started })).toBe(false);
    await gone([{ pid, started }]);
  });
});

describe("a mark", () => {
  const idle = ["-e", "setInterval(() => {}, 1e6)"];

  it("finds a program, a PostgreSQL and its children, each alone or the whole stack", async () => {
    const backend = child(process.execPath, [...idle, "--", "--node=c0ffee01.backend-us"]);
    const postgres = child(process.execPath, [...idle, "--", "-c", "cluster_name=c0ffee01.db-us", "-p", "1"]);
    const worker = sleeper({ argv0: "postgres: c0ffee01.db-us: checkpointer " });
    const pids = (mark: string) => new Set(findByMark(mark).map((one) => one.pid));
    await until(() => pids("c0ffee01.").size === 3, "three processes of the stack");

    expect(pids("c0ffee01.backend-us")).toEqual(new Set([backend.pid]));
    expect(pids("c0ffee01.db-us")).toEqual(new Set([postgres.pid, worker.pid]));
    const kinds = Object.fromEntries(findByMark("c0ffee01.").map(({ pid, kind }) => [pid, kind]));
    expect(kinds).toEqual({ [backend.pid]: "program", [postgres.pid]: "server", [worker.pid]: "worker" });
  });

  it("does not find who merely speaks of it, nor nodes whose names begin alike", async () => {
    const speaking = child(process.execPath, ["-e", "/* --node=c0ffee02.db */ setInterval(() => {}, 1e6)"]);
    const longer = child(process.execPath, [...idle, "--", "--node=c0ffee02.db-us"]);
    const title = sleeper({ argv0: "postgres: c0ffee02.db-us: checkpointer " });
    await until(() => findByMark("c0ffee02.db-us").length === 2, "the longer names");

    expect(findByMark("c0ffee02.db")).toEqual([]);
    expect(findByMark("c0ffee02.db-us").map((one) => one.pid)).not.toContain(speaking.pid);
    expect([speaking, longer, title].every(alive)).toBe(true);
  });
});
