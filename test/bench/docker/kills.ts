// SIGKILL of a container to serving again: by the other region through the gateway, and by the node itself, which is started
// again at once. "Serving" is what a client has of it, not a process that runs.
import { Agent, request } from "undici";
import { loadTopologyOrThrow } from "../../../src/commands/files.ts";
import type { Node } from "../../../src/model/cluster.ts";
import { docker } from "../../../src/runtimes/docker/cluster.ts";
import { connect } from "../../../src/runtimes/docker/engine.ts";
import { containerName } from "../../../src/runtimes/docker/site.ts";
import type { Bench } from "../bench.ts";
import { failoverTimes } from "../failover.ts";
import { type Figure, figure, median } from "../figure.ts";
import { put, read, type Side, sidesOf } from "../replication.ts";
import { placeOf } from "./up.ts";

const ROUNDS = 5;
const TRY_EVERY_MS = 5;
const PATIENCE_MS = 30_000;
/** One that nothing else of the bench writes. */
const KEY = 500;

export async function killFigures(bench: Bench): Promise<readonly Figure[]> {
  const { regionctl, say } = bench;
  await regionctl("up", "--json");
  const [{ gateway }] = (await regionctl("status", "--json")).facts as readonly [{ gateway: string }];
  const place = placeOf(bench.home);
  const engine = await connect();
  const agent = new Agent({ connections: 8 });

  say("SIGKILL of a backend to the first answer from the other region ...");
  const failover = await failoverTimes({
    rounds: ROUNDS,
    kill: () => engine.docker.getContainer(containerName(place, "backend-us")).kill({ signal: "SIGKILL" }),
    read: async () => {
      const answer = await request(`${gateway}/us/properties/1`, { dispatcher: agent });
      await answer.body.text();
      return { status: answer.statusCode, servedBy: String(answer.headers["x-served-by"] ?? "") };
    },
    restart: async () => void (await regionctl("heal", "--json")),
    hold: async () => void (await regionctl("kill", "backend-us", "--json")),
  });

  const { nodes } = await docker().reconnect(place, loadTopologyOrThrow("property"));
  const node = (name: string) => nodes.find(({ spec }) => spec.name === name)!;
  const [us, eu] = await sidesOf(bench);
  const again = async (name: string, serves: () => Promise<boolean>): Promise<readonly number[]> => {
    say(`SIGKILL of ${name} to serving again ...`);
    const times: number[] = [];
    for (let i = 0; i < ROUNDS; i++) times.push(await servingAgain(node(name), serves));
    return times;
  };
  const backend = await again(
    "backend-us",
    async () => (await node("backend-us").request("/us/health")).status === 200,
  );
  const database = await again("db-us", () => writes(agent, us));
  const kafka = await again("kafka", () => node("kafka").answers());
  const replicates = await again("kafka", async () => replicatesWithin(agent, us, eu));
  await agent.destroy();
  await regionctl("down", "--json");

  const said = (ms: readonly number[]) => `${seconds(median(ms))}, ${seconds(Math.max(...ms))}`;
  return [
    figure(
      "SIGKILL of a backend to the first answer from the other region (median, worst)",
      `${median(failover.ms).toFixed(1)} ms, ${Math.max(...failover.ms).toFixed(1)} ms`,
      "< 50 ms",
      median(failover.ms) < 50,
    ),
    figure(`failed reads meanwhile (of ${failover.reads})`, String(failover.failed), "0", failover.failed === 0),
    figure(
      "SIGKILL of a backend to its own answer again (median, worst)",
      said(backend),
      "< 1.5 s",
      median(backend) < 1_500,
    ),
    figure("SIGKILL of a database to the first write acknowledged (median, worst)", said(database), "", true),
    figure(
      "SIGKILL of Kafka until it answers its protocol (median, worst)",
      said(kafka),
      "< 4 s",
      median(kafka) < 4_000,
    ),
    figure("SIGKILL of Kafka until a write of us is shown by eu (median, worst)", said(replicates), "", true),
  ];
}

/** Killed, and started again at once. */
async function servingAgain(node: Node, serves: () => Promise<boolean>): Promise<number> {
  while (!(await serves().catch(() => false))) await pass(TRY_EVERY_MS); // from whole to whole
  const began = performance.now();
  await node.kill();
  const starting = node.start();
  while (!(await serves().catch(() => false))) {
    if (performance.now() > began + PATIENCE_MS) throw new Error(`${node.spec.name} does not serve again`);
    await pass(TRY_EVERY_MS);
  }
  const ms = performance.now() - began;
  await starting;
  return ms;
}

async function writes(agent: Agent, side: Side): Promise<boolean> {
  const { version, value } = await read(agent, side, KEY);
  return (await put(agent, side, KEY, Math.max(value + 1, 1_000), version)) > version;
}

/** A write of one region, and the other shows it. */
async function replicatesWithin(agent: Agent, from: Side, to: Side): Promise<boolean> {
  const { version, value } = await read(agent, from, KEY);
  const price = Math.max(value + 1, 1_000);
  await put(agent, from, KEY, price, version);
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await pass(TRY_EVERY_MS))
    if ((await read(agent, to, KEY)).value >= price) return true;
  return false;
}

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
