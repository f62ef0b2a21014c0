// When is an append as safe as promised? With "never" at once: the page cache outlives the process, which is what Apache
// Kafka promises by default. With "group" after one fdatasync for all appends that wait (that survives a power cut too).
//
// A failed fsync stops the process. It is never tried again: the kernel may have dropped the pages and report success next.
import { fdatasync } from "node:fs";
import type { AppendFile } from "./append-file.ts";

export type Fsync = "never" | "group";
/** As fs.fdatasync. Tests put a broken disk here. */
export type Datasync = (fd: number, done: (error: Error | null) => void) => void;

export class Durability {
  readonly mode: Fsync;
  readonly #die: (reason: string) => void;
  readonly #datasync: Datasync;
  #waiting: { file: AppendFile; done: () => void }[] = [];
  /** Of the round that runs. */
  #syncing: ReadonlySet<AppendFile> = new Set();

  constructor(mode: Fsync, die: (reason: string) => void, datasync: Datasync = fdatasync) {
    this.mode = mode;
    this.#die = die;
    this.#datasync = datasync;
  }

  /** Resolves when all that `file` holds now is safe; undefined when it is already. */
  settle(file: AppendFile): Promise<void> | undefined {
    return this.mode === "never" ? undefined : this.sync(file);
  }

  /** Forces it to the disk in either mode: for what is finished, once per file. */
  sync(file: AppendFile): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ file, done });
      if (this.#syncing.size === 0) this.#round();
    });
  }

  /** Closes a file that nobody writes any more, after the syncs that have begun or wait: they need it open. */
  release(file: AppendFile): void {
    const isInUse = this.#syncing.has(file) || this.#waiting.some((one) => one.file === file);
    if (isInUse) void this.sync(file).then(() => file.close());
    else file.close();
  }

  #round(): void {
    const round = this.#waiting;
    this.#waiting = [];
    const files = new Set(round.map(({ file }) => file));
    this.#syncing = files;
    let left = files.size;
    for (const file of files) {
      this.#datasync(file.fd, (error) => {
        if (error)
          return this.#die(`fsync of ${file.path} failed (${error.message}): stopping, as nothing can be promised`);
        left -= 1;
        if (left > 0) return;
        for (const { done } of round) done();
        this.#round();
      });
    }
  }
}
