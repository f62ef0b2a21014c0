// A file of entries, a line each, for what is small, changes often and must survive: appended to, and read once at the
// start. What it says is the fold of its entries, so it is rewritten with those that still count when it has grown. Each line
// carries its CRC; the first one that does not hold is a torn tail, and is cut.
import { readFileSync, rmSync } from "node:fs";
import { AppendFile, StorageError, type Write } from "./append-file.ts";
import { crc32c } from "./crc32c.ts";
import type { Durability } from "./durability.ts";

const COMPACT_ABOVE_BYTES = 1 << 20;

export interface JournalOptions {
  durability: Durability;
  log: (line: string) => void;
  compactAboveBytes?: number;
  /** For tests: a full disk. */
  write?: Write;
}

/** What the entries are about. An entry is plain JSON. */
export interface Subject<Entry> {
  /** Takes one entry in: those of the file at the start, and each new one once it is written. */
  apply(entry: Entry): void;
  /** As few entries as say the same as all so far. */
  entries(): readonly Entry[];
}

export class Journal<Entry> {
  readonly #path: string;
  readonly #options: JournalOptions;
  readonly #subject: Subject<Entry>;
  #file: AppendFile;
  /** Rewriting pays off again above this size. */
  #compactAt: number;

  constructor(path: string, subject: Subject<Entry>, options: JournalOptions) {
    this.#path = path;
    this.#subject = subject;
    this.#options = options;
    rmSync(`${path}.new`, { force: true });
    this.#file = new AppendFile(path, options.write);
    this.#recover();
    this.#compactAt = Math.max(options.compactAboveBytes ?? COMPACT_ABOVE_BYTES, this.#file.size);
  }

  /** All of them or none. `safe` as for a partition. Throws StorageError, and then nothing was kept. */
  append(entries: readonly Entry[]): Promise<void> | undefined {
    if (entries.length === 0) return undefined;
    this.#file.append(Buffer.from(textOf(entries)));
    for (const entry of entries) this.#subject.apply(entry);
    if (this.#file.size > this.#compactAt) this.#compact();
    return this.#options.durability.settle(this.#file);
  }

  #recover(): void {
    const bytes = readFileSync(this.#path);
    let good = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, good)) {
      const json = checked(bytes.toString("utf8", good, end));
      if (json === undefined) break;
      this.#subject.apply(JSON.parse(json) as Entry);
      good = end + 1;
    }
    if (good === bytes.length) return;
    this.#file.truncate(good);
    this.#options.log(`${this.#path}: cut ${bytes.length - good} torn bytes`);
  }

  #compact(): void {
    let compacted: AppendFile;
    try {
      compacted = AppendFile.replacing(this.#path, textOf(this.#subject.entries()), this.#options.write);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#options.log(`${this.#path} stays uncompacted for now: ${error.message}`);
      this.#compactAt = 2 * this.#file.size;
      return;
    }
    this.#options.durability.release(this.#file);
    this.#file = compacted;
    this.#compactAt = Math.max(this.#options.compactAboveBytes ?? COMPACT_ABOVE_BYTES, 4 * this.#file.size);
  }
}

function textOf(entries: readonly unknown[]): string {
  const lines = entries.map((entry) => {
    const json = JSON.stringify(entry);
    return `${checksum(json)} ${json}\n`;
  });
  return lines.join("");
}

/** The JSON of a line that is whole. */
function checked(line: string): string | undefined {
  const json = line.slice(9);
  return line[8] === " " && line.slice(0, 8) === checksum(json) ? json : undefined;
}

function checksum(text: string): string {
  return crc32c(Buffer.from(text)).toString(16).padStart(8, "0");
}
