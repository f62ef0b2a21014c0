// A RecordBatch (v2), seen from outside: its header is read, its records never are. The client's bytes are stored as they
// came; only the base offset and the leader's epoch are set in place, and the CRC, which begins behind them, stays valid.
//
//    0 base offset   12 leader epoch   21 attributes         35 max timestamp    53 base sequence
//    8 length        16 magic          23 last offset delta  43 producer id      57 record count
//                    17 crc            27 first timestamp    51 producer epoch   61 records
import { crc32c } from "./crc32c.ts";
import { ERROR } from "../protocol/errors.ts";

export const HEADER_BYTES = 61;
/** Bytes in front of those that the length counts. */
const PREFIX_BYTES = 12;
const CRC_FROM = 21;
const MAX_SEQUENCE = 0x7fffffff;

const COMPRESSION_BITS = 0b0111;
const LOG_APPEND_TIME_BIT = 0b1000;
const TRANSACTIONAL_OR_CONTROL_BITS = 0b11_0000;

export interface Batch {
  baseOffset: number;
  /** Of its last record. */
  lastOffset: number;
  /** With everything in front of it. */
  bytes: number;
  attributes: number;
  firstTimestamp: number;
  maxTimestamp: number;
  /** -1 when its producer is not idempotent. */
  producerId: number;
  producerEpoch: number;
  firstSequence: number;
  lastSequence: number;
}

/** undefined when the bytes at `at` cannot be the header of a batch. The batch itself may reach beyond them. */
export function readBatch(bytes: Buffer, at: number): Batch | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const length = bytes.readInt32BE(at + 8);
  const lastDelta = bytes.readInt32BE(at + 23);
  if (length < HEADER_BYTES - PREFIX_BYTES || bytes[at + 16] !== 2) return undefined;
  if (lastDelta < 0 || bytes.readInt32BE(at + 57) !== lastDelta + 1) return undefined;
  const baseOffset = Number(bytes.readBigInt64BE(at));
  const firstSequence = bytes.readInt32BE(at + 53);
  return {
    baseOffset,
    lastOffset: baseOffset + lastDelta,
    bytes: PREFIX_BYTES + length,
    attributes: bytes.readInt16BE(at + 21),
    firstTimestamp: Number(bytes.readBigInt64BE(at + 27)),
    maxTimestamp: Number(bytes.readBigInt64BE(at + 35)),
    producerId: Number(bytes.readBigInt64BE(at + 43)),
    producerEpoch: bytes.readInt16BE(at + 51),
    firstSequence,
    lastSequence: sequenceAfter(firstSequence, lastDelta),
  };
}

/** The whole batch must lie in `bytes`. */
export function crcHolds(bytes: Buffer, at: number, size: number): boolean {
  return bytes.readUInt32BE(at + 17) === crc32c(bytes, at + CRC_FROM, at + size);
}

/** What a client sent for one partition: exactly one good batch, or the code to answer. */
export function acceptBatch(bytes: Buffer | null, maxBytes: number): Batch | number {
  if (bytes === null || bytes.length < HEADER_BYTES) return ERROR.invalidRecord;
  if (bytes.length > maxBytes) return ERROR.messageTooLarge;
  if (bytes[16] !== 2) return ERROR.unsupportedForMessageFormat;
  const batch = readBatch(bytes, 0);
  if (batch === undefined || batch.bytes > bytes.length) return ERROR.corruptMessage;
  if (batch.bytes < bytes.length) return ERROR.invalidRecord; // more than one batch
  if (!crcHolds(bytes, 0, batch.bytes)) return ERROR.corruptMessage;
  // Transactions are not spoken here, control batches are a broker's own, and its clock does not stamp records.
  if ((batch.attributes & (TRANSACTIONAL_OR_CONTROL_BITS | LOG_APPEND_TIME_BIT)) !== 0) return ERROR.invalidRecord;
  if ((batch.attributes & COMPRESSION_BITS) > 4) return ERROR.invalidRecord;
  if (batch.producerId >= 0 && (batch.firstSequence < 0 || batch.producerEpoch < 0)) return ERROR.invalidRecord;
  return batch;
}

/** Gives the batch its place in the log. */
export function placeBatch(bytes: Buffer, baseOffset: number): void {
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  bytes.writeInt32BE(0, 12);
}

/** Sequences are counted from 0 to 2^31 - 1 and then from 0 again. */
export function sequenceAfter(sequence: number, steps: number): number {
  const next = sequence + steps;
  return next > MAX_SEQUENCE ? next - MAX_SEQUENCE - 1 : next;
}
