// The broker as its users have it: the built program, spawned on free ports with a directory of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { readSettings, type Settings } from "../../src/broker/settings.ts";
import { Connection } from "./wire.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/programs/broker.cjs", import.meta.url));

/** A test that is cut off by its time limit disposes of nothing, so what still runs is ended with its file. */
const running = new Set<Run>();
afterAll(() => Promise.all([...running].map((run) => run.end("SIGKILL"))));

export interface Options {
  directory?: string;
  listeners?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** In front of the program: ["prlimit", "--fsize=..."] */
  wrapper?: readonly string[];
}

export interface Program extends AsyncDisposable {
  process: ChildProcess;
  directory: string;
  ports: readonly number[];
  /** "127.0.0.1:port" of the first listener. */
  address: string;
  /** Everything it has said. */
  output(): string;
  /** Resolves when it has said that. */
  says(pattern: RegExp): Promise<void>;
  /** With this signal; resolves to its exit code, or the signal's name. */
  end(signal: NodeJS.Signals): Promise<number | string>;
  /** SIGKILL (when it still runs), and the same again on the same ports and directory. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
}

/** Resolves when it answers. */
export async function startBroker(options: Options = {}): Promise<Program> {
  const ownDirectory = options.directory === undefined;
  const directory = options.directory ?? temporaryDirectory();
  const names = options.listeners ?? ["US"];
  const ports = await freePorts(names.length);
  const listeners = names.map((name, index) => `${name}://127.0.0.1:${ports[index]}`).join(",");
  const environment = { KAFKA_LISTENERS: listeners, KAFKA_LOG_DIRS: directory, ...options.environment };
  let run = spawnBroker(environment, options.wrapper);

  const program: Program = {
    get process() {
      return run.process;
    },
    directory,
    ports,
    address: `127.0.0.1:${ports[0]}`,
    output: () => run.output(),
    says: (pattern) => run.says(pattern),
    end: (signal) => run.end(signal),
    async restart(more) {
      await run.end("SIGKILL");
      run = spawnBroker({ ...environment, ...more }, options.wrapper);
      await ready(run, ports);
    },
    async [Symbol.asyncDispose]() {
      await run.end("SIGKILL");
      if (ownDirectory) rmSync(directory, { recursive: true, force: true });
    },
  };
  await ready(run, ports);
  return program;
}

export interface Run {
  process: ChildProcess;
  output(): string;
  says(pattern: RegExp): Promise<void>;
  /** Exit code or signal, once it has ended by itself. */
  ended: Promise<number | string>;
  end(signal: NodeJS.Signals): Promise<number | string>;
}

/** Starts the program and waits for nothing. */
export function spawnBroker(environment: Readonly<Record<string, string>>, wrapper: readonly string[] = []): Run {
  const [command = "", ...rest] = [...wrapper, process.execPath, PROGRAM, "--node=kafka"];
  const child = spawn(command, rest, {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  void ended.then(() => {
    for (const listener of listeners) listener();
  });
  const run: Run = {
    process: child,
    output: () => output,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(output) && child.exitCode === null && child.signalCode === null) return;
          listeners.delete(look);
          if (pattern.test(output)) resolve();
          else reject(new Error(`the broker ended without saying ${pattern}:\n${output}`));
        };
        listeners.add(look);
        look();
      }),
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
  running.add(run);
  void ended.then(() => running.delete(run));
  return run;
}

/** As the program would read them, for what is tested without it. */
export function settingsIn(directory: string, more: Readonly<Record<string, string>> = {}): Settings {
  return readSettings({ KAFKA_LISTENERS: "US://127.0.0.1:1", KAFKA_LOG_DIRS: directory, ...more });
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "broker-test-"));
}

export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** It says so, and then it answers. */
async function ready(run: Run, ports: readonly number[]): Promise<void> {
  for (const port of ports) await run.says(new RegExp(`listening on 127\\.0\\.0\\.1:${port} `));
  await using connection = await Connection.open(ports[0]!);
  await connection.apiVersions();
}
