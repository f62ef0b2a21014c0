// The other end of a bench, in a process of its own: a port that echoes, one that swallows, and one that pours.
import net from "node:net";

const CHUNK = Buffer.alloc(1024 * 1024, 7);

const echo = net.createServer({ noDelay: true }, (socket) => {
  socket.on("data", (bytes) => socket.write(bytes)).on("error", () => {});
});

/** Swallows what is announced in the first 8 bytes, and then answers one byte. */
const sink = net.createServer((socket) => {
  let left: number | undefined;
  socket.on("data", (bytes) => {
    left ??= Number(bytes.readBigUInt64LE()) + 8;
    left -= bytes.length;
    if (left <= 0) socket.write("k");
  });
  socket.on("error", () => {});
});

/** Pours as many bytes as the first 8 say. */
const source = net.createServer((socket) => {
  socket.once("data", (bytes) => {
    let left = Number(bytes.readBigUInt64LE());
    const pour = () => {
      while (left > 0) {
        const chunk = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
        left -= chunk.length;
        if (!socket.write(chunk)) return void socket.once("drain", pour);
      }
    };
    pour();
  });
  socket.on("error", () => {});
});

const ports = await Promise.all(
  [echo, sink, source].map(
    (server) =>
      new Promise<number>((resolve) =>
        server.listen({ port: 0, host: "127.0.0.1" }, () => resolve((server.address() as net.AddressInfo).port)),
      ),
  ),
);
process.stdout.write(`${JSON.stringify({ echo: ports[0], sink: ports[1], source: ports[2] })}\n`);
process.stdin.resume().on("end", () => process.exit(0)); // whoever started it is gone
