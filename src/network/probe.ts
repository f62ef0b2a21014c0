// Proves what a link does: opens a connection to its own listener exactly as a client would, so that the system and every
// rule treat it like one. Behind the link an echo answers in place of the node.
import net from "node:net";
import type { HostPort, ProbeAnswer } from "../model/link.ts";
import type { EchoOrder } from "./echo.ts";

export interface ProbePlan extends EchoOrder {
  listen: HostPort;
  patienceMs: number;
  /** Called before the link can have accepted it. Returns what to call when it is over. */
  expect(port: number): () => void;
  now(): number;
}

const PIECE = Buffer.alloc(65_536);

export function probe({ listen, bytes, back, patienceMs, expect, now }: ProbePlan): Promise<ProbeAnswer> {
  const beganMs = now();
  const socket = net.connect({ host: localHost(listen.host), port: listen.port, noDelay: true });
  let forget = () => {};
  // By then the system has given it a port, and nothing was accepted yet.
  process.nextTick(() => {
    if (socket.localPort) forget = expect(socket.localPort);
  });
  return new Promise((resolve) => {
    let missing = back ? bytes : 1;
    let unsent = bytes;
    const end = (outcome: ProbeAnswer["outcome"]) => {
      clearTimeout(timer);
      socket.destroy();
      forget();
      resolve({ outcome, tookMs: now() - beganMs });
    };
    const send = () => {
      while (unsent > 0) {
        const piece = PIECE.subarray(0, Math.min(unsent, PIECE.length));
        unsent -= piece.length;
        if (!socket.write(piece)) return;
      }
    };
    const timer = setTimeout(end, patienceMs, "stalled");
    socket.once("connect", send);
    socket.on("drain", send);
    socket.on("data", (chunk) => {
      missing -= chunk.length;
      if (missing <= 0) end("answered");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED" ? "refused" : "reset"));
    socket.once("end", () => end("reset"));
  });
}

/** One that listens everywhere listens here. */
function localHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
