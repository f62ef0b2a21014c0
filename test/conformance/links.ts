// What the links of every runtime must do: one body, run against each of them. What no rule stops passes, what a rule stops
// does not pass by any other way, and everything is as before once the rules are gone.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, LINKS, type Node } from "../../src/model/cluster.ts";
import {
  type CrossingId,
  crossingsOf,
  type CutMode,
  type LinkRule,
  type ProbeOrder,
  type TimedRule,
} from "../../src/model/link.ts";
import { StackError } from "../../src/model/problem.ts";
import { openLine } from "./line.ts";
import type { Bench } from "./runtime.ts";

const TO_US: CrossingId = { from: "edge", to: "backend-us" };
const TO_EU: CrossingId = { from: "edge", to: "backend-eu" };
const TO_KAFKA: CrossingId = { from: "eu", to: "kafka" };

/** For what must come, however busy the machine is. */
const PATIENT_MS = 30_000;
const SOON = { timeout: PATIENT_MS };
/** For what must not come. */
const IMPATIENT_MS = 250;

const rule = (from: string, to: string, effect: LinkRule["effect"]): LinkRule => ({
  id: `test ${from} -> ${to}`,
  from,
  to,
  effect,
});
const cut = (mode: CutMode, from: string, to: string) => rule(from, to, { type: "cut", mode });
const cutBoth = (mode: CutMode, a: string, b: string) => [cut(mode, a, b), cut(mode, b, a)];
const delay = (addMs: number, from: string, to: string) => rule(from, to, { type: "delay", addMs, jitterMs: 0 });

