// Delays and caps as they are felt, and that nobody who reads slowly makes memory grow.
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { LinkRule } from "../../src/model/link.ts";
import { WINDOW_BYTES } from "../../src/network/window.ts";
import { both, cap, connect, delay, echo, pass, rule, startLinks, startUpstream, until, usToEu } from "./world.ts";
import type { Links, Upstream } from "./world.ts";

let upstream: Upstream;
let links: Links;
async function begin(rules: readonly LinkRule[], first: (socket: net.Socket) => void = echo): Promise<void> {
  upstream = await startUpstream(first);
  links = await startLinks({ listeners: [usToEu(upstream)], rules });
}
afterEach(async () => {
  await links[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** Of one byte there and back. */
async function roundTripMs(socket: net.Socket): Promise<number> {
  const began = performance.now();
  socket.write("x");
  await once(socket, "data");
  return performance.now() - began;
}

/** The least of several: what a busy machine adds is not asked for. */
async function bestRoundTripMs(socket: net.Socket): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < 30; i++) best = Math.min(best, await roundTripMs(socket));
  return best;
}

describe("a delay", () => {
  it("is what was asked for, in the direction in which it was asked, and several add up", async () => {
    await begin([rule("one", "us", "eu", delay(30))]);
    const { socket } = await connect(links.port);
    for (const [rules, expectedMs] of [
      [[rule("one", "us", "eu", delay(30))], 30],
      [both(delay(30)), 60],
      [[...both(delay(30)), rule("more", "us", "eu", delay(20))], 80],
      [[], 0],
    ] as const) {
      await links.set(...rules);
      const ms = await bestRoundTripMs(socket);
      expect(ms).toBeGreaterThan(expectedMs - 2);
      expect(ms).toBeLessThan(expectedMs + 18); // less than any other of these would add
    }
  });

  it("does not slow a stream down below window / delay", async () => {
    await begin([rule("one", "us", "eu", delay(100))], (socket) => socket.resume());
    const client = await connect(links.port);
    const message = Buffer.alloc(2 * WINDOW_BYTES);
    const began = performance.now();
    client.socket.end(message);
    await until(() => upstream.wires[0]?.fate() === "end");
    expect(upstream.wires[0]!.length()).toBe(message.length);
    // Two windows are one and two delays late.
    expect(performance.now() - began).toBeGreaterThan(195);
  });

  it("holds a close back as well", async () => {
    await begin([rule("one", "us", "eu", delay(150))]);
    const client = await connect(links.port);
    const began = performance.now();
    client.socket.end("bye");
    await client.ends();
    expect(performance.now() - began).toBeGreaterThan(148);
    expect(client.text()).toBe("bye");
  });

  it("that was mended is over for what crept, too", async () => {
    await begin([rule("endless", "us", "eu", delay(600_000))]);
    const client = await connect(links.port);
    client.socket.write("creeps");
    await until(async () => (await links.state()).queuedBytes === 6);
    await links.set();
    await client.has(6);
  });

  it("with jitter keeps the order", async () => {
    await begin([rule("wild", "us", "eu", delay(20, 20))]);
    const client = await connect(links.port);
    const words = Array.from({ length: 200 }, (_, i) => `${i} `);
    for (const word of words) {
      client.socket.write(word);
      if (Number(word) % 10 === 0) await pass(2);
    }
    await client.has(words.join("").length);
    expect(client.text()).toBe(words.join(""));
  });
});

describe("a cap", () => {
  it("is kept over all connections together, and each gets its share", async () => {
    const rate = 4_000_000;
    await begin([rule("cap", "us", "eu", cap(rate))], (socket) => socket.resume());
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect(links.port)));
    const piece = Buffer.alloc(100_000);
    const beganMs = performance.now();
    for (const { socket } of clients) {
      const more = () => {
        while (socket.write(piece));
      };
      socket.on("drain", more);
      more();
    }
    const total = () => upstream.wires.reduce((sum, each) => sum + each.length(), 0);
    await until(() => total() > 10_000_000);
    const measured = (total() * 1_000) / (performance.now() - beganMs);
    // Never more, counted from before the first byte; less where the machine is busy. caps.test.ts is exact.
    expect(measured / rate).toBeLessThan(1.05);
    expect(measured / rate).toBeGreaterThan(0.4);
    const shares = upstream.wires.map((each) => each.length() / (total() / 4));
    for (const share of shares) expect(share).toBeCloseTo(1, 0);
    for (const { socket } of clients) socket.destroy();
  });

  it("does not concern the other direction, and lets short messages by", async () => {
    await begin([rule("cap", "us", "eu", cap(20_000))]);
    const client = await connect(links.port);
    client.socket.write(Buffer.alloc(100_000));
    await client.has(1_000);
    const other = await connect(links.port);
    // Its own five seconds are not over yet.
    expect(await bestRoundTripMs(other.socket)).toBeLessThan(500);
    const { crossings } = await links.state();
    expect(crossings[0]!.bytesThere).toBeLessThan(100_000);
  });
});

describe("a reader that does not read", () => {
  /** What the program needs, in MiB. */
  const memoryMib = () =>
    Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${links.child.pid}/status`, "utf8"))![1]) / 1_024;

  it.each([
    ["no rule", []],
    ["a delay", [rule("delay", "us", "eu", delay(20))]],
    ["a cap", [rule("cap", "us", "eu", cap(1e9))]],
    ["a cut", [rule("cut", "us", "eu", { type: "cut", mode: "drop" })]],
  ] as const)("with %s: the sender is stopped, and memory stays", async (_, rules) => {
    await begin([], (socket) => {
      socket.once("data", () => socket.pause());
    });
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(links.port)));
    for (const { socket } of clients) socket.write("x");
    await until(() => upstream.wires.length === 8);
    await links.set(...rules);
    const before = memoryMib();
    const piece = Buffer.alloc(1_000_000);
    let sent = 0;
    for (const { socket } of clients) {
      const more = () => {
        do sent += piece.length;
        while (socket.write(piece) && sent < 2e9);
      };
      socket.on("drain", more);
      more();
    }
    // Until none of them gets anything off any more.
    for (let last = -1; last !== sent; await pass(300)) last = sent;
    expect(sent).toBeLessThan(500e6);
    const { queuedBytes, queueLimitBytes } = await links.state();
    expect(queuedBytes).toBeLessThanOrEqual(8 * (WINDOW_BYTES + 65_536));
    expect(queuedBytes).toBeLessThanOrEqual(queueLimitBytes);
    expect(memoryMib() - before).toBeLessThan(8 * 10 + 40);
    // What is behind finds everything that was sent, and then the end.
    await links.set();
    for (const { socket } of clients) socket.removeAllListeners("drain").end();
    for (const { socket } of upstream.wires) socket.resume();
    await until(() => upstream.wires.every((each) => each.fate() === "end"));
    expect(upstream.wires.reduce((sum, each) => sum + each.length(), 0)).toBe(sent + 8);
    expect((await links.state()).queuedBytes).toBe(0);
  });
});
