// The embedded broker as a program: a single node that speaks Kafka's wire protocol, so that everything above it runs the
// same code with Docker and without. Configured by Apache Kafka's own environment variables (settings.ts).
import { mkdirSync } from "node:fs";
import { openBroker } from "./broker.ts";
import { lockDirectory } from "./directory-lock.ts";
import { keepRetention } from "./retention.ts";
import { listen } from "./server.ts";
import { readSettings } from "./settings.ts";

/** Below the second that a stop may take. */
const GRACE_MS = 500;

function log(line: string): void {
  // Clients choose some of the words, so what could pretend to be another line is taken out.
  const oneLine = line.replaceAll(/\s*\n\s*/g, " | ").replaceAll(/\p{Cc}/gu, "?");
  process.stdout.write(`${new Date().toISOString()} ${oneLine}\n`);
}

function fail(reason: string): never {
  log(reason);
  process.exit(1);
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  mkdirSync(settings.directory, { recursive: true });
  const lock = lockDirectory(settings.directory);
  try {
    const broker = openBroker(settings, log, fail);
    const server = await listen(broker, fail);
    for (const { name, host, port, advertised } of settings.listeners) {
      log(`listening on ${host}:${port} (${name}, advertised as ${advertised.host}:${advertised.port})`);
    }
    const endRetention = keepRetention(broker, (error) => fail(`retention: ${error.message}`));
    const stop = async (signal: string): Promise<void> => {
      log(`${signal}: stopping`);
      endRetention();
      await server.close(GRACE_MS);
      lock.release();
      log("stopped");
      process.exit(0);
    };
    process.once("SIGTERM", (signal) => void stop(signal));
    process.once("SIGINT", (signal) => void stop(signal));
  } catch (error) {
    lock.release();
    throw error;
  }
}

process.stdout.on("error", () => {}); // whoever read the log has gone; the broker has its own life
process.on("uncaughtException", (error) => fail(`stopping after an unexpected error: ${error.stack}`));
main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
