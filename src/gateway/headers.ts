// What of a message's headers belongs to one connection and is not passed on (RFC 9110, 7.6.1). Raw lists keep case, order and repeats.
import type { IncomingMessage } from "node:http";

const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** The gateway says these itself, so nobody else may. */
const OURS: readonly string[] = ["x-upstream-addr", "x-upstream-sent"];

/** For an upstream: the body is whole by now, so its length is known and nothing needs to be expected. */
export function requestHeaders(request: IncomingMessage, body: Buffer, address: string): string[] {
  const headers = passedOn(request, ["content-length", "expect", "x-forwarded-for"]);
  const before = request.headers["x-forwarded-for"];
  const client = request.socket.remoteAddress ?? "unknown";
  headers.push(
    "X-Forwarded-For",
    before === undefined ? client : `${String(before)}, ${client}`,
    "Connection",
    "close",
  );
  if (request.headers.host === undefined) headers.push("Host", address);
  const bodyless = body.length === 0 && ["GET", "HEAD", "OPTIONS", "DELETE"].includes(request.method!);
  if (!bodyless) headers.push("Content-Length", String(body.length));
  return headers;
}

/** For the client. */
export const responseHeaders = (response: IncomingMessage): string[] => passedOn(response, OURS);

function passedOn(message: IncomingMessage, without: readonly string[]): string[] {
  const named = (message.headers.connection ?? "").toLowerCase().split(/\s*,\s*/);
  const dropped = new Set([...HOP_BY_HOP, ...named, ...without]);
  const kept: string[] = [];
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index]!;
    if (!dropped.has(name.toLowerCase())) kept.push(name, message.rawHeaders[index + 1]!);
  }
  return kept;
}
