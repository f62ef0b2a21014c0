// One client connection: its requests one after another, in the order they came, and a readable end when it sends something else.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { accessLine } from "./access-log.ts";
import { bodyOf, type OwnAnswer } from "./answers.ts";
import { serve, type Gateway } from "./serve.ts";

interface Connection {
  /** Settles when every request so far is answered. */
  answered: Promise<void>;
  waiting: number;
  broken: Promise<OwnAnswer>;
  breakWith(answer: OwnAnswer): void;
}

/** Requests sent without waiting for answers; no client of ours sends more than one. */
const PIPELINE_LIMIT = 64;
const LINGER_MS = 1_000;

const BROKEN: Readonly<Record<string, OwnAnswer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: "The request took too long to arrive. Send it at once." },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    detail: "The request's headers are larger than 16 KiB. Send fewer or shorter ones.",
  },
};
const GARBAGE: OwnAnswer = { status: 400, detail: "This is not an HTTP request that can be understood." };

export function serveConnections(server: Server, gateway: Gateway): void {
  const connections = new WeakMap<object, Connection>();
  const connectionOf = (socket: object) => {
    const known = connections.get(socket) ?? newConnection();
    connections.set(socket, known);
    return known;
  };

  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const connection = connectionOf(request.socket);
    connection.waiting += 1;
    if (connection.waiting > PIPELINE_LIMIT) return void request.socket.destroy();
    // In turn: two writes of one client must not overtake each other.
    connection.answered = connection.answered.then(async () => {
      if (!request.socket.destroyed) await serve(gateway, { request, response, broken: connection.broken });
      connection.waiting -= 1;
    });
  });

  server.on("clientError", (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const answer = BROKEN[error.code ?? ""] ?? GARBAGE;
    const connection = connectionOf(socket);
    connection.breakWith(answer);
    // Earlier requests get their answers first, or this one would be taken for theirs.
    connection.answered = connection.answered.then(() => {
      if (socket.writable) refuse(gateway, socket, answer);
    });
  });
}

function newConnection(): Connection {
  let breakWith: (answer: OwnAnswer) => void = () => {};
  const broken = new Promise<OwnAnswer>((resolve) => (breakWith = resolve));
  return { answered: Promise.resolve(), waiting: 0, broken, breakWith };
}

/** There is no request to answer, so the answer is written by hand. */
function refuse(gateway: Gateway, socket: Socket, answer: OwnAnswer): void {
  const body = bodyOf(answer);
  const head = [
    `HTTP/1.1 ${answer.status} Refused`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  const access = { requestLine: "-", status: answer.status, bodyBytes: body.length, tookMs: 0, attempts: [] };
  gateway.log.write(accessLine({ client: socket.remoteAddress ?? "-", ...access }, new Date()));
}
