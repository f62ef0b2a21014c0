// The control port, and two of the things that it controls: answers kept back behind the commit, and the clock that stamps
// writes. What it does to replication is told in replication-faults.test.ts.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Controls } from "../../src/backend/control/controls.ts";
import { serveControl } from "../../src/backend/control/serve.ts";
import { readEnvironment } from "../../src/backend/environment.ts";
import { NO_CONTROL, NO_REPLICATION_FAULT, type Control } from "../../src/model/fault.ts";
import { remoteControl } from "../../src/runtimes/embedded/control.ts";
import { conflictsOf, createWorld, shown, SOON_MS, type Region, type World } from "./world.ts";

const TOKEN = "a-token-for-this-test";
const HOST = "127.0.0.1";
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function open(options?: Parameters<typeof createWorld>[0]): World & { us: Region; eu: Region } {
  const world = createWorld(options);
  closing.push(async () => world[Symbol.asyncDispose]());
  return { ...world, us: world.regions["us"]!, eu: world.regions["eu"]! };
}

const hold = (region: Region, hold: boolean) => region.backend.controls.set({ ...NO_CONTROL, hold });

/** Settled or not, without waiting. */
const isOver = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 20, false))]);

describe("hold", () => {
  it("keeps the answer of a write back, not its effect, and gives it when the hold ends", async () => {
    const { us, eu, clock } = open();
    hold(us, true);
    const put = us.put(7, { price: 10, version: 1 });
    await clock.advance(1_000);
    expect(await isOver(put)).toBe(false);
    expect(await us.backend.controls.observe()).toMatchObject({ hold: true, held: 1 });
    expect((await us.get("properties/7")).json()).toMatchObject({ price: 10, version: 2 }); // reads are answered
    expect((await eu.get("properties/7")).json()).toMatchObject({ price: 10, version: 2 }); // and it has been replicated
    hold(us, false);
    expect((await put).statusCode).toBe(200);
    expect(await us.backend.controls.observe()).toMatchObject({ hold: false, held: 0 });
  });

  it("keeps nothing back that had no effect: refusals and repeats", async () => {
    const { us } = open();
    await us.put(7, { price: 10, version: 1 }, { "x-request-id": "one" });
    hold(us, true);
    expect((await us.put(7, { price: 11, version: 1 })).statusCode).toBe(409);
    expect((await us.put(7, { price: 10, version: 1 }, { "x-request-id": "one" })).statusCode).toBe(422);
  });

  it("lets answers go when the backend is asked to end", async () => {
    const world = createWorld();
    const us = world.regions["us"]!;
    hold(us, true);
    const put = us.put(7, { price: 10, version: 1 });
    await isOver(put);
    await world[Symbol.asyncDispose]();
    expect((await put).statusCode).toBe(200);
  });
});

describe("a clock that is set back while the backend runs", () => {
  const story = async (conflicts: "hybrid-clock" | "wall-clock") => {
    const { us, eu, clock } = open({ settings: { us: { conflicts }, eu: { conflicts } } });
    await eu.put(1, { price: 10, version: 1 });
    await clock.advance(SOON_MS);
    us.backend.controls.set({ ...NO_CONTROL, skewMs: -120_000 });
    const { skewMs } = await us.backend.controls.observe();
    const { updated_at } = (await us.put(1, { price: 20, version: 2 })).json();
    await clock.advance(SOON_MS);
    us.backend.controls.set(NO_CONTROL);
    const after = await shown(us, 1);
    // Healed: what is written now is newer than everything.
    expect((await us.put(1, { price: 30, version: after.version })).statusCode).toBe(200);
    await clock.advance(SOON_MS);
    expect(await shown(eu, 1)).toEqual(await shown(us, 1));
    expect(await conflictsOf(eu)).toEqual([]);
    return { skewMs, updated_at, during: after.price, healed: (await shown(us, 1)).price };
  };

  it("loses a newer write under wall-clock, and nothing under hybrid-clock; other clocks of it go on", async () => {
    const updated_at = new Date(1_780_000_000_000 + SOON_MS).toISOString();
    expect(await story("wall-clock")).toEqual({ skewMs: -120_000, updated_at, during: 10, healed: 30 });
    expect(await story("hybrid-clock")).toEqual({ skewMs: -120_000, updated_at, during: 20, healed: 30 });
  });
});

