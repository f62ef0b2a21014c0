// One end of a connection as a pipe sees it: a socket, or the echo that answers a probe.
//
// A socket reads into one buffer that is used again and again: most bytes are taken by the kernel of the other side at
// once, so that nothing is ever copied or allocated. Only when they are not is the buffer kept until they are.
import net from "node:net";
import type { HostPort } from "../model/link.ts";

export interface End {
  /** Set before anything else is asked of it. */
  events: EndEvents;
  /** Whether the bytes were taken at once, so that their buffer is free again; otherwise it is when `drained` is called. */
  write(bytes: Buffer): boolean;
  /** No more will be written: FIN behind what was. */
  finish(): void;
  /** RST. What was not sent yet is lost. */
  reset(): void;
  read(): void;
  pause(): void;
}

export interface EndEvents {
  /** Valid only during the call. Whether to go on reading. */
  bytes(bytes: Buffer): boolean;
  /** FIN: no more bytes will come. */
  ended(): void;
  drained(): void;
  /** Reset, or something as bad. `closed` follows. */
  failed(error: NodeJS.ErrnoException): void;
  /** Nothing comes and goes any more. */
  closed(): void;
}

/** Large enough for streams at full speed; memory that is not written to costs nothing. */
const READ_BYTES = 65_536;

/** Takes over a socket that a server with `pauseOnConnect` accepted. undefined when it is closed already. */
export function acceptedEnd(accepted: net.Socket): End | undefined {
  // A server's sockets cannot be given a buffer to read into; a new one around the same handle can.
  const holder = accepted as unknown as Record<string, unknown>;
  const handle = holder["_handle"];
  if (typeof handle !== "object" || handle === null) return undefined;
  holder["_handle"] = null;
  accepted.destroy();
  return socketEnd(
    (options) => new net.Socket({ ...options, handle, pauseOnCreate: true } as net.SocketConstructorOpts),
  );
}

/** Begins to connect. */
export function dialledEnd({ host, port }: HostPort, connected: () => void): End {
  return socketEnd((options) => {
    const socket = net.connect({ ...options, host, port, noDelay: true } as net.TcpSocketConnectOpts);
    // Or it would begin to read by itself.
    socket.pause();
    return socket.once("connect", connected);
  });
}

interface Options {
  allowHalfOpen: boolean;
  onread: NonNullable<net.ConnectOpts["onread"]>;
  writableHighWaterMark: number;
}

function socketEnd(open: (options: Options) => net.Socket): End {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (length: number) => end.events.bytes(length === READ_BYTES ? buffer : buffer.subarray(0, length));
  // With 1, `drain` follows every write, however short.
  const socket = open({ allowHalfOpen: true, onread: { buffer, callback }, writableHighWaterMark: 1 });
  const end: End = {
    events: NOBODY,
    write(bytes) {
      socket.write(bytes);
      return socket.writableLength === 0;
    },
    finish: () => void socket.end(),
    reset() {
      // One that is not connected has nobody to tell.
      if (socket.connecting) socket.destroy();
      else if (!socket.destroyed) socket.resetAndDestroy();
    },
    read: () => void socket.resume(),
    pause: () => void socket.pause(),
  };
  socket.on("end", () => end.events.ended());
  socket.on("drain", () => end.events.drained());
  socket.on("error", (error) => end.events.failed(error));
  socket.on("close", () => end.events.closed());
  return end;
}

const NOBODY: EndEvents = { bytes: () => false, ended() {}, drained() {}, failed() {}, closed() {} };
