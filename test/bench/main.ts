// `npm run bench`: the figures that the README shows, measured through the command line as a user would, with the machine described.
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Agent, request } from "undici";
import { failoverTimes } from "./failover.ts";
import { idle } from "./idle.ts";

const run = promisify(execFile);
const CLI = path.resolve(import.meta.dirname, "../bin/regionctl.js");
const WARM_UPS = 5;
const SCENARIO_RUNS = 3;

interface Figure {
  name: string;
  measured: string;
  goal: string;
  met: boolean;
}

// A home of its own, so that the first `up` is really the first, and nobody's stacks are touched.
const home = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-bench-"));
fs.chmodSync(home, 0o755);
const regionctl = async (...args: readonly string[]) => {
  const began = performance.now();
  const { stdout } = await run(process.execPath, [CLI, ...args], {
    env: { ...process.env, REGIONCTL_HOME: home },
    maxBuffer: 1 << 26,
  });
  return { ms: performance.now() - began, facts: JSON.parse(stdout) as never };
};
const say = (line: string) => process.stderr.write(`${line}\n`);

try {
  const figures = await measure();
  print(figures);
} finally {
  await regionctl("down", "--all", "--json");
  fs.rmSync(home, { recursive: true, force: true });
}

async function measure(): Promise<readonly Figure[]> {
  say("up, the first time ...");
  const first = await regionctl("up", "--json");
  await regionctl("down", "--json");

  say(`up, with a warm template, ${WARM_UPS} times ...`);
  const warm: number[] = [];
  for (let i = 0; i < WARM_UPS; i++) {
    warm.push((await regionctl("up", "--json")).ms);
    if (i < WARM_UPS - 1) await regionctl("down", "--json");
  }

  say("an idle stack, 15 s ...");
  const resting = await idle(home, "default");

  say("SIGKILL of a backend to the first answer from the other region ...");
  const status = (await regionctl("status", "--json")).facts as readonly { gateway: string }[];
  const agent = new Agent({ connections: 8 });
  const failover = await failoverTimes({
    home,
    rounds: 5,
    read: async () => {
      const answer = await request(`${status[0]!.gateway}/us/properties/1`, { dispatcher: agent });
      await answer.body.text();
      return { status: answer.statusCode, servedBy: String(answer.headers["x-served-by"] ?? "") };
    },
    restart: async () => void (await regionctl("heal", "--json")),
    hold: async () => void (await regionctl("kill", "backend-us", "--json")),
  });
  await agent.destroy();
  await regionctl("down", "--json");

  say(`scenario run failover, warm, ${SCENARIO_RUNS} times ...`);
  const scenario: number[] = [];
  const out = path.join(home, "runs");
  for (let i = 0; i < SCENARIO_RUNS; i++) {
    scenario.push((await regionctl("scenario", "run", "failover", "--json", "--out", out)).ms);
  }

  return [
    figure("`up` to all healthy, the first time", seconds(first.ms), "< 4 s", first.ms < 4_000),
    figure("`up` to all healthy, warm template (median)", seconds(median(warm)), "< 2 s", median(warm) < 2_000),
    figure(
      "`scenario run failover`, whole, warm (median)",
      seconds(median(scenario)),
      "< 12 s",
      median(scenario) < 12_000,
    ),
    figure(
      "SIGKILL of a backend to the first answer from the other region (median, worst)",
      `${median(failover.ms).toFixed(1)} ms, ${Math.max(...failover.ms).toFixed(1)} ms`,
      "< 20 ms",
      median(failover.ms) < 20,
    ),
    figure(`failed reads meanwhile (of ${failover.reads})`, String(failover.failed), "0", failover.failed === 0),
    figure("idle stack, memory (sum of PSS)", `${resting.pssMiB.toFixed(0)} MiB`, "< 500 MiB", resting.pssMiB < 500),
    figure("idle stack, processor", `${resting.cpuPercent.toFixed(1)} % of a core`, "< 8 %", resting.cpuPercent < 8),
  ];
}

function print(figures: readonly Figure[]): void {
  const cpu = os.cpus();
  const machine = `${cpu.length} x ${cpu[0]?.model.trim() ?? "unknown processor"}, ${(os.totalmem() / 2 ** 30).toFixed(0)} GiB, ${os.type()} ${os.release()}, Node.js ${process.versions.node}`;
  const rows = [
    ["figure", "measured", "goal", ""],
    ["---", "---", "---", "---"],
    ...figures.map(({ name, measured, goal, met }) => [name, measured, goal, met ? "met" : "MISSED"]),
  ];
  process.stdout.write(`${machine}\n\n${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n`);
}

function figure(name: string, measured: string, goal: string, met: boolean): Figure {
  return { name, measured, goal, met };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
