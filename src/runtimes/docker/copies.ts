// Files that are copied into a container before it starts: nothing of this machine is mounted, so that an engine elsewhere (in
// a virtual machine, as on a Mac) gets them too, and nobody inside can change ours.
import fs from "node:fs";
import path from "node:path";
import type { TarFile } from "./tar.ts";

/** A file, or every file below a directory, as they shall stand in the container. Throws when it cannot be read. */
export function copiesOf({ source, target }: { source: string; target: string }): readonly TarFile[] {
  const stat = fs.statSync(source);
  if (stat.isDirectory())
    return fs
      .readdirSync(source)
      .flatMap((name) => copiesOf({ source: path.join(source, name), target: path.posix.join(target, name) }));
  // Whoever runs inside may read it; who may execute it is as here.
  return [{ name: inArchive(target), content: fs.readFileSync(source), mode: 0o444 | (stat.mode & 0o111) }];
}

/** Archives are unpacked at the root. */
export const inArchive = (absolute: string) => absolute.replace(/^\/+/, "");
