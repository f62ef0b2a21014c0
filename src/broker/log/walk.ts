// Goes through the batches of a segment, header by header, in large reads.
import type { AppendFile } from "./append-file.ts";
import { crcHolds, HEADER_BYTES, readBatch, type Batch } from "./batch.ts";

/** Everything here is synchronous, so one buffer serves all walks. */
let scratch = Buffer.allocUnsafe(8_192);

export interface Walk {
  from: number;
  to: number;
  /** Of the first batch; each next one continues where the last ended, and what does not is no batch of this log. */
  offset?: number;
  /** Read each batch as a whole and stop where the CRC is wrong. */
  verify: boolean;
  chunkBytes: number;
}

/** Visits whole batches until `visit` answers false; returns the position behind the last one visited. */
export function walk(file: AppendFile, range: Walk, visit: (batch: Batch, position: number) => boolean | void): number {
  let position = range.from;
  let expected = range.offset;
  let [chunkFrom, chunkTo] = [position, position];

  const load = (bytes: number): void => {
    const size = Math.min(Math.max(bytes, range.chunkBytes), range.to - position);
    if (scratch.length < size) scratch = Buffer.allocUnsafe(size);
    chunkFrom = position;
    chunkTo = position + file.read(scratch.subarray(0, size), position);
  };

  while (position + HEADER_BYTES <= range.to) {
    if (position + HEADER_BYTES > chunkTo) load(HEADER_BYTES);
    if (position + HEADER_BYTES > chunkTo) return position;
    const batch = readBatch(scratch, position - chunkFrom);
    if (batch === undefined || position + batch.bytes > range.to) return position;
    if (expected !== undefined && batch.baseOffset !== expected) return position;
    if (range.verify) {
      if (position + batch.bytes > chunkTo) load(batch.bytes);
      if (position + batch.bytes > chunkTo || !crcHolds(scratch, position - chunkFrom, batch.bytes)) return position;
    }
    if (visit(batch, position) === false) return position;
    expected = batch.lastOffset + 1;
    position += batch.bytes;
  }
  return position;
}
