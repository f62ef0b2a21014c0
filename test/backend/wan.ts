// A network between a client and a server: every byte arrives later, and while it is cut none arrives at all. A cut says
// nothing to either side: connections open and stall, and what was sent meanwhile arrives once it is over.
import { once } from "node:events";
import net from "node:net";

export interface Wan extends AsyncDisposable {
  /** "127.0.0.1:port" */
  address: string;
  port: number;
  cut(): void;
  mend(): void;
  /** Connections that were opened so far. */
  opened(): number;
}

export async function startWan(upstreamPort: number, oneWayMs = 0): Promise<Wan> {
  const waiting = new Set<() => void>();
  const sockets = new Set<net.Socket>();
  let isCut = false;
  let opened = 0;

  /** In order, not before its time, and not through a cut. */
  function lane(to: net.Socket) {
    const queue: { dueAt: number; pass: () => void }[] = [];
    let timer: NodeJS.Timeout | undefined;
    const flush = () => {
      timer = undefined;
      while (!isCut && queue.length > 0 && queue[0]!.dueAt <= performance.now() + 0.5) queue.shift()!.pass();
      if (queue.length > 0 && !isCut) timer = setTimeout(flush, Math.max(0, queue[0]!.dueAt - performance.now()));
    };
    waiting.add(flush);
    to.once("close", () => waiting.delete(flush));
    return (pass: () => void) => {
      queue.push({ dueAt: performance.now() + oneWayMs, pass });
      if (timer === undefined) flush();
    };
  }

  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    opened++;
    const upstream = new net.Socket({ allowHalfOpen: true });
    upstream.setNoDelay(true);
    const there = lane(upstream);
    there(() => upstream.connect(upstreamPort, "127.0.0.1"));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const pass = from === client ? there : lane(client);
      sockets.add(from);
      from.on("data", (bytes) => pass(() => to.write(bytes)));
      from.on("end", () => pass(() => to.end()));
      from.on("error", () => pass(() => to.destroy()));
      from.on("close", () => {
        sockets.delete(from);
        pass(() => to.destroy());
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    cut: () => void (isCut = true),
    mend() {
      isCut = false;
      for (const flush of waiting) flush();
    },
    opened: () => opened,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
