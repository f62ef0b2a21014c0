// What the links cost, beside a direct connection and beside Toxiproxy in the same run: every figure is a ratio of
// measures taken in turns, since the machine may be busy with something else at any moment.
import { WINDOW_BYTES } from "../../../src/network/window.ts";
import { type Figure, figure, median } from "../figure.ts";
import { pinSelf, start, firstLine, unpinSelf } from "../processes.ts";
import { type Bulk, bulk, type Late, lateness, roundTrip, type Spread, stream } from "./measures.ts";
import { direct, link, type Proxy, type Proxied, toxiproxy, type Treatment } from "./proxies.ts";

const ROUNDS = 5;
const PINGS = 2_000;
const BULK_BYTES = 512e6;
const DELAY_MS = 50;
const MESSAGES = 400;
const CAP = 10e6;
const CORE = 0;

interface Ports {
  echo: number;
  sink: number;
  source: number;
}

export async function linkFigures(say: (line: string) => void): Promise<readonly Figure[]> {
  const rival = await toxiproxy();
  if (typeof rival === "string") say(rival);
  const other = typeof rival === "string" ? undefined : rival;
  await using peer = start(CORE, process.execPath, [`${import.meta.dirname}/peer.js`]);
  const ports = JSON.parse(await firstLine(peer)) as Ports;
  pinSelf(CORE);
  try {
    return [
      ...(await roundTrips(ports, other, say)),
      ...(await bulks(ports, other, say)),
      ...(await delays(other, say)),
      ...(await windows(say)),
      ...(await caps(say)),
    ];
  } finally {
    unpinSelf();
  }
}

async function roundTrips(ports: Ports, other: Proxy | undefined, say: (line: string) => void) {
  say("links: round trips ...");
  const took = await inTurns(
    { direct, link, other },
    () => ports.echo,
    (proxied) => roundTrip(proxied, PINGS),
  );
  const added = (name: string) => median(took[name]!.map((one, i) => one.p50 - took["direct"]![i]!.p50));
  const said = (name: string) => `${us(pick(took[name]!, "p50"))} / ${us(pick(took[name]!, "p99"))}`;
  const share = other ? added("link") / added("other") : NaN;
  return [
    figure(
      "1-byte round trip p50 / p99: direct; link; Toxiproxy",
      [said("direct"), said("link"), other ? said("other") : "-"].join("; "),
      "",
      true,
    ),
    ...(other ? [figure("added round trip, of Toxiproxy's", times(share), "<= 0.75x", share <= 0.75)] : []),
  ];
}

async function bulks(ports: Ports, other: Proxy | undefined, say: (line: string) => void) {
  const figures: Figure[] = [];
  for (const way of ["down", "up"] as const) {
    say(`links: a bulk stream ${way} ...`);
    const port = () => (way === "down" ? ports.source : ports.sink);
    const took = await inTurns({ direct, link, other }, port, (proxied) => bulk(proxied, way, BULK_BYTES));
    const of = (name: string, what: keyof Bulk) => median(took[name]!.map((one) => one[what]));
    const said = (name: string) =>
      `${of(name, "megabytesPerSecond").toFixed(0)} MB/s, ${of(name, "cpuPerGigabyte").toFixed(2)} s/GB`;
    figures.push(
      figure(
        `one bulk stream ${way}: direct; link; Toxiproxy`,
        [`${of("direct", "megabytesPerSecond").toFixed(0)} MB/s`, said("link"), other ? said("other") : "-"].join("; "),
        "",
        true,
      ),
    );
    if (!other) continue;
    const faster = of("link", "megabytesPerSecond") / of("other", "megabytesPerSecond");
    const cheaper = of("link", "cpuPerGigabyte") / of("other", "cpuPerGigabyte");
    figures.push(
      figure(`bulk ${way}, throughput of Toxiproxy's`, times(faster), ">= 1.7x", faster >= 1.7),
      figure(`bulk ${way}, processor per GB of Toxiproxy's`, times(cheaper), "<= 0.5x", cheaper <= 0.5),
    );
  }
  return figures;
}

