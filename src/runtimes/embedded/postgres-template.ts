// A template is a PostgreSQL data directory with the database, its owner and its seeds in it. Making one takes half a second
// or more; copying it takes a twentieth. It is kept in the cache under a name that is the hash of everything in it, so a
// changed seed makes another template and an old one is never wrong.
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { spawn } from "node:child_process";
import { StackError } from "../../model/problem.ts";
import type { NodeSpec } from "../../model/topology.ts";
import { cached } from "./cache.ts";
import { momentaryPort } from "./ports.ts";
import {
  alone,
  answersQueries,
  as,
  clientFor,
  command,
  databaseOf,
  HOST_ACCESS,
  identifier,
  type Login,
  postgresLaunch,
  quitServers,
  setPassword,
  SETTINGS,
  type Tools,
} from "./postgres.ts";
import { alive, goneWithin, identify } from "./processes.ts";

/** Where the official image looks for what fills a new database. */
const SEEDS = "/docker-entrypoint-initdb.d";
const READY_WITHIN_MS = 20_000;
const SEED_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 10_000;

export interface Seed {
  file: string;
  sql: string;
}

/** The seeds of a node in the order of the official image: by the name in the container. Throws on one that cannot be run here. */
export function seedsOf(spec: NodeSpec): readonly Seed[] {
  return spec.files
    .flatMap(({ source, target }) => {
      if (target === SEEDS || target === `${SEEDS}/`)
        return fs.readdirSync(source).map((name) => ({ name, source: path.join(source, name) }));
      return path.posix.dirname(target) === SEEDS ? [{ name: path.posix.basename(target), source }] : [];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, source }) => {
      if (name.endsWith(".sql")) return [seed(source, fs.readFileSync(source))];
      if (name.endsWith(".sql.gz")) return [seed(source, gunzipSync(fs.readFileSync(source)))];
      if (/\.(sh|sql\.(xz|zst))$/.test(name)) throw new StackError(`${source}: only .sql and .sql.gz seeds run here`);
      return []; // the official image passes over such files too
    });
}

function seed(file: string, content: Buffer): Seed {
  const sql = content.toString("utf8");
  const line = sql.split("\n").findIndex((text) => text.startsWith("\\"));
  if (line >= 0)
    throw new StackError(
      `${file}:${line + 1}: this is a command of psql, which is not part of the embedded PostgreSQL`,
    );
  return { file, sql };
}

/** Where the template for this node is; made when there is none yet. `mark` marks the server that makes it. */
export async function templateFor(
  spec: NodeSpec,
  tools: Tools,
  home: string,
  mark: string,
  signal?: AbortSignal,
): Promise<string> {
  const seeds = seedsOf(spec);
  const { user, database } = databaseOf(spec);
  const facts = [tools.binaries.version, tools.user?.uid ?? "", user, database, SETTINGS, HOST_ACCESS, seeds];
  const key = createHash("sha256")
    .update(JSON.stringify(facts, (name, value: unknown) => (name === "file" ? undefined : value)))
    .digest("hex")
    .slice(0, 16);
  const target = path.join(home, "cache", `template-${key}`);
  return cached(target, async (temporary) => {
    const data = path.join(temporary, "data");
    if (tools.user) fs.chownSync(temporary, tools.user.uid, tools.user.gid);
    await initialise(data, user, tools, mark, signal);
    if (database !== "postgres") await alone(tools, data, [`CREATE DATABASE ${identifier(database)}`], signal);
    if (seeds.length > 0) {
      // Seeds run as psql would run them, so they need a server; until each copy gets its own password, this one protects it.
      const password = randomBytes(16).toString("hex");
      await setPassword(tools, data, { user, password }, signal);
      await fill(data, { user, database, password }, seeds, tools, mark, signal);
    }
    return data;
  });
}

async function initialise(
  data: string,
  superuser: string,
  tools: Tools,
  mark: string,
  signal?: AbortSignal,
): Promise<void> {
  const args = [
    "-D", data, "--username", superuser, "--auth", "trust", "--encoding", "UTF8",
    "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
    "--wal-segsize", "1", "--no-sync", "--no-instructions", "-c", `cluster_name=${mark}`,
  ]; // prettier-ignore
  await command(tools.binaries.initdb, args, { cwd: path.dirname(data), user: tools.user, signal });
  // A file of our own instead of the long one: it holds what we ask for and nothing else.
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name} = ${value}\n`);
  write(path.join(data, "postgresql.conf"), settings.join(""), tools);
  write(path.join(data, "pg_hba.conf"), HOST_ACCESS, tools);
}

function write(file: string, text: string, tools: Tools): void {
  fs.writeFileSync(file, text, { mode: 0o600 });
  if (tools.user) fs.chownSync(file, tools.user.uid, tools.user.gid);
}

/** Runs a server over the new data for as long as the seeds take. */
async function fill(
  data: string,
  owner: { user: string; database: string; password: string },
  seeds: readonly Seed[],
  tools: Tools,
  mark: string,
  signal?: AbortSignal,
): Promise<void> {
  const login: Login = { ...owner, port: await momentaryPort() };
  const launch = postgresLaunch(tools, data, login.port, mark);
  const logFile = path.join(path.dirname(data), "log");
  const log = fs.openSync(logFile, "a", 0o600);
  const server = spawn(launch.command, launch.args, {
    cwd: launch.workingDirectory,
    env: { ...launch.environment },
    stdio: ["ignore", log, log],
    detached: true,
    ...as(tools.user),
  });
  fs.closeSync(log);
  await new Promise<void>((resolve, reject) => server.once("spawn", resolve).once("error", reject));
  const identity = identify(server.pid!);
  if (identity === undefined) throw new StackError("PostgreSQL ended while it was starting");
  try {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await answersQueries(login, READY_WITHIN_MS))) {
      signal?.throwIfAborted();
      if (!alive(identity) || performance.now() > deadline)
        throw new StackError(
          `PostgreSQL did not start over a new database: ${fs.readFileSync(logFile, "utf8").trim()}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const seed of seeds) await run(seed, login, signal);
    server.kill("SIGINT");
    if (!(await goneWithin([identity], STOPPED_WITHIN_MS)))
      throw new StackError("PostgreSQL did not stop after its database was filled");
  } finally {
    await quitServers([identity]);
  }
}

async function run(seed: Seed, login: Login, signal?: AbortSignal): Promise<void> {
  const client = await clientFor(login, SEED_WITHIN_MS);
  await client.connect();
  const stop = () => client.connection.stream.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await client.query(seed.sql);
  } catch (error) {
    signal?.throwIfAborted();
    const { message, position } = error as Error & { position?: string };
    const line = position === undefined ? "" : `:${seed.sql.slice(0, Number(position)).split("\n").length}`;
    throw new StackError(`${seed.file}${line}: ${message}`, "Correct the seed; nothing of it was kept.", {
      cause: error,
    });
  } finally {
    signal?.removeEventListener("abort", stop);
    client.end().catch(() => {});
  }
}
