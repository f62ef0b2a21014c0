// The control API: who may ask, what it refuses and why, and that what it is told is what happens.
import { once } from "node:events";
import net from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Effect } from "../../src/model/link.ts";
import { both, cap, connect, cut, delay, echo, knock, pass, rule, startLinks, startUpstream } from "./world.ts";
import { until, usToEu, type Links, type Upstream } from "./world.ts";

let upstream: Upstream;
let links: Links;
beforeAll(async () => {
  upstream = await startUpstream(echo);
  links = await startLinks({
    listeners: [usToEu(upstream), { from: "edge", to: "db", toZone: "us", upstream: upstream.port }],
  });
});
afterEach(() => links.set());
afterAll(async () => {
  await links[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const detail = ({ body }: { body: unknown }) => (body as { detail: string }).detail;
const put = (body: unknown) => links.ask("/rules", { method: "PUT", body });

describe("who asks", () => {
  it("must know the token, and what there is", async () => {
    expect((await links.ask("/state")).status).toBe(200);
    for (const token of ["", "wrong", "a token of these testS"])
      expect((await links.ask("/state", { token })).status).toBe(401);
    expect(await links.ask("/nothing")).toMatchObject({ status: 404 });
    expect(await links.ask("/__proto__")).toMatchObject({ status: 404 });
    expect(await links.ask("/rules")).toMatchObject({ status: 405, body: { detail: "/rules is asked with PUT" } });
  });

  it("is refused with a body that has no end in sight, and does not hold it up by sending none", async () => {
    const large = await put(`"${"x".repeat(600_000)}"`).catch(() => ({ status: 0, body: { detail: "" } }));
    expect([0, 400]).toContain(large.status);
    const socket = net.connect({ port: links.control, host: "127.0.0.1" }).on("error", () => {});
    socket.write("PUT /rules HTTP/1.1\r\nHost: x\r\n");
    expect((await links.ask("/state")).status).toBe(200);
    socket.resume();
    await once(socket, "close");
  });
});

describe("rules that are wrong", () => {
  const good = rule("one", "us", "eu", cut("drop"));
  const withEffect = (effect: unknown) => ({ rules: [{ ...good, effect }] });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /not JSON/],
    ["no rules", {}, /lacks "rules"/],
    ["something else", { rules: [], more: 1 }, /has "more"/],
    ["no list", { rules: {} }, /rules must be a list/],
    ["an unknown zone", { rules: [{ ...good, to: "mars" }] }, /rules\[0\]\.to is "mars".*us, eu, edge/],
    ["no distance", { rules: [{ ...good, to: "us" }] }, /between two zones/],
    ["an id twice", { rules: [good, good] }, /the id "one" twice/],
    ["no id", { rules: [{ ...good, id: "" }] }, /rules\[0\]\.id/],
    ["an id of several lines", { rules: [{ ...good, id: "a\nb" }] }, /rules\[0\]\.id/],
    ["an unknown crossing", { rules: [{ ...good, crossing: { from: "us", to: "db" } }] }, /us to kafka, edge to db do/],
    [
      "a crossing of another link",
      { rules: [{ ...good, crossing: { from: "edge", to: "db" } }] },
      /between edge and us/,
    ],
    ["an unknown effect", withEffect({ type: "melt" }), /"melt".*cut, delay, cap, flaky/],
    ["an unknown mode", withEffect({ type: "cut", mode: "saw" }), /"saw".*drop, reset, refuse/],
    ["what is not of this effect", withEffect({ type: "cut", mode: "drop", addMs: 1 }), /has "addMs"/],
    ["a negative delay", withEffect(delay(-5)), /addMs must be a number, 0 or more.*not -5/],
    ["no jitter", withEffect({ type: "delay", addMs: 5 }), /lacks "jitterMs"/],
    ["a rate of nothing", withEffect(cap(0)), /bytesPerSecond must be a number, more than 0/],
    ["a rate in words", withEffect({ type: "cap", bytesPerSecond: "1mbit" }), /not "1mbit"/],
    ["more than all", withEffect({ type: "flaky", resetsPerSecond: 1.5 }), /up to 1, not 1.5/],
    ["over before it began", { rules: [{ ...good, forMs: 0 }] }, /forMs must be a number, more than 0/],
    ["too many", { rules: Array.from({ length: 1_001 }, (_, i) => ({ ...good, id: `${i}` })) }, /1001 entries: 1000/],
  ])("%s: refused with the reason, and nothing changes", async (_, body, reason) => {
    await links.set(rule("stays", "us", "eu", delay(1)));
    const answer = await put(body);
    expect([answer.status, detail(answer)]).toEqual([400, expect.stringMatching(reason)]);
    expect((await links.state()).rules).toEqual([rule("stays", "us", "eu", delay(1))]);
  });

  it("as many as are possible are possible", async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => rule(`rule ${i}`, "us", "eu", delay(0)));
    expect((await links.set(...many)).rules).toHaveLength(1_000);
  });
});

