// Working by hand on a stack that is up: breaking it, mending it, playing scenarios on it, and what gets in the way.
import fs from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { sandbox } from "../support/cli.ts";
import { ONE_REQUEST, scenarioFile, stacksOf, topologyFile } from "./bad-days.ts";

interface Up {
  stack: string;
  gateway: string;
  already: boolean;
}

interface Standing {
  stack: string;
  state: string;
  gateway: string;
  nodes: readonly { node: string; state: string; wanted: string; answers: boolean; address: string }[];
  faults: readonly { id: string; endsInMs: number | null }[];
}

const box = sandbox();
let gateway = "";
beforeAll(async () => {
  gateway = (await box.facts<Up>("up", "--stack", "mine")).gateway;
});
afterAll(() => box[Symbol.asyncDispose]());

const on = ["--stack", "mine"];
const standing = async () => (await box.facts<readonly Standing[]>("status", ...on))[0]!;
const stateOf = async (node: string) => (await standing()).nodes.find((one) => one.node === node)!;

/** Who answers for us, through the gateway. */
/** The gateway keeps a region out for a second after its last failure, so this is asked until it is so. */
const isServedBy = (node: string) => expect.poll(servedBy, { timeout: 60_000 }).toBe(node);
const servedBy = async () => (await fetch(`${gateway}/us/health`)).headers.get("x-served-by");

describe("up", () => {
  it("twice says that it is already up, and that is no error", async () => {
    const { code, stdout, stderr } = await box.run("up", ...on);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`stack "mine" is already up at ${gateway}`);
    expect(stdout).toContain("next: regionctl status --stack mine");
    expect(await box.facts("up", ...on)).toMatchObject({ stack: "mine", gateway, already: true });
  });

  it("does not take another system for what was asked", async () => {
    const file = topologyFile(
      box,
      ["x-regionctl:\n", "x-regionctl:\n  # another one\n"],
      ["name: property", "name: other"],
    );
    const { code, stderr } = await box.run("up", ...on, "--topology", file);
    expect(code).toBe(2);
    expect(stderr).toContain('stack "mine" is up with topology "property", not "other"');
    expect(stderr).toContain("--stack NAME");
  });

  it("a second stack stands beside it, and goes without it", async () => {
    const second = await box.facts<Up>("up", "--stack", "second");
    expect(second).toMatchObject({ stack: "second", already: false });
    expect(second.gateway).not.toBe(gateway);
    const both = await box.facts<readonly Standing[]>("status");
    expect(both.map(({ stack, state }) => [stack, state])).toEqual([
      ["mine", "up"],
      ["second", "up"],
    ]);
    const ports = both.flatMap(({ nodes }) => nodes.map(({ address }) => address));
    expect(new Set(ports).size).toBe(2 * (6 + 1)); // six nodes each, and the program that is their links
    await box.run("kill", "backend-us", "--stack", "second");
    await isServedBy("backend-us"); // the other stack's kill is not ours
    const none = await box.run("down");
    expect(none.code, none.stdout + none.stderr).toBe(0);
    expect(none.stdout).toContain('still up: "mine", "second"');
    expect(await box.facts("down", "--stack", "second")).toEqual({ ended: ["second"], others: ["mine"] });
    expect(stacksOf(box.home)).toEqual(["mine"]);
  });
});

