// kill -9 of the command itself at random instants: afterwards `down --all` leaves nothing, and nobody else's process is touched.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { seeded } from "../../src/model/random.ts";
import { leftOf, marksOf } from "../cli/bad-days.ts";
import { alive, type Identity } from "../../src/runtimes/embedded/processes.ts";
import { repository, sandbox } from "../support/cli.ts";

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
  const others = nodesOf(bystander.home);
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
      const unharmed = stranger.exitCode === null && stranger.signalCode === null && others.every(alive);
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

/** The processes of a stack's nodes, as its directory knows them. */
function nodesOf(home: string): readonly Identity[] {
  const nodes = path.join(home, "stacks/default/nodes");
  const found = fs
    .readdirSync(nodes)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(fs.readFileSync(path.join(nodes, file), "utf8")) as Identity);
  if (found.length !== 6 || !found.every(alive)) throw new Error(`the bystander's stack in ${home} does not stand`);
  return found;
}
