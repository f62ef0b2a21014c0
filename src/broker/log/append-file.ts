// A file that only grows. An append is written synchronously before anybody hears of it, because the page cache outlives a
// killed process; an append that fails (a full disk) leaves the file as it was.
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** The disk did not take it. Nothing of it was kept; the same may be tried again. */
export class StorageError extends Error {
  override name = "StorageError";
  constructor(path: string, cause: unknown) {
    super(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The disk may have lost what it took before. Nothing can be promised any more: the process stops. */
export class SyncFailed extends Error {
  override name = "SyncFailed";
  constructor(path: string, cause: unknown) {
    super(`fsync of ${path} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** As fs.writeSync: may write less than asked. Tests put a full disk here. */
export type Write = (fd: number, bytes: Uint8Array, from: number, length: number, position: number) => number;

export class AppendFile {
  readonly fd: number;
  #path: string;
  #size: number;
  readonly #write: Write;

  constructor(path: string, write: Write = writeSync) {
    this.#path = path;
    this.#write = write;
    this.fd = orStorageError(path, () => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644));
    this.#size = fstatSync(this.fd).size;
  }

  /** A new file in the place of the one at `path`: after a crash it is the old one or the new one, whole. */
  static replacing(path: string, content: string, write?: Write): AppendFile {
    const file = new AppendFile(`${path}.new`, write);
    try {
      file.truncate(0);
      file.append(Buffer.from(content));
      syncOrFail(file.fd, file.path);
      inDirectory(dirname(path), () => {
        orStorageError(path, () => renameSync(file.path, path));
        file.#path = path;
      });
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.#path;
  }

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    let written = 0;
    try {
      while (written < bytes.length) {
        written += this.#write(this.fd, bytes, written, bytes.length - written, this.#size + written);
      }
    } catch (error) {
      try {
        this.truncate(this.#size);
      } catch {
        // The next append is written over the leftover by position, and a restart cuts what it does not cover.
      }
      throw new StorageError(this.path, error);
    }
    this.#size += bytes.length;
  }

  truncate(size: number): void {
    orStorageError(this.path, () => ftruncateSync(this.fd, size));
    this.#size = size;
  }

  /** Fills `into` from `position`; returns how many bytes there were. */
  read(into: Buffer, position: number): number {
    let filled = 0;
    while (filled < into.length) {
      const got = readSync(this.fd, into, filled, into.length - filled, position + filled);
      if (got === 0) break;
      filled += got;
    }
    return filled;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** For small files that are written as a whole. */
export function replaceFile(path: string, content: string): void {
  AppendFile.replacing(path, content).close();
}

/** Makes what `act` does to names in a folder (a new file, a rename) durable. What can be refused is refused before it. */
export function inDirectory<T>(path: string, act: () => T): T {
  const fd = orStorageError(path, () => openSync(path, "r"));
  try {
    const result = act();
    syncOrFail(fd, path);
    return result;
  } finally {
    closeSync(fd);
  }
}

function syncOrFail(fd: number, path: string): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    throw new SyncFailed(path, error);
  }
}

/** Whatever the file system refuses, as the error that callers answer to clients. */
export function orStorageError<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new StorageError(path, error);
  }
}
