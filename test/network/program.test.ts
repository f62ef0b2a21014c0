// The links as a program: how it begins, how it ends, and how many connections it takes.
import { once } from "node:events";
import net from "node:net";
import { describe, expect, it } from "vitest";
import type { LinkConfig } from "../../src/model/link.ts";
import { connect, cut, delay, echo, freePort, knock, rule, startLinks, startProgram, startUpstream } from "./world.ts";
import { both, until, usToEu } from "./world.ts";

describe("its configuration", () => {
  const good = async (): Promise<LinkConfig> => ({
    listeners: [
      {
        from: "us",
        to: "kafka",
        toZone: "eu",
        listen: { host: "127.0.0.1", port: await freePort() },
        upstream: { host: "127.0.0.1", port: 1 },
      },
    ],
  });

  async function refusal(configuration: string | undefined): Promise<{ code: number; lines: readonly string[] }> {
    const { child, log } = startProgram(configuration);
    const [code] = (await once(child, "close")) as [number];
    return { code, lines: log().trimEnd().split("\n") };
  }

  it.each<[string, (config: LinkConfig) => unknown, RegExp]>([
    ["none", () => undefined, /LINK_CONFIG is missing: expected JSON/],
    ["no JSON", () => "{listeners", /LINK_CONFIG is not JSON/],
    ["no listener", () => ({ listeners: [] }), /listeners is empty/],
    [
      "no such port",
      ({ listeners: [one] }) => ({ listeners: [{ ...one, listen: { host: "127.0.0.1", port: 70_000 } }] }),
      /listeners\[0\]\.listen\.port must be a whole number, 1 or more, up to 65535, not 70000/,
    ],
    ["the same twice", ({ listeners: [one] }) => ({ listeners: [one, one] }), /has "us" to "kafka" twice/],
    [
      "a token that is none",
      (config) => ({ ...config, control: { host: "127.0.0.1", port: 9, token: "" } }),
      /control\.token must be a text of at least 16 characters/,
    ],
    [
      "a rule for nobody",
      (config) => ({ ...config, rules: [rule("1", "us", "ap", cut("drop"))] }),
      /rules\[0\]\.to is "ap"/,
    ],
  ])("%s: one line, exit 1", async (_, change, reason) => {
    const config = change(await good());
    const { code, lines } = await refusal(typeof config === "object" ? JSON.stringify(config) : (config as string));
    expect([code, lines]).toEqual([1, [expect.stringMatching(reason)]]);
  });

  it("a port that is taken: said which, exit 1", async () => {
    const config = await good();
    const { port } = config.listeners[0]!.listen;
    const squatter = net.createServer().listen({ port, host: "127.0.0.1" });
    await once(squatter, "listening");
    try {
      const { code, lines } = await refusal(JSON.stringify(config));
      expect([code, lines]).toEqual([1, [expect.stringContaining(`port ${port} on 127.0.0.1 is taken: stop whoever`)]]);
    } finally {
      squatter.close();
    }
  });

  it("rules in it are in force from the first connection on", async () => {
    await using upstream = await startUpstream(echo);
    await using links = await startLinks({ listeners: [usToEu(upstream)], rules: both(delay(80)) });
    const client = await connect(links.port);
    const began = performance.now();
    client.socket.write("x");
    await client.has(1);
    expect(performance.now() - began).toBeGreaterThan(158);
  });
});

describe("its end", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s: exit 0 at once, connections are reset, nobody listens",
    async (signal) => {
      await using upstream = await startUpstream(echo);
      await using links = await startLinks({ listeners: [usToEu(upstream)], rules: both(delay(20)) });
      const client = await connect(links.port);
      client.socket.write("x");
      await client.has(1);
      const exit = once(links.child, "exit");
      links.child.kill(signal);
      expect((await exit)[0]).toBe(0);
      // What was cut short must not look finished.
      expect([await client.ends(), await upstream.wires[0]!.ends()]).toEqual(["reset", "reset"]);
      expect(await knock(links.port)).toBe("ECONNREFUSED");
    },
  );
});

describe("too many connections", () => {
  it("are turned away with a word before descriptors run out; those that are open go on, and others come when some leave", async () => {
    await using upstream = await startUpstream(echo);
    await using links = await startLinks({ listeners: [usToEu(upstream)], descriptors: 300 });
    const clients = await Promise.all(Array.from({ length: 150 }, () => connect(links.port)));
    const state = async () => (await links.state()).crossings[0]!;
    await until(async () => (await state()).connections + (await state()).turnedAway === 150);
    const { connections, turnedAway } = await state();
    expect(connections).toBeGreaterThan(30);
    expect(connections).toBeLessThan(150 - 20);
    await until(() => clients.filter((client) => client.fate() === "reset").length === turnedAway);
    // One line for all of them.
    const said = links
      .log()
      .split("\n")
      .filter((line) => line.includes("turned connections away"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`${connections} are open, and 300 file descriptors (ulimit -n)`);

    const open = clients.filter((client) => client.fate() === undefined);
    for (const { socket } of open) socket.write("still");
    await Promise.all(open.map((client) => client.has(5)));
    // The control API has its own.
    expect((await links.probe({})).outcome).toBe("reset");
    for (const { socket } of open.slice(0, 10)) socket.destroy();
    await until(async () => (await state()).connections === connections - 10);
    expect((await links.probe({})).outcome).toBe("answered");
    const late = await connect(links.port);
    late.socket.write("late");
    await late.has(4);
  });
});
