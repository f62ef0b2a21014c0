// An engine's side of its API, as far as images go: an HTTP server on a socket that answers as it is told to. For what a real
// engine does not do when it is asked (refuse a pull, break off, be ten years old).
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { onTestFinished } from "vitest";
import { connect, type Engine } from "../../../src/runtimes/docker/engine.ts";
import { temporaryHome } from "../children.ts";

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Buffer;
}

export interface Answer {
  status?: number;
  /** Sent as JSON, a line each. */
  lines?: readonly unknown[];
  /** The connection breaks after the lines. */
  breaks?: boolean;
  /** Is waited for before the lines are sent. */
  after?: Promise<unknown>;
}

export type Answers = (asked: Asked) => Answer | undefined;

export const VERSION = { Version: "28.2.2", ApiVersion: "1.50", Os: "linux", Arch: "amd64" };

/** The address of a server that answers; whatever `answers` has no answer for is a 404. */
export async function listening(answers: Answers): Promise<string> {
  const socket = path.join(temporaryHome(), "docker.sock");
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      const url = new URL(request.url!, "http://engine");
      const asked = {
        method: request.method!,
        path: url.pathname,
        query: url.searchParams,
        body: Buffer.concat(parts),
      };
      const { status = 200, lines = [], breaks, after } = answers(asked) ?? notFound(asked.path);
      await after;
      response.writeHead(status, { "content-type": "application/json" });
      for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
      if (breaks) response.flushHeaders();
      if (breaks) setImmediate(() => request.socket.destroy());
      else response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    fs.rmSync(socket, { force: true });
  });
  return `unix://${socket}`;
}

export async function engineThat(answers: Answers): Promise<Engine> {
  const address = await listening((asked) => (asked.path === "/version" ? { lines: [VERSION] } : answers(asked)));
  return connect({ DOCKER_HOST: address });
}

export const notFound = (what: string): Answer => ({ status: 404, lines: [{ message: `no such thing: ${what}` }] });
