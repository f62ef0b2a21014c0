// stack.json: what every shell needs to reconnect to a stack, to end it, or to see that nobody owns it any more.
import fs from "node:fs";
import path from "node:path";
import type { Runtime } from "../model/cluster.ts";
import { StackError, UsageError } from "../model/problem.ts";
import type { Topology } from "../model/topology.ts";
import { readJson, replaceFile } from "./files.ts";
import { type Owner, type Ownership, withLockAsync } from "./lock.ts";

export interface StackRecord {
  name: string;
  id: string;
  runtime: Runtime["name"];
  /** "starting" of a process that is gone is a stack left half way. */
  state: "starting" | "up" | "stopping";
  /** Wall clock of `at` 0, milliseconds since 1970. */
  epochMs: number;
  topology: Topology;
  /** Base URL of the gateway for clients. */
  gateway: string;
  /** The process that must end it (a scenario run); absent when it stays until `down`. */
  owner?: Owner;
  /** The process that is starting it. */
  starter: Owner;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
/** Another shell may be ending all nodes of a stack of this name while we wait for our turn. */
const TURN_PATIENCE_MS = 60_000;

export function checkName(name: string): string {
  if (!NAME.test(name)) {
    throw new UsageError(
      `"${name}" is not a stack's name. Use up to 40 lower-case letters, digits and dashes, e.g. "default".`,
    );
  }
  return name;
}

export function directoryOf(home: string, name: string): string {
  return path.join(home, "stacks", checkName(name));
}

/** The names of all stacks' directories. */
export function namesIn(home: string): readonly string[] {
  const stacks = path.join(home, "stacks");
  if (!fs.existsSync(stacks)) return [];
  return fs
    .readdirSync(stacks, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
    .map((entry) => entry.name)
    .toSorted();
}

/** undefined when there is none: nothing was started yet, since the record is written before the first process. */
export function readRecord(directory: string): StackRecord | undefined {
  try {
    return readJson<StackRecord>(path.join(directory, "stack.json"));
  } catch (error) {
    throw new StackError(
      `stack "${path.basename(directory)}" cannot be told: ${(error as Error).message}`,
      `Remove ${directory} by hand once none of its processes is left.`,
      { cause: error },
    );
  }
}

export function writeRecord(directory: string, record: StackRecord): void {
  replaceFile(path.join(directory, "stack.json"), JSON.stringify(record, null, 1));
}

/** Everything that takes a name, or takes a stack away, has its turn: one process at a time per name. */
export async function inTurn<T>(ownership: Ownership, directory: string, work: () => Promise<T>): Promise<T> {
  fs.mkdirSync(path.dirname(directory), { recursive: true, mode: 0o755 });
  return withLockAsync(`${directory}.lock`, ownership, TURN_PATIENCE_MS, work);
}
