// The way to the Docker engine: where it is (as the docker command finds it), and what a person does when it does not answer.
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type Docker from "dockerode";
import { StackError } from "../../model/problem.ts";

export interface Engine {
  docker: Docker;
  /** As a person would name it: "unix:///var/run/docker.sock". */
  address: string;
  /** Its ports on 127.0.0.1 are ports of this machine. */
  local: boolean;
  /** "28.2.2" */
  version: string;
  /** Go's word: "amd64", "arm64". */
  architecture: string;
}

/** Connects to the engine that `docker` would use. Throws StackError when it cannot be used, and says what to do. */
export async function connect(env: Environment = process.env): Promise<Engine> {
  const endpoint = endpointOf(env);
  const options = optionsOf(endpoint, env);
  try {
    const docker = await client(options);
    const found = await versionOf(docker);
    if (found.Os !== "linux") throw new StackError(`${at(endpoint)} runs ${found.Os} containers`, LINUX_WANTED);
    if (olderThan(found.ApiVersion, OLDEST_API))
      throw new StackError(
        `${at(endpoint)} is too old: version ${found.Version} speaks API ${found.ApiVersion}`,
        `API ${OLDEST_API} (Docker 20.10) or newer is needed. ${OTHERWISE}`,
      );
    const local = isLocal(endpoint.address);
    return { docker, address: endpoint.address, local, version: found.Version, architecture: found.Arch };
  } catch (error) {
    throw error instanceof StackError ? error : unreachable(error, endpoint);
  }
}

