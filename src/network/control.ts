// Steers the links over HTTP, for those who know the token.
//
//   GET /state -> LinksState     PUT /rules RulesOrder -> LinksState     POST /probe ProbeOrder -> ProbeAnswer
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { LinkConfig, LinkListener } from "../model/link.ts";
import { InputProblem } from "./check.ts";
import { probeOrder, rulesOrder } from "./order.ts";
import { TooMany, type Proxy } from "./proxy.ts";

/** A thousand rules with long names are less. */
const BODY_LIMIT_BYTES = 512 * 1_024;
const REQUEST_TIMEOUT_MS = 2_000;

type Answer = readonly [status: number, body: object];

interface Endpoint {
  method: string;
  answer(body: unknown): Answer | Promise<Answer>;
}

export interface ControlPlan {
  control: NonNullable<LinkConfig["control"]>;
  proxy: Proxy;
  listeners: readonly LinkListener[];
}

/** Resolves when it listens. */
export async function serveControl({ control, proxy, listeners }: ControlPlan): Promise<void> {
  const { host, port, token } = control;
  const endpoints: Readonly<Record<string, Endpoint>> = {
    "/state": { method: "GET", answer: () => [200, proxy.state()] },
    "/rules": { method: "PUT", answer: (body) => [200, proxy.setRules(rulesOrder(body, listeners))] },
    "/probe": { method: "POST", answer: async (body) => [200, await proxy.probe(probeOrder(body, listeners))] },
  };
  const server = createServer({ connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 4 }, (request, response) => {
    answer(endpoints, token, request).then(
      ([status, body]) => send(response, status, body),
      (error) => send(response, ...problem(error)),
    );
  });
  server.requestTimeout = server.headersTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Error(`control port ${port} on ${host} is taken: stop whoever listens there, or choose another`)
          : error,
      ),
    );
    server.listen({ host, port }, resolve);
  });
}

async function answer(
  endpoints: Readonly<Record<string, Endpoint>>,
  token: string,
  request: IncomingMessage,
): Promise<Answer> {
  if (!isSame(request.headers.authorization ?? "", `Bearer ${token}`))
    return [401, { detail: "Send Authorization: Bearer and the token of these links" }];
  const path = request.url ?? "";
  if (!Object.hasOwn(endpoints, path)) return [404, { detail: `There are ${Object.keys(endpoints).join(", ")}` }];
  const endpoint = endpoints[path]!;
  if (request.method !== endpoint.method) return [405, { detail: `${path} is asked with ${endpoint.method}` }];
  return endpoint.answer(endpoint.method === "GET" ? undefined : parsed(await bodyOf(request)));
}

function problem(error: unknown): Answer {
  if (error instanceof InputProblem) return [400, { detail: error.message }];
  if (error instanceof TooMany) return [429, { detail: error.message }];
  return [400, { detail: "The request did not arrive" }];
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new InputProblem(`The body is not JSON: ${(error as Error).message}`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > BODY_LIMIT_BYTES) throw new InputProblem(`The body is larger than ${BODY_LIMIT_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** In a time that tells nothing of where they differ, nor of the length. */
function isSame(given: string, expected: string): boolean {
  const digest = (written: string) => createHash("sha256").update(written).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function send(response: ServerResponse, status: number, body: object): void {
  const written = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(written) });
  response.end(written);
}
