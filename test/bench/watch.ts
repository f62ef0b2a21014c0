// The dashboard: what watching costs, how soon a death is on the screen, and what a long history leaves in memory.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { noTerminal, openTerminal, type Terminal } from "../support/terminal.ts";
import { type Bench, CLI } from "./bench.ts";
import { type Figure, figure, median } from "./figure.ts";
import { cpuSecondsOf, outputOf } from "./processes.ts";

const RATE = "200/s";
const SETTLE_MS = 3_000;
const WINDOW_MS = 15_000;
const KILLS = 7;
const FOLDED = 1_000_000;

export async function watchFigures(bench: Bench): Promise<readonly Figure[]> {
  const reason = noTerminal();
  if (reason !== undefined) throw new Error(`the dashboard cannot be measured: ${reason}`);
  await bench.regionctl("up", "--json");
  try {
    return [...(await watched(bench)), await folded(bench)];
  } finally {
    await bench.regionctl("down", "--json");
  }
}

async function watched(bench: Bench): Promise<readonly Figure[]> {
  const { home, runtime, say } = bench;
  const environment = { REGIONCTL_HOME: home, REGIONCTL_RUNTIME: runtime };
  const clients = spawn(process.execPath, [CLI, "traffic", "--rate", RATE, "--json"], {
    env: { ...process.env, ...environment },
    stdio: "ignore",
  });
  const gone = new Promise((resolve) => clients.once("exit", resolve));
  try {
    using terminal = openTerminal({
      columns: 120,
      rows: 40,
      directory: home,
      environment,
      command: [process.execPath, CLI, "watch"],
    });
    await terminal.shows("the backends, up", (screen) => /backend-us\W+up/.test(screen));
    say(`watching a stack at ${RATE}, ${WINDOW_MS / 1000} s ...`);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const percent = await cpuPercent(terminal.pid());
    say(`SIGKILL of a backend to the frame that shows it, ${KILLS} times ...`);
    const shown: number[] = [];
    for (let i = 0; i < KILLS; i++) shown.push(await killToFrame(terminal, bench));
    const [typical, worst] = [median(shown), Math.max(...shown)];
    return [
      figure(`processor of \`watch\` at ${RATE}, 4 frames/s`, `${percent.toFixed(1)} %`, "< 8 %", percent < 8),
      figure(
        "SIGKILL of a backend to the frame that shows it (median, worst)",
        `${typical.toFixed(0)} ms, ${worst.toFixed(0)} ms`,
        "< 500 ms",
        worst < 500,
      ),
    ];
  } finally {
    clients.kill("SIGTERM");
    await gone;
  }
}

async function cpuPercent(pid: number): Promise<number> {
  const before = cpuSecondsOf(pid);
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  return ((cpuSecondsOf(pid) - before) / ((performance.now() - began) / 1000)) * 100;
}

/** Milliseconds. The death is nobody's deed: the dashboard must see it by itself. */
async function killToFrame(terminal: Terminal, { home, regionctl }: Bench): Promise<number> {
  const file = path.join(home, "stacks/default/nodes/backend-us.json");
  const { pid } = JSON.parse(fs.readFileSync(file, "utf8")) as { pid: number };
  const began = performance.now();
  process.kill(pid, "SIGKILL");
  await terminal.shows("that backend-us is down", (screen) => /backend-us\W+DOWN/.test(screen));
  const ms = performance.now() - began;
  await regionctl("heal", "--json");
  await terminal.shows("that backend-us is up again", (screen) => /backend-us\W+up/.test(screen));
  return ms;
}

/** In a process of its own, so that nothing else is in its memory. */
async function folded({ say }: Bench): Promise<Figure> {
  say(`folding ${FOLDED.toLocaleString("en")} events ...`);
  const fold = await outputOf<{ ms: number; rssMiB: number }>("fold.js", [String(FOLDED)]);
  return figure(
    `memory after ${FOLDED.toLocaleString("en")} events (whole process; time)`,
    `${fold.rssMiB.toFixed(0)} MiB, ${(fold.ms / 1000).toFixed(2)} s`,
    "< 150 MiB",
    fold.rssMiB < 150,
  );
}
