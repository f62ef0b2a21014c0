// A listener that can be closed and opened again. Closed, whoever knocks is refused by the system, as by a dead process.
import net from "node:net";
import type { HostPort } from "../model/link.ts";

export interface Door {
  /** Open or closed, from now on. */
  set(open: boolean): void;
}

/** Somebody else took the port while it was closed. */
const RETRY_MS = 100;

export function createDoor(
  { host, port }: HostPort,
  enter: (socket: net.Socket) => void,
  say: (line: string) => void,
): Door {
  let wanted = false;
  let server: net.Server | undefined;
  let timer: NodeJS.Timeout | undefined;

  const open = () => {
    timer = undefined;
    // Paused: nothing may be read before it is known what becomes of it.
    const opened = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, enter);
    server = opened;
    opened.once("error", (error) => {
      say(`cannot listen on ${host}:${port} again (${error.message}): stop whoever took it`);
      opened.close();
      if (server !== opened) return;
      server = undefined;
      timer = setTimeout(open, RETRY_MS);
    });
    // It looks its address up first, so it may be closed before it listens.
    opened.listen({ host, port }, () => void (server === opened || opened.close()));
  };

  return {
    set(isOpen) {
      if (wanted === isOpen) return;
      wanted = isOpen;
      clearTimeout(timer);
      if (isOpen) return open();
      server?.close();
      server = undefined;
    },
  };
}

/** Resolves when it has been shown that the address can be had, without letting anybody in. */
export function claim({ host, port }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const trial = net.createServer((socket) => socket.resetAndDestroy());
    trial.once("error", (error) => reject(explained(error, host, port)));
    trial.listen({ host, port }, () => trial.close(() => resolve()));
  });
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === "EADDRINUSE")
    return new Error(`port ${port} on ${host} is taken: stop whoever listens there, or choose another`);
  return new Error(`cannot listen on ${host}:${port}: ${error.message}`);
}
