// A partition: an ordered log of batches in segments, one folder on the disk. Readers see it up to the high watermark, the
// offset behind the last batch that is as safe as promised.
import { mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { inDirectory, orStorageError, StorageError, type Write } from "./append-file.ts";
import { placeBatch, type Batch } from "./batch.ts";
import type { Durability } from "./durability.ts";
import { Segment, type Found } from "./segment.ts";
import { Sequences } from "./sequences.ts";

export interface PartitionOptions {
  segmentBytes: number;
  durability: Durability;
  log: (line: string) => void;
  /** For tests: a full disk. */
  write?: Write;
}

/** How much may stay; -1: without limit. */
export interface Retention {
  ms: number;
  bytes: number;
}

/** `safe` resolves when it may be acknowledged; absent when that is now. */
export type Appended = { baseOffset: number; safe?: Promise<void> } | { error: number };

export class Partition {
  readonly directory: string;
  /** Called when the high watermark moves: long polls wait here. */
  readonly watchers = new Set<() => void>();
  readonly #options: PartitionOptions;
  readonly #segments: Segment[] = [];
  readonly #sequences = new Sequences();
  #highWatermark = 0;

  constructor(directory: string, options: PartitionOptions) {
    this.directory = directory;
    this.#options = options;
    mkdirSync(directory, { recursive: true });
    this.#recover();
  }

  get startOffset(): number {
    return this.#segments[0]?.baseOffset ?? 0;
  }

  /** The offset that the next record gets. */
  get nextOffset(): number {
    return this.#segments.at(-1)?.nextOffset ?? 0;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** Writes an accepted batch before it returns. Throws StorageError, and then nothing was kept. */
  append(bytes: Buffer, batch: Batch): Appended {
    const ruling = this.#sequences.judge(batch);
    if (ruling.is === "refused") return { error: ruling.error };
    if (ruling.is === "repeat") {
      // The first answer may have been lost because the sync had not ended: this one must not be quicker.
      const { baseOffset, lastOffset } = ruling;
      return lastOffset < this.#highWatermark
        ? { baseOffset }
        : { baseOffset, safe: this.#settle(this.#segments.at(-1)!) };
    }
    const segment = this.#segmentFor(bytes.length);
    const baseOffset = segment.nextOffset;
    placeBatch(bytes, baseOffset);
    const placed = { ...batch, baseOffset, lastOffset: baseOffset + batch.lastOffset - batch.baseOffset };
    segment.append(bytes, placed);
    this.#sequences.remember(placed);
    return { baseOffset, safe: this.#settle(segment) };
  }

  /** Whole batches from the one that holds `offset`; empty at the end of the log. */
  read(offset: number, maxBytes: number): Buffer {
    const segment = this.#segments.findLast((one) => one.baseOffset <= offset);
    return segment?.read(offset, this.#highWatermark, maxBytes) ?? Buffer.alloc(0);
  }

  /** The first batch with a record at or after that time. */
  firstSince(timestamp: number): Found | undefined {
    for (const segment of this.#segments) {
      if (segment.maxTimestamp < timestamp) continue;
      const found = segment.firstSince(timestamp);
      return found && found.offset < this.#highWatermark ? found : undefined;
    }
    return undefined;
  }

  /**
   * Removes whole closed segments from the front, while the first is older than `ms` or the others alone fill `bytes`. When
   * everything is too old the last one is closed first, so that it goes too. Throws StorageError, and then the rest stays.
   */
  expire(retention: Retention, nowMs: number): void {
    // The clients' clocks say how old a record is, as in Apache Kafka; records without a time stay.
    const isOld = ({ maxTimestamp }: Segment) =>
      retention.ms >= 0 && maxTimestamp >= 0 && nowMs - maxTimestamp > retention.ms;
    const active = this.#segments.at(-1);
    if (active && active.file.size > 0 && this.#segments.every(isOld)) this.#roll(active);
    let surplus = retention.bytes >= 0 ? this.#sizeBytes - retention.bytes : 0;
    const expired: Segment[] = [];
    for (const segment of this.#segments.slice(0, -1)) {
      const isTooMuch = segment.file.size <= surplus;
      if (segment.nextOffset > this.#highWatermark || !(isOld(segment) || isTooMuch)) break;
      surplus -= segment.file.size;
      expired.push(segment);
    }
    if (expired.length > 0) inDirectory(this.directory, () => expired.forEach(() => this.#dropFirst()));
  }

  /** The partition is no more. Whoever waits for its growth looks again, and finds that. */
  close(): void {
    for (const segment of this.#segments) this.#options.durability.release(segment.file);
    for (const watcher of this.watchers) watcher();
  }

  get #sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.file.size, 0);
  }

  /** Front to back, so that a kill in between leaves no gap. */
  #dropFirst(): void {
    const { file } = this.#segments[0]!;
    orStorageError(file.path, () => unlinkSync(file.path));
    this.#segments.shift();
    this.#options.durability.release(file);
  }

  #settle(segment: Segment): Promise<void> | undefined {
    const reached = segment.nextOffset;
    const safe = this.#options.durability.settle(segment.file);
    if (safe) return safe.then(() => this.#advance(reached));
    this.#advance(reached);
    return undefined;
  }

  #advance(offset: number): void {
    if (offset <= this.#highWatermark) return;
    this.#highWatermark = offset;
    for (const watcher of this.watchers) watcher();
  }

  #segmentFor(bytes: number): Segment {
    const active = this.#segments.at(-1);
    if (active && (active.file.size === 0 || active.file.size + bytes <= this.#options.segmentBytes)) return active;
    return this.#roll(active);
  }

  /** A new segment for what comes next. */
  #roll(active: Segment | undefined): Segment {
    active?.file.truncate(active.file.size); // a failed append that could not be undone must not be sealed in
    const segment = inDirectory(this.directory, () => this.#open(this.nextOffset));
    if (active) void this.#options.durability.sync(active.file); // nobody waits: it is finished, so it may as well be safe
    this.#segments.push(segment);
    return segment;
  }

  #open(baseOffset: number): Segment {
    return new Segment(join(this.directory, Segment.nameOf(baseOffset)), baseOffset, this.#options.write);
  }

  #recover(): void {
    const names = readdirSync(this.directory).filter((name) => /^\d{20}\.log$/.test(name));
    const offsets = names.map((name) => Number.parseInt(name, 10)).toSorted((a, b) => a - b);
    for (const [index, baseOffset] of offsets.entries()) {
      const isLast = index === offsets.length - 1;
      const segment = this.#open(baseOffset);
      const torn = segment.recover(isLast, (batch) => this.#sequences.remember(batch));
      if (torn > 0 && isLast) {
        segment.file.truncate(segment.file.size - torn);
        this.#options.log(`${segment.file.path}: cut ${torn} torn bytes; the log goes on at ${segment.nextOffset}`);
      } else if (torn > 0 || (!isLast && segment.nextOffset !== offsets[index + 1])) {
        const what = `damaged behind offset ${segment.nextOffset - 1}, with more segments after it: no torn tail`;
        throw new StorageError(segment.file.path, `${what}. Restore the folder, or delete it to begin anew`);
      }
      this.#segments.push(segment);
    }
    this.#highWatermark = this.nextOffset;
  }
}