export function describeLinks(name: string, makeBench: () => Bench | Promise<Bench>): void {
  describe(`the links of the ${name} runtime`, { timeout: 120_000 }, () => {
    let bench: Bench;
    let cluster: Cluster;

    beforeAll(async () => {
      bench = await makeBench();
      const signal = new AbortController().signal;
      cluster = await bench
        .runtime()
        .start(bench.place, bench.topology, (happening) => ({ ...happening, seq: 0, at: 0 }), signal);
    }, 120_000);

    afterEach(async () => {
      await node(LINKS).resume();
      await node(LINKS).start();
      await set([]);
    });

    afterAll(async () => {
      await cluster?.down();
      await bench?.remove();
    });

    const node = (name: string): Node => cluster.nodes.find((node) => node.spec.name === name)!;
    const set = (rules: readonly TimedRule[], now = 0, by: Cluster = cluster) => by.links!.set(rules, now);
    const probe = (crossing: CrossingId, more: Partial<ProbeOrder> = {}) =>
      cluster.links!.probe({ ...crossing, patienceMs: PATIENT_MS, ...more });
    const outcome = async (crossing: CrossingId, patienceMs = PATIENT_MS) =>
      (await probe(crossing, { patienceMs })).outcome;
    const crossing = async ({ from, to }: CrossingId) =>
      (await cluster.links!.state()).crossings.find((one) => one.from === from && one.to === to)!;
    const price = async (backend: string, path: string) =>
      ((await node(backend).request(path)).body as { price: number; version: number }) ?? {};

    /** The fastest of some, or a busy machine would be taken for a slow link. */
    async function fastestMs(crossing: CrossingId, more: Partial<ProbeOrder> = {}): Promise<number> {
      let fastest = Infinity;
      for (let i = 0; i < 5; i++) {
        const answer = await probe(crossing, more);
        expect(answer.outcome).toBe("answered");
        fastest = Math.min(fastest, answer.tookMs);
      }
      return fastest;
    }

    it("are one for every crossing; each leads to its node, and nothing is done to them", async () => {
      const { crossings, rules } = await cluster.links!.state();
      expect(rules).toEqual([]);
      expect(crossings.map(({ from, to, toZone, accepts }) => ({ from, to, toZone, accepts }))).toEqual(
        crossingsOf(bench.topology).map(({ from, to, toZone }) => ({ from, to, toZone, accepts: true })),
      );
      for (const each of [TO_US, TO_EU, TO_KAFKA]) expect(await outcome(each)).toBe("answered");
      expect((await cluster.observe()).links).toEqual([]);
    });

    it("no node is told where a node in another zone really is", async () => {
      for (const { name, role, region } of bench.topology.nodes.filter(({ role }) => role !== "postgres")) {
        const told = Object.values(await bench.environment(name)).join(" ");
        for (const other of cluster.nodes.filter(({ spec }) => spec.region !== region && spec.name !== LINKS)) {
          expect(told, `${role} ${name} is told of ${other.spec.name}`).not.toContain(other.address);
        }
      }
      expect(await bench.entrance(TO_EU)).not.toBe(node("backend-eu").address);
      expect(await bench.entrance(TO_KAFKA)).not.toBe(node("kafka").address);
    });

    it.each([
      ["drop", "stalled"],
      ["reset", "reset"],
      ["refuse", "refused"],
    ] as const)("cut in mode %s, both directions: a probe is %s, the other links go on", async (mode, expected) => {
      await set(cutBoth(mode, "edge", "eu"));
      expect(await outcome(TO_EU, expected === "stalled" ? IMPATIENT_MS : PATIENT_MS)).toBe(expected);
      expect([await outcome(TO_US), await outcome(TO_KAFKA)]).toEqual(["answered", "answered"]);
      await set([]);
      await expect.poll(() => outcome(TO_EU), SOON).toBe("answered");
    });

    it.each(["reset", "refuse"] as const)("cut in mode %s: an open connection is reset", async (mode) => {
      const line = await openLine(await bench.entrance(TO_EU));
      line.request("GET", "/eu/health");
      await expect.poll(line.received, SOON).toContain("200 OK");
      await set(cutBoth(mode, "edge", "eu"));
      await expect.poll(line.state, SOON).toBe("ECONNRESET");
      if (mode === "refuse") await expect(openLine(await bench.entrance(TO_EU))).rejects.toThrow("ECONNREFUSED");
    });

    it("a one-way refusal closes the door to those who come that way, and to nobody else", async () => {
      await set([cut("refuse", "us", "eu")]); // nobody opens connections from us to eu; those from eu lose theirs
      expect(await outcome(TO_KAFKA)).toBe("reset");
      await set([cut("refuse", "eu", "us")]);
      expect(await outcome(TO_KAFKA)).toBe("refused");
      expect([await outcome(TO_US), await outcome(TO_EU)]).toEqual(["answered", "answered"]);
    });

    it("a one-way drop stops the bytes of that direction only; what was sent arrives afterwards, once", async () => {
      const path = "/eu/properties/3";
      const line = await openLine(await bench.entrance(TO_EU));
      line.request("GET", path);
      await expect.poll(line.received, SOON).toContain("200 OK");
      const before = await price("backend-eu", path);
      const answers = () => line.received().match(/HTTP\/1\.1 200/g)?.length ?? 0;

      await set([cut("drop", "eu", "edge")]);
      line.request("PUT", path, { price: 21.5, version: before.version });
      await expect
        .poll(() => price("backend-eu", path), SOON)
        .toMatchObject({ price: 21.5, version: before.version + 1 });
      expect(await outcome(TO_EU, IMPATIENT_MS)).toBe("stalled");
      expect(answers()).toBe(1);
      await set([]);
      await expect.poll(answers, SOON).toBe(2);

      await set([cut("drop", "edge", "eu")]);
      line.request("PUT", path, { price: 22.5, version: before.version + 1 });
      expect(await outcome(TO_EU, IMPATIENT_MS)).toBe("stalled");
      expect(await price("backend-eu", path)).toMatchObject({ price: 21.5 });
      await set([]);
      await expect.poll(answers, SOON).toBe(3);
      expect(await price("backend-eu", path)).toMatchObject({ price: 22.5, version: before.version + 2 });
      expect(line.state()).toBe("open");
    });

    it("a delay makes a round trip longer by what was asked, in its direction", async () => {
      expect(await fastestMs(TO_EU)).toBeLessThan(150);
      await set([delay(150, "edge", "eu")]);
      const oneWay = await fastestMs(TO_EU);
      expect(oneWay).toBeGreaterThan(145);
      expect(oneWay).toBeLessThan(295);
      expect(await fastestMs(TO_US)).toBeLessThan(150);
      await set([delay(150, "edge", "eu"), delay(150, "eu", "edge")]);
      expect(await fastestMs(TO_EU)).toBeGreaterThan(295);
    });

    it("a cap lets bytes through at its rate, in its direction", async () => {
      const bytes = 100_000;
      const cap = (from: string, to: string) => rule(from, to, { type: "cap", bytesPerSecond: 200_000 });
      expect(await fastestMs(TO_EU, { bytes })).toBeLessThan(400);
      await set([cap("edge", "eu")]);
      expect(await fastestMs(TO_EU, { bytes })).toBeGreaterThan(400);
      await set([cap("eu", "edge")]);
      expect(await fastestMs(TO_EU, { bytes })).toBeLessThan(400);
      expect(await fastestMs(TO_EU, { bytes, back: true })).toBeGreaterThan(400);
    });

    it("a flaky link resets connections that are opened on its side, and counts them", async () => {
      const flaky = (from: string, to: string) => rule(from, to, { type: "flaky", resetsPerSecond: 0.99 });
      await set([flaky("edge", "eu"), flaky("eu", "edge")]);
      const line = await openLine(await bench.entrance(TO_EU));
      await expect.poll(line.state, SOON).toBe("ECONNRESET");
      const [opened, answering] = (await cluster.links!.state()).rules;
      expect(opened!.resets).toBeGreaterThan(0);
      expect(answering!.resets).toBe(0);
    });

    it("rules end by themselves; what is over is not set at all", async () => {
      const rules = cutBoth("drop", "edge", "eu").map((rule) => ({ ...rule, until: 6_500 }));
      await set(rules, 5_000);
      expect((await cluster.observe()).links).toEqual(cutBoth("drop", "edge", "eu"));
      const { outcome: became, tookMs } = await probe(TO_EU); // opened while it is cut, answered once that is over
      expect(became).toBe("answered");
      expect(tookMs).toBeGreaterThan(500);
      expect((await cluster.observe()).links).toEqual([]);
      await set(rules, 6_500);
      expect((await cluster.links!.state()).rules).toEqual([]);
    });

    it("setting the same rules again changes nothing", async () => {
      const [line, reset] = [await openLine(await bench.entrance(TO_EU)), await openLine(await bench.entrance(TO_US))];
      await set(cutBoth("reset", "edge", "us"));
      await expect.poll(reset.state, SOON).toBe("ECONNRESET");
      const before = (await cluster.links!.state()).rules;
      expect(before.some(({ resets = 0 }) => resets > 0)).toBe(true);
      await set(cutBoth("reset", "edge", "us"));
      await set(cutBoth("reset", "edge", "us"));
      expect((await cluster.links!.state()).rules).toEqual(before);
      line.request("GET", "/eu/health");
      await expect.poll(line.received, SOON).toContain("200 OK");
    });

    it("what is in force is seen and changed from any shell", async () => {
      const rules = [delay(20, "us", "eu"), { ...cut("drop", "edge", "eu"), crossing: TO_EU }];
      await set(rules);
      const other = await bench.runtime().reconnect(bench.place, bench.topology);
      expect((await other.observe()).links).toEqual(rules);
      expect((await other.links!.probe({ ...TO_EU, patienceMs: IMPATIENT_MS })).outcome).toBe("stalled");
      await set([rules[0]!], 0, other);
      expect((await cluster.observe()).links).toEqual([rules[0]]);
      expect(await outcome(TO_EU)).toBe("answered");
    });

    it("a link program that is gone is seen as that; it starts again without rules, and they can be set anew", async () => {
      const rules = cutBoth("drop", "edge", "eu");
      await set(rules);
      await node(LINKS).kill();
      const { nodes, links } = await cluster.observe();
      expect([nodes.get(LINKS), links]).toEqual(["down", undefined]);
      // Caught as they are asked: they may end in any order.
      const asked = [set(rules), cluster.links!.state(), probe(TO_EU)];
      for (const error of await Promise.all(asked.map((one) => one.catch((error: unknown) => error)))) {
        expect(error).toBeInstanceOf(StackError);
        expect((error as StackError).hint).toContain("regionctl heal");
      }
      expect((await node("backend-eu").request("/eu/health")).status).toBe(200); // the observer's path is direct
      expect((await node("gateway").request("/eu/health")).status).toBeGreaterThanOrEqual(500);

      await node(LINKS).start();
      expect((await cluster.observe()).links).toEqual([]);
      expect([await outcome(TO_EU), await outcome(TO_KAFKA)]).toEqual(["answered", "answered"]);
      await set(rules);
      expect(await outcome(TO_EU, IMPATIENT_MS)).toBe("stalled");
    });

    it("a link program that hangs tells nothing, and nobody waits for it for long", async () => {
      await node(LINKS).pause();
      const { nodes, links } = await cluster.observe();
      expect([nodes.get(LINKS), links]).toEqual(["paused", undefined]);
      await expect(set([])).rejects.toThrow(StackError);
      await node(LINKS).resume();
      expect((await cluster.observe()).links).toEqual([]);
    });

    it("a node that was killed is refused by its link, and led to again once it has started", async () => {
      await node("backend-eu").kill();
      await expect.poll(async () => (await crossing(TO_EU)).accepts, SOON).toBe(false);
      await expect(openLine(await bench.entrance(TO_EU))).rejects.toThrow("ECONNREFUSED");
      await node("backend-eu").start();
      expect((await crossing(TO_EU)).accepts).toBe(true);
      const line = await openLine(await bench.entrance(TO_EU));
      line.request("GET", "/eu/health");
      await expect.poll(line.received, SOON).toContain("200 OK");
    });
  });
}
