// What the node behind refuses its link refuses, within moments, and only as long.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { both, connect, cut, delay, echo, freePort, knock, pass, rule, startLinks, startUpstream } from "./world.ts";
import { until, usToEu, type Links, type Upstream } from "./world.ts";

let upstream: Upstream;
let links: Links;
beforeEach(async () => {
  upstream = await startUpstream(echo);
});
afterEach(async () => {
  await links[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const accepts = async () => (await links.state()).crossings[0]!.accepts;

describe("a node that dies", () => {
  it("and comes back, several times: its link refuses and accepts with it", async () => {
    links = await startLinks({ listeners: [usToEu(upstream)], rules: both(delay(50)) });
    for (let round = 0; round < 3; round++) {
      expect(await knock(links.port)).toBe("connected");
      await upstream.die();
      await until(async () => (await knock(links.port)) === "ECONNREFUSED", "the refusal");
      expect(await accepts()).toBe(false);
      await upstream.live();
      await until(async () => (await knock(links.port)) === "connected", "the acceptance");
    }
    expect(links.log()).toMatch(/kafka \(.*\) refuses, so its links refuse: .*ECONNREFUSED/);
  });

  it("is refused before anybody who comes a moment later is let in", async () => {
    links = await startLinks({ listeners: [usToEu(upstream)] });
    const program = `require("net").createServer((s)=>s.on("error",()=>{})).listen(${await freePort()},"127.0.0.1",function(){console.log(this.address().port)})`;
    const node = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    const [port] = (await once(createInterface({ input: node.stdout }), "line")) as [string];
    const other = await startLinks({ listeners: [usToEu({ port: Number(port) })] });
    try {
      const client = await connect(other.port);
      node.kill("SIGKILL");
      // The end of one connection is the first that anybody hears of it.
      await client.ends();
      // Now and then, or on a busy machine all would count that knock before the program has its turn.
      await until(async () => (await knock(other.port)) === "ECONNREFUSED" || (await pass(100), false));
      // Only those that came before it was known were let in, and reset.
      expect((await other.state()).crossings[0]!.opened).toBeLessThan(10);
    } finally {
      node.kill("SIGKILL");
      await other[Symbol.asyncDispose]();
    }
  });

  it("that stopped listening but lets its connections live is noticed by the first who is refused", async () => {
    links = await startLinks({ listeners: [usToEu(upstream)] });
    const client = await connect(links.port);
    client.socket.write("x");
    await client.has(1);
    upstream.deafen();
    expect(await (await connect(links.port)).ends()).toBe("reset");
    await until(async () => (await knock(links.port)) === "ECONNREFUSED");
    // Whoever is being served still is.
    client.socket.write("y");
    await client.has(2);
  });
});

describe("a node that is not up yet", () => {
  it("is refused until it accepts, and every listener that leads to it", async () => {
    await upstream.die();
    links = await startLinks({ listeners: [usToEu(upstream), { ...usToEu(upstream), from: "ap" }], impatient: true });
    expect(await Promise.all(links.ports.map(knock))).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
    await upstream.live();
    await until(async () => (await Promise.all(links.ports.map(knock))).every((each) => each === "connected"));
  });

  it("cut off by a drop: nobody can be heard refusing", async () => {
    await upstream.die();
    const rules = [rule("cut", "eu", "us", cut("drop"))];
    links = await startLinks({ listeners: [usToEu(upstream)], rules, impatient: true });
    await until(async () => (await knock(links.port)) === "connected");
    const client = await connect(links.port);
    await pass(200);
    expect(client.fate()).toBeUndefined();
    await links.set();
    expect(await client.ends()).toBe("reset");
    expect(await knock(links.port)).toBe("ECONNREFUSED");
    await links.set(...rules);
    await until(async () => (await knock(links.port)) === "connected");
  });
});

describe("a node that closes idle connections", () => {
  it("is connected to again, without a word", async () => {
    links = await startLinks({ listeners: [usToEu(upstream)] });
    const log = links.log();
    for (let round = 0; round < 3; round++) {
      const before = upstream.opened();
      upstream.hangUp();
      await until(() => upstream.opened() > before);
    }
    expect(await knock(links.port)).toBe("connected");
    expect(links.log()).toBe(log);
  });

  it("at once is not spun at, and still counts as accepting", async () => {
    await upstream[Symbol.asyncDispose]();
    upstream = await startUpstream((socket) => socket.destroy());
    links = await startLinks({ listeners: [usToEu(upstream)] });
    const cpuMs = () => {
      const fields = fs.readFileSync(`/proc/${links.child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
      return (Number(fields[11]) + Number(fields[12])) * 10;
    };
    await until(() => upstream.opened() > 6);
    const [before, cpuBefore, began] = [upstream.opened(), cpuMs(), performance.now()];
    await pass(1_000);
    const passedMs = performance.now() - began; // on a busy machine more
    // They are half a second and more apart by now.
    expect(upstream.opened() - before).toBeLessThan(3 + passedMs / 500);
    expect(cpuMs() - cpuBefore).toBeLessThan(0.3 * passedMs);
    expect(await accepts()).toBe(true);
  });
});

describe("a node that talks unasked, without end", () => {
  it("is not listened to by those who only watch it", async () => {
    await upstream[Symbol.asyncDispose]();
    let written = 0;
    const piece = Buffer.alloc(65_536);
    upstream = await startUpstream((socket) => {
      const talk = () => {
        do written += piece.length;
        while (socket.write(piece));
      };
      socket.on("drain", talk);
      talk();
    });
    links = await startLinks({ listeners: [usToEu(upstream)] });
    for (let last = -1; last !== written; await pass(200)) last = written;
    // What the system keeps for a reader who does not read.
    expect(written).toBeLessThan(50e6);
    expect(await accepts()).toBe(true);
  });
});
