// One attempt to have an upstream answer: connect, send, first byte. Says how many bytes of the request left for it.
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { CONNECT_MS, FIRST_BYTE_MS } from "./answers.ts";
import type { Candidate } from "./route.ts";

export interface Question {
  method: string;
  path: string;
  /** Raw: name, value, name, value. */
  headers: readonly string[];
  body: Buffer;
}

export interface Attempt {
  candidate: Candidate;
  /** 0 = certainly nothing of the request reached it. */
  sentBytes: number;
  tookMs: number;
  /** Its head has come and its body follows; absent when it failed. */
  response?: IncomingMessage;
  /** Why there is no response. */
  failure?: string;
}

/**
 * Never throws. node:http over a socket opened here, where undici would hide both: the connection is this request's alone,
 * so nothing is ever written to a kept one that died unnoticed, and its counter is exactly this request's bytes.
 */
export function attempt(candidate: Candidate, question: Question, signal: AbortSignal): Promise<Attempt> {
  return new Promise((resolve) => {
    const begunMs = performance.now();
    const socket = connect({ ...hostAndPort(candidate.address), noDelay: true });
    let connected = false;
    let timer: NodeJS.Timeout;
    const settle = (result: { response: IncomingMessage } | { failure: string }) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      // Before it is connected, the counter holds what is waiting to be written.
      const sentBytes = connected ? socket.bytesWritten : 0;
      resolve({ candidate, sentBytes, tookMs: performance.now() - begunMs, ...result });
    };
    const fail = (failure: string) => {
      settle({ failure });
      socket.destroy();
    };
    const onAbort = () => fail("the client has gone");
    signal.addEventListener("abort", onAbort);
    timer = setTimeout(fail, CONNECT_MS, `no connection within ${CONNECT_MS} ms`);
    socket.on("error", (error) => fail(error.message));
    socket.once("connect", () => {
      connected = true;
      clearTimeout(timer);
      timer = setTimeout(fail, FIRST_BYTE_MS, `no answer within ${FIRST_BYTE_MS} ms`);
      send(socket, question, signal).then(
        (response) => settle({ response }),
        (error: Error) => fail(error.message),
      );
    });
  });
}

/** Resolves with the head of the answer. */
function send(
  socket: Socket,
  { method, path, headers, body }: Question,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sending = request({ createConnection: () => socket, method, path, headers, setHost: false });
    sending.on("error", reject);
    sending.on("response", (response) => {
      endWhenSilent(response, signal);
      resolve(response);
    });
    sending.end(body);
  });
}

/** A body that stops in the middle, or whose reader has gone, ends its connection: nobody waits for ever. */
function endWhenSilent(response: IncomingMessage, signal: AbortSignal): void {
  const { socket } = response;
  const end = () => void socket.destroy();
  signal.addEventListener("abort", end);
  response.once("close", () => signal.removeEventListener("abort", end));
  socket.setTimeout(FIRST_BYTE_MS);
  socket.on("timeout", () => {
    // A reader slower than the upstream is no fault of the upstream.
    if (response.isPaused()) socket.setTimeout(FIRST_BYTE_MS);
    else end();
  });
}

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(colon + 1)) };
}
