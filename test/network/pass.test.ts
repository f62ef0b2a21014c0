// Without rules a link is not there: bytes, ends and resets pass as they are, and nothing is left of a connection.
import crypto from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { spawn } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { connect, delay, echo, pass, rule, startLinks, startUpstream, until, usToEu, wire } from "./world.ts";
import type { Links, Upstream } from "./world.ts";

let upstream: Upstream;
let links: Links;
async function begin(first?: (socket: net.Socket) => void): Promise<void> {
  upstream = await startUpstream(first);
  links = await startLinks({ listeners: [usToEu(upstream)] });
}
afterEach(async () => {
  await links[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const crossing = async () => (await links.state()).crossings[0]!;
const digest = (bytes: Buffer | string) => crypto.createHash("sha256").update(bytes).digest("hex");

describe("bytes", () => {
  it("pass unchanged, both ways at once, in pieces of all sizes, to readers that stop now and then", async () => {
    await begin(echo);
    const message = crypto.randomBytes(40_000_000);
    const client = await connect(links.port);
    const hash = crypto.createHash("sha256");
    let arrived = 0;
    client.socket.on("data", (piece) => {
      hash.update(piece);
      // A reader with something else to do.
      if (Math.floor(arrived / 2e6) !== Math.floor((arrived + piece.length) / 2e6)) {
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 5);
      }
      arrived += piece.length;
    });
    for (let at = 0, i = 0; at < message.length; i++) {
      const length = [1, 7, 1_460, 65_536, 65_537, 1_000_000][i % 6]!;
      const took = client.socket.write(message.subarray(at, at + length));
      at += length;
      if (!took) await once(client.socket, "drain");
    }
    await until(() => arrived === message.length);
    expect(hash.digest("hex")).toBe(digest(message));
    expect(await crossing()).toMatchObject({ bytesThere: message.length, bytesBack: message.length });
  });

  it("pass unchanged while rules come and go", async () => {
    await begin(echo);
    const message = crypto.randomBytes(8_000_000);
    const client = await connect(links.port);
    const everything = new Promise<void>((resolve) => {
      for (let at = 0; at < message.length; at += 50_000) client.socket.write(message.subarray(at, at + 50_000));
      void client.has(message.length).then(resolve);
    });
    const slow = (bytesPerSecond: number) => rule("cap", "us", "eu", { type: "cap", bytesPerSecond });
    const drop = rule("cut", "eu", "us", { type: "cut", mode: "drop" });
    for (const rules of [
      [slow(2_000_000)],
      [slow(50_000_000), rule("lag", "us", "eu", delay(20, 20))],
      [drop, rule("lag", "us", "eu", delay(5))],
      [slow(4_000_000), drop],
      [rule("back", "eu", "us", delay(30, 10))],
      [rule("back", "eu", "us", delay(1))],
    ]) {
      await links.set(...rules);
      await pass(40);
    }
    await links.set();
    await everything;
    expect(digest(Buffer.from(client.text(), "latin1"))).toBe(digest(message));
    expect((await links.state()).queuedBytes).toBe(0);
  });
});

describe("ends", () => {
  it("each way for itself: who has sent everything can still be answered", async () => {
    await begin((socket) => {
      socket.on("end", () => socket.end("all of it?"));
      socket.resume();
    });
    const client = await connect(links.port);
    client.socket.end("question");
    expect(await client.ends()).toBe("end");
    expect([client.text(), upstream.wires[0]!.text()]).toEqual(["all of it?", "question"]);
    await until(async () => (await crossing()).connections === 0);
  });

  it("a reset is a reset on the other side, whoever did it", async () => {
    await begin(echo);
    for (const who of ["client", "upstream"] as const) {
      const client = await connect(links.port);
      client.socket.write("x");
      await client.has(1);
      const behind = upstream.wires.at(-1)!;
      (who === "client" ? client : behind).socket.resetAndDestroy();
      expect(await (who === "client" ? behind : client).ends()).toBe("reset");
    }
    await until(async () => (await crossing()).connections === 0);
  });

  it("a reset after half a close too", async () => {
    await begin();
    const client = await connect(links.port);
    client.socket.end("question");
    await until(() => upstream.wires[0]?.fate() === "end");
    client.socket.resetAndDestroy();
    // Nothing is read any more that way: it shows when an answer is written.
    const behind = upstream.wires[0]!.socket;
    const answering = setInterval(() => behind.writable && behind.write("answer"), 10);
    await until(() => behind.errored !== null, "the reset");
    clearInterval(answering);
    await until(async () => (await crossing()).connections === 0);
  });

  it("a client that is killed in mid-stream ends its connection behind as well", async () => {
    await begin();
    const program = `const s=require("net").connect(${links.port},"127.0.0.1");const b=Buffer.alloc(65536);const go=()=>{while(s.write(b));};s.on("connect",go).on("drain",go)`;
    const client = spawn(process.execPath, ["-e", program]);
    await until(() => (upstream.wires[0]?.length() ?? 0) > 1_000_000);
    client.kill("SIGKILL");
    await upstream.wires[0]!.ends();
    upstream.wires[0]!.socket.destroy();
    await until(async () => (await crossing()).connections === 0);
    expect((await links.state()).queuedBytes).toBe(0);
  });
});

describe("a thousand connections", () => {
  it("leave no descriptor behind, however they ended", async () => {
    await begin(echo);
    const descriptors = () => fs.readdirSync(`/proc/${links.child.pid}/fd`).length;
    const before = descriptors();
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const socket = net.connect({ port: links.port, host: "127.0.0.1" });
          const client = wire(socket);
          await once(socket, "connect");
          if (i % 4 === 0) return void socket.resetAndDestroy();
          if (i % 4 === 1) return void socket.destroy();
          socket.write("x");
          await client.has(1);
          if (i % 4 === 2) return void socket.resetAndDestroy();
          socket.end();
          await client.ends();
        }),
      );
    }
    await until(async () => (await crossing()).connections === 0);
    expect((await crossing()).opened).toBe(1_000);
    await until(() => descriptors() <= before + 2, "the descriptors");
  });
});
