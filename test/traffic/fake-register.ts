// A correct register service with two regions and a gateway in one process: versions, ETags, request ids, as
// replication.md promises them, with instant replication. What it does can be bent request by request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import type { Node, Reply } from "../../src/model/cluster.ts";
import type { NodeSpec } from "../../src/model/topology.ts";

export interface Seen {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}

/** "stall": no answer until `release`. "reset": the connection breaks. "reset after": applied, then it breaks. */
export type Bend = "stall" | "reset" | "reset after" | Reply | undefined;

export interface Effect {
  key: string;
  id: string;
  value: unknown;
  state: string;
}

export interface FakeRegister extends AsyncDisposable {
  /** "http://127.0.0.1:41234" */
  origin: string;
  /** Every request, in the order in which they came. */
  seen: readonly Seen[];
  effects: readonly Effect[];
  /** Requests without an answer now, and open connections. */
  open(): { requests: number; connections: number };
  bend: (seen: Seen) => Bend;
  release(): void;
  /** What its diagnostics say. */
  lag: unknown;
  conflicts: Record<string, unknown>[];
  /** The process is gone: connections are refused. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  /** It as a region's backend, on the observer's path. */
  node(name: string, region: string): Node;
}

interface Row {
  price: number;
  counters: { us: number; eu: number };
}

const stateOf = ({ counters }: Row) => `us:${counters.us},eu:${counters.eu}`;
const versionOf = ({ counters }: Row) => 1 + counters.us + counters.eu;

export async function startFakeRegister(): Promise<FakeRegister> {
  const rows = new Map<string, Row>();
  const applied = new Map<string, { body: unknown; etag: string; fingerprint: string }>();
  const seen: Seen[] = [];
  const effects: Effect[] = [];
  let openRequests = 0;
  let stalled: (() => void)[] = [];

  const rowOf = (key: string) => {
    const row = rows.get(key) ?? { price: Number(key) * 1_000, counters: { us: 0, eu: 0 } };
    rows.set(key, row);
    return row;
  };

  const put = (region: "us" | "eu", key: string, { headers, body }: Seen): Reply => {
    const row = rowOf(key);
    const id = headers["x-request-id"] ?? "";
    const { price, version } = body as { price: number; version?: number };
    const fingerprint = JSON.stringify([key, price, version]);
    const before = applied.get(id);
    if (before?.fingerprint === fingerprint)
      return {
        status: 422,
        headers: { etag: before.etag },
        body: { detail: "Duplicate request", original_response: before.body },
      };
    if (before) return { status: 422, headers: {}, body: { detail: "Request id used with another request" } };
    const expected = headers["if-match"];
    if ((expected !== undefined && expected !== `"${stateOf(row)}"`) || version !== versionOf(row))
      return {
        status: 409,
        headers: {},
        body: { detail: `Version conflict: expected version ${version}, current version is ${versionOf(row)}` },
      };
    row.counters[region]++;
    row.price = price;
    effects.push({ key, id, value: price, state: stateOf(row) });
    const answer = { id: Number(key), price, version: versionOf(row) };
    applied.set(id, { body: answer, etag: `"${stateOf(row)}"`, fingerprint });
    return { status: 200, headers: { etag: `"${stateOf(row)}"` }, body: answer };
  };

  const answer = (asked: Seen): Reply => {
    const url = new URL(asked.path, "http://fake");
    const [, region, what, key] = url.pathname.split("/");
    if (region !== "us" && region !== "eu") return { status: 404, headers: {}, body: { detail: "no such region" } };
    const served = (reply: Reply) => ({ ...reply, headers: { ...reply.headers, "x-served-by": `backend-${region}` } });
    if (what === "health") return served({ status: 200, headers: {}, body: { status: "ok", region } });
    if (what === "replication-lag") return served({ status: 200, headers: {}, body: fake.lag });
    if (what === "conflicts") {
      const after = Number(url.searchParams.get("after"));
      const limit = Number(url.searchParams.get("limit"));
      const later = fake.conflicts.filter((conflict) => Number(conflict.id) > after);
      const page = later.slice(0, limit);
      const next = later.length > page.length ? page.at(-1)!.id : null;
      return served({ status: 200, headers: {}, body: { conflicts: page, next } });
    }
    if (what !== "properties" || !(Number(key) >= 1 && Number(key) <= 1200))
      return served({ status: 404, headers: {}, body: { detail: "not found" } });
    if (asked.method === "PUT") return served(put(region, key!, asked));
    const row = rowOf(key!);
    return served({
      status: 200,
      headers: { etag: `"${stateOf(row)}"` },
      body: { id: Number(key), price: row.price, version: versionOf(row) },
    });
  };

  const serve = async (message: IncomingMessage, response: ServerResponse) => {
    openRequests++;
    response.on("close", () => openRequests--);
    const asked: Seen = {
      method: message.method!,
      path: message.url!,
      headers: message.headers as Record<string, string>,
      body: await bodyOf(message),
    };
    seen.push(asked);
    const bend = fake.bend(asked);
    if (bend === "stall") await new Promise<void>((resolve) => stalled.push(resolve));
    if (bend === "reset") return message.socket.destroy();
    const { status, headers, body } = typeof bend === "object" ? bend : answer(asked);
    if (bend === "reset after") return message.socket.destroy();
    response.writeHead(status, { ...headers, "content-type": "application/json" }).end(JSON.stringify(body));
  };

  const server = createServer((message, response) => void serve(message, response));
  const sockets = new Set<unknown>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  const release = () => {
    const held = stalled;
    stalled = [];
    for (const resolve of held) resolve();
  };
  const goDown = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    release();
    server.closeAllConnections();
    await closed;
  };

  const fake: FakeRegister = {
    origin: `http://127.0.0.1:${port}`,
    seen,
    effects,
    open: () => ({ requests: openRequests, connections: sockets.size }),
    bend: () => undefined,
    release,
    lag: { lag_seconds: 0, by_source: { us: 0, eu: 0 }, pending: 0 },
    conflicts: [],
    goDown,
    comeBack: () => listen(port),
    node: (name, region) => nodeAt(`127.0.0.1:${port}`, name, region),
    [Symbol.asyncDispose]: goDown,
  };
  return fake;
}

async function bodyOf(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

function nodeAt(address: string, name: string, region: string): Node {
  const node: NodeSpec = { name, role: "backend", region, needs: [], environment: {}, port: 8000, files: [] };
  const notHere = () => Promise.reject(new Error("this fake has no process of its own"));
  return {
    spec: node,
    address,
    async request(path, { method = "GET", headers = {}, timeoutMs = 1_000, signal } = {}) {
      const giveUp = AbortSignal.timeout(timeoutMs);
      const answer = await request(`http://${address}${path}`, {
        method: method as "GET",
        headers,
        reset: true, // a connection of its own, so that nobody listening is seen as that
        signal: signal ? AbortSignal.any([signal, giveUp]) : giveUp,
      });
      const body: unknown = await answer.body.json();
      return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body };
    },
    answers: async () => true,
    connects: async () => true,
    start: notHere,
    stop: notHere,
    kill: notHere,
    pause: notHere,
    resume: notHere,
    logTail: async () => [],
  };
}
