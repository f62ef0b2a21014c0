// Does a node answer its own protocol? Never its port alone: Docker's proxy accepts connections to a published port as soon
// as the container runs, whether anybody listens inside or not.
import net from "node:net";
import type { RequestInit } from "../../model/cluster.ts";
import type { HostPort } from "../../model/link.ts";
import type { Http } from "../embedded/http.ts";

/** The status of any HTTP answer. */
export async function status(
  http: Http,
  path: string,
  timeoutMs: number,
  init: Pick<RequestInit, "method" | "headers"> = {},
): Promise<number | undefined> {
  try {
    return (await http.request(path, { ...init, timeoutMs })).status;
  } catch {
    return undefined; // nobody answers
  }
}

/** What the proxy does with a connection to nobody: it closes it as soon as it was refused inside. */
const REFUSED_WITHIN_MS = 100;

/** Can a connection be opened that somebody inside accepts? A process that is stopped does, too. */
export function connects(to: HostPort, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ ...to, timeout: timeoutMs });
    let timer: NodeJS.Timeout | undefined;
    const done = (connected: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(connected);
    };
    socket.once("connect", () => {
      timer = setTimeout(done, REFUSED_WITHIN_MS, true);
    });
    socket.once("data", () => done(true));
    for (const event of ["end", "close", "timeout", "error"] as const) socket.once(event, () => done(false));
  });
}

const METADATA = 3;
const VERSION = 1;
const CORRELATION = 7;

/**
 * Asks a broker who serves (Metadata 1, for no topic): it answers with nobody until its controller has let it in, and until
 * then it would accept no record either.
 */
export function hasBrokers(broker: HostPort, timeoutMs: number): Promise<boolean> {
  const client = Buffer.from("regionctl");
  const request = Buffer.alloc(4 + 8 + 2 + client.length + 4);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(METADATA, 4);
  request.writeInt16BE(VERSION, 6);
  request.writeInt32BE(CORRELATION, 8);
  request.writeInt16BE(client.length, 12);
  client.copy(request, 14);
  request.writeInt32BE(0, 14 + client.length);
  return new Promise((resolve) => {
    const socket = net.connect({ ...broker, timeout: timeoutMs });
    let answer = Buffer.alloc(0);
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => socket.write(request));
    socket.on("data", (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      // Length, our number, how many brokers.
      if (answer.length >= 12) done(answer.readInt32BE(4) === CORRELATION && answer.readInt32BE(8) > 0);
    });
    for (const event of ["timeout", "error", "close"] as const) socket.on(event, () => done(false));
  });
}
