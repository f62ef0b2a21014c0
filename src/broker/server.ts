// The TCP side: a server per listener, and on each connection one request at a time, answered in order. A client that does
// not speak the protocol costs itself its connection.
import { createServer, type Server, type Socket } from "node:net";
import { answer } from "./api/index.ts";
import type { Broker } from "./broker.ts";
import { SyncFailed } from "./log/append-file.ts";
import { Frames } from "./protocol/frames.ts";
import { ProtocolError } from "./protocol/reader.ts";
import { ConfigurationError, type Listener } from "./settings.ts";

export interface BrokerServer {
  /** No new connections; what has been asked is answered, long polls at once; then every connection is closed. */
  close(graceMs: number): Promise<void>;
}

/** What all connections share. */
interface Floor {
  broker: Broker;
  die: (reason: string) => void;
  connections: Set<Connection>;
  /** Received and not yet answered. */
  heldBytes: number;
}

interface Connection {
  socket: Socket;
  /** Aborted when the client has gone or the broker stops. */
  over: AbortController;
  /** A request is being answered. */
  busy: boolean;
}

export async function listen(broker: Broker, die: (reason: string) => void): Promise<BrokerServer> {
  const floor: Floor = { broker, die, connections: new Set(), heldBytes: 0 };
  const servers: Server[] = [];
  try {
    for (const listener of broker.settings.listeners) servers.push(await bind(listener, floor));
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return { close: (graceMs) => close(servers, floor, graceMs) };
}

function bind(listener: Listener, floor: Floor): Promise<Server> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 }, (socket) =>
    serve(socket, listener, floor),
  );
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, listener)));
    server.listen({ host: listener.host, port: listener.port }, () => {
      server.on("error", (error) => floor.broker.log(`listener ${listener.name}: ${error.message}`));
      resolve(server);
    });
  });
}

function explain(error: NodeJS.ErrnoException, { name, host, port }: Listener): Error {
  if (error.code === "EADDRINUSE") {
    return new ConfigurationError(
      `port ${port} is taken (listener ${name}): stop what uses it, or change KAFKA_LISTENERS`,
    );
  }
  return new ConfigurationError(`cannot listen on ${host}:${port} (listener ${name}): ${error.message}`);
}

function serve(socket: Socket, listener: Listener, floor: Floor): void {
  const { broker } = floor;
  const { requestMaxBytes, queuedMaxRequests, queuedMaxBytes, maxConnections } = broker.settings;
  const peer = `${listener.name} client ${socket.remoteAddress}:${socket.remotePort}`;
  const refuse = (reason: string) => {
    if (!socket.destroyed) broker.log(`${peer}: connection closed: ${reason}`);
    socket.destroy();
  };
  socket.on("error", () => socket.destroy()); // resets are how clients die; "close" follows
  if (floor.connections.size >= maxConnections)
    return refuse(`there are ${maxConnections} already (KAFKA_MAX_CONNECTIONS)`);

  const clientHost = `/${socket.remoteAddress}`;
  const connection: Connection = { socket, over: new AbortController(), busy: false };
  const frames = new Frames(requestMaxBytes);
  const queue: Buffer[] = [];
  let heldBytes = 0;
  const hold = (bytes: number) => {
    floor.heldBytes += bytes;
    heldBytes += bytes;
  };
  floor.connections.add(connection);
  socket.on("close", () => {
    floor.connections.delete(connection);
    queue.length = 0;
    hold(-heldBytes);
    connection.over.abort();
  });

  socket.on("data", (chunk: Buffer) => {
    hold(chunk.length);
    if (floor.heldBytes > queuedMaxBytes) {
      return refuse(`${queuedMaxBytes} bytes of requests wait already (KAFKA_QUEUED_MAX_REQUEST_BYTES)`);
    }
    try {
      queue.push(...frames.push(chunk));
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error));
    }
    if (queue.length > queuedMaxRequests) socket.pause();
    if (!connection.busy) void work();
  });

  const work = async (): Promise<void> => {
    connection.busy = true;
    try {
      for (let frame = queue.shift(); frame; frame = queue.shift()) {
        const parts = await answer(frame, { listener, clientHost, over: connection.over.signal }, broker);
        if (socket.destroyed) return;
        hold(-Math.min(heldBytes, frame.length + 4));
        if (parts && !send(socket, parts)) await drained(socket);
        if (queue.length <= queuedMaxRequests && socket.isPaused()) socket.resume();
      }
    } catch (error) {
      if (error instanceof SyncFailed) floor.die(error.message);
      if (error instanceof ProtocolError) return refuse(error.message);
      refuse(`an error of this broker: ${error instanceof Error ? error.stack : String(error)}`);
    } finally {
      connection.busy = false;
      if (connection.over.signal.aborted) socket.end();
    }
  };
}

/** False when the client reads more slowly than it asks. */
function send(socket: Socket, parts: readonly Buffer[]): boolean {
  const size = Buffer.allocUnsafe(4);
  size.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
  socket.cork();
  socket.write(size);
  let flowing = true;
  for (const part of parts) flowing = socket.write(part);
  socket.uncork();
  return flowing;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

async function close(servers: readonly Server[], { broker, connections }: Floor, graceMs: number): Promise<void> {
  const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
  broker.groups.close();
  for (const { socket, over, busy } of connections) {
    over.abort();
    if (!busy) socket.end();
  }
  const deadline = setTimeout(() => {
    for (const { socket } of connections) socket.destroy();
  }, graceMs);
  await Promise.all(closed);
  clearTimeout(deadline);
}
