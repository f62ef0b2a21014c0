// One file of a partition's log, named after its first offset, with a sparse index in memory: an entry every 4 KiB.
import { AppendFile, type Write } from "./append-file.ts";
import type { Batch } from "./batch.ts";
import { walk } from "./walk.ts";

const INDEX_EVERY_BYTES = 4_096;
const RECOVERY_CHUNK_BYTES = 1 << 20;
const SEARCH_CHUNK_BYTES = 8_192;

interface Entry {
  offset: number;
  position: number;
  /** The highest timestamp in front of it. */
  timestampBefore: number;
}

export interface Found {
  offset: number;
  timestamp: number;
}

export class Segment {
  readonly baseOffset: number;
  readonly file: AppendFile;
  nextOffset: number;
  maxTimestamp = -1;
  readonly #index: Entry[] = [];

  constructor(path: string, baseOffset: number, write?: Write) {
    this.baseOffset = baseOffset;
    this.nextOffset = baseOffset;
    this.file = new AppendFile(path, write);
  }

  /** "00000000000000000000.log" */
  static nameOf(baseOffset: number): string {
    return `${String(baseOffset).padStart(20, "0")}.log`;
  }

  /**
   * Learns what the file holds. Whatever follows the last good batch is the torn tail of a killed process; returns how many
   * bytes that is. Only the segment that was written last can have one, so only there are CRCs read.
   */
  recover(verify: boolean, visit: (batch: Batch) => void): number {
    const range = { from: 0, to: this.file.size, offset: this.baseOffset, verify, chunkBytes: RECOVERY_CHUNK_BYTES };
    const good = walk(this.file, range, (batch, position) => {
      this.#note(batch, position);
      visit(batch);
    });
    return this.file.size - good;
  }

  append(bytes: Buffer, batch: Batch): void {
    const position = this.file.size;
    this.file.append(bytes);
    this.#note(batch, position);
  }

  /** Whole batches from the one that holds `offset`, up to `limit`; the first even when it is larger than `maxBytes`. */
  read(offset: number, limit: number, maxBytes: number): Buffer {
    let [start, firstBytes] = [-1, 0];
    const near = this.#entryBefore((entry) => entry.offset <= offset);
    const search = { from: near, to: this.file.size, verify: false, chunkBytes: SEARCH_CHUNK_BYTES };
    walk(this.file, search, (batch, position) => {
      if (batch.lastOffset < offset) return true;
      [start, firstBytes] = [position, batch.bytes];
      return false;
    });
    if (start < 0) return Buffer.alloc(0);
    const bytes = Buffer.allocUnsafe(Math.min(Math.max(firstBytes, maxBytes), this.file.size - start));
    this.file.read(bytes, start);
    return bytes.subarray(0, wholeBatches(bytes, limit));
  }

  /** The first batch with a record at or after `timestamp`. Records are never decoded, so a batch is as exact as it gets. */
  firstSince(timestamp: number): Found | undefined {
    let found: Found | undefined;
    const near = this.#entryBefore((entry) => entry.timestampBefore < timestamp);
    const search = { from: near, to: this.file.size, verify: false, chunkBytes: SEARCH_CHUNK_BYTES };
    walk(this.file, search, (batch) => {
      if (batch.maxTimestamp < timestamp) return true;
      found = { offset: batch.baseOffset, timestamp: batch.firstTimestamp };
      return false;
    });
    return found;
  }

  #note(batch: Batch, position: number): void {
    const last = this.#index.at(-1);
    if (last === undefined || position - last.position >= INDEX_EVERY_BYTES) {
      this.#index.push({ offset: batch.baseOffset, position, timestampBefore: this.maxTimestamp });
    }
    this.nextOffset = batch.lastOffset + 1;
    this.maxTimestamp = Math.max(this.maxTimestamp, batch.maxTimestamp);
  }

  /** The position of the last entry for which `holds`, which must be true for a beginning of the index only. */
  #entryBefore(holds: (entry: Entry) => boolean): number {
    let [low, high] = [0, this.#index.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#index[middle]!)) low = middle + 1;
      else high = middle;
    }
    return this.#index[low - 1]?.position ?? 0;
  }
}

/** How many of the bytes are whole batches in front of `limit`. What lies in the log is known to be good. */
function wholeBatches(bytes: Buffer, limit: number): number {
  let at = 0;
  while (at + 27 <= bytes.length) {
    const size = 12 + bytes.readInt32BE(at + 8);
    const lastOffset = Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + 23);
    if (at + size > bytes.length || lastOffset >= limit) break;
    at += size;
  }
  return at;
}
