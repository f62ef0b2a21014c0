// The control port, and what it controls: answers that are kept back behind the commit.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createHold, serveControl } from "../../src/backend/control.ts";
import { readEnvironment } from "../../src/backend/environment.ts";
import { createWorld, type World } from "./world.ts";

const TOKEN = "a-token-for-this-test";
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function open(): World {
  const world = createWorld();
  closing.push(async () => world[Symbol.asyncDispose]());
  return world;
}

/** Settled or not, without waiting. */
const isOver = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 20, false))]);

describe("hold", () => {
  it("keeps the answer of a write back, not its effect, and gives it when the hold ends", async () => {
    const { regions, clock } = open();
    const { us, eu } = regions as Record<"us" | "eu", (typeof regions)[string]>;
    us.backend.hold.set(true);
    const put = us.put(7, { price: 10, version: 1 });
    await clock.advance(1_000);
    expect(await isOver(put)).toBe(false);
    expect(await us.backend.hold.state()).toEqual({ hold: true, held: 1 });
    expect((await us.get("properties/7")).json()).toMatchObject({ price: 10, version: 2 }); // reads are answered
    expect((await eu.get("properties/7")).json()).toMatchObject({ price: 10, version: 2 }); // and it has been replicated
    us.backend.hold.set(false);
    expect((await put).statusCode).toBe(200);
    expect(await us.backend.hold.state()).toEqual({ hold: false, held: 0 });
  });

  it("keeps nothing back that had no effect: refusals and repeats", async () => {
    const { us } = open().regions as Record<"us", World["regions"][string]>;
    await us.put(7, { price: 10, version: 1 }, { "x-request-id": "one" });
    us.backend.hold.set(true);
    expect((await us.put(7, { price: 11, version: 1 })).statusCode).toBe(409);
    expect((await us.put(7, { price: 10, version: 1 }, { "x-request-id": "one" })).statusCode).toBe(422);
  });

  it("lets answers go when the backend is asked to end", async () => {
    const world = createWorld();
    const { us } = world.regions as Record<"us", World["regions"][string]>;
    us.backend.hold.set(true);
    const put = us.put(7, { price: 10, version: 1 });
    await isOver(put);
    await world[Symbol.asyncDispose]();
    expect((await put).statusCode).toBe(200);
  });
});

describe("the control port", () => {
  async function serve() {
    const hold = createHold();
    const server = await serveControl(hold, { port: 0, token: TOKEN });
    closing.push(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    });
    const { address, port } = server.address() as AddressInfo;
    expect(address).toBe("127.0.0.1");
    const ask = async (path = "/control", init: RequestInit = {}, authorization: string | null = `Bearer ${TOKEN}`) => {
      const headers: Record<string, string> = authorization === null ? {} : { authorization };
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers });
      return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
    };
    const put = (body: string) => ask("/control", { method: "PUT", body });
    return { hold, port, ask, put };
  }

  it("tells the state, and changes it", async () => {
    const { ask, put, hold } = await serve();
    expect(await ask()).toEqual({ status: 200, body: { hold: false, held: 0 } });
    expect(await put('{"hold": true}')).toEqual({ status: 200, body: { hold: true, held: 0 } });
    void hold.pass();
    expect(await ask()).toEqual({ status: 200, body: { hold: true, held: 1 } });
    expect(await put('{"hold": true}')).toMatchObject({ body: { hold: true, held: 1 } }); // twice is harmless
    expect(await put('{"hold": false}')).toMatchObject({ status: 200, body: { hold: false } });
  });

  it.each([
    ["no token", null],
    ["another token", "Bearer something-else"],
    ["the token without the word", TOKEN],
    ["a longer one", `Bearer ${TOKEN}x`],
  ])("obeys nobody with %s", async (_, authorization) => {
    const { ask, hold } = await serve();
    const { status, body } = await ask("/control", { method: "PUT", body: '{"hold": true}' }, authorization);
    expect(status).toBe(401);
    expect(JSON.stringify(body)).not.toContain(TOKEN);
    expect((await hold.state()).hold).toBe(false);
  });

  it("refuses what it does not understand, and stays as it was", async () => {
    const { ask, put, hold } = await serve();
    for (const body of [
      "",
      "{",
      "[]",
      "null",
      '{"hold": 1}',
      '{"hold": true, "more": 1}',
      `{"hold": ${" ".repeat(2_000)}true}`,
    ])
      expect((await put(body)).status, body.slice(0, 30)).toBe(400);
    expect((await ask("/other")).status).toBe(404);
    expect((await ask("/control", { method: "POST" })).status).toBe(405);
    expect((await hold.state()).hold).toBe(false);
  });

  it("says which port is taken", async () => {
    const { port } = await serve();
    await expect(serveControl(createHold(), { port, token: TOKEN })).rejects.toThrow(`CONTROL_PORT ${port} is taken`);
  });

  it("is there only with a token worth the name", () => {
    const environment = { REGION: "us", DATABASE_URL: "postgres://u@h:1/d", KAFKA_BROKER: "k:1" };
    expect(readEnvironment(environment).control).toBeUndefined();
    const control = { CONTROL_PORT: "21000", CONTROL_TOKEN: TOKEN };
    expect(readEnvironment({ ...environment, ...control }).control).toEqual({ port: 21_000, token: TOKEN });
    for (const [wrong, words] of [
      [{ CONTROL_PORT: "21000" }, "CONTROL_TOKEN is not set"],
      [{ CONTROL_PORT: "21000", CONTROL_TOKEN: "short" }, "CONTROL_TOKEN is wrong"],
      [{ ...control, CONTROL_PORT: "x" }, 'CONTROL_PORT is "x"'],
    ] as const)
      expect(() => readEnvironment({ ...environment, ...wrong })).toThrow(words);
  });
});
