// The observer's way to a node: straight to its own port, past every link and every fault, over a few kept connections.
import { Pool } from "undici";
import type { Reply, RequestInit } from "../../model/cluster.ts";
import { StackError } from "../../model/problem.ts";

const CONNECTIONS = 8;
const TIMEOUT_MS = 5_000;
/** What a node answers is read into memory. */
const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

export interface Http {
  request(path: string, init?: RequestInit): Promise<Reply>;
  /** Drops all connections; the next request makes new ones. */
  reset(): void;
}

export function httpTo(address: string): Http {
  let pool: Pool | undefined;
  return {
    async request(path, init = {}) {
      pool ??= new Pool(`http://${address}`, { connections: CONNECTIONS, maxResponseSize: BODY_LIMIT_BYTES });
      const timeout = AbortSignal.timeout(Math.ceil(init.timeoutMs ?? TIMEOUT_MS));
      const { body, headers: bodyHeaders } = bodyOf(init.body);
      const answer = await pool.request({
        path,
        method: (init.method ?? "GET") as "GET",
        headers: { ...bodyHeaders, ...init.headers },
        body,
        signal: init.signal ? AbortSignal.any([init.signal, timeout]) : timeout,
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: flat(answer.headers), body: parsed(text, answer.headers) };
    },
    reset() {
      pool?.destroy().catch(() => {});
      pool = undefined;
    },
  };
}

function bodyOf(body: unknown): { body?: string; headers: Record<string, string> } {
  if (body === undefined) return { headers: {} };
  if (typeof body === "string") return { body, headers: {} };
  return { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function flat(headers: Headers): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(", ")]],
    ),
  );
}

function parsed(text: string, headers: Headers): unknown {
  if (!String(headers["content-type"] ?? "").includes("json")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new StackError("the answer says that it is JSON, but it is not", undefined, { cause: error });
  }
}
