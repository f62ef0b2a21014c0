// A real PostgreSQL for tests: one server on a free port of loopback, as many databases as a test wants.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { postgresUser } from "../../src/runtimes/embedded/home.ts";
import { momentaryPort } from "../../src/runtimes/embedded/ports.ts";
import { postgresBinaries } from "../../src/runtimes/embedded/postgres-binaries.ts";
import { as, ENVIRONMENT, SETTINGS } from "../../src/runtimes/embedded/postgres.ts";

const SEEDS = fileURLToPath(new URL("../../seeds/properties.sql", import.meta.url));

export interface Postgres extends AsyncDisposable {
  /** A new database with the property system's seeds; its address. */
  database(name: string): Promise<string>;
  /** Gone without a farewell. */
  crash(): Promise<void>;
  /** Again, over the same data. */
  start(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const user = postgresUser();
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "postgres-test-"));
  fs.chmodSync(home, 0o755);
  const parent = path.join(home, "of-its-user");
  fs.mkdirSync(parent);
  if (user) fs.chownSync(parent, user.uid, user.gid);
  const data = path.join(parent, "data");
  const binaries = await postgresBinaries(home, user);
  const spawned = { env: { ...ENVIRONMENT }, cwd: parent, ...as(user) };
  const initdb = [
    "-D",
    data,
    "-U",
    "tester",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale",
    "C",
    "--wal-segsize",
    "1",
    "--no-sync",
  ];
  execFileSync(binaries.initdb, initdb, { ...spawned, stdio: "ignore" });
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value.replaceAll("'", "")}`]);
  const port = await momentaryPort();
  const urlOf = (name: string) => `postgres://tester@127.0.0.1:${port}/${name}`;
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    server = spawn(binaries.postgres, ["-D", data, "-p", String(port), ...settings], { ...spawned, stdio: "ignore" });
    await once(server, "spawn");
    while (!(await answers(urlOf("postgres"))))
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode} while it was starting`);
  }

  async function end(): Promise<void> {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    // The only way to end at once that leaves no shared memory behind.
    server.kill("SIGQUIT");
    await ended;
  }

  await start();
  return {
    start,
    crash: end,
    async database(name) {
      await ask(urlOf("postgres"), `CREATE DATABASE ${name}`);
      await ask(urlOf(name), fs.readFileSync(SEEDS, "utf8"));
      return urlOf(name);
    },
    async [Symbol.asyncDispose]() {
      await end();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

export async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 15_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  return ask(url, "SELECT 1").then(
    () => true,
    () => new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20)),
  );
}
