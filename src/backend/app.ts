// The regional service: HTTP in front, replication behind, and no I/O except through its ports.
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type RouteHandlerMethod } from "fastify";
import type { Socket } from "node:net";
import { CLOCKS, type Policy } from "./conflict/clock.ts";
import { type Broken, WITHOUT_STAMPS } from "./broken.ts";
import { createControls, type Controls } from "./control/controls.ts";
import { createHold } from "./control/hold.ts";
import { skewed } from "./control/skew.ts";
import { createMetrics } from "./metrics.ts";
import { StoreUnavailable, type Conflict, type Ports } from "./ports.ts";
import { propertyRoutes } from "./property/routes.ts";
import { parseCount, Refusal } from "./property/schema.ts";
import { createWriter } from "./property/write.ts";
import { prune } from "./prune.ts";
import { createConsumer } from "./replication/consumer.ts";
import { lagBySource, measureLag } from "./replication/lag.ts";
import { createRelay } from "./replication/relay.ts";
import { readsOf } from "./stale.ts";

export interface Settings {
  region: string;
  /** All regions of the version vectors. */
  regions: readonly string[];
  /** Name of this node, for X-Served-By. */
  node: string;
  conflicts: Policy;
  broken?: Broken;
}

export interface Backend {
  http: FastifyInstance;
  /** What it does to itself when it is told to. */
  controls: Controls;
  /** Replicates in the background until `close`. Reads and writes work without it. */
  replicate(): void;
  /** Answers what is in flight, ends the background, gives the ports back. */
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 16 * 1024;
const REQUEST_TIMEOUT_MS = 5_000;
const CONFLICTS_PAGE = { least: 1, greatest: 500, otherwise: 500 };

export function createBackend(settings: Settings, given: Ports): Backend {
  const { region, regions, broken } = settings;
  const { log, clock, say } = given;
  const { store, read } = readsOf(given.store, settings, clock);
  const ports: Ports = { ...given, store };
  const stampClock = skewed(ports.stampNow);
  const stamps = broken === "no-stamps" ? WITHOUT_STAMPS : CLOCKS[settings.conflicts](stampClock.now);
  const ending = new AbortController();
  const recorded = (conflict: Conflict) => metrics.conflict(conflict.kind);

  const relay = createRelay(region, ports, broken);
  const consumer = createConsumer(
    {
      region,
      regions,
      policy: settings.conflicts,
      stamps,
      broken,
      applied: (source) => metrics.applied(source),
      recorded,
    },
    ports,
  );
  const put = createWriter({ region, regions, stamps, broken, committed: relay.ring, recorded }, ports);
  const { progress } = consumer;
  const others = regions.filter((name) => name !== region);
  const metrics = createMetrics(region, {
    backlog: () => store.backlog(),
    lag: () => lagBySource(others, progress.heard(), progress.since, clock.now()),
  });

  const http = createHttp(settings, ports, () => ending.signal.aborted);
  http.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    metrics.request(request.method, route, reply.statusCode, reply.elapsedTime / 1_000);
  });
  const hold = createHold();
  propertyRoutes(http, { regions }, { ...store, read }, async (request) => {
    const result = await put(request);
    if (result.kind === "done") await hold.pass();
    return result;
  });

  const get = (path: string, handler: RouteHandlerMethod) =>
    http.route({ method: "GET", url: `/:region/${path}`, handler });

  get("health", async (_request, reply) => {
    try {
      await store.ping();
      return { status: "ok", region };
    } catch {
      return reply
        .code(503)
        .send({ status: "unavailable", region, detail: `The database of ${region} does not answer` });
    }
  });

  get("replication-lag", () => measureLag({ region, regions, broken }, progress, relay, ports));

  get("conflicts", async (request) => {
    const limit = parseCount(request.query, "limit", CONFLICTS_PAGE);
    const after = parseCount(request.query, "after", { least: 0, greatest: Number.MAX_SAFE_INTEGER, otherwise: 0 });
    const found = await store.conflicts(after, limit + 1);
    const page = found.slice(0, limit);
    return {
      conflicts: page.map((conflict) => ({ ...conflict, at: new Date(conflict.at).toISOString() })),
      next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
    };
  });

  get("metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));

  const controls = createControls({ sources: others, hold, stampClock, trueNow: clock.now, stage: consumer.stage });
  let background: Promise<unknown> = Promise.resolve();
  return {
    http,
    controls,
    replicate() {
      background = Promise.all([relay.run(ending.signal), consumer.run(ending.signal), prune(ports, ending.signal)]);
    },
    async close() {
      ending.abort();
      hold.set(false); // what is committed is still told
      await http.close();
      await Promise.allSettled([log.close(), background]);
      await store.close();
      say("stopped");
    },
  };
}

/** Everything that holds for any route: who answered, which regions there are, and one readable sentence for each error. */
function createHttp({ region, regions, node }: Settings, { say }: Ports, isEnding: () => boolean): FastifyInstance {
  const http = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) =>
      void answer(reply.header("x-served-by", node) as FastifyReply, error.statusCode ?? 400, error.message),
    clientErrorHandler: (error, socket) => refuseSocket(error, socket, node),
  });
  // JSON is the only body that means anything here; everything else is 415.
  http.removeContentTypeParser("text/plain");

  http.addHook("onRequest", async (request, reply) => {
    reply.header("x-served-by", node);
    if (isEnding()) reply.header("connection", "close");
    const { region: asked } = request.params as { region?: string };
    if (asked !== undefined && !regions.includes(asked))
      throw new Refusal(404, `Unknown region ${JSON.stringify(asked)}: regions are ${regions.join(", ")}`);
  });

  http.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ detail: `No such route: ${request.method} ${request.url.slice(0, 200)}` }),
  );

  http.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof StoreUnavailable) {
      const write = request.method === "PUT" ? "; whether the write took place is not known" : "";
      return reply.code(503).send({ detail: `The database of ${region} does not answer${write}` });
    }
    if (error instanceof Refusal) return answer(reply, error.status, error.message);
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) return answer(reply, status, SENTENCES[error.code] ?? badJson(error));
    say(`${request.method} ${request.url}: ${error.stack ?? String(error)}`);
    return answer(reply, 500, "Internal error: the log of this backend says more");
  });
  return http;
}

const SENTENCES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `The body is larger than ${BODY_LIMIT_BYTES} bytes`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "The body must be JSON: send it with Content-Type: application/json",
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty: send JSON like {"price": 500000.00, "version": 1}',
};

function badJson(error: FastifyError): string {
  return error.message.includes("JSON") ? `The body is not valid JSON: ${error.message}` : error.message;
}

function answer(reply: FastifyReply, status: number, detail: string): FastifyReply {
  return reply.code(status).send({ detail });
}

/** What is not HTTP at all is still answered in words. */
function refuseSocket(error: NodeJS.ErrnoException, socket: Socket, node: string): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] = MALFORMED[error.code ?? ""] ?? ["400 Bad Request", "This is not a valid HTTP request"];
  const body = JSON.stringify({ detail });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Served-By: ${node}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const MALFORMED: Readonly<Record<string, readonly [string, string]>> = {
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "The headers are too large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "The request was not sent completely in time"],
};