describe("breaking and mending", () => {
  it("kill, what status says of it, and heal", async () => {
    const kill = await box.run("kill", "backend-us", ...on);
    expect(kill.code, kill.stdout + kill.stderr).toBe(0);
    expect(kill.stdout).toContain('"regionctl start backend-us --stack mine" or "regionctl heal --stack mine"');
    expect(await servedBy()).toBe("backend-eu");
    const { nodes, faults } = await standing();
    expect(nodes.find(({ node }) => node === "backend-us")).toMatchObject({ state: "down", wanted: "down" });
    expect(faults).toMatchObject([{ id: "kill backend-us", endsInMs: null }]);
    expect(await box.facts("heal", ...on)).toEqual({ stack: "mine", ended: ["kill backend-us"] });
    expect(await box.facts("heal", ...on)).toEqual({ stack: "mine", ended: [] });
    await isServedBy("backend-us");
  });

  it("wrong targets are all named, and nothing is broken", async () => {
    const { code, stderr } = await box.run("kill", "backend-uss", "backend-eu", "us.bakend", ...on);
    expect(code).toBe(64);
    expect(stderr).toContain('Did you mean "backend-us"?');
    expect(stderr).toContain("us.bakend");
    expect((await standing()).faults).toEqual([]);
  });

  it("Ctrl-C ends the fault, not only the waiting", async () => {
    const killing = box.start("kill", "backend-us", "--for", "5m", ...on);
    await killing.said("backend-us: down for 5 min");
    killing.child.kill("SIGINT");
    const { code, stderr } = await killing.done;
    expect(code).toBe(130);
    expect(stderr).toContain("interrupted; backend-us: up again");
    expect(await stateOf("backend-us")).toMatchObject({ state: "up", answers: true });
    expect((await standing()).faults).toEqual([]);
  });

  it("after a kill -9 of the command, the next command after its time ends the fault", async () => {
    // Long enough that the command is killed before its time is over, also where everything takes its time.
    const killing = box.start("kill", "backend-eu", "--for", "8s", ...on);
    await killing.said("backend-eu: down for 8 s");
    killing.child.kill("SIGKILL");
    expect(await killing.done).toMatchObject({ signal: "SIGKILL" });
    const log = path.join(box.home, "stacks/mine/events.ndjson");
    const ended = () => fs.readFileSync(log, "utf8").includes('"phase":"ended","id":"kill backend-eu"');
    let now = await standing();
    while (now.faults.length > 0) now = await standing(); // each look is a command
    expect(ended()).toBe(true);
    expect(await stateOf("backend-eu")).toMatchObject({ state: "up", answers: true });
  });

  it("a node that dies unasked is shown, and heal starts it again", async () => {
    const { pid } = JSON.parse(fs.readFileSync(path.join(box.home, "stacks/mine/nodes/gateway.json"), "utf8")) as {
      pid: number;
    };
    process.kill(pid, "SIGKILL");
    const { stdout } = await box.run("status", ...on);
    expect(stdout).toContain(
      "gateway: down, and no fault asked for it; next: regionctl logs gateway --stack mine, regionctl heal --stack mine",
    );
    await box.passes("heal", ...on);
    await isServedBy("backend-us");
  });

  it("a port that a stranger took while its node was down: which, whose, its log, what to do", async () => {
    await box.facts("kill", "gateway", ...on);
    const port = Number(new URL(gateway).port);
    const stranger = http.createServer((_, answer) => answer.end("I was here first"));
    await new Promise<void>((resolve) => stranger.listen(port, "127.0.0.1", resolve));
    try {
      const { code, stderr } = await box.run("start", "gateway", ...on);
      expect(code).toBe(2);
      expect(stderr.split("\n")[0]).toContain(`gateway could not be started: port ${port} on 127.0.0.1`);
      expect(stderr).toContain("The last lines of its log:\n");
      expect(stderr).toContain("gateway listens on");
      expect(stderr).toMatch(/Find it with ".*" and end it/);
    } finally {
      await new Promise((resolve) => stranger.close(resolve));
    }
    expect((await box.run("start", "gateway", ...on)).stdout).toBe("gateway: up\n");
    await isServedBy("backend-us");
  });
});

