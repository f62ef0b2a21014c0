// One measure a function; all through the port of a proxy, or of the peer itself.
import net from "node:net";
import type { Proxied } from "./proxies.ts";

export interface Spread {
  p50: number;
  p99: number;
}

export const spread = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length / 2)]!, p99: sorted[Math.floor(sorted.length * 0.99)]! };
};

/** Microseconds of a 1-byte ping-pong on one connection. */
export async function roundTrip({ port }: Proxied, pings: number): Promise<Spread> {
  const socket = await connect(port);
  const times: number[] = [];
  const warmUp = Math.ceil(pings / 5);
  for (let i = 0; i < pings + warmUp; i++) {
    const began = performance.now();
    socket.write("p");
    await once(socket);
    if (i >= warmUp) times.push((performance.now() - began) * 1_000);
  }
  socket.destroy();
  return spread(times);
}

export interface Bulk {
  megabytesPerSecond: number;
  /** Processor seconds of the proxy per gigabyte; NaN without one. */
  cpuPerGigabyte: number;
}

/** `down`: the peer's `source` pours; `up`: its `sink` swallows. */
export async function bulk(proxied: Proxied, way: "up" | "down", bytes: number): Promise<Bulk> {
  const cpuBefore = proxied.process?.cpuSeconds() ?? NaN;
  const began = performance.now();
  await (way === "down" ? receive(proxied.port, bytes) : send(proxied.port, bytes));
  const seconds = (performance.now() - began) / 1_000;
  const cpu = (proxied.process?.cpuSeconds() ?? NaN) - cpuBefore;
  return { megabytesPerSecond: bytes / 1e6 / seconds, cpuPerGigabyte: cpu / (bytes / 1e9) };
}

export interface Late {
  /** Milliseconds later than asked, one way. */
  late: Spread;
  /** Processor milliseconds of the proxy per second. */
  cpuMsPerSecond: number;
}

const STAMP_BYTES = 8;
const BUFFER_BYTES = 1 << 20;

/** Both ends are here, so that one clock is enough. A message every `everyMs`. */
export async function lateness(
  proxy: (upstreamPort: number) => Promise<Proxied>,
  { delayMs, messages, everyMs }: { delayMs: number; messages: number; everyMs: number },
): Promise<Late> {
  const lates: number[] = [];
  let all = () => {};
  const arrived = new Promise<void>((resolve) => (all = resolve));
  const server = net.createServer({ noDelay: true }, (socket) => {
    let rest = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      const now = performance.now();
      rest = Buffer.concat([rest, bytes]);
      for (; rest.length >= STAMP_BYTES; rest = rest.subarray(STAMP_BYTES)) {
        lates.push(now - rest.readDoubleLE() - delayMs);
        if (lates.length === messages) all();
      }
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
  await using proxied = await proxy((server.address() as net.AddressInfo).port);
  const socket = await connect(proxied.port);
  const cpuBefore = proxied.process?.cpuSeconds() ?? NaN;
  const began = performance.now();
  for (let i = 0; i < messages; i++) {
    // Off the beat of timers, or every message would have the same fraction of a millisecond.
    await new Promise((resolve) => setTimeout(resolve, everyMs + (i % 3)));
    const stamp = Buffer.alloc(STAMP_BYTES);
    stamp.writeDoubleLE(performance.now());
    socket.write(stamp);
  }
  await arrived;
  const seconds = (performance.now() - began) / 1_000;
  const cpu = (proxied.process?.cpuSeconds() ?? NaN) - cpuBefore;
  socket.destroy();
  server.close();
  return { late: spread(lates), cpuMsPerSecond: (cpu * 1_000) / seconds };
}

/** Bytes per second that come through in the window after the first `skipMs`; and the most memory the proxy had. */
export async function stream(
  proxy: (upstreamPort: number) => Promise<Proxied>,
  { skipMs, windowMs }: { skipMs: number; windowMs: number },
): Promise<{ bytesPerSecond: number; mostMiB: number; beganMiB: number }> {
  let received = 0;
  const server = net.createServer((socket) => {
    socket.on("data", (bytes) => (received += bytes.length)).on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
  await using proxied = await proxy((server.address() as net.AddressInfo).port);
  const beganMiB = proxied.process?.rssMiB() ?? NaN;
  let mostMiB = 0;
  const socket = await connect(proxied.port);
  const chunk = Buffer.alloc(64 * 1024, 7);
  let going = true;
  const pouring = (async () => {
    while (going) {
      if (!socket.write(chunk)) await drained(socket);
    }
  })();
  const watch = setInterval(() => (mostMiB = Math.max(mostMiB, proxied.process?.rssMiB() ?? NaN)), 50);
  await pass(skipMs);
  const [from, began] = [received, performance.now()];
  await pass(windowMs);
  const bytesPerSecond = ((received - from) / (performance.now() - began)) * 1_000;
  clearInterval(watch);
  going = false;
  socket.destroy();
  await pouring;
  server.close();
  return { bytesPerSecond, mostMiB, beganMiB };
}

function drained(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => {});
  return socket;
}

const once = (socket: net.Socket) => new Promise<void>((resolve) => socket.once("data", () => resolve()));

function announced(bytes: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeBigUInt64LE(BigInt(bytes));
  return header;
}

/** The bytes are counted in one buffer that is used again and again: this end must not be what is slow. */
async function receive(port: number, bytes: number): Promise<void> {
  let left = bytes;
  let all = () => {};
  const arrived = new Promise<void>((resolve) => (all = resolve));
  const callback = (count: number) => {
    left -= count;
    if (left <= 0) all();
    return true;
  };
  const socket = net.connect({ port, host: "127.0.0.1", onread: { buffer: Buffer.alloc(BUFFER_BYTES), callback } });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.on("error", () => {});
  socket.write(announced(bytes));
  await arrived;
  socket.destroy();
}

async function send(port: number, bytes: number): Promise<void> {
  const socket = await connect(port);
  const acknowledged = once(socket);
  socket.write(announced(bytes));
  const chunk = Buffer.alloc(BUFFER_BYTES, 7);
  for (let left = bytes; left > 0; left -= chunk.length) {
    const part = left < chunk.length ? chunk.subarray(0, left) : chunk;
    if (!socket.write(part)) await new Promise((resolve) => socket.once("drain", resolve));
  }
  await acknowledged;
  socket.destroy();
}
