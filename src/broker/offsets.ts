// The positions that groups commit: an append-only file, a line per commit, rewritten without what is outdated when it has
// grown, and read once at the start. Each line carries its CRC; the first one that does not hold is a torn tail, and is cut.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AppendFile, StorageError, type Write } from "./log/append-file.ts";
import { crc32c } from "./log/crc32c.ts";
import type { Durability } from "./log/durability.ts";

const COMPACT_ABOVE_BYTES = 1 << 20;

export interface Commit {
  topic: string;
  partition: number;
  offset: number;
  metadata: string | null;
}

export interface OffsetsOptions {
  durability: Durability;
  log: (line: string) => void;
  compactAboveBytes?: number;
  write?: Write;
}

export class Offsets {
  readonly #path: string;
  readonly #options: OffsetsOptions;
  /** group -> "topic/partition" -> the last commit */
  readonly #groups = new Map<string, Map<string, Commit>>();
  #file: AppendFile;
  /** Rewriting pays off again above this size. */
  #compactAt: number;

  constructor(directory: string, options: OffsetsOptions) {
    this.#path = join(directory, "offsets.log");
    this.#options = options;
    rmSync(`${this.#path}.new`, { force: true });
    this.#file = new AppendFile(this.#path, options.write);
    this.#recover();
    this.#compactAt = Math.max(options.compactAboveBytes ?? COMPACT_ABOVE_BYTES, this.#file.size);
  }

  /** All of one request or none of it. `safe` as for a partition. Throws StorageError, and then nothing was kept. */
  commit(group: string, commits: readonly Commit[]): Promise<void> | undefined {
    if (commits.length === 0) return undefined;
    this.#file.append(Buffer.from(commits.map((commit) => lineOf(group, commit)).join("")));
    for (const commit of commits) this.#keep(group, commit);
    if (this.#file.size > this.#compactAt) this.#compact();
    return this.#options.durability.settle(this.#file);
  }

  find(group: string, topic: string, partition: number): Commit | undefined {
    return this.#groups.get(group)?.get(`${topic}/${partition}`);
  }

  ofGroup(group: string): readonly Commit[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }

  #keep(group: string, commit: Commit): void {
    let commits = this.#groups.get(group);
    if (!commits) this.#groups.set(group, (commits = new Map()));
    commits.set(`${commit.topic}/${commit.partition}`, commit);
  }

  #recover(): void {
    const bytes = readFileSync(this.#path);
    let good = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, good)) {
      const line = parseLine(bytes.toString("utf8", good, end));
      if (line === undefined) break;
      this.#keep(line.group, line.commit);
      good = end + 1;
    }
    if (good === bytes.length) return;
    this.#file.truncate(good);
    this.#options.log(`${this.#path}: cut ${bytes.length - good} torn bytes`);
  }

  #compact(): void {
    const lines = [...this.#groups].flatMap(([group, commits]) =>
      [...commits.values()].map((one) => lineOf(group, one)),
    );
    let compacted: AppendFile;
    try {
      compacted = AppendFile.replacing(this.#path, lines.join(""), this.#options.write);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#options.log(`offsets stay uncompacted for now: ${error.message}`);
      this.#compactAt = 2 * this.#file.size;
      return;
    }
    this.#file.close();
    this.#file = compacted;
    this.#compactAt = Math.max(this.#options.compactAboveBytes ?? COMPACT_ABOVE_BYTES, 4 * this.#file.size);
  }
}

function lineOf(group: string, { topic, partition, offset, metadata }: Commit): string {
  const json = JSON.stringify([group, topic, partition, offset, metadata]);
  return `${checksum(json)} ${json}\n`;
}

function parseLine(line: string): { group: string; commit: Commit } | undefined {
  const json = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== checksum(json)) return undefined;
  const [group, topic, partition, offset, metadata] = JSON.parse(json) as [
    string,
    string,
    number,
    number,
    string | null,
  ];
  return { group, commit: { topic, partition, offset, metadata } };
}

function checksum(text: string): string {
  return crc32c(Buffer.from(text)).toString(16).padStart(8, "0");
}
