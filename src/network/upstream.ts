// Watches whether a node accepts connections, so that its link can refuse what it refuses.
//
// One idle connection is kept to it. A node that dies closes that at once, and the next connect is refused: from then on
// it is tried every 20 ms. A node that closes idle connections, as many do after a while, is connected to again quietly.
import net from "node:net";
import type { HostPort } from "../model/link.ts";

export interface Upstream {
  readonly accepts: boolean;
  /** Somebody was refused just now. */
  refused(error: NodeJS.ErrnoException): void;
  close(): void;
}

const RETRY_MS = 20;
/** Nobody who lives needs as long to take a connection; whoever is gone without a trace is looked up anew. */
const CONNECT_WITHIN_MS = 1_000;
/** Shorter than this, and connecting again at once would only spin. */
const SHORT_MS = 1_000;
const LONGEST_PAUSE_MS = 1_000;
/** More than any greeting. */
const ENOUGH_BYTES = 65_536;

/** What says nothing about the node: we have run out of something, or nobody answers (a cut is no refusal). */
const NO_REFUSAL = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS", "ENOMEM", "ETIMEDOUT", "ECONNRESET"]);

/** `changed` is called whenever `accepts` is another one; it begins as false. */
export function watchUpstream(
  { host, port }: HostPort,
  changed: (accepts: boolean, reason: string) => void,
  now: () => number,
): Upstream {
  let accepts = false;
  let isClosed = false;
  let socket: net.Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** In a row. */
  let shortOnes = 0;

  const tell = (does: boolean, reason: string) => {
    if (accepts === does || isClosed) return;
    accepts = does;
    changed(does, reason);
  };

  const tryIn = (ms: number) => {
    if (isClosed) return;
    clearTimeout(timer);
    timer = setTimeout(connect, ms);
  };

  const connect = () => {
    clearTimeout(timer);
    if (isClosed) return;
    const trial = net.connect({ host, port });
    socket = trial;
    let connectedMs: number | undefined;
    let problem: NodeJS.ErrnoException | undefined;
    let limit: NodeJS.Timeout | undefined;
    // Only the connection: a name server may take longer, and what it says is of interest.
    trial.on("connectionAttempt", () => {
      clearTimeout(limit);
      limit = setTimeout(() => trial.destroy(), CONNECT_WITHIN_MS);
    });
    trial.once("connect", () => {
      clearTimeout(limit);
      connectedMs = now();
      tell(true, "");
    });
    trial.on("error", (error) => (problem = error));
    trial.once("close", () => {
      clearTimeout(limit);
      // Another one took its place.
      if (socket !== trial) return;
      if (connectedMs !== undefined) return again(now() - connectedMs);
      if (problem !== undefined && !NO_REFUSAL.has(problem.code ?? "")) tell(false, problem.message);
      tryIn(RETRY_MS);
    });
    // Its end is of interest, what it says is not; one that talks without end is left alone with it.
    let heard = 0;
    trial.on("data", (piece) => {
      heard += piece.length;
      if (heard > ENOUGH_BYTES) trial.pause();
    });
  };

  const again = (livedMs: number) => {
    shortOnes = livedMs < SHORT_MS ? shortOnes + 1 : 0;
    if (shortOnes < 2) connect();
    else tryIn(Math.min(RETRY_MS * 2 ** (shortOnes - 2), LONGEST_PAUSE_MS));
  };

  connect();
  return {
    get accepts() {
      return accepts;
    },
    refused(error) {
      if (isClosed || !accepts || NO_REFUSAL.has(error.code ?? "")) return;
      // What is connected proves nothing any more: one that is about to end may have stopped listening.
      const old = socket;
      socket = undefined;
      old?.destroy();
      tell(false, error.message);
      tryIn(RETRY_MS);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      socket?.destroy();
    },
  };
}
