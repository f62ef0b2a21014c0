// The embedded gateway, a program: NGINX's part where there is no NGINX, by the same rules (route.ts, nginx.ts). No npm packages, for a quick start.
import { createServer } from "node:http";
import { bufferedLines } from "./access-log.ts";
import { settingsFrom, type Settings } from "./config.ts";
import { serveConnections } from "./connection.ts";
import { createRotation } from "./rotation.ts";

const settings = settingsFrom(process.env);
if (typeof settings === "string") refuseToStart(settings);
else run(settings);

function run({ host, port, config }: Settings): void {
  const log = bufferedLines((text) => void process.stdout.write(text));
  // Whoever read the log may leave; the gateway stays.
  process.stdout.on("error", () => {});

  const server = createServer({ maxHeaderSize: 16 * 1024, connectionsCheckingInterval: 500 });
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  // As NGINX: longer than clients pause between requests, or they would meet a closing connection.
  server.keepAliveTimeout = 75_000;
  server.timeout = 75_000;
  server.maxConnections = 4_096;
  serveConnections(server, { config, rotation: createRotation(() => performance.now()), log });

  server.on("error", (error: NodeJS.ErrnoException) => {
    const taken = `port ${port} on ${host} is taken: end what listens there, or choose another PORT`;
    refuseToStart(error.code === "EADDRINUSE" ? taken : `cannot listen on ${host}:${port}: ${error.message}`);
  });
  server.listen(port, host, () => {
    const address = server.address();
    const actual = typeof address === "object" && address !== null ? address.port : port;
    const routes = Object.entries(config.routes).map(([prefix, region]) => `${prefix} -> ${region}`);
    log.write(`${new Date().toISOString()} gateway listens on http://${host}:${actual} (${routes.join(", ")})`);
    log.flush();
  });

  const stop = () => {
    // The deadline is for answers under way; idle clients are let go at once.
    setTimeout(() => server.closeAllConnections(), 800).unref();
    server.close(() => {
      log.flush();
      process.exit(0);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function refuseToStart(problem: string): void {
  process.stderr.write(`gateway: ${problem}\n`);
  process.exit(1);
}
