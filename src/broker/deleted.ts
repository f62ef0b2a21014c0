// Folders of deleted topics, on their way out. They are set aside in one piece, so that a topic is there with all it holds or
// not at all, whenever the broker is killed; topics.json is the moment at which it is gone.
//
//   t-0/  --renamed-->  deleted/<id>/t-0/  --topics.json without t-->  removed
//     ^                                    --killed before that----+
//     +------------------------------------put back at the start---+
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { inDirectory, orStorageError } from "./log/append-file.ts";

export interface Aside {
  putBack(): void;
  /** Resolves when the disk is free of them. What cannot be removed is tried again at the next start. */
  remove(): Promise<void>;
}

/** Throws StorageError, and then all of them are where they were. */
export function setAside(directory: string, folders: readonly string[], log: (line: string) => void): Aside {
  const aside = join(directory, "deleted", randomUUID());
  const moved: string[] = [];
  const putBack = () => {
    for (const folder of moved) renameSync(join(aside, folder), join(directory, folder));
    rmSync(aside, { recursive: true, force: true });
  };
  orStorageError(aside, () => mkdirSync(aside, { recursive: true }));
  try {
    // Durable in both folders before topics.json is: a name that is free again must not find old records.
    inDirectory(aside, () =>
      inDirectory(directory, () => {
        for (const folder of folders) {
          orStorageError(folder, () => renameSync(join(directory, folder), join(aside, folder)));
          moved.push(folder);
        }
      }),
    );
  } catch (error) {
    putBack();
    throw error;
  }
  const remove = () =>
    rm(aside, { recursive: true, force: true }).catch((error: Error) =>
      log(`${aside}: not removed yet: ${error.message}`),
    );
  return { putBack, remove };
}

/** At the start: ends what a killed broker began. `isWanted`: topics.json still names the topic of that folder. */
export function finishDeletions(directory: string, isWanted: (folder: string) => boolean): void {
  const deleted = join(directory, "deleted");
  if (!existsSync(deleted)) return;
  for (const aside of readdirSync(deleted)) {
    for (const folder of readdirSync(join(deleted, aside))) {
      const place = join(directory, folder);
      if (isWanted(folder) && !existsSync(place)) renameSync(join(deleted, aside, folder), place);
    }
  }
  rmSync(deleted, { recursive: true, force: true });
}
