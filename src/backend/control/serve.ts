// The control port: what a backend can be told to do to itself, so that moments can be tried that nobody outside could bring
// about. Only from this machine (or, in a container, from where its port is published to), and only for those who know the token.
//
//   GET /control  ->  what it does: {hold, skewMs, replication} as in the model, and {held, sources: {us: {waiting, ...}}}
//   PUT /control      {hold, skewMs, replication}, whole -> the same answer        Authorization: Bearer <CONTROL_TOKEN>
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ConfigurationError } from "../environment.ts";
import type { Controls } from "./controls.ts";
import { parseOrder, WrongOrder } from "./order.ts";

export interface ControlSettings {
  host: string;
  port: number;
  token: string;
}

const BODY_LIMIT_BYTES = 16 * 1_024;
const REQUEST_TIMEOUT_MS = 2_000;

/** Resolves when it listens. */
export async function serveControl(controls: Controls, { host, port, token }: ControlSettings): Promise<Server> {
  const server = createServer((request, response) => {
    answer(controls, token, request).then(
      ([status, body]) => send(response, status, body),
      () => send(response, 400, { detail: "The request did not arrive" }),
    );
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explained(error, port)));
    server.listen({ port, host }, resolve);
  });
  server.unref();
  return server;
}

function explained(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== "EADDRINUSE") return error;
  return new ConfigurationError(`CONTROL_PORT ${port} is taken: stop whoever listens there, or set it to a free one`);
}

type Answer = readonly [status: number, body: object];

async function answer(controls: Controls, token: string, request: IncomingMessage): Promise<Answer> {
  if (!isSame(request.headers.authorization ?? "", `Bearer ${token}`))
    return [401, { detail: "Send Authorization: Bearer and the CONTROL_TOKEN of this backend" }];
  if (request.url !== "/control") return [404, { detail: "There is only /control here" }];
  if (request.method === "GET") return [200, await controls.observe()];
  if (request.method !== "PUT") return [405, { detail: "GET tells the state, PUT changes it" }];
  const body = await bodyOf(request);
  if (body === undefined) return [400, { detail: `The body is larger than ${BODY_LIMIT_BYTES} bytes` }];
  try {
    controls.set(parseOrder(body, controls.sources));
  } catch (error) {
    if (error instanceof WrongOrder) return [400, { detail: error.message }];
    throw error;
  }
  return [200, await controls.observe()];
}

/** In a time that tells nothing of where they differ, nor of the length. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** undefined when it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > BODY_LIMIT_BYTES) return undefined;
  }
  return text;
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
