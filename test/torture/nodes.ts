// SIGKILLs of random nodes, one after the other and all at once, while clients of every region write the same few rows.
import fs from "node:fs";
import path from "node:path";
import type { Event } from "../../src/model/event.ts";
import { sandbox } from "../support/cli.ts";

/** One fault at a time, as fast as the nodes come back. */
const EVERY_MS = 100;
/** A fault takes 1.6 nodes on average and lasts until they answer again: generous for a busy machine. */
const PER_KILL_MS = 700;

export async function killNodes({
  kills,
  seed,
  regions,
}: {
  kills: number;
  seed: number;
  regions: string;
}): Promise<boolean> {
  await using box = sandbox();
  const file = path.join(box.directory, "torture.yaml");
  fs.writeFileSync(file, scenario(kills, seed));
  const running = box.start("scenario", "run", file, "--regions", regions, "--json");
  running.child.stderr?.pipe(process.stderr);
  const end = await running.done;
  if (end.stdout.trim() === "" || end.code === null || end.code > 3) {
    process.stdout.write(`torture: the run ended with ${end.code ?? end.signal}\n${end.stdout}${end.stderr}\n`);
    return false;
  }
  const run = JSON.parse(end.stdout) as {
    verdict: string;
    directory: string;
    verdicts: readonly { text: string; valid: unknown; summary: string; story?: readonly string[] }[];
  };
  const killed = nodesKilled(path.join(run.directory, "events.ndjson"));
  process.stdout.write(`torture: ${killed} SIGKILLs of nodes, seed ${seed}, regions ${regions}: ${run.verdict}\n`);
  for (const { text, valid, summary, story } of run.verdicts) {
    process.stdout.write(`  ${valid === true ? "✓" : "✗"} ${text}: ${summary}\n`);
    if (valid !== true) for (const sentence of story ?? []) process.stdout.write(`      ${sentence}\n`);
  }
  if (end.code !== 0) {
    const kept = path.join(process.cwd(), "runs", path.basename(run.directory));
    fs.cpSync(run.directory, kept, { recursive: true });
    process.stdout.write(`the run is kept: regionctl check ${kept}\n`);
  }
  if (killed < kills)
    process.stdout.write(`torture: only ${killed} of ${kills} kills fitted into the time: this machine is too busy\n`);
  return end.code === 0 && killed >= kills;
}

/** Every node that a kill took down, counted from what was measured. */
function nodesKilled(file: string): number {
  const events = fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);
  const faults = new Map(
    events.flatMap((event) =>
      event.type === "fault" && event.phase === "begun" ? [[event.fault.id, event.fault]] : [],
    ),
  );
  return events.reduce((sum, event) => {
    if (event.type !== "fault" || event.phase !== "proved" || !event.effective) return sum;
    return sum + (faults.get(event.id)?.targets.length ?? 0);
  }, 0);
}

function scenario(kills: number, seed: number): string {
  const forMs = kills * PER_KILL_MS;
  return `name: torture
about: Random nodes are killed while clients of every region write the same rows; nothing acknowledged may be lost, nothing applied twice.
topology: property
seed: ${seed}
timeout: ${Math.ceil(forMs / 1000) + 120}s
traffic:
  - { workload: edit-properties, clients: 16, rate: 100/s, keys: 12, reads: 30%, repeats: 10% }
steps:
  - chaos:
      - { kill: one(backend), for: 100ms }
      - { kill: one(backend), for: 100ms }
      - { kill: one(postgres), for: 100ms }
      - { kill: one(postgres), for: 100ms }
      - { kill: all(kafka), for: 100ms }
      - { kill: all(kafka), for: 100ms }
      - { kill: all(gateway), for: 80ms }
      - { kill: one(backend), for: 60ms }
      - { kill: [all(backend), all(postgres), all(kafka), all(gateway)], for: 80ms }
    every: ${EVERY_MS}ms
    for: ${forMs}ms
  - settle:
    within: 60s
expect:
  - no-lost-writes
  - no-duplicates
  - converges: { within: 60s }
`;
}
