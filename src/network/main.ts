// The links of a stack as a program: LINK_CONFIG -> proxy, and a control API for those who know the token.
import { lookup } from "node:dns/promises";
import type { LinkListener } from "../model/link.ts";
import { readConfig } from "./config.ts";
import { serveControl } from "./control.ts";
import { createProxy } from "./proxy.ts";

function say(line: string): void {
  // Others choose some of the words, so what could pretend to be another line is taken out.
  const oneLine = line.replaceAll(/\s*\n\s*/g, " | ").replaceAll(/\p{Cc}/gu, "?");
  process.stdout.write(`${new Date().toISOString()} ${oneLine}\n`);
}

function fail(reason: string): never {
  say(reason);
  process.exit(1);
}

/** Names are looked up once: a listener that opens again, and a probe of it, must mean the place where clients come in. */
async function located({ listen, ...listener }: LinkListener): Promise<LinkListener> {
  const { address } = await lookup(listen.host).catch((error: Error) => {
    throw new Error(`there is no address of this machine behind ${listen.host}, to listen on: ${error.message}`);
  });
  return { ...listener, listen: { ...listen, host: address } };
}

async function main(): Promise<void> {
  const given = readConfig(process.env["LINK_CONFIG"]);
  const config = { ...given, listeners: await Promise.all(given.listeners.map(located)) };
  const proxy = await createProxy({ config, say, random: Math.random });
  if (config.control) await serveControl({ control: config.control, proxy, listeners: config.listeners });
  for (const { from, to, toZone, listen, upstream } of config.listeners)
    say(
      `${from} reaches ${to} (${toZone}) on ${listen.host}:${listen.port}, behind it ${upstream.host}:${upstream.port}`,
    );
  const stop = (signal: string) => {
    say(`${signal}: stopping`);
    proxy.close();
    // The resets leave first.
    setImmediate(() => process.exit(0));
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
  // Where whoever started it holds a channel to it, it ends with them.
  process.once("disconnect", () => stop("started by a command that is gone"));
}

// Whoever read the log may be gone; that is no reason to stop.
process.stdout.on("error", () => {});
process.on("uncaughtException", (error) => fail(`stopping after an unexpected error: ${error.stack}`));
main().catch((error: unknown) => fail(`cannot start: ${error instanceof Error ? error.message : String(error)}`));
