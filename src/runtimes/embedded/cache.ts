// Things that are made once and used by every stack, in <home>/cache. Each is built under a temporary name and then renamed,
// so that two commands may build the same at the same time (one result wins, both are equal), and one that is killed half
// way leaves nothing but a directory that names its builder: whoever builds next takes it away.
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { makePassable } from "./home.ts";
import { identify, self } from "./processes.ts";

/** The directory `target`; when it is not there, `build` fills a temporary one and says which directory becomes the target. */
export async function cached(target: string, build: (temporary: string) => Promise<string>): Promise<string> {
  // Whoever began it may have given up, which is no reason for others to.
  await building.get(target)?.catch(() => {});
  if (fs.existsSync(target)) return target;
  const work = buildIn(target, build).finally(() => building.delete(target));
  building.set(target, work);
  return work;
}

/** Two nodes of one stack often need the same at the same time. */
const building = new Map<string, Promise<string>>();

async function buildIn(target: string, build: (temporary: string) => Promise<string>): Promise<string> {
  makePassable(path.dirname(target));
  const temporary = temporaryBeside(target);
  try {
    replaceWith(await build(temporary), target);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return target;
}

/** A new directory whose name tells who builds in it. */
function temporaryBeside(target: string): string {
  removeAbandoned(path.dirname(target));
  const { pid, started } = self();
  const directory = `${target}~${pid}~${short(started)}~${randomBytes(3).toString("hex")}`;
  fs.mkdirSync(directory, { mode: 0o700 });
  return directory;
}

/** Renames; when another command was faster, its result stays. */
function replaceWith(built: string, target: string): void {
  try {
    fs.renameSync(built, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}

function removeAbandoned(cache: string): void {
  for (const name of fs.readdirSync(cache)) {
    const [, pid, started] = name.split("~");
    if (pid === undefined || started === undefined) continue;
    const builder = identify(Number(pid));
    if (builder === undefined || short(builder.started) !== started)
      fs.rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
