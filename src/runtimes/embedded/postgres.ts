// A real PostgreSQL as a node: its disk is a copy of a template (postgres-template.ts), it listens on 127.0.0.1 alone and
// asks for a password that only this stack knows. There is no Unix socket: one way in, the same for everybody, and no path
// that could be too long for it.
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { execa } from "execa";
import type { NodeSpec } from "../../model/topology.ts";
import { StackError } from "../../model/problem.ts";
import type { Binaries } from "./postgres-binaries.ts";
import type { User } from "./home.ts";
import { goneWithin, type Identity, killTrees, signalOne, thawTrees } from "./processes.ts";
import type { Launch } from "./spawn.ts";

/** What the official image calls them, with its defaults. */
export function databaseOf(spec: NodeSpec): { user: string; database: string } {
  const user = spec.environment["POSTGRES_USER"] || "postgres";
  return { user, database: spec.environment["POSTGRES_DB"] || user };
}

/**
 * For a quick start and little memory. fsync is off: what nodes lose here are processes, never the machine, and what was
 * written survives a SIGKILL in the page cache. Full page writes stay on: a SIGKILL can fall between the two memory pages of one write.
 */
export const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "'127.0.0.1'",
  unix_socket_directories: "''",
  password_encryption: "'scram-sha-256'",
  max_connections: "40",
  shared_buffers: "'32MB'",
  fsync: "off",
  synchronous_commit: "on",
  full_page_writes: "on",
  jit: "off",
  // Fewer processes: no workers for reading ahead, none for replicas that nobody attaches.
  io_method: "'sync'",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  min_wal_size: "'2MB'", // the template is copied for every node
  max_wal_size: "'256MB'",
  // In the data directory: what a killed server leaves of it goes away with the stack.
  dynamic_shared_memory_type: "'mmap'",
  log_line_prefix: "'%m [%p] '",
  log_checkpoints: "off",
  log_timezone: "'UTC'",
  timezone: "'UTC'",
};

/** Passwords for everybody, on loopback, and nothing else. */
export const HOST_ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n";

/** How to run one of PostgreSQL's programs. */
export interface Tools {
  binaries: Binaries;
  /** Whom it runs as; undefined: oneself. */
  user: User | undefined;
}

export function postgresLaunch(tools: Tools, dataDirectory: string, port: number, mark: string): Launch {
  return {
    command: tools.binaries.postgres,
    args: ["-D", dataDirectory, "-p", String(port), "-c", `cluster_name=${mark}`],
    environment: ENVIRONMENT,
    workingDirectory: dataDirectory,
    user: tools.user,
  };
}

export const ENVIRONMENT: Readonly<Record<string, string>> = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** Makes a node's disk from a template, with the stack's password in it. Complete or not there at all. */
export async function createData(
  tools: Tools,
  template: string,
  dataDirectory: string,
  role: { user: string; password: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporary = `${dataDirectory}~${randomBytes(4).toString("hex")}`;
  try {
    // Keeps owner and modes, and shares blocks on a file system that can.
    await command("cp", ["-a", template, temporary], { cwd: path.dirname(temporary), signal });
    await setPassword(tools, temporary, role, signal);
    fs.renameSync(temporary, dataDirectory);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}

export function setPassword(
  tools: Tools,
  dataDirectory: string,
  role: { user: string; password: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const statement = `ALTER ROLE ${identifier(role.user)} PASSWORD ${literal(role.password)}`;
  return alone(tools, dataDirectory, [statement], signal);
}

/** Statements for a server that nobody else can reach: it reads them from its input, so nothing shows in an argument list. */
export async function alone(
  tools: Tools,
  dataDirectory: string,
  statements: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const stderr = await command(tools.binaries.postgres, ["--single", "-D", dataDirectory, "postgres"], {
    input: statements.map((statement) => `${statement}\n`).join(""),
    cwd: dataDirectory,
    user: tools.user,
    signal,
  });
  // It goes on after an error and ends with 0.
  const error = stderr.split("\n").find((line) => /\b(ERROR|FATAL|PANIC):/.test(line));
  if (error)
    throw new StackError(`PostgreSQL refused to prepare its data: ${error.replace(/^.*?(ERROR|FATAL|PANIC):\s*/, "")}`);
}

export function as(user: User | undefined): { uid?: number; gid?: number } {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

/** Runs a command to its end; what it wrote to stderr. In a session of its own, so that Ctrl-C reaches us alone and we end it. */
export async function command(
  file: string,
  args: readonly string[],
  options: { cwd: string; input?: string; user?: User; signal?: AbortSignal },
): Promise<string> {
  const { cwd, input, user, signal } = options;
  try {
    const { stderr } = await execa(file, args, {
      cwd,
      input: input ?? "",
      ...as(user),
      cancelSignal: signal,
      detached: true,
      extendEnv: false,
      env: ENVIRONMENT,
    });
    return stderr;
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr, shortMessage } = error as { stderr?: string; shortMessage?: string };
    const lines = (stderr ?? "").split("\n").filter((line) => line.trim() !== "");
    const telling = lines.find((line) => /\b(error|fatal|panic)\b/i.test(line)) ?? lines.at(-1) ?? shortMessage;
    throw new StackError(`${path.basename(file)} failed: ${telling ?? String(error)}`, undefined, { cause: error });
  }
}

/**
 * What a killed server leaves behind: its pid file, which stops the next start once that pid belongs to somebody else.
 * Only for a node of which no process lives.
 */
export function clearAfterKill(dataDirectory: string): void {
  fs.rmSync(path.join(dataDirectory, "postmaster.pid"), { force: true });
}

/** A killed server also leaves a small shared memory segment to the system for ever. Whoever opens the data next finds it and removes it. */
export async function releaseMemory(tools: Tools, dataDirectory: string): Promise<void> {
  if (!fs.existsSync(path.join(dataDirectory, "postmaster.pid"))) return;
  clearAfterKill(dataDirectory);
  await alone(tools, dataDirectory, [], undefined);
}

/** Ends servers at once and in good order, so that they give their shared memory back; one that does not is killed. */
export async function quitServers(servers: readonly Identity[]): Promise<void> {
  for (const server of servers) signalOne(server, "SIGQUIT");
  thawTrees(servers);
  await goneWithin(servers, QUIT_WITHIN_MS);
  await killTrees(servers);
}

const QUIT_WITHIN_MS = 3_000;

export interface Login {
  port: number;
  user: string;
  password: string;
  database: string;
}

/** Does it answer SELECT 1 to the application's user? */
export async function answersQueries(login: Login, timeoutMs: number): Promise<boolean> {
  const client = await clientFor(login, timeoutMs);
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false; // not yet, not any more, or stopped: the caller asks again
  } finally {
    // A stopped server would never answer the farewell.
    client.end().catch(() => {});
    client.connection.stream.destroy();
  }
}

export async function clientFor(login: Login, timeoutMs: number): Promise<PgClient> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    host: "127.0.0.1",
    ...login,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  // A connection that breaks while nothing is asked must not end this process.
  client.on("error", () => {});
  return client as unknown as PgClient;
}

/** What is used of pg's client; its stream is there but not in its types. */
export interface PgClient {
  connect(): Promise<void>;
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
  connection: { stream: { destroy(): void } };
}

export const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
