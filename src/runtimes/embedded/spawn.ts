// Starts the process of a node so that no crash of ours loses it: the intent is written first, then the process is spawned,
// then who it is. Between the last two it is found by its mark (processes.ts).
//
// Its output goes to a file. A pipe would end with this command, and writing to it would end the node (EPIPE).
import { spawn } from "node:child_process";
import fs from "node:fs";
import { LAYOUT, markOf, readJson, writeJson } from "./directory.ts";
import { type Identity, alive, findByMark, identify } from "./processes.ts";
import type { User } from "./home.ts";
import type { StackPlace } from "../../model/cluster.ts";

export interface Launch {
  command: string;
  args: readonly string[];
  /** All of it: nothing of the user's own environment reaches a node. */
  environment: Readonly<Record<string, string>>;
  workingDirectory: string;
  /** Whom to run it as; undefined: oneself. */
  user?: User;
}

export interface Spawned {
  identity: Identity;
  /** Resolves, with words for people, when it ends while this process looks. */
  exited: Promise<string>;
  /** Where this start's lines begin in the log. */
  logFrom: number;
}

type NodeRecord =
  | { state: "starting"; mark: string }
  | ({ state: "started"; mark: string; /** ISO 8601, for people. */ at: string } & Identity);

/** A log that has grown beyond this is set aside (replacing what was set aside before) when its node starts. */
const LOG_LIMIT_BYTES = 64 * 1024 * 1024;

export async function spawnNode(place: StackPlace, node: string, launch: Launch): Promise<Spawned> {
  const mark = markOf(place, node);
  const file = LAYOUT.record(place, node);
  writeJson(file, { state: "starting", mark } satisfies NodeRecord);
  const log = openLog(LAYOUT.log(place, node));
  const logFrom = fs.fstatSync(log).size;
  try {
    const child = spawn(launch.command, launch.args, {
      cwd: launch.workingDirectory,
      env: { ...launch.environment },
      detached: true, // a session of its own: Ctrl-C and the closing of the terminal are not for the node
      stdio: ["ignore", log, log],
      uid: launch.user?.uid,
      gid: launch.user?.gid,
    });
    const exited = new Promise<string>((resolve) => {
      child.once("exit", (code, signal) =>
        resolve(signal ? `was ended by ${signal}` : `exited with code ${code ?? "unknown"}`),
      );
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
    // One that has already ended is a zombie until this process looks, so it can always be identified.
    const identity = identify(child.pid!);
    if (identity === undefined) return { identity: { pid: child.pid!, started: "gone" }, exited, logFrom };
    writeJson(file, { state: "started", mark, at: new Date().toISOString(), ...identity } satisfies NodeRecord);
    return { identity, exited, logFrom };
  } finally {
    fs.closeSync(log);
  }
}

/** The process of a node that lives now: as written down, or, when only the intent was, by its mark. */
export function findNode(place: StackPlace, node: string): Identity | undefined {
  const file = LAYOUT.record(place, node);
  const record = readJson<NodeRecord>(file);
  if (record === undefined) return undefined;
  if (record.state === "started") {
    const identity = { pid: record.pid, started: record.started };
    return alive(identity) ? identity : undefined;
  }
  // PostgreSQL's children carry the mark as well.
  const marked = findByMark(record.mark);
  const first = marked.find((one) => one.kind === "program" || one.kind === "server");
  if (first === undefined) return undefined;
  const { pid, started } = first;
  writeJson(file, { ...record, state: "started", at: new Date().toISOString(), pid, started } satisfies NodeRecord);
  return { pid, started };
}

/** The last lines of a node's log, from byte `from` on. */
export function tail(place: StackPlace, node: string, lines: number, from = 0): readonly string[] {
  let fd: number;
  try {
    fd = fs.openSync(LAYOUT.log(place, node), "r");
  } catch {
    return []; // it was never started
  }
  try {
    const { size } = fs.fstatSync(fd);
    const begin = Math.max(from, size - lines * 4_096);
    const buffer = Buffer.alloc(Math.max(0, size - begin));
    fs.readSync(fd, buffer, 0, buffer.length, begin);
    const text = buffer.toString("utf8").trimEnd();
    return text === "" ? [] : text.split("\n").slice(-lines);
  } finally {
    fs.closeSync(fd);
  }
}

function openLog(file: string): number {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() && stat.size > LOG_LIMIT_BYTES) fs.renameSync(file, `${file}.1`);
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = fs.constants;
  return fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
}
