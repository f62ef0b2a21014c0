// The backend as its users have it: the built program, spawned on a free port.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { momentaryPort } from "../../src/runtimes/embedded/ports.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/programs/backend.cjs", import.meta.url));

/** Below the time-out of a test, so that a failure shows what the backend said. */
const PATIENCE_MS = 20_000;

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { detail?: string };
}

export interface Program extends AsyncDisposable {
  region: string;
  process: ChildProcess;
  output(): string;
  /** Exit code, or the signal's name. */
  ended: Promise<number | string>;
  /** `path` without the region. Rejects when nobody answers. */
  get(path: string): Promise<Answer>;
  put(id: number, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** With this signal; resolves to its exit code, or the signal's name. */
  end(signal: NodeJS.Signals): Promise<number | string>;
  /** Asks until it holds. */
  until(path: string, holds: (answer: Answer) => boolean): Promise<Answer>;
}

/** Starts the program and waits for nothing. */
export function spawnBackend(environment: Readonly<Record<string, string>>): Program {
  const region = environment["REGION"] ?? "us";
  const child = spawn(process.execPath, [PROGRAM, "--node=backend"], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  const base = `http://127.0.0.1:${environment["PORT"]}/${region}`;
  const ask = async (path: string, init?: RequestInit): Promise<Answer> => {
    const reply = await fetch(`${base}/${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
    return { status: reply.status, headers: reply.headers, body: (await reply.json()) as Answer["body"] };
  };
  const program: Program = {
    region,
    process: child,
    output: () => output,
    ended,
    get: (path) => ask(path),
    put: (id, body, headers) =>
      ask(`properties/${id}`, {
        method: "PUT",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
    async until(path, holds) {
      const giveUp = performance.now() + PATIENCE_MS;
      for (;;) {
        const answer = await ask(path).catch(() => undefined);
        if (answer !== undefined && holds(answer)) return answer;
        if (child.exitCode !== null || performance.now() > giveUp)
          throw new Error(`${path} never became so, the last answer was ${JSON.stringify(answer?.body)}:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async [Symbol.asyncDispose]() {
      await this.end("SIGKILL");
    },
  };
  return program;
}

export async function environmentOf(
  region: string,
  databaseUrl: string,
  broker: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  return {
    REGION: region,
    REGIONS: "us,eu",
    NODE_NAME: `backend-${region}`,
    HOST: "127.0.0.1",
    PORT: String(await momentaryPort()),
    DATABASE_URL: databaseUrl,
    KAFKA_BROKER: broker,
    KAFKA_TOPIC: "property-updates",
    ...more,
  };
}

/** Resolves when its health is 200. */
export async function startBackend(environment: Readonly<Record<string, string>>): Promise<Program> {
  const program = spawnBackend(environment);
  await program.until("health", ({ status }) => status === 200);
  return program;
}