describe("rules that are set again", () => {
  it("go on undisturbed when they are the same: counted on, and with the end that was said last", async () => {
    const flaky: Effect = { type: "flaky", resetsPerSecond: 1 };
    await links.set(rule("flaky", "us", "eu", flaky, 60_000));
    expect(await (await connect(links.port)).ends()).toBe("reset");
    const again = await links.set(rule("flaky", "us", "eu", flaky), rule("more", "us", "eu", delay(1)));
    expect(again.rules[0]).toEqual({ ...rule("flaky", "us", "eu", flaky), resets: 1 });
    const other = await links.set(rule("flaky", "us", "eu", { ...flaky, resetsPerSecond: 0.5 }));
    expect(other.rules).toMatchObject([{ resets: 0 }]);
  });

  it("say nothing in the log when nothing changes", async () => {
    await links.set(...both(delay(3)));
    const log = links.log();
    await links.set(...both(delay(3)));
    await links.set(...both(delay(3), 60_000));
    expect(links.log()).toBe(log);
    await links.set();
    await until(() => links.log().includes("delay 3 ms us -> eu ended"));
  });
});

describe("a flaky link", () => {
  it("resets its share of the connections, those of others never", async () => {
    await links.set(rule("flaky", "us", "eu", { type: "flaky", resetsPerSecond: 0.5 }));
    const clients = await Promise.all(Array.from({ length: 60 }, () => connect(links.port)));
    const others = await Promise.all(Array.from({ length: 10 }, () => connect(links.ports[1]!)));
    await pass(1_000);
    const gone = clients.filter((client) => client.fate() === "reset").length;
    // Half of 60, give or take five times the deviation; a busy machine may let more time pass.
    expect(gone).toBeGreaterThan(10);
    expect((await links.state()).rules[0]!.resets).toBeGreaterThanOrEqual(gone);
    expect(others.every((client) => client.fate() === undefined)).toBe(true);
    await links.set();
    const left = clients.filter((client) => client.fate() === undefined);
    await pass(300);
    expect(left.every((client) => client.fate() === undefined)).toBe(true);
    for (const { socket } of [...clients, ...others]) socket.destroy();
    await until(async () => (await links.state()).crossings.every(({ connections }) => connections === 0));
  });
});

