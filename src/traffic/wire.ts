// How clients reach the gateway: kept-alive connections, one request at a time on each, nothing sent twice by itself
// (a repeat that the history does not know of would make every verdict worthless).
import { Pool } from "undici";
import type { Reply } from "../model/cluster.ts";
import type { FilledRequest } from "./mapping.ts";

/** A client gives up this long after it asked: the outcome is unknown. */
export const ANSWER_TIMEOUT_MS = 2_000;

/** No register is larger; a body without end must not fill the memory. */
const MAX_ANSWER_BYTES = 1 << 20;

export interface Wire {
  /** Rejects when there was no answer: refused, reset, timed out, cut off. */
  send(request: FilledRequest): Promise<Reply>;
  /** After what is in flight has ended. */
  close(): Promise<void>;
  /** At once: what is in flight is rejected. */
  cutOff(): Promise<void>;
}

/** `connections`: how many requests may be in flight together. `origin`: "http://127.0.0.1:8080". */
export function openWire(origin: string, connections: number): Wire {
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    connect: { timeout: ANSWER_TIMEOUT_MS },
    maxResponseSize: MAX_ANSWER_BYTES,
    // Our own time-out below counts from the moment of asking and includes the body.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async send({ method, path, headers, body }) {
      const giveUp = new AbortController();
      const timer = setTimeout(
        () => giveUp.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`)),
        ANSWER_TIMEOUT_MS,
      );
      try {
        const answer = await pool.request({
          method: method as "GET",
          path,
          headers,
          body: body === undefined ? null : JSON.stringify(body),
          signal: giveUp.signal,
        });
        return { status: answer.statusCode, headers: flat(answer.headers), body: parsed(await answer.body.text()) };
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => pool.close(),
    cutOff: () => pool.destroy(new Error("the traffic was ended before the answer came")),
  };
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name, Array.isArray(text) ? text.join(", ") : (text ?? "")]),
  );
}

/** JSON where it is that, otherwise the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