/** Loading dockerode takes a tenth of a second: whoever has no engine does not pay for it. */
async function client(options: Docker.DockerOptions): Promise<Docker> {
  if (options.socketPath !== undefined && process.platform !== "win32") fs.accessSync(options.socketPath);
  const { default: Dockerode } = await import("dockerode");
  return new Dockerode(options);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The oldest one that all of this is tested with. */
const OLDEST_API = "1.41";
const ANSWERS_WITHIN_MS = 5_000;
const OTHERWISE = 'Without Docker: "--runtime embedded" needs nothing but Node.js.';
const LINUX_WANTED = `Switch it to Linux containers. ${OTHERWISE}`;

export interface Endpoint {
  /** "unix:///var/run/docker.sock", "tcp://10.0.0.5:2376", "ssh://me@host", "npipe:////./pipe/docker_engine" */
  address: string;
  /** Who says so, when somebody does: "DOCKER_HOST", 'the docker context "colima"'. */
  from?: string;
  /** A folder with ca.pem, cert.pem and key.pem. */
  certificates?: string;
  /** The engine's certificate is taken as it is. */
  unverified?: boolean;
}

/** Where the docker command would look: DOCKER_HOST, then DOCKER_CONTEXT, then the context in use, then the usual socket. */
export function endpointOf(env: Environment): Endpoint {
  const folder = env["DOCKER_CONFIG"] || path.join(env["HOME"] || os.homedir(), ".docker");
  const host = env["DOCKER_HOST"];
  if (host) {
    const secured = Boolean(env["DOCKER_TLS_VERIFY"]) || Boolean(env["DOCKER_TLS"]);
    return {
      address: host.includes("://") ? host : `tcp://${host}`,
      from: "DOCKER_HOST",
      certificates: secured ? env["DOCKER_CERT_PATH"] || folder : undefined,
      unverified: secured && !env["DOCKER_TLS_VERIFY"],
    };
  }
  const name = env["DOCKER_CONTEXT"] || currentContext(folder);
  return name === undefined || name === "default"
    ? { address: usualSocket(folder) }
    : contextEndpoint(folder, name, env);
}

function currentContext(folder: string): string | undefined {
  const name = (readJson(path.join(folder, "config.json")) as { currentContext?: unknown } | undefined)?.currentContext;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** Docker Desktop puts its socket into the user's folder where it may not write to /var/run. */
function usualSocket(folder: string): string {
  if (process.platform === "win32") return "npipe:////./pipe/docker_engine";
  const own = path.join(folder, "run", "docker.sock");
  return `unix://${fs.existsSync(own) ? own : "/var/run/docker.sock"}`;
}

interface ContextFile {
  Endpoints?: { docker?: { Host?: unknown; SkipTLSVerify?: unknown } };
}

/** A context's files lie under the SHA-256 of its name. */
function contextEndpoint(folder: string, name: string, env: Environment): Endpoint {
  const id = createHash("sha256").update(name).digest("hex");
  const file = path.join(folder, "contexts", "meta", id, "meta.json");
  const { Host: host, SkipTLSVerify: unverified } =
    (readJson(file) as ContextFile | undefined)?.Endpoints?.docker ?? {};
  if (typeof host !== "string" || host === "")
    throw new StackError(
      `there is no docker context "${name}", which ${env["DOCKER_CONTEXT"] ? "DOCKER_CONTEXT" : path.join(folder, "config.json")} asks for`,
      '"docker context ls" shows those there are, "docker context use default" goes back to the usual one.',
    );
  const certificates = path.join(folder, "contexts", "tls", id, "docker");
  return {
    address: host,
    from: `the docker context "${name}"`,
    certificates: fs.existsSync(certificates) ? certificates : undefined,
    unverified: unverified === true,
  };
}

/** undefined where there is none, or none that can be read: the docker command makes do without it as well. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function optionsOf(endpoint: Endpoint, env: Environment): Docker.DockerOptions {
  const { address } = endpoint;
  for (const scheme of ["unix://", "npipe://"])
    // No host: dockerode would otherwise take the one of DOCKER_HOST.
    if (address.startsWith(scheme)) return { socketPath: address.slice(scheme.length), host: undefined };
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "ssh:")
    return {
      protocol: "ssh",
      host: url.hostname,
      port: url.port || 22,
      username: url.username || os.userInfo().username,
      sshOptions: { agent: env["SSH_AUTH_SOCK"] },
    };
  if (url === undefined || url.hostname === "" || !["tcp:", "http:", "https:"].includes(url.protocol))
    throw new StackError(
      `"${address}" (${endpoint.from ?? "the default"}) is no address of a Docker engine`,
      "It looks like unix:///var/run/docker.sock, tcp://127.0.0.1:2375 or ssh://user@host.",
    );
  const secured = endpoint.certificates !== undefined || url.protocol === "https:";
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port || (secured ? 2376 : 2375),
    protocol: secured ? "https" : "http",
    ...certificatesOf(endpoint),
  };
}

function certificatesOf({
  certificates,
  unverified,
  from,
}: Endpoint): Pick<Docker.DockerOptions, "ca" | "cert" | "key"> {
  if (certificates === undefined) return {};
  const read = (name: string) => {
    const file = path.join(certificates, name);
    if (fs.existsSync(file)) return fs.readFileSync(file);
    throw new StackError(
      `${from ?? "the endpoint"} wants TLS, and there is no ${file}`,
      "DOCKER_CERT_PATH names the folder with ca.pem, cert.pem and key.pem.",
    );
  };
  return { ...(unverified ? {} : { ca: read("ca.pem") }), cert: read("cert.pem"), key: read("key.pem") };
}

function isLocal(address: string): boolean {
  if (/^(unix|npipe):/.test(address)) return true;
  return ["127.0.0.1", "localhost", "[::1]"].includes(URL.canParse(address) ? new URL(address).hostname : "");
}

/** dockerode takes a signal here, and its types do not say so. */
function versionOf(docker: Docker): Promise<Docker.DockerVersion> {
  const ask = docker.version.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<Docker.DockerVersion>;
  return ask({ abortSignal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
}

const at = ({ address, from }: Endpoint) => `the Docker engine at ${address}${from === undefined ? "" : ` (${from})`}`;

/** What went wrong on the way -> what to do about it. */
const TROUBLES: Readonly<Record<string, (endpoint: Endpoint) => readonly [says: string, hint: string]>> = {
  ENOENT: (endpoint) => [`Docker is not running: there is no socket ${endpoint.address}`, START],
  ECONNREFUSED: (endpoint) => [`Docker is not running: nobody listens at ${endpoint.address}`, START],
  EACCES: (endpoint) => [
    `this user may not use ${at(endpoint)}: permission denied`,
    `On Linux: "sudo usermod -aG docker $USER", then log in again. ${OTHERWISE}`,
  ],
  ENOTFOUND: (endpoint) => [`there is no host for ${at(endpoint)}`, LOOK],
  EHOSTUNREACH: (endpoint) => [`${at(endpoint)} cannot be reached`, LOOK],
  TIMED_OUT: (endpoint) => [`${at(endpoint)} does not answer within ${ANSWERS_WITHIN_MS / 1_000} s`, LOOK],
};
const START = `Start Docker Desktop, or on Linux "sudo systemctl start docker". ${OTHERWISE}`;
const LOOK = `Look at it with "docker version", at DOCKER_HOST and at "docker context ls". ${OTHERWISE}`;

function unreachable(error: unknown, endpoint: Endpoint): StackError {
  const { code, name, message } = error as NodeJS.ErrnoException;
  const late = name === "TimeoutError" || name === "AbortError" || code === "ETIMEDOUT";
  const known = { EPERM: "EACCES", EAI_AGAIN: "ENOTFOUND", ENETUNREACH: "EHOSTUNREACH" }[code ?? ""] ?? code ?? "";
  const [says, hint] = TROUBLES[late ? "TIMED_OUT" : known]?.(endpoint) ?? [`${at(endpoint)}: ${message}`, LOOK];
  return new StackError(says, hint, { cause: error });
}

/** What the engine itself says when a request goes wrong, without the envelope that its client puts around it. */
export function reasonOf(error: unknown): string {
  const { json, message } = error as { json?: { message?: unknown }; message?: string };
  if (typeof json?.message === "string") return json.message.trim();
  return (message ?? String(error)).replace(/^\(HTTP code \d+\) [^-]*- /, "").trim();
}

function olderThan(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split(".").map(Number));
  return a![0] === b![0] ? a![1]! < b![1]! : a![0]! < b![0]!;
}
