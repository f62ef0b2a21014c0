// One TCP connection that a test holds in its hands, so that it can see what becomes of it. It can speak HTTP.
import net from "node:net";
import { onTestFinished } from "vitest";

export interface Line {
  send(bytes: Buffer | string): void;
  /** An HTTP request, on this connection. */
  request(method: string, path: string, body?: unknown): void;
  received(): string;
  /** "open", "closed" by the other side, or the code of what ended it: "ECONNRESET". */
  state(): string;
}

/** Rejects with the system's error when it cannot be opened. */
export async function openLine(address: string): Promise<Line> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = net.connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let received = "";
  let state = "open";
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  socket.on("error", (error: NodeJS.ErrnoException) => (state = error.code ?? error.message));
  socket.on("close", () => (state = state === "open" ? "closed" : state));
  return {
    send: (bytes) => void socket.write(bytes),
    request(method, path, body) {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = ["Host: test", `Content-Length: ${Buffer.byteLength(text)}`];
      if (text !== "") headers.push("Content-Type: application/json");
      socket.write(`${method} ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${text}`);
    },
    received: () => received,
    state: () => state,
  };
}
