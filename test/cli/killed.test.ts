// kill -9 of the command itself at any moment: the next `regionctl down` removes everything of it, and nothing else.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seeded } from "../../src/model/random.ts";
import { sandbox } from "../support/cli.ts";
import { leftOf, marksOf, ONE_REQUEST, scenarioFile, stacksOf } from "./bad-days.ts";

const box = sandbox();
afterAll(() => box[Symbol.asyncDispose]());

const TIMES = 12;
const random = seeded("kill -9");
const scenario = scenarioFile(box, "short", ...ONE_REQUEST, "  - kill: backend-us", "    for: 100ms");
const COMMANDS = [["up"], ["scenario", "run", scenario], ["scenario", "run", scenario, "--keep"]] as const;

// Somebody else's process that looks like one of ours, and a stack that has nothing to do with it.
const stranger = spawn(
  process.execPath,
  ["-e", "setInterval(() => {}, 1000)", "--", "--node=000000000000.backend-us"],
  {
    stdio: "ignore",
  },
);
afterAll(() => stranger.kill("SIGKILL"));
let bystander: { marks: readonly string[]; pids: readonly number[] };
let wholeMs = 0;

beforeAll(async () => {
  await box.facts("up", "--stack", "bystander");
  bystander = { marks: marksOf(box.home), pids: pidsOf("bystander") };
  const began = performance.now();
  const whole = await box.run("scenario", "run", scenario);
  expect(whole.code, whole.stdout + whole.stderr).toBe(0);
  wholeMs = performance.now() - began;
});

function pidsOf(stack: string): readonly number[] {
  const nodes = path.join(box.home, "stacks", stack, "nodes");
  return fs
    .readdirSync(nodes)
    .map((file) => (JSON.parse(fs.readFileSync(path.join(nodes, file), "utf8")) as { pid: number }).pid);
}

it.each(Array.from({ length: TIMES }, (_, i) => ({ number: i + 1, share: (i + random.next()) / TIMES })))(
  "moment $number of 12: everything goes with the next down",
  async ({ share }) => {
    const command: readonly string[] = random.pick(COMMANDS);
    const running = box.start(...command);
    const timer = setTimeout(() => running.child.kill("SIGKILL"), share * wholeMs);
    await running.done;
    clearTimeout(timer);
    const marks = marksOf(box.home).filter((mark) => !bystander.marks.includes(mark));
    const down = await box.run("down");
    expect(down.code, down.stdout + down.stderr).toBe(0);
    // One that was quick enough to come to its end with --keep is rightly up, and nobody's.
    for (const kept of stacksOf(box.home).filter((name) => name !== "bystander")) {
      const file = path.join(box.home, "stacks", kept, "stack.json");
      const { state, owner } = JSON.parse(fs.readFileSync(file, "utf8")) as { state: string; owner?: unknown };
      const left = { keeps: command.includes("--keep"), state, owner };
      expect(left, `stack "${kept}" is left\n${down.stdout}`).toEqual({ keeps: true, state: "up", owner: undefined });
      await box.facts("down", "--stack", kept);
    }
    const left = leftOf(box.home, marks).filter((what) => what !== "bystander" && !ofBystander(what));
    expect(left).toEqual([]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    expect(pidsOf("bystander")).toEqual(bystander.pids);
  },
);

it("and the bystander has not noticed", async () => {
  const [status] =
    await box.facts<readonly { stack: string; nodes: { state: string; answers: boolean }[] }[]>("status");
  expect(status!.stack).toBe("bystander");
  expect(status!.nodes.filter(({ state, answers }) => state === "up" && answers)).toHaveLength(7); // the six of the file, and the links
});

/** Its databases' data lie below this home too. */
const ofBystander = (commandLine: string) => bystander.marks.some((mark) => commandLine.includes(mark));
