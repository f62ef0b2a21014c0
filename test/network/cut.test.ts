// A cut as those on both sides see it: bytes that stop, connections that are reset, connects that are refused; and the end.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  both,
  connect,
  cut,
  delay,
  echo,
  knock,
  pass,
  rule,
  startLinks,
  startUpstream,
  until,
  usToEu,
} from "./world.ts";
import type { Links, Upstream } from "./world.ts";

/** Long enough that what should not come would have come. */
const SILENCE_MS = 300;

let upstream: Upstream;
let links: Links;
beforeEach(async () => {
  upstream = await startUpstream(echo);
  links = await startLinks({ listeners: [usToEu(upstream)] });
});
afterEach(async () => {
  await links[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

describe("drop", () => {
  it("stops bytes both ways without a word; after the end they arrive, in order", async () => {
    const client = await connect(links.port);
    client.socket.write("before ");
    await client.has(7);
    await links.set(...both(cut("drop")));
    for (const word of ["one ", "two ", "three "]) client.socket.write(word);
    upstream.wires[0]!.socket.write("from eu ");
    await pass(SILENCE_MS);
    expect([upstream.wires[0]!.text(), client.text(), client.fate(), upstream.wires[0]!.fate()]).toEqual([
      "before ",
      "before ",
      undefined,
      undefined,
    ]);
    await links.set();
    await upstream.wires[0]!.has(21);
    expect(upstream.wires[0]!.text()).toBe("before one two three ");
    await client.has(29);
    expect(client.text()).toBe("before from eu one two three ");
  });

  it("one way: the other direction of the same connection goes on", async () => {
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    await links.set(rule("there", "us", "eu", cut("drop")));
    client.socket.write("y");
    upstream.wires[0]!.socket.write("eu speaks");
    await client.has(10);
    await pass(SILENCE_MS);
    expect(upstream.wires[0]!.text()).toBe("x");
    await links.set(rule("back", "eu", "us", cut("drop")));
    await upstream.wires[0]!.has(2);
    await pass(SILENCE_MS);
    expect(client.text()).toBe("xeu speaks");
    await links.set();
    await client.has(11);
  });

  it("holds what was on its way when it began", async () => {
    await links.set(rule("slow", "us", "eu", delay(200)));
    const client = await connect(links.port);
    client.socket.write("on its way");
    await until(async () => (await links.state()).queuedBytes === 10);
    await links.set(rule("slow", "us", "eu", delay(200)), rule("there", "us", "eu", cut("drop")));
    await pass(SILENCE_MS + 200);
    expect([client.length(), (await links.state()).queuedBytes]).toEqual([0, 10]);
    await links.set();
    await client.has(10);
    expect((await links.state()).queuedBytes).toBe(0);
  });

  it("a close during the cut is seen only after it, with what was sent before", async () => {
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    await links.set(...both(cut("drop")));
    client.socket.end("last words");
    await pass(SILENCE_MS);
    expect([upstream.wires[0]!.text(), upstream.wires[0]!.fate()]).toEqual(["x", undefined]);
    await links.set();
    expect(await upstream.wires[0]!.ends()).toBe("end");
    expect(upstream.wires[0]!.text()).toBe("xlast words");
  });

  it("a reset during the cut too", async () => {
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    await links.set(...both(cut("drop")));
    client.socket.resetAndDestroy();
    await pass(SILENCE_MS);
    expect(upstream.wires[0]!.fate()).toBeUndefined();
    await links.set();
    expect(await upstream.wires[0]!.ends()).toBe("reset");
  });

  it.each(["us -> eu", "eu -> us"])("%s: a new connection opens and stalls until the end", async (direction) => {
    const [from, to] = direction.split(" -> ") as [string, string];
    await links.set(rule("cut", from, to, cut("drop")));
    const openedBefore = upstream.opened();
    const client = await connect(links.port);
    client.socket.write("hello");
    await pass(SILENCE_MS);
    expect([upstream.opened(), client.fate()]).toEqual([openedBefore, undefined]);
    await links.set();
    await client.has(5);
    expect(client.text()).toBe("hello");
  });

  it("a client that gave up during the cut has sent what it sent, and closed", async () => {
    await links.set(...both(cut("drop")));
    const client = await connect(links.port);
    client.socket.end("unanswered");
    await pass(SILENCE_MS);
    await links.set();
    await until(() => upstream.wires.length === 1);
    expect([await upstream.wires[0]!.ends(), upstream.wires[0]!.text()]).toEqual(["end", "unanswered"]);
    await until(async () => (await links.state()).crossings[0]!.connections === 0);
  });

  it("hides that the node behind has died; after the end that is seen", async () => {
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    await links.set(...both(cut("drop")));
    await upstream.die();
    await until(async () => !(await links.state()).crossings[0]!.accepts);
    const late = await connect(links.port);
    await pass(SILENCE_MS);
    expect([client.fate(), late.fate()]).toEqual([undefined, undefined]);
    await links.set();
    expect([await client.ends(), await late.ends()]).toEqual(["reset", "reset"]);
    expect(await knock(links.port)).toBe("ECONNREFUSED");
  });
});

describe("reset", () => {
  it.each([
    ["us", "eu"],
    ["eu", "us"],
  ])("from %s to %s alone: open connections are reset on both sides, new ones after they opened", async (from, to) => {
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    await links.set(rule("cut", from, to, cut("reset")));
    expect([await client.ends(), await upstream.wires[0]!.ends()]).toEqual(["reset", "reset"]);
    expect(await (await connect(links.port)).ends()).toBe("reset");
    expect((await links.state()).rules[0]).toMatchObject({ id: "cut", resets: 2 });
    await links.set();
    const again = await connect(links.port);
    again.socket.write("again");
    await again.has(5);
  });
});

describe("refuse", () => {
  it("resets what is open, refuses what is opened, and lets in again", async () => {
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    await links.set(...both(cut("refuse")));
    expect([await client.ends(), await upstream.wires[0]!.ends()]).toEqual(["reset", "reset"]);
    expect(await knock(links.port)).toBe("ECONNREFUSED");
    await links.set();
    await until(async () => (await knock(links.port)) === "connected");
  });

  it("only of those who open connections from there: the others' are reset", async () => {
    await links.set(rule("back", "eu", "us", cut("refuse")));
    expect(await (await connect(links.port)).ends()).toBe("reset");
  });
});

describe("what is not concerned", () => {
  it("other zones, other crossings", async () => {
    const other = await startLinks({
      listeners: [usToEu(upstream), { ...usToEu(upstream), to: "db" }, { ...usToEu(upstream), from: "ap" }],
    });
    try {
      await other.set({ ...rule("cut", "us", "eu", cut("refuse")), crossing: { from: "us", to: "kafka" } });
      expect(await Promise.all(other.ports.map(knock))).toEqual(["ECONNREFUSED", "connected", "connected"]);
      await other.set(rule("cut", "us", "eu", cut("refuse")));
      expect(await Promise.all(other.ports.map(knock))).toEqual(["ECONNREFUSED", "ECONNREFUSED", "connected"]);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });
});

describe("the end", () => {
  it("comes by itself, without anybody", async () => {
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    const began = performance.now();
    const state = await links.set(...both(cut("drop"), 400));
    expect(state.rules.map(({ endsInMs }) => endsInMs! > 300 && endsInMs! <= 400)).toEqual([true, true]);
    client.socket.write("y");
    await client.has(2);
    expect(performance.now() - began).toBeGreaterThan(395);
    expect((await links.state()).rules).toEqual([]);
    expect(links.log()).toMatch(/drop us -> eu for 400 ms\n.*drop eu -> us for 400 ms\n.*drop us -> eu is over/);
  });

  it("of one cut leaves the other in force", async () => {
    await links.set(rule("long", "us", "eu", cut("drop")), rule("short", "us", "eu", cut("drop"), 100));
    const client = await connect(links.port);
    client.socket.write("x");
    await until(async () => (await links.state()).rules.length === 1);
    await pass(SILENCE_MS);
    expect(client.length()).toBe(0);
    await links.set();
    await client.has(1);
  });
});
