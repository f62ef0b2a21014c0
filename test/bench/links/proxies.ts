// The proxies that are compared: none, the link program, and Toxiproxy 2 where Go can build it.
import { execFile } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { request } from "undici";
import type { Effect, LinkConfig } from "../../../src/model/link.ts";
import { type Running, start } from "../processes.ts";

const run = promisify(execFile);
const PROGRAM = path.resolve(import.meta.dirname, "../programs/links.cjs");
const TOXIPROXY = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0";
const PROXY_CORE = 1;
const READY_WITHIN_MS = 20_000;

/** What is done to the bytes that flow towards the upstream, in words that both know. */
export interface Treatment {
  delayMs?: number;
  bytesPerSecond?: number;
}

export interface Proxied extends AsyncDisposable {
  port: number;
  /** Absent for none. */
  process?: Running;
}

export type Proxy = (upstreamPort: number, treatment?: Treatment) => Promise<Proxied>;

export const direct: Proxy = async (port) => ({ port, [Symbol.asyncDispose]: async () => {} });

export const link: Proxy = async (upstreamPort, treatment = {}) => {
  const port = await freePort();
  const effects: Effect[] = [
    ...(treatment.delayMs === undefined ? [] : [{ type: "delay" as const, addMs: treatment.delayMs, jitterMs: 0 }]),
    ...(treatment.bytesPerSecond === undefined
      ? []
      : [{ type: "cap" as const, bytesPerSecond: treatment.bytesPerSecond }]),
  ];
  const config: LinkConfig = {
    listeners: [
      {
        from: "here",
        to: "peer",
        toZone: "there",
        listen: { host: "127.0.0.1", port },
        upstream: { host: "127.0.0.1", port: upstreamPort },
      },
    ],
    rules: effects.map((effect, i) => ({ id: `rule ${i}`, from: "here", to: "there", effect })),
  };
  return started(start(PROXY_CORE, process.execPath, [PROGRAM], { LINK_CONFIG: JSON.stringify(config) }), port);
};

/** undefined, with the reason, where it cannot be had. */
export async function toxiproxy(): Promise<Proxy | string> {
  const directory = path.join(os.tmpdir(), "regionctl-bench-toxiproxy");
  const binary = path.join(directory, "server");
  if (!fs.existsSync(binary)) {
    try {
      await run("go", ["install", TOXIPROXY], { env: { ...process.env, GOBIN: directory }, timeout: 300_000 });
    } catch (error) {
      return `Toxiproxy could not be built (${(error as Error).message.split("\n")[0]}): it is compared where Go is installed and reaches its modules`;
    }
  }
  return async (upstreamPort, treatment = {}) => {
    const [port, api] = [await freePort(), await freePort()];
    const process = start(PROXY_CORE, binary, ["-port", String(api)], { LOG_LEVEL: "error" });
    const post = async (where: string, body: object) => {
      const answer = await request(`http://127.0.0.1:${api}${where}`, { method: "POST", body: JSON.stringify(body) });
      if (answer.statusCode >= 300) throw new Error(`Toxiproxy: ${await answer.body.text()}`);
      await answer.body.dump();
    };
    await connects(api);
    await post("/proxies", { name: "peer", listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${upstreamPort}` });
    const toxic = (type: string, attributes: object) =>
      post("/proxies/peer/toxics", { type, stream: "upstream", attributes });
    if (treatment.delayMs !== undefined) await toxic("latency", { latency: treatment.delayMs });
    if (treatment.bytesPerSecond !== undefined) await toxic("bandwidth", { rate: treatment.bytesPerSecond / 1_000 });
    return started(process, port);
  };
}

async function started(process: Running, port: number): Promise<Proxied> {
  process.child.stdout!.resume();
  await connects(port);
  return { port, process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

async function connects(port: number): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect({ port, host: "127.0.0.1" }, () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen({ port: 0, host: "127.0.0.1" }, () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
