// Where regionctl keeps its stacks and its cache, and who may enter there.
//
// Under root PostgreSQL runs as another user, and that user must be able to walk down to its data: so root's home is not
// below /root, and every directory on the way may be passed (not listed) by others. The data itself is 0700 and its own.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { StackError } from "../../model/problem.ts";

/** A user that a child process runs as. */
export interface User {
  name: string;
  uid: number;
  gid: number;
}

export function regionctlHome(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment["REGIONCTL_HOME"]) return path.resolve(environment["REGIONCTL_HOME"]);
  return isRoot() ? "/var/lib/regionctl" : path.join(os.homedir(), ".regionctl");
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whom PostgreSQL runs as: under root another user, otherwise oneself (undefined). */
export function postgresUser(passwd = "/etc/passwd"): User | undefined {
  if (!isRoot()) return undefined;
  const lines = fs.readFileSync(passwd, "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields) return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new StackError(
    'PostgreSQL refuses to run as root, and this machine has neither a user "postgres" nor "nobody" to run it as',
    "Run regionctl as an ordinary user, or add one: useradd --system postgres",
  );
}

/** The first directory on the way down to `directory` (itself included) that `user` cannot enter. Parts that do not exist yet do not count. */
export function blockedAt(directory: string, user: User): string | undefined {
  const parts = path.resolve(directory).split(path.sep).slice(1);
  for (let depth = 0; depth <= parts.length; depth++) {
    const step = path.sep + parts.slice(0, depth).join(path.sep);
    const stat = fs.statSync(step, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if ((stat.mode & searchBit(stat, user)) === 0) return step;
  }
  return undefined;
}

function searchBit(stat: fs.Stats, user: User): number {
  if (stat.uid === user.uid) return 0o100;
  return stat.gid === user.gid ? 0o010 : 0o001;
}

/** Why `home` cannot be used, or undefined. */
export function unusableHome(home: string, user: User | undefined): string | undefined {
  const blocked = user && blockedAt(home, user);
  if (blocked === undefined) return undefined;
  return (
    `PostgreSQL runs as user "${user!.name}" here, who cannot enter ${blocked}, so it would not reach its data in ${home}. ` +
    `Set REGIONCTL_HOME to a directory that other users can enter (/var/lib/regionctl is the default), or: chmod o+x ${blocked}`
  );
}

/** Makes a directory below home that others may pass through. */
export function makePassable(directory: string): void {
  fs.mkdirSync(directory, { recursive: true, mode: 0o755 });
  if (isRoot()) fs.chmodSync(directory, fs.statSync(directory).mode | 0o711);
}