describe("a probe", () => {
  const crossing = async () => (await links.state()).crossings[0]!;

  /** Of several: what a busy machine adds is not asked for. */
  async function fastestMs(order: Parameters<Links["probe"]>[0]): Promise<number> {
    let fastest = Infinity;
    for (let i = 0; i < 10; i++) fastest = Math.min(fastest, (await links.probe(order)).tookMs);
    return fastest;
  }

  it("is answered behind the link, and feels its delays; the node behind and the figures know nothing of it", async () => {
    const before = await crossing();
    const opened = upstream.opened();
    const plain = await links.probe({});
    expect(plain.outcome).toBe("answered");
    await links.set(...both(delay(80)));
    const tookMs = await fastestMs({});
    expect(tookMs).toBeGreaterThan(158);
    expect(tookMs).toBeLessThan(240); // a third delay would make it so
    expect(await crossing()).toEqual(before);
    expect(upstream.opened()).toBe(opened);
  });

  it("measures a cap, in the direction that it is asked for", async () => {
    await links.set(rule("cap", "us", "eu", cap(1_000_000)));
    const there = await links.probe({ bytes: 300_000 });
    expect(there.outcome).toBe("answered");
    expect(there.tookMs).toBeGreaterThan(290);
    await links.set(rule("cap", "eu", "us", cap(1_000_000)));
    expect(await fastestMs({ bytes: 300_000 })).toBeLessThan(250);
    expect((await links.probe({ bytes: 300_000, back: true })).tookMs).toBeGreaterThan(290);
  });

  it("carries much, there and back", async () => {
    expect((await links.probe({ bytes: 4 * 2 ** 20, back: true })).outcome).toBe("answered");
  });

  it.each([
    ["drop", "stalled"],
    ["reset", "reset"],
    ["refuse", "refused"],
  ] as const)("sees a cut in mode %s as %s, as a client does", async (mode, outcome) => {
    await links.set(rule("cut", "us", "eu", cut(mode)));
    const { outcome: seen, tookMs } = await links.probe({ patienceMs: 200 });
    expect(seen).toBe(outcome);
    if (mode === "drop") expect(tookMs).toBeGreaterThan(198);
    // Those of others do not.
    expect((await links.probe({ from: "edge", to: "db" })).outcome).toBe("answered");
    await links.set();
    expect((await links.probe({})).outcome).toBe("answered");
  });

  it("stalls one way as well, and leaves nothing behind", async () => {
    await links.set(rule("cut", "eu", "us", cut("drop")));
    const stalled = await Promise.all(Array.from({ length: 20 }, () => links.probe({ patienceMs: 100 })));
    expect(new Set(stalled.map(({ outcome }) => outcome))).toEqual(new Set(["stalled"]));
    expect(await crossing()).toMatchObject({ connections: 0 });
    await links.set();
    expect((await links.probe({})).outcome).toBe("answered");
  });

  it("is refused while the node behind refuses", async () => {
    await upstream.die();
    await until(async () => (await knock(links.port)) === "ECONNREFUSED");
    expect((await links.probe({})).outcome).toBe("refused");
    await upstream.live();
    await until(async () => (await links.probe({})).outcome === "answered");
  });

  it("among others that connect at the same time is known by its own", async () => {
    const clients = Array.from({ length: 30 }, async () => {
      const client = await connect(links.port);
      client.socket.write("mine");
      await client.has(4);
      client.socket.destroy();
      return client.text();
    });
    const probes = Array.from({ length: 30 }, () => links.probe({}));
    expect(new Set(await Promise.all(clients))).toEqual(new Set(["mine"]));
    expect(new Set((await Promise.all(probes)).map(({ outcome }) => outcome))).toEqual(new Set(["answered"]));
  });

  it.each<[object, RegExp]>([
    [{ from: "us", to: "nobody", patienceMs: 10 }, /us to kafka, edge to db do/],
    [{ from: "us", to: "kafka" }, /lacks "patienceMs"/],
    [{ from: "us", to: "kafka", patienceMs: 60_001 }, /patienceMs must be/],
    [{ from: "us", to: "kafka", patienceMs: 10, bytes: 5e6 }, /bytes must be a whole number/],
    [{ from: "us", to: "kafka", patienceMs: 10, back: "yes" }, /back must be true or false/],
  ])("%j is refused", async (body, reason) => {
    const answer = await links.ask("/probe", { method: "POST", body });
    expect([answer.status, detail(answer)]).toEqual([400, expect.stringMatching(reason)]);
  });
});