async function serve() {
  const { us } = open({ names: ["us", "eu", "ap"] });
  const { controls } = us.backend;
  const server = await serveControl(controls, { host: HOST, port: 0, token: TOKEN });
  closing.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (path = "/control", init: RequestInit = {}, authorization: string | null = `Bearer ${TOKEN}`) => {
    const headers: Record<string, string> = authorization === null ? {} : { authorization };
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  const put = (body: unknown) =>
    ask("/control", { method: "PUT", body: typeof body === "string" ? body : JSON.stringify(body) });
  return { us, controls, port, ask, put };
}

const nothing = { waiting: 0, duplicated: 0, reordered: 0 };
const idle = { ...NO_CONTROL, held: 0, sources: { eu: nothing, ap: nothing } };
const slow = { ...NO_REPLICATION_FAULT, delayMs: 5_000 };

describe("the control port", () => {
  it("tells what the backend does, and changes all of it at once", async () => {
    const { us, ask, put } = await serve();
    expect(await ask()).toEqual({ status: 200, body: idle });
    const all = {
      hold: true,
      skewMs: 1_500,
      replication: { eu: { pause: true, delayMs: 1, duplicate: 0.25, reorderMs: 2 }, ap: slow },
    };
    expect(await put(all)).toEqual({ status: 200, body: { ...idle, ...all, skewMs: expect.closeTo(1_500, -1) } });
    void us.put(7, { price: 10, version: 1 });
    await isOver(new Promise(() => {}));
    expect((await ask()).body).toMatchObject({ hold: true, held: 1 });
    expect((await put(all)).body).toMatchObject({ hold: true, held: 1 }); // twice is harmless
    // The whole of it is said each time, and a fault that does nothing is none.
    const less = { hold: false, skewMs: 0, replication: { eu: NO_REPLICATION_FAULT, ap: slow } };
    expect((await put(less)).body).toMatchObject({ hold: false, skewMs: 0, replication: { ap: slow } });
    expect((await put(NO_CONTROL)).body).toEqual(idle);
  });

  it.each([
    ["no token", null],
    ["another token", "Bearer something-else"],
    ["the token without the word", TOKEN],
    ["a longer one", `Bearer ${TOKEN}x`],
  ])("obeys nobody with %s", async (_, authorization) => {
    const { ask, controls } = await serve();
    const order = JSON.stringify({ ...NO_CONTROL, hold: true });
    const { status, body } = await ask("/control", { method: "PUT", body: order }, authorization);
    expect(status).toBe(401);
    expect(JSON.stringify(body)).not.toContain(TOKEN);
    expect((await controls.observe()).hold).toBe(false);
  });

  const eu = (fault: object) => ({ ...NO_CONTROL, replication: { eu: fault } });
  it.each([
    ["", /not JSON: send \{"hold": false, "skewMs": 0, "replication"/],
    ["{", /not JSON/],
    ["[]", /must be an object, not \[\]/],
    ["null", /must be an object, not null/],
    [{ hold: true }, /The body lacks skewMs/],
    [{ ...NO_CONTROL, hold: 1 }, /hold must be true or false, not 1/],
    [{ ...NO_CONTROL, more: 1 }, /field "more", but there are only hold, skewMs, replication/],
    [{ ...NO_CONTROL, skewMs: "2m" }, /skewMs must be a number from -2073600000 to 2073600000, not "2m"/],
    [{ ...NO_CONTROL, skewMs: -3e9 }, /skewMs must be a number/],
    [{ ...NO_CONTROL, replication: [] }, /replication must be a map of source regions/],
    [{ ...NO_CONTROL, replication: { us: slow } }, /Nothing arrives here from "us": sources are eu, ap/],
    [{ ...NO_CONTROL, replication: { mars: slow } }, /Nothing arrives here from "mars"/],
    [eu({ pause: true }), /replication.eu lacks delayMs/],
    [eu({ ...slow, jitter: 1 }), /replication.eu has a field "jitter"/],
    [eu({ ...slow, pause: "yes" }), /replication.eu.pause must be true or false/],
    [eu({ ...slow, delayMs: -1 }), /replication.eu.delayMs must be a number from 0/],
    [eu({ ...slow, reorderMs: null }), /replication.eu.reorderMs must be a number from 0/],
    [eu({ ...slow, duplicate: 1.5 }), /replication.eu.duplicate must be a number from 0 to 1, not 1.5/],
    [`{"hold": ${" ".repeat(20_000)}true}`, /larger than 16384 bytes/],
  ])("refuses %j, says why, and stays as it was", async (body, words) => {
    const { ask, put } = await serve();
    const refused = await put(body);
    expect(refused.status).toBe(400);
    expect(refused.body["detail"]).toMatch(words);
    expect((await ask()).body).toEqual(idle);
  });

  it("has one path and two methods", async () => {
    const { ask } = await serve();
    expect((await ask("/other")).status).toBe(404);
    expect((await ask("/control", { method: "POST" })).status).toBe(405);
  });

  it("says which port is taken", async () => {
    const { port, controls } = await serve();
    await expect(serveControl(controls, { host: HOST, port, token: TOKEN })).rejects.toThrow(
      `CONTROL_PORT ${port} is taken`,
    );
  });

  it("is there only with a token worth the name", () => {
    const environment = { REGION: "us", DATABASE_URL: "postgres://u@h:1/d", KAFKA_BROKER: "k:1" };
    expect(readEnvironment(environment).control).toBeUndefined();
    const control = { CONTROL_PORT: "21000", CONTROL_TOKEN: TOKEN };
    expect(readEnvironment({ ...environment, ...control }).control).toEqual({ host: HOST, port: 21_000, token: TOKEN });
    // Everywhere only when that is said: a container publishes it on this machine's loopback.
    const wide = { ...environment, ...control, CONTROL_HOST: "0.0.0.0" };
    expect(readEnvironment(wide).control?.host).toBe("0.0.0.0");
    expect(readEnvironment({ ...wide, CONTROL_HOST: "" }).control?.host).toBe(HOST);
    for (const [wrong, words] of [
      [{ CONTROL_PORT: "21000" }, "CONTROL_TOKEN is not set"],
      [{ CONTROL_PORT: "21000", CONTROL_TOKEN: "short" }, "CONTROL_TOKEN is wrong"],
      [{ ...control, CONTROL_PORT: "x" }, 'CONTROL_PORT is "x"'],
    ] as const)
      expect(() => readEnvironment({ ...environment, ...wrong })).toThrow(words);
  });
});

describe("whoever holds the other end of it", () => {
  const order: Control = { hold: true, skewMs: -90_000, replication: { eu: slow, ap: NO_REPLICATION_FAULT } };

  it("is obeyed, and told what was asked for and nothing more", async () => {
    const { port } = await serve();
    const remote = remoteControl({ address: `127.0.0.1:${port}`, token: TOKEN });
    await remote.tell(order);
    expect(await remote.ask()).toEqual({ hold: true, skewMs: expect.closeTo(-90_000, -1), replication: { eu: slow } });
    await remote.tell(NO_CONTROL);
    expect(await remote.ask()).toEqual(NO_CONTROL);
    remote.reset();
  });

  it.each<[string, Partial<Controls>]>([
    [
      "goes on holding",
      { observe: async () => ({ ...idle, hold: false, skewMs: -90_000, replication: { eu: slow } }) },
    ],
    ["has another clock", { observe: async () => ({ ...idle, ...order, skewMs: -89_990 }) }],
    ["does less to replication", { observe: async () => ({ ...idle, ...order, replication: {} }) }],
    ["does more to replication", { observe: async () => ({ ...idle, ...order, replication: { eu: slow, ap: slow } }) }],
    ["refuses", { sources: [] }],
  ])("hears when it %s", async (_, instead) => {
    const { controls } = await serve();
    const server = await serveControl({ ...controls, ...instead }, { host: HOST, port: 0, token: TOKEN });
    closing.push(async () => server.close().closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const remote = remoteControl({ address: `127.0.0.1:${port}`, token: TOKEN });
    await expect(remote.tell(order)).rejects.toThrow(`the control port at 127.0.0.1:${port} answered`);
    remote.reset();
  });
});
