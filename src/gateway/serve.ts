// One request: who may answer it, who is asked, what the client hears. Writes are never sent twice.
import type { IncomingMessage, ServerResponse } from "node:http";
import { accessLine, type Lines } from "./access-log.ts";
import { MAYBE_DONE, NO_REGION, REGION_SILENT, bodyOf, unknownPrefix, type OwnAnswer } from "./answers.ts";
import { attempt, type Attempt, type Question } from "./attempt.ts";
import { readBody } from "./body.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import type { Rotation } from "./rotation.ts";
import { route, type GatewayConfig, type Routed } from "./route.ts";

export interface Gateway {
  config: GatewayConfig;
  rotation: Rotation;
  log: Lines;
}

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Resolves when the client's connection cannot be understood any further. */
  broken: Promise<OwnAnswer>;
}

/** Resolves when the client has its answer, or has gone. Never rejects. */
export async function serve(gateway: Gateway, { request, response, broken }: Exchange): Promise<void> {
  const begunMs = performance.now();
  const attempts: Attempt[] = [];
  const gone = new AbortController();
  const closed = new Promise<void>((resolve) => response.once("close", resolve));
  response.once("close", () => gone.abort());
  const bodyBytes = await answer(gateway, { request, response, broken }, attempts, gone.signal).catch(
    (error: unknown) => {
      // Only what a backend sends can get here, such as a header that may not be passed on.
      gateway.log.write(`${new Date().toISOString()} ${request.method} ${request.url}: ${String(error)}`);
      response.destroy();
      return 0;
    },
  );
  await closed;
  gateway.log.write(
    accessLine(
      {
        client: request.socket.remoteAddress ?? "-",
        requestLine: `${request.method} ${request.url} HTTP/${request.httpVersion}`,
        // 499 is NGINX's word for a client that did not wait.
        status: response.headersSent ? response.statusCode : 499,
        bodyBytes,
        tookMs: performance.now() - begunMs,
        attempts: attempts.map(({ candidate, response, tookMs }) => ({
          address: candidate.address,
          status: String(response?.statusCode ?? "-"),
          tookMs,
        })),
      },
      new Date(),
    ),
  );
}

/** The bytes of body that the client was given. */
async function answer(
  gateway: Gateway,
  { request, response, broken }: Exchange,
  attempts: Attempt[],
  signal: AbortSignal,
): Promise<number> {
  const path = request.url!.replace(/^https?:\/\/[^/?#]*/i, "") || "/";
  const routed = route(gateway.config, request.method!, path);
  if (routed === undefined) return answerOurselves(request, response, unknownPrefix(gateway.config), attempts);
  const body = await readBody(request, broken);
  if (body === "gone") return 0;
  if ("status" in body) {
    response.shouldKeepAlive = false;
    return answerOurselves(request, response, body, attempts);
  }
  const question = { method: request.method!, path, body };
  const answered = await ask(gateway, routed, attempts, signal, (address) => ({
    ...question,
    headers: requestHeaders(request, body, address),
  }));
  if (signal.aborted) return 0;
  if (answered === undefined) return answerOurselves(request, response, failureOf(routed, attempts), attempts);
  return passOn(answered, response, attempts);
}

/** One upstream after another, until one answers or a write has left. */
async function ask(
  { rotation }: Gateway,
  { candidates, kind }: Routed,
  attempts: Attempt[],
  signal: AbortSignal,
  questionFor: (address: string) => Question,
): Promise<Attempt | undefined> {
  const inOrder = rotation.inOrder(candidates);
  for (const candidate of inOrder) {
    if (signal.aborted) return undefined;
    rotation.begin(candidate);
    const asked = await attempt(candidate, questionFor(candidate.address), signal);
    attempts.push(asked);
    // A client that leaves says nothing about the upstream.
    if (signal.aborted) return undefined;
    const unready = kind === "read" && asked.response?.statusCode === 503;
    if (asked.response !== undefined && !unready) {
      rotation.succeeded(candidate);
      return asked;
    }
    rotation.failed(candidate);
    if (unready && candidate === inOrder.at(-1)) return asked;
    asked.response?.destroy();
    if (kind === "write" && asked.sentBytes > 0) return undefined;
  }
  return undefined;
}

function failureOf({ kind, failover }: Routed, attempts: readonly Attempt[]): OwnAnswer {
  if (kind === "write" && attempts.some(({ sentBytes }) => sentBytes > 0)) return MAYBE_DONE;
  return failover ? NO_REGION : REGION_SILENT;
}

/** Streams it. An upstream that breaks off in the middle breaks the client's connection too: half an answer must not look whole. */
function passOn(answered: Attempt, response: ServerResponse, attempts: readonly Attempt[]): Promise<number> {
  const upstream = answered.response!;
  const begunMs = performance.now() - answered.tookMs;
  let bodyBytes = 0;
  response.writeHead(upstream.statusCode!, upstream.statusMessage, [
    ...responseHeaders(upstream),
    ...upstreamHeaders(attempts),
  ]);
  return new Promise((resolve) => {
    upstream.on("data", (chunk: Buffer) => void (bodyBytes += chunk.length));
    upstream.on("error", () => response.destroy());
    upstream.on("close", () => {
      answered.tookMs = performance.now() - begunMs;
      if (!upstream.complete) response.destroy();
      resolve(bodyBytes);
    });
    upstream.pipe(response);
  });
}

/** No X-Served-By: that the gateway itself answers is how a client knows that no backend did. */
function answerOurselves(
  request: IncomingMessage,
  response: ServerResponse,
  own: OwnAnswer,
  attempts: readonly Attempt[],
): number {
  const body = Buffer.from(bodyOf(own));
  const headers = ["Content-Type", "application/json", "Content-Length", String(body.length)];
  response.writeHead(own.status, [...headers, ...upstreamHeaders(attempts)]);
  response.end(request.method === "HEAD" ? undefined : body);
  return request.method === "HEAD" ? 0 : body.length;
}

/** One figure per attempt: a client can tell a write that never left from one that may have had its effect. */
function upstreamHeaders(attempts: readonly Attempt[]): string[] {
  if (attempts.length === 0) return [];
  const addresses = attempts.map(({ candidate }) => candidate.address).join(", ");
  const sent = attempts.map(({ sentBytes }) => sentBytes).join(", ");
  return ["X-Upstream-Addr", addresses, "X-Upstream-Sent", sent];
}
