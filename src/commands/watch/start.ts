// Starts the dashboard of a run in a process of its own, which has the terminal until it is gone; and knows when the terminal is
// as it was, also where that process died with it.
import { execFileSync, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { DashboardProcess, FromDashboard } from "./beside.ts";

/** The hidden command that it is. */
export const DASHBOARD = "__dashboard";

/** Of a dashboard that died its guard (dashboard/terminal.ts) gives the terminal back: the settings, and right after them the screen. */
const GIVEN_BACK_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 50;

export function startDashboard(): DashboardProcess {
  const before = settings();
  // In the same group of processes, or it could not read what is typed.
  const child = spawn(process.execPath, [process.argv[1]!, DASHBOARD], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  const heardOut = new Promise<void>((resolve) => child.once("disconnect", resolve));
  const gone = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(`it could not be started: ${error.message}`);
    });
    child.once("exit", (code, signal) => {
      const how = signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
      const isWell = code === 0;
      void Promise.all([heardOut, isWell || givenBack(before)]).then(() => resolve(isWell ? undefined : how));
    });
  });
  return {
    // Whether it was written makes no difference: a process that hears nothing any more is gone in a moment.
    send: (message) => new Promise((resolve) => void child.send(message, () => resolve())),
    listen: (heard) => void child.on("message", (message) => heard(message as FromDashboard)),
    gone,
    kill: () => void child.kill("SIGKILL"),
  };
}

async function givenBack(before: string): Promise<void> {
  const deadline = performance.now() + GIVEN_BACK_WITHIN_MS;
  do await sleep(LOOK_EVERY_MS);
  while (settings() !== before && performance.now() < deadline);
  await sleep(LOOK_EVERY_MS);
}

/** As stty writes them for itself; empty where there is no stty. */
function settings(): string {
  try {
    return execFileSync("stty", ["-g"], { stdio: ["inherit", "pipe", "ignore"], encoding: "utf8" });
  } catch {
    return "";
  }
}
