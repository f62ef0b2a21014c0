// The link program as a process, a real upstream behind it and real clients in front, and what each of them sees.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import type { Effect, LinkConfig, LinkListener, LinksState, ProbeAnswer, ProbeOrder } from "../../src/model/link.ts";
import type { LinkRule, RulesOrder } from "../../src/model/link.ts";

export const PROGRAM = path.resolve(import.meta.dirname, "../../dist/programs/links.cjs");
export const TOKEN = "a token of these tests";
const HOST = "127.0.0.1";
const PATIENCE_MS = 15_000;

/** Asks again and again; what it waits for is seen from outside, and nobody tells when it comes. */
export async function until(holds: () => boolean | Promise<boolean>, what = "it"): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true within ${PATIENCE_MS} ms`);
    await pass(5);
  }
}

/** Lets a span pass in which nothing may happen. */
export const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function freePort(): Promise<number> {
  const server = net.createServer().listen({ port: 0, host: HOST });
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

// --- one side of a connection ---

export interface Wire {
  socket: net.Socket;
  /** What has arrived so far. */
  text(): string;
  length(): number;
  /** undefined while it is open. */
  fate(): "end" | "reset" | undefined;
  /** Resolves once so much has arrived. */
  has(bytes: number): Promise<void>;
  ends(): Promise<"end" | "reset">;
}

export function wire(socket: net.Socket): Wire {
  const pieces: Buffer[] = [];
  let length = 0;
  let fate: "end" | "reset" | undefined;
  socket.on("data", (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
  });
  socket.on("end", () => (fate ??= "end"));
  socket.on("error", () => (fate = "reset"));
  return {
    socket,
    text: () => Buffer.concat(pieces).toString("latin1"),
    length: () => length,
    fate: () => fate,
    has: (bytes) => until(() => length >= bytes, `${bytes} bytes (${length} are here)`),
    async ends() {
      await until(() => fate !== undefined, "the end");
      return fate!;
    },
  };
}

export async function connect(port: number): Promise<Wire> {
  const socket = net.connect({ port, host: HOST, allowHalfOpen: true, noDelay: true });
  const client = wire(socket);
  await once(socket, "connect").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ECONNRESET") throw error; // a reset that comes at once is told in place of the connect
  });
  return client;
}

/** What becomes of a connect: the code of the error, or "connected". */
export async function knock(port: number): Promise<string> {
  const socket = net.connect({ port, host: HOST });
  try {
    await once(socket, "connect");
    return "connected";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  } finally {
    socket.on("error", () => {}).destroy();
  }
}

// --- the node behind ---

export interface Upstream extends AsyncDisposable {
  port: number;
  /** Those that sent something, in the order in which they did; the watch of the link never does. */
  wires: readonly Wire[];
  /** All that were opened, the watch's too. */
  opened(): number;
  /** The connections end and nobody listens any more, as if it had been killed; or it listens again. */
  die(): Promise<void>;
  live(): Promise<void>;
  /** Nobody listens any more, and its connections go on. */
  deafen(): void;
  /** It ends every connection, and goes on. */
  hangUp(): void;
}

/** `first` is called with every connection. */
export async function startUpstream(first: (socket: net.Socket) => void = () => {}): Promise<Upstream> {
  const sockets = new Set<net.Socket>();
  const wires: Wire[] = [];
  let opened = 0;
  let port = 0;
  let server: net.Server;
  const live = async () => {
    server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      opened++;
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      const seen = wire(socket);
      socket.once("data", () => wires.push(seen));
      first(socket);
    });
    server.listen({ port, host: HOST });
    await once(server, "listening");
    ({ port } = server.address() as net.AddressInfo);
  };
  const die = async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  await live();
  return {
    get port() {
      return port;
    },
    wires,
    opened: () => opened,
    die,
    live,
    deafen: () => void server.close(),
    hangUp() {
      for (const socket of sockets) socket.end();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Answers whatever comes with the same. */
export const echo = (socket: net.Socket) => void socket.pipe(socket);

// --- the links ---

export interface Links extends AsyncDisposable {
  /** Of each listener, in their order. */
  ports: readonly number[];
  /** The first of them. */
  port: number;
  control: number;
  child: ChildProcess;
  log(): string;
  ask(
    path: string,
    init?: { method?: string; body?: unknown; token?: string },
  ): Promise<{ status: number; body: unknown }>;
  set(...rules: RulesOrder["rules"]): Promise<LinksState>;
  state(): Promise<LinksState>;
  probe(order: Partial<ProbeOrder>): Promise<ProbeAnswer>;
}

export type ListenerPlan = Pick<LinkListener, "from" | "to" | "toZone"> & { upstream: number };

/** The crossing that most stories need: from us to a node in eu. */
export const usToEu = (upstream: { port: number }): ListenerPlan => ({
  from: "us",
  to: "kafka",
  toZone: "eu",
  upstream: upstream.port,
});

export interface LinksPlan {
  listeners: readonly ListenerPlan[];
  rules?: readonly LinkRule[];
  /** `ulimit -n` of the program. */
  descriptors?: number;
  /** Do not wait until the nodes behind accept. */
  impatient?: boolean;
}

export async function startLinks({ listeners, rules, descriptors, impatient }: LinksPlan): Promise<Links> {
  const [control, ...ports] = await Promise.all([freePort(), ...listeners.map(() => freePort())]);
  const config: LinkConfig = {
    listeners: listeners.map(({ upstream, ...crossing }, i) => ({
      ...crossing,
      listen: { host: HOST, port: ports[i]! },
      upstream: { host: HOST, port: upstream },
    })),
    control: { host: HOST, port: control!, token: TOKEN },
    rules,
  };
  const { child, log } = startProgram(JSON.stringify(config), descriptors);

  const ask: Links["ask"] = async (where, { method = "GET", body, token = TOKEN } = {}) => {
    const headers = { authorization: `Bearer ${token}` };
    const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    const answer = await fetch(`http://${HOST}:${control}${where}`, { ...sent, method, headers });
    return { status: answer.status, body: await answer.json() };
  };
  const expectOk = async (answer: ReturnType<Links["ask"]>) => {
    const { status, body } = await answer;
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body;
  };
  const state = () => expectOk(ask("/state")) as Promise<LinksState>;
  await until(() => log().includes("reaches") || child.exitCode !== null, "its start");
  if (child.exitCode !== null) throw new Error(`it did not start: ${log()}`);
  if (!impatient) await until(async () => (await state()).crossings.every(({ accepts }) => accepts), "accepts");
  return {
    ports,
    port: ports[0]!,
    control: control!,
    child,
    log,
    ask,
    state,
    set: (...order) => expectOk(ask("/rules", { method: "PUT", body: { rules: order } })) as Promise<LinksState>,
    probe: (order) =>
      expectOk(
        ask("/probe", { method: "POST", body: { from: "us", to: "kafka", patienceMs: 5_000, ...order } }),
      ) as Promise<ProbeAnswer>,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** With whatever configuration; it may refuse to start. */
export function startProgram(configuration: string | undefined, descriptors?: number) {
  const { LINK_CONFIG: _, ...environment } = process.env;
  const env = configuration === undefined ? environment : { ...environment, LINK_CONFIG: configuration };
  const [command, ...args] =
    descriptors === undefined
      ? [process.execPath, PROGRAM]
      : ["sh", "-c", 'ulimit -n "$1" && exec "$2" "$3"', "sh", String(descriptors), process.execPath, PROGRAM];
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
  return { child, log: () => written };
}

/** A rule between us and eu. */
export function rule(id: string, from: string, to: string, effect: Effect, forMs?: number) {
  return { id, from, to, effect, ...(forMs !== undefined && { forMs }) };
}

export const cut = (mode: "drop" | "reset" | "refuse"): Effect => ({ type: "cut", mode });
export const delay = (addMs: number, jitterMs = 0): Effect => ({ type: "delay", addMs, jitterMs });
export const cap = (bytesPerSecond: number): Effect => ({ type: "cap", bytesPerSecond });

/** Both directions between us and eu. */
export const both = (effect: Effect, forMs?: number) => [
  rule("there", "us", "eu", effect, forMs),
  rule("back", "eu", "us", effect, forMs),
];
