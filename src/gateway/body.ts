// A request's body, whole: only what is kept can be sent to another region.
import type { IncomingMessage } from "node:http";
import { BODY_LIMIT_BYTES, TOO_LARGE, type OwnAnswer } from "./answers.ts";

const DRAIN_LIMIT_BYTES = 1024 * 1024;
const DRAIN_MS = 1_000;

/** "gone": the client left before the body was whole. `broken` resolves when what it sent cannot be read any further. */
export async function readBody(
  request: IncomingMessage,
  broken: Promise<OwnAnswer>,
): Promise<Buffer | OwnAnswer | "gone"> {
  const body = wholeBody(request);
  const first = await Promise.race([body, broken]);
  // What came after a whole body is another request's trouble.
  return request.complete ? body : first;
}

function wholeBody(request: IncomingMessage): Promise<Buffer | OwnAnswer | "gone"> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let timer: NodeJS.Timeout | undefined;
    const settle = (result: Buffer | OwnAnswer | "gone") => {
      clearTimeout(timer);
      resolve(result);
    };
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_LIMIT_BYTES) return void chunks.push(chunk);
      // Closing on a client that still sends would reset the connection, and it would never read why: so it may finish, within limits.
      chunks.length = 0;
      timer ??= setTimeout(settle, DRAIN_MS, TOO_LARGE);
      if (bytes > DRAIN_LIMIT_BYTES) settle(TOO_LARGE);
    });
    request.on("end", () => settle(bytes > BODY_LIMIT_BYTES ? TOO_LARGE : Buffer.concat(chunks)));
    request.on("error", () => settle("gone"));
    request.on("close", () => settle("gone"));
  });
}
