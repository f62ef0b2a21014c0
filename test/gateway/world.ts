// Real backends (child processes that can be killed and paused) behind a real gateway: ours, or NGINX where it is installed.
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { renderNginx } from "../../src/gateway/nginx.ts";
import type { GatewayConfig } from "../../src/gateway/route.ts";

export const PROGRAM = new URL("../../dist/programs/gateway.cjs", import.meta.url).pathname;
const BACKEND = new URL("./backend.mjs", import.meta.url).pathname;

export interface Seen {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** The gateway left before it was answered. */
  left: boolean;
}

export interface Backend {
  name: string;
  region: string;
  address: string;
  /** Every request that has reached it by now. Not to be asked while it is paused. */
  seen(): Promise<readonly Seen[]>;
  writes(): Promise<readonly Seen[]>;
  kill(): Promise<void>;
  pause(): void;
  /** Up and running, whatever was done to it; and it has seen nothing. */
  restore(): Promise<void>;
}

export async function startBackend(region: string, { backlog = 511 } = {}): Promise<Backend> {
  const name = `backend-${region}`;
  let reports: Seen[] = [];
  let child: ChildProcess;
  let port = "0";
  let paused = false;
  let marks = 0;
  const start = async () => {
    child = spawn(process.execPath, [BACKEND], {
      env: { NAME: name, PORT: port, BACKLOG: String(backlog) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout! });
    [port] = (await once(lines, "line")) as [string];
    lines.on("line", (line) => reports.push(JSON.parse(line) as Seen));
  };
  const isDown = () => child.exitCode !== null || child.signalCode !== null;
  const kill = async () => {
    if (isDown()) return;
    child.kill("SIGKILL");
    // Its pipe is empty by then: nothing it saw is missed.
    await once(child, "close");
  };
  const seen = async () => {
    if (!isDown()) {
      // Reports come in order, so behind this request's own there is nothing left of earlier ones.
      const mark = `/mark/${(marks += 1)}`;
      await ask({ port: Number(port) }, `GET ${mark}`);
      await until(() => reports.some(({ path }) => path === mark));
    }
    return reports.filter(({ path }) => !path.startsWith("/mark/"));
  };
  await start();
  return {
    name,
    region,
    address: `127.0.0.1:${port}`,
    seen,
    writes: async () => (await seen()).filter(({ method, left }) => method === "PUT" && !left),
    kill,
    pause() {
      paused = true;
      child.kill("SIGSTOP");
    },
    async restore() {
      // Resumed, it would go on with what it was sent before the pause.
      if (paused) await kill();
      paused = false;
      await seen();
      reports = [];
      if (isDown()) await start();
    },
  };
}

export function configFor(backends: readonly Backend[]): GatewayConfig {
  return {
    routes: Object.fromEntries(backends.map(({ region }) => [`/${region}`, region])),
    upstreams: Object.fromEntries(backends.map(({ region, name, address }) => [region, [{ node: name, address }]])),
    order: backends.map(({ region }) => region),
  };
}

export interface Gateway extends AsyncDisposable {
  port: number;
  /** Every line it has logged so far. */
  log(): readonly string[];
  stop(): Promise<{ code: number | null }>;
}

export type Kind = "embedded" | "nginx";

export async function startGateway(kind: Kind, config: GatewayConfig): Promise<Gateway> {
  const directory = mkdtempSync(join(tmpdir(), "gateway-"));
  const port = await freePort();
  const log = join(directory, "log");
  const output = openSync(log, "a");
  const stdio: ["ignore", number, number] = ["ignore", output, output];
  const child = kind === "embedded" ? spawnOurs(config, port, stdio) : spawnNginx(config, port, directory, stdio);
  closeSync(output);
  const closed = once(child, "close");
  const lines = () => readFileSync(log, "utf8").split("\n").slice(0, -1);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    const [code] = (await closed) as [number | null];
    return { code };
  };
  await until(
    () => accepts(port),
    () => `the gateway does not listen: ${lines().join("\n")}`,
  );
  return {
    port,
    log: lines,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(directory, { recursive: true });
    },
  };
}

type Stdio = ["ignore", number, number];

function spawnOurs(config: GatewayConfig, port: number, stdio: Stdio): ChildProcess {
  const env = { HOST: "127.0.0.1", PORT: String(port), GATEWAY_CONFIG: JSON.stringify(config) };
  return spawn(process.execPath, [PROGRAM, "--node=gateway"], { env, stdio });
}

function spawnNginx(config: GatewayConfig, port: number, directory: string, stdio: Stdio): ChildProcess {
  const file = join(directory, "nginx.conf");
  const text = renderNginx(config, { port, accessLog: join(directory, "log") });
  writeFileSync(file, text.replace(`listen ${port};`, `listen 127.0.0.1:${port};`));
  return spawn("nginx", ["-p", directory, "-c", file, "-g", `daemon off; pid ${directory}/pid;`], { stdio });
}

/** Installed, and as root: its packaged directories belong to root. */
export function nginxRuns(): boolean {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  servedBy?: string;
  body: Record<string, unknown>;
  tookMs: number;
}

export interface Asking {
  headers?: Record<string, string>;
  body?: string;
}

/** A connection of its own, as a new client has. Rejects when the answer breaks off. */
export function ask({ port }: { port: number }, what: string, { headers = {}, body }: Asking = {}): Promise<Reply> {
  const [method, path] = what.split(" ") as [string, string];
  const begunMs = performance.now();
  return new Promise((resolve, reject) => {
    const sending = httpRequest({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          servedBy: response.headers["x-served-by"] as string | undefined,
          body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text },
          tookMs: performance.now() - begunMs,
        });
      });
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

/** Sends bytes as they are and reads until the gateway closes the connection. */
export async function raw({ port }: { port: number }, text: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  let answer = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => void (answer += chunk));
  // A reset after the answer takes nothing away from it.
  socket.on("error", () => {});
  socket.write(text);
  await once(socket, "close");
  return answer;
}

const UNTIL_MS = 15_000;

/** Asked every 20 ms, and within a bound that only a hang passes. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  complaint: () => string = () => `never came true: ${holds.toString()}`,
): Promise<void> {
  const deadlineMs = performance.now() + UNTIL_MS;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Connects to a paused backend until its system takes no more: a connection that does not come about within a second. */
export async function fillBacklog(address: string): Promise<readonly Socket[]> {
  const port = Number(address.split(":")[1]);
  const crowd: Socket[] = [];
  for (;;) {
    const socket = connect({ port, host: "127.0.0.1" });
    crowd.push(socket.on("error", () => {}));
    const late = AbortSignal.timeout(1_000);
    const connected = await once(socket, "connect", { signal: late }).then(
      () => true,
      () => false,
    );
    if (!connected) return crowd;
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
