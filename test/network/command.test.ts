// regionctl link: a link alone, as a user runs it.
import { describe, expect, it } from "vitest";
import { link } from "../../src/commands/link.ts";
import { UsageError } from "../../src/model/problem.ts";
import { type Running, sandbox } from "../support/cli.ts";
import { connect, echo, freePort, knock, startUpstream, until } from "./world.ts";

/** However the story ends, the command does too. */
const ended = ({ child }: Running): Disposable => ({ [Symbol.dispose]: () => void child.kill("SIGKILL") });

describe("a link alone", () => {
  it("delays what passes, refuses what its upstream refuses, and ends when it is asked to", async () => {
    await using upstream = await startUpstream(echo);
    await using user = sandbox();
    const port = await freePort();
    const to = `127.0.0.1:${upstream.port}`;
    const running = user.start("link", "--listen", String(port), "--upstream", to, "--latency", "40ms");
    using _ = ended(running);
    await running.said("accepts connections");
    await until(async () => (await knock(port)) === "connected"); // it says so a moment before it listens
    const client = await connect(port);
    const began = performance.now();
    client.socket.write("x");
    await client.has(1);
    expect(performance.now() - began).toBeGreaterThan(78);
    await upstream.die();
    await until(async () => (await knock(port)) === "ECONNREFUSED");
    running.child.kill("SIGTERM");
    const { code, stdout } = await running.done;
    expect([code, stdout]).toEqual([0, expect.stringContaining("delay 40 ms clients -> upstream\n")]);
    expect(stdout).toContain("SIGTERM: stopping");
  });

  it("ends with the command, even when that is killed", async () => {
    await using upstream = await startUpstream(echo);
    await using user = sandbox();
    const port = await freePort();
    const running = user.start("link", "--listen", `127.0.0.1:${port}`, "--upstream", String(upstream.port));
    using _ = ended(running);
    await running.said("accepts connections");
    await until(async () => (await knock(port)) === "connected"); // it says so a moment before it listens
    running.child.kill("SIGKILL");
    await running.done;
    await until(async () => (await knock(port)) === "ECONNREFUSED");
  });

  it("keeps the exit code when it cannot start, and says why", async () => {
    await using upstream = await startUpstream(echo);
    await using other = await startUpstream(echo);
    await using user = sandbox();
    const { code, stdout } = await user.run(
      "link",
      "--listen",
      String(other.port),
      "--upstream",
      String(upstream.port),
    );
    expect([code, stdout]).toEqual([1, expect.stringContaining(`port ${other.port} on 127.0.0.1 is taken`)]);
  });
});

describe("wrong arguments", () => {
  it.each<[string, readonly string[], RegExp]>([
    ["no port", ["--listen", "localhost"], /--listen takes an address.*not "localhost"/],
    ["no such port", ["--listen", "127.0.0.1:70000"], /--listen takes an address/],
    ["port 0", ["--listen", "0"], /a port from 1 to 65535/],
    ["itself", ["--listen", "7001"], /it would lead to itself/],
    ["no unit", ["--latency", "40"], /--latency takes a duration with its unit/],
    ["a negative delay", ["--latency", "-40ms"], /--latency takes a duration/],
    ["no unit of the jitter", ["--jitter", "5"], /--jitter takes a duration/],
    ["no unit of the rate", ["--bandwidth", "10"], /--bandwidth takes a rate with its unit/],
    ["no rate at all", ["--bandwidth", "0mbit"], /--bandwidth takes a rate/],
    ["more than all", ["--flaky", "101%"], /--flaky takes a percentage/],
    ["an unknown cut", ["--cut", "saw"], /drop, reset, refuse/],
  ])("%s", async (_, args, reason) => {
    const command = link()
      .exitOverride()
      .configureOutput({ writeErr() {} });
    const given = ["--listen", "7000", "--upstream", "127.0.0.1:7001", ...args];
    await expect(command.parseAsync(given, { from: "user" })).rejects.toThrow(reason);
    if (!args.includes("--cut"))
      await expect(link().parseAsync(given, { from: "user" })).rejects.toBeInstanceOf(UsageError);
  });
});