async function delays(other: Proxy | undefined, say: (line: string) => void) {
  say(`links: how late a delay of ${DELAY_MS} ms is ...`);
  const measure = (proxy: Proxy) =>
    lateness((port) => proxy(port, { delayMs: DELAY_MS }), { delayMs: DELAY_MS, messages: MESSAGES, everyMs: 4 });
  const took: Record<string, Late[]> = { link: [], other: [] };
  for (let round = 0; round < ROUNDS; round++) {
    took["link"]!.push(await measure(link));
    if (other) took["other"]!.push(await measure(other));
  }
  const late = (name: string, what: keyof Spread) => median(took[name]!.map((one) => one.late[what]));
  const cpu = (name: string) => median(took[name]!.map((one) => one.cpuMsPerSecond));
  const said = (name: string) =>
    `${late(name, "p50").toFixed(2)} / ${late(name, "p99").toFixed(2)} ms, ${cpu(name).toFixed(0)} ms/s`;
  const share = other ? cpu("link") / cpu("other") : NaN;
  return [
    figure(
      `a ${DELAY_MS} ms delay is late, one way p50 / p99, processor: link; Toxiproxy`,
      [said("link"), other ? said("other") : "-"].join("; "),
      "< 0.1 / < 1 ms",
      late("link", "p50") < 0.1 && late("link", "p99") < 1,
    ),
    ...(other ? [figure("its processor time, of Toxiproxy's", times(share), "<= 1.2x", share <= 1.2)] : []),
  ];
}

async function windows(say: (line: string) => void) {
  say("links: one stream through a delay ...");
  const { bytesPerSecond, mostMiB, beganMiB } = await stream((port) => link(port, { delayMs: DELAY_MS }), {
    skipMs: 1_000,
    windowMs: 4_000,
  });
  const limit = WINDOW_BYTES / (DELAY_MS / 1_000);
  const share = bytesPerSecond / limit;
  return [
    figure(
      `one stream through ${DELAY_MS} ms, of window / delay (${(WINDOW_BYTES / 2 ** 20).toFixed(0)} MiB: ${(limit / 1e6).toFixed(0)} MB/s)`,
      `${(bytesPerSecond / 1e6).toFixed(0)} MB/s, ${times(share)}; memory ${beganMiB.toFixed(0)} -> ${mostMiB.toFixed(0)} MiB`,
      ">= 0.9x",
      share >= 0.9,
    ),
  ];
}

async function caps(say: (line: string) => void) {
  say("links: a cap ...");
  const { bytesPerSecond } = await stream((port) => link(port, { bytesPerSecond: CAP }), {
    skipMs: 1_000,
    windowMs: 5_000,
  });
  const off = Math.abs(bytesPerSecond / CAP - 1);
  return [figure("a cap of 10 MB/s passes", `${(bytesPerSecond / 1e6).toFixed(3)} MB/s`, "within 0.1 %", off <= 0.001)];
}

/** The same measure on each, in turns: what the machine does meanwhile hits all of them. */
async function inTurns<T>(
  proxies: Readonly<Record<string, Proxy | undefined>>,
  port: () => number,
  measure: (proxied: Proxied) => Promise<T>,
): Promise<Readonly<Record<string, readonly T[]>>> {
  const took: Record<string, T[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, proxy] of Object.entries(proxies)) {
      if (proxy === undefined) continue;
      await using proxied = await proxy(port(), {} satisfies Treatment);
      (took[name] ??= []).push(await measure(proxied));
    }
  }
  return took;
}

const pick = (spreads: readonly Spread[], what: keyof Spread) => median(spreads.map((one) => one[what]));
const us = (microseconds: number) => `${microseconds.toFixed(0)} us`;
const times = (share: number) => `${share.toFixed(2)}x`;
