// How long a write of us takes until eu shows it, through the round trip of a WAN: from its acknowledgement to the first read
// that has it. One writer per key, so a value that is shown speaks for every earlier one of its key.
import { Agent, request } from "undici";
import type { Bench } from "./bench.ts";
import { type Figure, figure } from "./figure.ts";
import { type Spread, spread } from "./links/measures.ts";

const ONE_WAY_MS = 40;
const ROUND_TRIP_MS = 2 * ONE_WAY_MS;
const SLOW: Rate = { perSecond: 1, seconds: 20, keys: 1 };
const FAST: Rate = { perSecond: 200, seconds: 20, keys: 20 };

/** The same without and with a WAN, in both directions: one of them has Kafka at home. */
export async function replicationFigures({ regionctl, say }: Bench): Promise<readonly Figure[]> {
  await regionctl("up", "--json");
  const [us, eu] = await sidesOf({ regionctl });
  const figures: Figure[] = [];
  for (const wan of [false, true]) {
    if (wan) await regionctl("latency", "us", "eu", "--add", `${ONE_WAY_MS}ms`, "--json");
    for (const [from, to] of [
      [us, eu],
      [eu, us],
    ] as const) {
      const way = `${from.region} -> ${to.region}, ${wan ? `round trip ${ROUND_TRIP_MS} ms` : "no WAN"}`;
      say(`replication lag ${way} ...`);
      const slow = await replicationLag(from, to, SLOW);
      const fast = await replicationLag(from, to, FAST);
      const said = ({ p50, p99, count }: typeof slow) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms (${count} writes)`;
      const near = Math.abs(slow.p50 - ONE_WAY_MS) <= 10;
      const quick = fast.p50 <= 1.2 * ROUND_TRIP_MS && fast.p99 <= 1.8 * ROUND_TRIP_MS;
      figures.push(
        figure(`replication lag p50 / p99, 1 write/s, ${way}`, said(slow), wan ? "p50 30-50 ms" : "", near),
        figure(`replication lag p50 / p99, 200 writes/s, ${way}`, said(fast), wan ? "<= 96 / 144 ms" : "", quick),
      );
    }
  }
  await regionctl("down", "--json");
  return figures;
}

/** The backends of the stack that is up. */
export async function sidesOf({ regionctl }: Pick<Bench, "regionctl">): Promise<readonly [us: Side, eu: Side]> {
  const [stack] = (await regionctl("status", "--json")).facts as readonly [
    { nodes: readonly { node: string; address: string }[] },
  ];
  const side = (region: string): Side => ({
    region,
    url: `http://${stack.nodes.find(({ node }) => node === `backend-${region}`)!.address}`,
  });
  return [side("us"), side("eu")];
}

const WARM_UP_MS = 3_000;
/** How long the last writes are waited for. */
const PATIENCE_MS = 10_000;

export interface Rate {
  perSecond: number;
  seconds: number;
  keys: number;
}

/** Addresses of the two backends, asked directly. Milliseconds. */
export async function replicationLag(from: Side, to: Side, rate: Rate): Promise<Spread & { count: number }> {
  const agent = new Agent({ connections: 64 });
  const waiting = new Map<number, { value: number; at: number }[]>();
  const lags: number[] = [];
  const keys = Array.from({ length: rate.keys }, (_, i) => i + 1);
  const began = performance.now();
  const end = began + WARM_UP_MS + rate.seconds * 1_000;
  let writing = true;

  const write = async (key: number): Promise<void> => {
    let { version, value } = await read(agent, from, key);
    const everyMs = (rate.keys / rate.perSecond) * 1_000;
    for (let due = began + (key / rate.keys) * everyMs; due < end; due += everyMs) {
      await pass(due - performance.now());
      value = Math.max(value + 1, 1_000);
      version = await put(agent, from, key, value, version);
      const at = performance.now();
      waiting.set(key, [...(waiting.get(key) ?? []), { value, at }]);
    }
  };

  const look = async (): Promise<void> => {
    const answer = await request(`${to.url}/${to.region}/properties?limit=${rate.keys}`, { dispatcher: agent });
    const { properties } = (await answer.body.json()) as { properties: readonly { id: number; price: number }[] };
    const now = performance.now();
    for (const { id, price } of properties) {
      const open = waiting.get(id) ?? [];
      for (const { value, at } of open) if (value <= price && at > began + WARM_UP_MS) lags.push(now - at);
      waiting.set(
        id,
        open.filter(({ value }) => value > price),
      );
    }
  };

  const looking = (async () => {
    const giveUp = () => performance.now() > end + PATIENCE_MS;
    while (writing || [...waiting.values()].some((open) => open.length > 0)) {
      if (giveUp()) throw new Error("not every write was shown by the other region");
      await look();
      await pass(1);
    }
  })();
  await Promise.all([Promise.all(keys.map(write)).finally(() => (writing = false)), looking]);
  await agent.destroy();
  return { ...spread(lags), count: lags.length };
}

const WRITERS = 16;
const WRITING_MS = 5_000;

/** Acknowledged PUTs a second of a region's backend, asked directly: writers that each wait for their answer. */
export async function putsPerSecond(side: Side): Promise<number> {
  const agent = new Agent({ connections: WRITERS });
  const began = performance.now();
  const counts = await Promise.all(
    Array.from({ length: WRITERS }, async (_, i) => {
      let { version, value } = await read(agent, side, i + 1);
      let written = 0;
      for (; performance.now() < began + WRITING_MS; written++) {
        value = Math.max(value + 1, 1_000);
        version = await put(agent, side, i + 1, value, version);
      }
      return written;
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  await agent.destroy();
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

/** The new version. */
export async function put(agent: Agent, side: Side, key: number, price: number, version: number): Promise<number> {
  const answer = await request(`${side.url}/${side.region}/properties/${key}`, {
    method: "PUT",
    dispatcher: agent,
    headers: { "content-type": "application/json", "x-request-id": crypto.randomUUID() },
    body: JSON.stringify({ price, version }),
  });
  const body = (await answer.body.json()) as { version: number };
  if (answer.statusCode !== 200) throw new Error(`a write of key ${key} was answered ${answer.statusCode}`);
  return body.version;
}

export interface Side {
  region: string;
  url: string;
}

export async function read(agent: Agent, side: Side, key: number): Promise<{ version: number; value: number }> {
  const answer = await request(`${side.url}/${side.region}/properties/${key}`, { dispatcher: agent });
  const body = (await answer.body.json()) as { version: number; price: number };
  return { version: body.version, value: body.price };
}

const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
