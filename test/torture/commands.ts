// kill -9 of the command itself at random instants: afterwards `down --all` leaves nothing, and nobody else's process or
// container is touched.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { seeded } from "../../src/model/random.ts";
import { leftOf, marksOf } from "../cli/bad-days.ts";
import { connect } from "../../src/runtimes/docker/engine.ts";
import { LABEL } from "../../src/runtimes/docker/site.ts";
import { alive, type Identity } from "../../src/runtimes/embedded/processes.ts";
import { repository, sandbox } from "../support/cli.ts";
import type { RuntimeName } from "./nodes.ts";

/** Long enough to reach every phase: starting, steps, settling, taking down. */
const LONGEST_MS = 6_000;

const COMMANDS: readonly (readonly string[])[] = [
  ["scenario", "run", path.join(repository, "scenarios/failover.yaml")],
  ["up"],
  ["up", "--stack", "other"],
];

export async function killCommands({
  times,
  seed,
  runtime,
}: {
  times: number;
  seed: number;
  runtime: RuntimeName;
}): Promise<boolean> {
  const random = seeded(`commands ${seed}`);
  await using bystander = sandbox({ REGIONCTL_RUNTIME: runtime });
  await bystander.facts("up");
  const stranger = spawn(
    process.execPath,
    ["-e", "setInterval(() => {}, 1000)", "--", "--node=000000000000.backend-us"],
    { stdio: "ignore" },
  );
  const others = await bystanders(runtime, bystander.home);
  let ok = true;
  try {
    await using box = sandbox({ REGIONCTL_RUNTIME: runtime });
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
      const left = [...leftOf(box.home, marks), ...(runtime === "docker" ? await onEngine(box.home) : [])];
      const unharmed = stranger.exitCode === null && stranger.signalCode === null && (await others.stand());
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
    `torture: ${times} times kill -9 of the command, seed ${seed}, ${runtime}: ${ok ? "nothing left, nobody else touched" : "FAILED"}\n`,
  );
  return ok;
}

interface Bystanders {
  /** All of them, and none was started again. */
  stand(): Promise<boolean>;
}

/** Those of the file, and the link program. */
const NODES = 7;

/** The nodes of a stack that nobody asked anything of. */
async function bystanders(runtime: RuntimeName, home: string): Promise<Bystanders> {
  if (runtime === "docker") {
    const before = await runningSince(home);
    if (before.size !== NODES) throw new Error(`the bystander's stack in ${home} does not stand`);
    return {
      async stand() {
        const now = await runningSince(home);
        return [...before].every(([id, since]) => now.get(id) === since);
      },
    };
  }
  const others = nodesOf(home);
  return { stand: async () => others.every(alive) };
}

/** The processes of a stack's nodes, as its directory knows them. */
function nodesOf(home: string): readonly Identity[] {
  const nodes = path.join(home, "stacks/default/nodes");
  const found = fs
    .readdirSync(nodes)
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(fs.readFileSync(path.join(nodes, file), "utf8")) as Identity);
  if (found.length !== NODES || !found.every(alive)) throw new Error(`the bystander's stack in ${home} does not stand`);
  return found;
}

/** Everything on the engine that belongs to stacks below this home, found by the labels alone. */
async function onEngine(home: string): Promise<readonly string[]> {
  const { docker } = await connect();
  const filters = { label: [LABEL.stack] };
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const ours = ({ Labels }: { Labels?: Readonly<Record<string, string>> }) =>
    (Labels?.[LABEL.directory] ?? "").startsWith(`${home}/`);
  return [
    ...containers.filter(ours).map(({ Names }) => `container ${Names.join()}`),
    ...networks.filter(ours).map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).filter(ours).map(({ Name }) => `volume ${Name}`),
  ];
}

/** The containers of stacks below this home that run, and since when. */
async function runningSince(home: string): Promise<ReadonlyMap<string, string>> {
  const { docker } = await connect();
  const containers = await docker.listContainers({ filters: { label: [LABEL.stack] } });
  const ours = containers.filter(({ Labels }) => Labels[LABEL.directory]?.startsWith(`${home}/`));
  const looked = await Promise.all(ours.map(({ Id }) => docker.getContainer(Id).inspect()));
  return new Map(looked.map(({ Id, State }) => [Id, State.StartedAt]));
}
