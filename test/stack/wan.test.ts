// The delays of the WAN begin once everything has started, and `up` is over only when they are there.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Topology } from "../../src/model/topology.ts";
import { connect, type Surroundings, up } from "../../src/stack.ts";
import { fakeRuntime } from "../support/fake-runtime.ts";
import { twoRegions } from "../support/topology.ts";

let home: string;
beforeEach(() => void (home = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-wan-"))));
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

const going = new AbortController().signal;
const far: Topology = { ...twoRegions, links: [{ between: ["us", "eu"], rttMs: 150, jitterMs: 6 }] };

function world(topology: Topology) {
  const runtime = fakeRuntime();
  const ownership = { me: { pid: 1, started: "1" }, alive: () => true };
  const around: Surroundings = { home, runtimes: [runtime], ownership };
  const cluster = () => [...runtime.clusters.values()].at(-1)!;
  return {
    runtime,
    around,
    cluster,
    options: { name: "default", topology, runtime: "embedded" as const, signal: going },
  };
}

it("the links' own rules are set when all has started, and stay over every fault", async () => {
  const { runtime, around, cluster, options } = world(far);
  runtime.whileStarting = () => expect(cluster().links.rules).toEqual([]);
  const stack = await up(around, options);
  const own = [
    { id: "wan us -> eu", from: "us", to: "eu", effect: { type: "delay", addMs: 75, jitterMs: 3 } },
    { id: "wan eu -> us", from: "eu", to: "us", effect: { type: "delay", addMs: 75, jitterMs: 3 } },
  ];
  expect(cluster().links.rules).toEqual(own);
  const other = await connect(around, "default", going);
  await other.faults.heal();
  expect([cluster().moves, cluster().links.rules]).toEqual([["rules 2"], own]);
  other.leave();
  await stack.down();
});

it("a stack without delays has nothing to set", async () => {
  const { around, cluster, options } = world(twoRegions);
  const stack = await up(around, options);
  expect(cluster().moves).toEqual([]);
  await stack.down();
});

it("a stack whose links take no rules does not stand, and leaves nothing", async () => {
  const { runtime, around, cluster, options } = world(far);
  runtime.whileStarting = () => void (cluster().links.mute = true);
  await expect(up(around, options)).rejects.toThrow("the link program cannot be reached");
  expect([cluster().wentDown > 0, fs.readdirSync(path.join(home, "stacks"))]).toEqual([true, []]);
});