describe("scenarios on a stack that is up", () => {
  /** When the first step began, in seconds, as the run that is told of there has it. */
  function begunAt(report: string): string | undefined {
    const [, directory] = /regionctl check (\S+)/.exec(report)!;
    const lines = fs
      .readFileSync(path.join(box.directory, directory!, "events.ndjson"), "utf8")
      .trim()
      .split("\n");
    const begun = lines.map((line) => JSON.parse(line) as Event).find(({ type }) => type === "step");
    return begun && (begun.at / 1_000).toFixed(1);
  }

  it("one may be played again and again", async () => {
    const file = scenarioFile(
      box,
      "again",
      "traffic:",
      "  - { workload: edit-properties, clients: 4, rate: 60/s, keys: 5, reads: 50%, repeats: 10% }",
      "steps:",
      "  - wait: 1s",
      "expect: [no-lost-writes, no-duplicates, { converges: { within: 20s } }]",
    );
    for (const round of [1, 2]) {
      const { code, stdout, stderr } = await box.run("scenario", "run", file, ...on);
      expect(code, `round ${round}:\n${stdout}${stderr}`).toBe(0);
      expect(stdout).toMatch(/PASSED {2}again/);
      expect(begunAt(stdout)).toBe(/^ *(\d+\.\d)s {4}1 {2}wait 1s$/m.exec(stderr)?.[1]); // the clock of the report
    }
    expect(stacksOf(box.home)).toEqual(["mine"]);
  });

  it("--keep leaves the scenario's own stack up, for everybody", async () => {
    const kept = await box.run("scenario", "run", scenarioFile(box, "kept", ...ONE_REQUEST), "--keep");
    expect(kept.code, kept.stdout + kept.stderr).toBe(0);
    const [, name] = /stack "(kept-\d+)" is kept up at http:\S+; next: /.exec(kept.stderr)!;
    const [status] = await box.facts<readonly Standing[]>("status", "--stack", name!);
    expect(status).toMatchObject({ state: "up", owner: null });
    expect(await box.facts("down", "--stack", name!)).toEqual({ ended: [name], others: ["mine"] });
  });

  it("one is not played on a stack that is broken", async () => {
    await box.facts("kill", "db-eu", ...on);
    const file = scenarioFile(box, "unfair", ...ONE_REQUEST);
    const { code, stderr } = await box.run("scenario", "run", file, ...on);
    expect(code).toBe(2);
    expect(stderr).toContain('stack "mine" is not whole: kill db-eu is still active');
    expect(stderr).toContain("Mend it first: regionctl heal --stack mine");
    await box.facts("heal", ...on);
  });
});

describe("output", () => {
  it("logs: the last lines, and what comes", async () => {
    await fetch(`${gateway}/us/properties/11`);
    expect((await box.run("logs", "gateway", "-n", "1", ...on)).stdout).toMatch(/^[^\n]+\n$/);
    const following = box.start("logs", "gateway", "-f", "-n", "1", ...on);
    await following.said("\n");
    await fetch(`${gateway}/eu/properties/77`);
    await following.said("/eu/properties/77");
    following.child.kill("SIGINT");
    expect(await following.done).toMatchObject({ code: 130, stderr: "" });
  });

  it("is whole however long it is, and however slow its reader", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i + 1} of a long log`);
    fs.appendFileSync(path.join(box.home, "stacks/mine/logs/kafka.log"), `${lines.join("\n")}\n`);
    const reading = box.start("logs", "kafka", "-n", "20100", ...on); // the broker may say something of its own meanwhile
    reading.child.stdout!.pause();
    setTimeout(() => reading.child.stdout!.resume(), 500);
    const { code, stdout } = await reading.done;
    expect(code).toBe(0);
    expect(stdout.match(/of a long log/g)).toHaveLength(20_000);
  });

  it("nobody reads it: no stack trace, and the command still does what it has to", async () => {
    const status = box.start("status");
    status.child.stdout!.destroy();
    expect(await status.done).toMatchObject({ code: 0, stderr: "" });
    const run = box.start("scenario", "run", scenarioFile(box, "unread", "steps:", "  - wait: 1ms"));
    run.child.stdout!.destroy();
    run.child.stderr!.destroy();
    expect(await run.done).toMatchObject({ code: 0 });
    expect(stacksOf(box.home)).toEqual(["mine"]);
  });

  it("doctor says what there is", async () => {
    const { stdout } = await box.passes("doctor");
    expect(stdout).toMatch(/^✓ PostgreSQL +18\./m);
    expect(stdout).toMatch(/^✓ stacks +up: mine$/m);
    expect(stdout).not.toContain("\u001b"); // no colour in a pipe
  });
});

describe("the default stack", () => {
  it("takes another port than its file wants when that is in use, and says why", async () => {
    const stranger = net.createServer();
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const { port } = stranger.address() as AddressInfo;
    try {
      const file = topologyFile(box, ["127.0.0.1:8080:8080", `127.0.0.1:${port}:8080`]);
      const { stdout } = await box.passes("up", "--topology", file);
      expect(stdout).toMatch(
        new RegExp(`^stack "default" is up at http://127.0.0.1:\\d+, because port ${port} is in use`),
      );
    } finally {
      await new Promise((resolve) => stranger.close(resolve));
    }
    expect(await box.facts("down")).toEqual({ ended: ["default"], others: ["mine"] });
  });
});
