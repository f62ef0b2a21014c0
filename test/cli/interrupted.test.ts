// Ctrl-C, SIGTERM and a terminal that closes, at any moment: exit 130, and everything that the command started is gone.
import fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Running, sandbox } from "../support/cli.ts";
import { ENDLESS, leftOf, marksOf, scenarioFile, stacksOf } from "./bad-days.ts";

const box = sandbox();
afterAll(() => box[Symbol.asyncDispose]());

const endless = scenarioFile(box, "endless", ...ENDLESS);
const settling = scenarioFile(
  box,
  "settling",
  "timeout: 10m",
  "steps:",
  "  - kill: backend-us",
  "    for: 5m",
  "  - request: GET /us/health",
  "    expect: { status: 200 }",
);

/** The stack has its record, so that what belongs to it can be told. */
async function begun({ child }: Running): Promise<readonly string[]> {
  while (marksOf(box.home).length === 0) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} before it had begun`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return marksOf(box.home);
}

describe("a command that is interrupted", () => {
  it.each([
    ["up", "as it begins", "SIGINT", ["up"], undefined],
    ["up", "while nodes start", "SIGTERM", ["up"], "starting 6 nodes"],
    ["scenario run", "as it begins", "SIGTERM", ["scenario", "run", endless], undefined],
    ["scenario run", "when its stack has just come up", "SIGINT", ["scenario", "run", endless], "up in "],
    ["scenario run", "in the middle", "SIGHUP", ["scenario", "run", endless], "wait 5m"],
    ["scenario run --keep", "in the middle", "SIGINT", ["scenario", "run", endless, "--keep"], "wait 5m"],
    ["scenario run", "while a fault is in force and it settles", "SIGINT", ["scenario", "run", settling], "settle"],
  ] as const)("%s, %s, by %s", async (_command, _moment, signal, args, text) => {
    const running = box.start(...args);
    if (text !== undefined) await running.said(text);
    const marks = await begun(running);
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.done;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toContain("interrupted; everything it started is gone\n");
    expect(leftOf(box.home, marks)).toEqual([]);
  });

  it("tells a CI of a scenario that it had not begun to play", async () => {
    const running = box.start("scenario", "run", endless, "--reporter", "junit=out/j.xml");
    await running.said("starting 6 nodes");
    running.child.kill("SIGTERM");
    expect((await running.done).code).toBe(130);
    const xml = fs.readFileSync(path.join(box.directory, "out/j.xml"), "utf8");
    expect(xml).toMatch(/<testsuite name="endless" tests="1" failures="0" errors="1"/);
    expect(xml).toContain("the run was interrupted");
  });

  it("before it has begun anything: the same exit code, nothing started", async () => {
    for (const args of [["up"], ["scenario", "run", endless], ["doctor"]]) {
      const running = box.start(...args);
      running.child.kill("SIGINT"); // Node.js itself is still starting
      const { code, signal } = await running.done;
      expect(code === 130 || signal === "SIGINT").toBe(true);
    }
    expect(stacksOf(box.home)).toEqual([]);
  });

  it("twice: the second Ctrl-C does not break the clean-up off", async () => {
    const running = box.start("scenario", "run", endless);
    await running.said("wait 5m");
    const marks = marksOf(box.home);
    running.child.kill("SIGINT");
    running.child.kill("SIGTERM");
    expect((await running.done).code).toBe(130);
    expect(leftOf(box.home, marks)).toEqual([]);
  });

  it("on a stack that was up before: that stays, without its faults", async () => {
    await box.facts("up", "--stack", "mine");
    const running = box.start("scenario", "run", settling, "--stack", "mine");
    await running.said("settle");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.done;
    expect(code).toBe(130);
    expect(stderr).toContain('interrupted; stack "mine" stays up, its faults are ended');
    const [mine] = await box.facts<readonly { faults: unknown[]; nodes: { answers: boolean }[] }[]>("status");
    expect(mine!.faults).toEqual([]);
    expect(mine!.nodes.every(({ answers }) => answers)).toBe(true);
  });
});
