// What the engine says when something is wrong -> what a person can do about it.
import { StackError } from "../../model/problem.ts";

/** An error of the Docker API, as dockerode throws it. */
export interface EngineError extends Error {
  statusCode?: number;
  /** What the engine said, without dockerode's words around it. */
  json?: { message?: string };
  code?: string;
}

interface Known {
  pattern: RegExp;
  message: (said: string) => string;
  hint: string;
}

const KNOWN: readonly Known[] = [
  {
    pattern: /port is already allocated|address already in use|ports are not available/i,
    message: (said) => {
      const port = /:(\d{2,5})(?!\d)(?!.*:\d{2,5})/.exec(said)?.[1];
      return `${port === undefined ? "a port" : `port ${port}`} on 127.0.0.1 was taken by another program`;
    },
    hint: 'End that program, or give the stack new ports: "regionctl down", "regionctl up".',
  },
  {
    pattern: /no such image/i,
    message: (said) => `the image ${/no such image: (\S+)/i.exec(said)?.[1] ?? ""} is not on the Docker engine`,
    hint: 'Get it with "regionctl images pull", or build it without a registry: "regionctl images build".',
  },
  {
    pattern: /no space left on device|disk quota exceeded/i,
    message: (said) => `the disk of the Docker engine is full (${said})`,
    hint: 'Free some space, e.g. with "docker system prune".',
  },
  {
    pattern: /could not find an available, non-overlapping|all predefined address pools/i,
    message: () => "the Docker engine has no addresses left for another network",
    hint: 'End stacks that you do not need ("regionctl down --all"), or remove unused networks: "docker network prune".',
  },
  {
    pattern: /unable to find user|no matching entries in passwd/i,
    message: (said) => `the image lacks the user that its node runs as (${said})`,
    hint: "Use the official image of its role, or one that keeps its users.",
  },
  {
    pattern: /executable file not found|no such file or directory: unknown/i,
    message: (said) => `the image lacks the program of its role (${said})`,
    hint: "Use the official image of its role, or one that keeps its programs.",
  },
  {
    pattern: /permission denied.*docker\.sock|EACCES/i,
    message: () => "this user may not speak to the Docker engine",
    hint: 'Join its group (sudo usermod -aG docker "$USER", then log in again), or use --runtime embedded.',
  },
];

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
]);

/** The same error in words for people; whatever is no error of the engine's stays as it is. */
export function explained(error: unknown, doing: string): unknown {
  if (error instanceof StackError || !(error instanceof Error)) return error;
  const { statusCode, json, message, code } = error as EngineError;
  const said = (json?.message ?? message).trim();
  const known = KNOWN.find(({ pattern }) => pattern.test(said));
  if (known !== undefined) return new StackError(known.message(said), known.hint, { cause: error });
  if (code !== undefined && UNREACHABLE.has(code))
    return new StackError(
      `the Docker engine did not answer (${code}) when it was asked to ${doing}`,
      'See whether it runs ("docker info"), then "regionctl status"; what was started is still there: "regionctl down".',
      { cause: error },
    );
  if (statusCode === undefined) return error;
  return new StackError(`the Docker engine could not ${doing}: ${said}`, undefined, { cause: error });
}

/** Does the engine say that this does not exist (any more)? */
export const isGone = (error: unknown) => (error as EngineError).statusCode === 404;

/** Does the engine say that it is so already, or is being done? */
export function isSoAlready(error: unknown): boolean {
  const { statusCode, message } = error as EngineError;
  return statusCode === 304 || statusCode === 409 || /is not paused/.test(message);
}

/** Asks the engine, and says what it was asked for when that fails. */
export async function asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, doing);
  }
}
