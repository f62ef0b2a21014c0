// What a backend can be told to do to itself, so that a moment can be tried that a kill from outside hits only by luck.
//
//   GET /control  -> {"hold": true, "held": 2}      PUT /control {"hold": false}      Authorization: Bearer <CONTROL_TOKEN>
//
// hold: the answers to writes are kept back after the commit. Whoever dies now has had its effect and told nobody.
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ConfigurationError } from "./environment.ts";

/** A gate behind the commit. */
export interface Hold {
  set(hold: boolean): void;
  /** Resolves at once, or when the hold ends. */
  pass(): Promise<void>;
  /** Whether a trial answer is kept back, and how many others are. */
  state(): Promise<HoldState>;
}

export interface HoldState {
  hold: boolean;
  held: number;
}

export function createHold(): Hold {
  let opened: Promise<void> | undefined;
  let open = () => {};
  let held = 0;
  const gate = () => opened ?? Promise.resolve();
  return {
    set(hold) {
      if (!hold) {
        open();
        opened = undefined;
      } else opened ??= new Promise((resolve) => (open = resolve));
    },
    async pass() {
      held++;
      await gate();
      held--;
    },
    async state() {
      const soon = new Promise<boolean>((resolve) => setImmediate(resolve, true));
      return { hold: await Promise.race([gate().then(() => false), soon]), held };
    },
  };
}

export interface ControlSettings {
  port: number;
  token: string;
}

/** Only from this machine, and only for those who know the token. */
const HOST = "127.0.0.1";
const BODY_LIMIT_BYTES = 1_024;
const REQUEST_TIMEOUT_MS = 2_000;

/** Resolves when it listens. */
export async function serveControl(hold: Hold, { port, token }: ControlSettings): Promise<Server> {
  const server = createServer((request, response) => {
    answer(hold, token, request).then(
      ([status, body]) => send(response, status, body),
      () => send(response, 400, { detail: "The request did not arrive" }),
    );
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explained(error, port)));
    server.listen({ port, host: HOST }, resolve);
  });
  server.unref();
  return server;
}

function explained(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== "EADDRINUSE") return error;
  return new ConfigurationError(`CONTROL_PORT ${port} is taken: stop whoever listens there, or set it to a free one`);
}

type Answer = readonly [status: number, body: object];

async function answer(hold: Hold, token: string, request: IncomingMessage): Promise<Answer> {
  if (!isSame(request.headers.authorization ?? "", `Bearer ${token}`))
    return [401, { detail: "Send Authorization: Bearer and the CONTROL_TOKEN of this backend" }];
  if (request.url !== "/control") return [404, { detail: "There is only /control here" }];
  if (request.method === "GET") return [200, await hold.state()];
  if (request.method !== "PUT") return [405, { detail: "GET tells the state, PUT changes it" }];
  const wish = wishOf(await bodyOf(request));
  if (wish === undefined) return [400, { detail: 'The body must be {"hold": true} or {"hold": false}' }];
  hold.set(wish);
  return [200, await hold.state()];
}

/** In a time that tells nothing of where they differ, nor of the length. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function wishOf(body: string | undefined): boolean | undefined {
  try {
    const parsed: unknown = JSON.parse(body ?? "");
    if (parsed === null || typeof parsed !== "object" || Object.keys(parsed).join() !== "hold") return undefined;
    const { hold } = parsed as { hold: unknown };
    return typeof hold === "boolean" ? hold : undefined;
  } catch {
    return undefined;
  }
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
