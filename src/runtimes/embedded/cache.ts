// Things that are made once and used by every stack, in <home>/cache. Each is built under a temporary name and then renamed,
// so that two commands may build the same at the same time (one result wins, both are equal), and one that is killed half
// way leaves nothing but a directory that names its builder: whoever builds next takes it away.
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { identify, self } from "./processes.ts";

/** A new directory beside `target`. */
export function temporaryBeside(target: string): string {
  const cache = path.dirname(target);
  removeAbandoned(cache);
  const { pid, started } = self();
  const directory = `${target}~${pid}~${short(started)}~${randomBytes(3).toString("hex")}`;
  fs.mkdirSync(directory, { mode: 0o700 });
  return directory;
}

/** Renames; when somebody else was faster, theirs stays. */
export function replaceWith(temporary: string, target: string): void {
  try {
    fs.renameSync(temporary, target);
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
