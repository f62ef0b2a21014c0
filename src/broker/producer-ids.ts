// Producer ids, never handed out twice, also not after a crash: a block of 1,000 is reserved on the disk before its first
// one is used. A crash wastes the rest of its block; there are enough.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./log/append-file.ts";

const BLOCK = 1_000;

export class ProducerIds {
  readonly #path: string;
  #next: number;
  #reservedTo: number;

  constructor(directory: string) {
    this.#path = join(directory, "producer-ids.json");
    this.#next = readReserved(this.#path);
    this.#reservedTo = this.#next;
  }

  /** Throws StorageError when a new block cannot be reserved. */
  next(): number {
    if (this.#next === this.#reservedTo) {
      replaceFile(this.#path, `${JSON.stringify({ reservedTo: this.#reservedTo + BLOCK })}\n`);
      this.#reservedTo += BLOCK;
    }
    this.#next += 1;
    return this.#next - 1;
  }
}

function readReserved(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
  const { reservedTo } = JSON.parse(text) as { reservedTo?: unknown };
  if (!Number.isSafeInteger(reservedTo))
    throw new Error(`${path}: "reservedTo" must be a whole number. Restore the file`);
  return reservedTo as number;
}
