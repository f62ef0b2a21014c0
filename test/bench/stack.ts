// A stack through the command line, as a user would: how fast it stands, what it costs, how fast the other region answers.
import fs from "node:fs";
import path from "node:path";
import { Agent, request } from "undici";
import type { Bench } from "./bench.ts";
import { failoverTimes } from "./failover.ts";
import { type Figure, figure, median } from "./figure.ts";
import { idle } from "./idle.ts";

const WARM_UPS = 5;
const SCENARIO_RUNS = 3;

export async function stackFigures({ home, regionctl, say }: Bench): Promise<readonly Figure[]> {
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
    rounds: 5,
    kill() {
      const { pid } = JSON.parse(fs.readFileSync(path.join(home, "stacks/default/nodes/backend-us.json"), "utf8")) as {
        pid: number;
      };
      process.kill(pid, "SIGKILL");
    },
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

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
