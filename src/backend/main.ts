// The backend of one region: environment -> ports -> app.
//
// It listens at once. The database is needed only to answer, and Kafka only to replicate, so neither is waited for; the
// Kafka client is not even loaded before the port is open.
import { seeded } from "../model/random.ts";
import { createPostgresStore } from "./adapters/postgres.ts";
import { systemClock } from "./adapters/system.ts";
import { createBackend, type Backend } from "./app.ts";
import { BROKEN } from "./broken.ts";
import { serveControl } from "./control/serve.ts";
import { ConfigurationError, readEnvironment, type Environment } from "./environment.ts";
import type { Log } from "./ports.ts";

/** Shutting down never takes longer: a pending send of Kafka's client cannot be cancelled. */
const SHUTDOWN_MS = 900;

async function main(): Promise<void> {
  const environment = readEnvironment(process.env);
  const { settings, host, port } = environment;
  if (settings.broken !== undefined)
    say(`WARNING: this backend is BROKEN on purpose (${settings.broken}): it ${BROKEN[settings.broken]}`);

  const store = createPostgresStore(environment.databaseUrl, say);
  // Another stream in every life of a process.
  const random = seeded(`${settings.region} ${Date.now()}`);
  const ports = { store, log: lazyLog(environment), clock: systemClock, stampNow: Date.now, random, say };
  const backend = createBackend(settings, ports);
  // Opens the first connection while nobody waits for it.
  void store.ping().catch(() => {});
  if (environment.control) await serveControl(backend.controls, environment.control);
  await backend.http.listen({ host, port });
  say(`${settings.node} serves region ${settings.region} on ${host}:${port}`);
  backend.replicate();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void shutDown(backend, signal));
}

async function shutDown(backend: Backend, signal: string): Promise<void> {
  say(`${signal}: stopping`);
  setTimeout(() => process.exit(0), SHUTDOWN_MS).unref();
  await backend.close();
  process.exit(0);
}

/** Loading Kafka's client takes a while; by the time it is needed the port is open. */
function lazyLog({ kafka }: Environment): Log {
  let loading: Promise<Log> | undefined;
  const load = () =>
    (loading ??= import("./adapters/kafka.ts").then(({ createKafkaLog }) => createKafkaLog(kafka, say)));
  return {
    append: async (messages) => (await load()).append(messages),
    follow: async (from, receive, signal) => (await load()).follow(from, receive, signal),
    end: async () => (await load()).end(),
    close: async () => (await loading)?.close(),
  };
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  const { code, port } = error as { code?: string; port?: number };
  if (code === "EADDRINUSE") return `port ${port} is taken: stop whoever listens there, or set PORT to a free one`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

// Whoever read the log may be gone; that is no reason to stop serving.
process.stdout.on("error", () => {});

main().catch((error) => {
  say(`cannot start: ${explain(error)}`);
  process.exit(1);
});
