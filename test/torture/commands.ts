// kill -9 of the command itself at random instants: afterwards `down --all` leaves nothing, and nobody else's process is touched.
import { spawn } from "node:child_process";
import path from "node:path";
import { seeded } from "../../src/model/random.ts";
import { leftOf, marksOf } from "../cli/bad-days.ts";
import { processesOf, repository, sandbox } from "../support/cli.ts";

/** Long enough to reach every phase: starting, steps, settling, taking down. */
const LONGEST_MS = 6_000;

const COMMANDS: readonly (readonly string[])[] = [
  ["scenario", "run", path.join(repository, "scenarios/failover.yaml")],
  ["up"],
  ["up", "--stack", "other"],
];

export async function killCommands({ times, seed }: { times: number; seed: number }): Promise<boolean> {
  const random = seeded(`commands ${seed}`);
  await using bystander = sandbox();
  await bystander.facts("up");
  const stranger = spawn(
    process.execPath,
    ["-e", "setInterval(() => {}, 1000)", "--", "--node=000000000000.backend-us"],
    { stdio: "ignore" },
  );
  const before = processesOf(bystander.home).length;
  let ok = true;
  try {
    await using box = sandbox();
    for (let i = 1; i <= times; i++) {
      const command = random.pick(COMMANDS);
      // Half of the instants fall into the first second, where processes are being started.
      const afterMs = random.next() < 0.5 ? random.next() * 1_000 : random.next() * LONGEST_MS;
      const { child, done } = box.start(...command);
      const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
      await done;
      clearTimeout(timer);
      const marks = marksOf(box.home);
      const down = await box.run("down", "--all");
      const left = leftOf(box.home, marks);
      const unharmed =
        stranger.exitCode === null && stranger.signalCode === null && processesOf(bystander.home).length === before;
      if (down.code === 0 && left.length === 0 && unharmed) continue;
      ok = false;
      process.stdout.write(
        `torture: killed "${command.join(" ")}" after ${Math.round(afterMs)} ms (number ${i}): ${unharmed ? "" : "a stranger was harmed; "}left: ${left.join("; ") || "nothing"}; down said ${down.code} ${down.stderr}\n`,
      );
    }
  } finally {
    stranger.kill("SIGKILL");
  }
  process.stdout.write(
    `torture: ${times} times kill -9 of the command, seed ${seed}: ${ok ? "nothing left, nobody else touched" : "FAILED"}\n`,
  );
  return ok;
}
