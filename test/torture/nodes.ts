// SIGKILLs of random nodes, one after the other and all at once, and a network that is cut, slow, flaky and confused in between,
// while clients of every region write the same few rows.
import fs from "node:fs";
import path from "node:path";
import type { Runtime } from "../../src/model/cluster.ts";
import type { Event } from "../../src/model/event.ts";
import { sandbox } from "../support/cli.ts";

/** One fault at a time, and none that lasts longer than this: long enough to be measured on a busy machine. */
const EVERY_MS = 1_000;

/**
 * Two of three faults kill, 1.6 nodes on average, and last until those answer again. Milliseconds per kill, generous for a busy
 * machine: Apache Kafka alone is back only seconds after a SIGKILL.
 */
const PER_KILL_MS: Readonly<Record<RuntimeName, number>> = { embedded: 1_500, docker: 4_000 };

export type RuntimeName = Runtime["name"];

export async function killNodes({
  kills,
  seed,
  regions,
  runtime,
}: {
  kills: number;
  seed: number;
  regions: string;
  runtime: RuntimeName;
}): Promise<boolean> {
  await using box = sandbox({ REGIONCTL_RUNTIME: runtime });
  const file = path.join(box.directory, "torture.yaml");
  fs.writeFileSync(file, scenario(kills * PER_KILL_MS[runtime], seed, regions.split(",")));
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
  const { killed, disturbed } = tally(path.join(run.directory, "events.ndjson"));
  process.stdout.write(
    `torture: ${killed} SIGKILLs of nodes, ${disturbed} faults of the network, seed ${seed}, regions ${regions}, ${runtime}: ${run.verdict}\n`,
  );
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

/** Every node that a kill took down and every other fault, counted from what was measured. */
function tally(file: string): { killed: number; disturbed: number } {
  const events = fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);
  const proved = new Set(
    events.flatMap((event) =>
      event.type === "fault" && event.phase === "proved" && event.effective ? [event.id] : [],
    ),
  );
  const faults = events.flatMap((event) =>
    event.type === "fault" && event.phase === "begun" && proved.has(event.fault.id) ? [event.fault] : [],
  );
  const kills = faults.filter(({ kind }) => kind === "kill");
  return {
    killed: kills.reduce((sum, { targets }) => sum + targets.length, 0),
    disturbed: faults.length - kills.length,
  };
}

const KILLS: readonly string[] = [
  "kill: one(backend), for: 100ms",
  "kill: one(backend), for: 100ms",
  "kill: one(postgres), for: 100ms",
  "kill: one(postgres), for: 100ms",
  "kill: all(kafka), for: 100ms",
  "kill: all(kafka), for: 100ms",
  "kill: all(gateway), for: 80ms",
  "kill: one(backend), for: 60ms",
  "kill: [all(backend), all(postgres), all(kafka), all(gateway)], for: 80ms",
];

/** The first region is the home of Kafka, so every other one has a link to it. */
function networkFaults([home, ...others]: readonly string[]): readonly string[] {
  return [
    ...[home, ...others].map((region) => `partition: edge | ${region}, for: 1s`),
    ...others.flatMap((region) => [
      `partition: ${home} | ${region}, for: 1s`,
      `partition: ${home} -> ${region}, for: 1s`,
      `partition: ${home} | ${region}, mode: reset, for: 1s`,
      `partition: ${region} -> ${home}, mode: refuse, for: 1s`,
      `isolate: ${region}, for: 1s`,
      `latency: ${home} | ${region}, add: 40ms, jitter: 10ms, for: 1s`,
      `replication: ${home} -> ${region}, duplicate: 50%, for: 1s`,
      `replication: ${region} -> ${home}, reorder: 300ms, for: 1s`,
      `replication: ${home} -> ${region}, pause: true, for: 1s`,
    ]),
  ];
}

function scenario(forMs: number, seed: number, regions: readonly string[]): string {
  const network = networkFaults(regions);
  // Each kill stands there often enough that two of three draws are kills.
  const often = Math.max(1, Math.round((2 * network.length) / KILLS.length));
  const faults = [...Array.from({ length: often }, () => KILLS).flat(), ...network];
  return `name: torture
about: Random nodes are killed and the network between them is broken while clients of every region write the same rows; nothing acknowledged may be lost, nothing applied twice.
topology: property
seed: ${seed}
timeout: ${Math.ceil(forMs / 1000) + 120}s
traffic:
  - { workload: edit-properties, clients: 16, rate: 100/s, keys: 12, reads: 30%, repeats: 10% }
steps:
  - chaos:
${faults.map((fault) => `      - { ${fault} }`).join("\n")}
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
