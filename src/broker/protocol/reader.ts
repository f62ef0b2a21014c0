// Reads the fields of a request from bytes that anybody may have sent. Whatever does not fit is a ProtocolError, which
// costs the sender its connection and nobody else anything.
import { isUtf8 } from "node:buffer";

/** The client does not speak the protocol; its connection is closed with this line in the log. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

export class Reader {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** Offsets, times and producer ids stay below 2^53; what lies beyond is nobody's and may lose its last digits. */
  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#take(8)));
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  string(): string {
    const text = this.nullableString();
    if (text === null) throw new ProtocolError("null where a string must stand");
    return text;
  }

  nullableString(): string | null {
    const length = this.int16();
    if (length === -1) return null;
    if (length < 0) throw new ProtocolError(`a string of ${length} bytes`);
    const at = this.#take(length);
    // Repaired text would be longer than what came, and would not fit into the answer that repeats it.
    if (!isUtf8(this.#bytes.subarray(at, at + length))) throw new ProtocolError("a string that is not UTF-8");
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** A view of the request's own bytes, not a copy. */
  nullableBytes(): Buffer | null {
    const length = this.int32();
    if (length === -1) return null;
    if (length < 0) throw new ProtocolError(`bytes of length ${length}`);
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A copy: what is kept for long must not hold the whole request in memory. */
  bytesCopied(): Buffer {
    return Buffer.from(this.nullableBytes() ?? []);
  }

  array<T>(read: () => T): T[] {
    return this.nullableArray(read) ?? [];
  }

  nullableArray<T>(read: () => T): T[] | null {
    const count = this.int32();
    if (count === -1) return null;
    // Every element takes a byte at least, so an announced count beyond that is a lie that would cost memory.
    if (count < 0 || count > this.left) throw new ProtocolError(`an array of ${count} in ${this.left} bytes`);
    const items: T[] = [];
    for (let index = 0; index < count; index += 1) items.push(read());
    return items;
  }

  end(): void {
    if (this.left > 0) throw new ProtocolError(`${this.left} bytes left over at the end of the request`);
  }

  #take(length: number): number {
    if (length > this.left) throw new ProtocolError(`the request ends ${length - this.left} bytes too early`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
