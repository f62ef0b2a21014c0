// The Docker runtime: how fast a stack stands, beside other ways to start the same; how fast it serves again after a SIGKILL;
// and how fast it writes and replicates, beside the embedded one in the same run.
import { type Bench, benchIn } from "../bench.ts";
import { type Figure, figure } from "../figure.ts";
import { putsPerSecond, replicationLag, sidesOf } from "../replication.ts";
import { killFigures } from "./kills.ts";
import { upFigures } from "./up.ts";

const RATE = { perSecond: 200, seconds: 15, keys: 20 };
const P50_MS = 10;
const P99_MS = 50;

export async function dockerFigures(embedded: Bench): Promise<readonly Figure[]> {
  const bench = benchIn(embedded.home, "docker");
  const ups = await upFigures(bench);
  const kills = await killFigures(bench);
  return [...ups, ...kills, ...(await traffic(bench)), ...(await traffic(embedded))];
}

async function traffic(bench: Bench): Promise<readonly Figure[]> {
  const { runtime, regionctl, say } = bench;
  await regionctl("up", "--json");
  const [us, eu] = await sidesOf(bench);
  say(`replication lag at ${RATE.perSecond} writes/s, ${runtime} ...`);
  const figures: Figure[] = [];
  for (const [from, to] of [
    [us, eu],
    [eu, us],
  ] as const) {
    const { p50, p99, count } = await replicationLag(from, to, RATE);
    figures.push(
      figure(
        `replication lag p50 / p99, ${RATE.perSecond} writes/s, ${from.region} -> ${to.region}, ${runtime}`,
        `${p50.toFixed(1)} / ${p99.toFixed(1)} ms (${count} writes)`,
        runtime === "docker" ? `< ${P50_MS} / < ${P99_MS} ms` : "",
        p50 < P50_MS && p99 < P99_MS,
      ),
    );
  }
  say(`PUT/s, ${runtime} ...`);
  const rate = await putsPerSecond(us);
  await regionctl("down", "--json");
  return [...figures, figure(`PUT/s of one region, 16 writers, ${runtime}`, rate.toFixed(0), "", true)];
}
