// The parts of a stack's directory that belong to the embedded runtime: all that another shell needs to reconnect.
//
//   nodes/<node>.json   what was started: first the intent, then the process
//   ports.json          node -> its loopback ports
//   secrets.json        node -> its password
//   data/<node>/        its disk: survives kill, stop and start
//   logs/<node>.log
import fs from "node:fs";
import path from "node:path";
import type { StackPlace } from "../../model/cluster.ts";
import { makePassable } from "./home.ts";

export const LAYOUT = {
  home: (place: StackPlace) => path.dirname(path.dirname(place.directory)),
  ports: (place: StackPlace) => path.join(place.directory, "ports.json"),
  secrets: (place: StackPlace) => path.join(place.directory, "secrets.json"),
  record: (place: StackPlace, node: string) => path.join(place.directory, "nodes", `${node}.json`),
  data: (place: StackPlace, node: string) => path.join(place.directory, "data", node),
  log: (place: StackPlace, node: string) => path.join(place.directory, "logs", `${node}.log`),
} as const;

/** What the processes of a node are recognised by. */
export function markOf(place: StackPlace, node: string): string {
  return `${place.id}.${node}`;
}

/** What all marks of a stack begin with. */
export function markOfStack(place: StackPlace): string {
  return `${place.id}.`;
}

export function makeDirectories(place: StackPlace): void {
  makePassable(LAYOUT.home(place));
  makePassable(path.dirname(place.directory));
  makePassable(place.directory);
  makePassable(path.join(place.directory, "data"));
  for (const name of ["nodes", "logs"])
    fs.mkdirSync(path.join(place.directory, name), { recursive: true, mode: 0o700 });
}

/** undefined when there is none. */
export function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Readers see the old file or the new one, never a half. Nobody else can read it. */
export function writeJson(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, JSON.stringify(value, null, 1), { mode: 0o600 });
  fs.renameSync(temporary, file);
}
