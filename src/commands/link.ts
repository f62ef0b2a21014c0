// regionctl link: the link program alone, between any client and any upstream, so that anybody can try what a link does and
// compare it with another proxy.
import { spawn } from "node:child_process";
import os from "node:os";
import { Command, Option } from "commander";
import { CUT_MODES, type CutMode, type Effect, type HostPort, type LinkConfig } from "../model/link.ts";
import { UsageError } from "../model/problem.ts";
import { parseBandwidth, parseDuration, parsePercent } from "../model/units.ts";
import { programFile } from "../runtimes/embedded/programs.ts";

interface Options {
  listen: string;
  upstream: string;
  latency?: string;
  jitter?: string;
  bandwidth?: string;
  cut?: CutMode;
  flaky?: string;
}

/** Its zones; the rules act on both directions between them. */
const CLIENTS = "clients";
const UPSTREAM = "upstream";

export function link(): Command {
  return new Command("link")
    .description("Run one link alone, in the foreground: a TCP proxy with a wide-area network inside.")
    .requiredOption(
      "--listen <[host:]port>",
      "where clients connect; on this machine alone unless a host says otherwise",
    )
    .requiredOption("--upstream <[host:]port>", "where it leads")
    .option("--latency <duration>", "added one way, in both directions, e.g. 40ms")
    .option("--jitter <duration>", "give or take so much of it, e.g. 5ms")
    .option("--bandwidth <rate>", "of each direction, e.g. 1mbit, 10MB/s")
    .addOption(new Option("--cut <mode>", "cut it").choices(CUT_MODES))
    .option("--flaky <percent>", "the share of connections that is reset in a second, e.g. 5%")
    .addHelpText(
      "after",
      `
It ends with Ctrl-C. What the upstream refuses it refuses.

Examples:
  regionctl link --listen 7000 --upstream 5432 --latency 40ms --jitter 5ms
  regionctl link --listen 127.0.0.1:7000 --upstream db.example:5432 --bandwidth 1mbit
  regionctl link --listen 7000 --upstream 8080 --cut drop`,
    )
    .action(async (options: Options) => {
      process.exitCode = await run(configFor(options));
    });
}

function configFor(options: Options): LinkConfig {
  const listen = addressOf("--listen", options.listen);
  const upstream = addressOf("--upstream", options.upstream);
  if (listen.host === upstream.host && listen.port === upstream.port)
    throw new UsageError(`--listen and --upstream are both ${written(listen)}: it would lead to itself.`);
  const effects = effectsOf(options);
  const rules = effects.flatMap((effect) => [
    { id: `${effect.type} there`, from: CLIENTS, to: UPSTREAM, effect },
    // Only the side that opens them makes connections flaky.
    ...(effect.type === "flaky" ? [] : [{ id: `${effect.type} back`, from: UPSTREAM, to: CLIENTS, effect }]),
  ]);
  return { listeners: [{ from: CLIENTS, to: written(upstream), toZone: UPSTREAM, listen, upstream }], rules };
}

function effectsOf({ latency, jitter, bandwidth, cut, flaky }: Options): readonly Effect[] {
  const effects: Effect[] = [];
  if (latency !== undefined || jitter !== undefined) {
    const addMs = latency === undefined ? 0 : durationOf("--latency", latency);
    effects.push({ type: "delay", addMs, jitterMs: jitter === undefined ? 0 : durationOf("--jitter", jitter) });
  }
  if (bandwidth !== undefined) {
    const bytesPerSecond = parseBandwidth(bandwidth);
    if (bytesPerSecond === undefined || !(bytesPerSecond > 0) || bytesPerSecond > 1e12)
      throw new UsageError(`--bandwidth takes a rate with its unit, e.g. 1mbit, 512kbit, 10MB/s, not "${bandwidth}".`);
    effects.push({ type: "cap", bytesPerSecond });
  }
  if (cut !== undefined) effects.push({ type: "cut", mode: cut });
  if (flaky !== undefined) {
    const resetsPerSecond = parsePercent(flaky);
    if (resetsPerSecond === undefined || resetsPerSecond > 1)
      throw new UsageError(`--flaky takes a percentage from 0% to 100%, e.g. 5%, not "${flaky}".`);
    effects.push({ type: "flaky", resetsPerSecond });
  }
  return effects;
}

function durationOf(option: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new UsageError(`${option} takes a duration with its unit, e.g. 40ms, 1.5s, not "${text}".`);
  return ms;
}

/** "7000", "127.0.0.1:7000", "[::1]:7000". */
function addressOf(option: string, text: string): HostPort {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535)
    throw new UsageError(`${option} takes an address, e.g. 127.0.0.1:7000 or a port from 1 to 65535, not "${text}".`);
  return { host: match[1] ?? match[2] ?? "127.0.0.1", port };
}

const written = ({ host, port }: HostPort) => `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Its exit code. */
function run(config: LinkConfig): Promise<number> {
  const child = spawn(process.execPath, [programFile("links")], {
    // By the channel it notices when this command is gone, however it went.
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, LINK_CONFIG: JSON.stringify(config) },
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(name);
    // Ctrl-C reaches it by itself.
    process.on(name, () => (name === "SIGINT" ? undefined : child.kill(name)));
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + os.constants.signals[signal!]));
  });
}
