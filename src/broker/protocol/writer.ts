// Writes an answer: small fields into one growing buffer, record batches as they are, so that they are never copied.

export class Writer {
  readonly #parts: Buffer[] = [];
  #buffer = Buffer.allocUnsafe(512);
  #used = 0;

  int8(value: number): this {
    const at = this.#room(1);
    this.#buffer.writeInt8(value, at);
    return this;
  }

  int16(value: number): this {
    const at = this.#room(2);
    this.#buffer.writeInt16BE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.#room(4);
    this.#buffer.writeInt32BE(value, at);
    return this;
  }

  int64(value: number): this {
    const at = this.#room(8);
    this.#buffer.writeBigInt64BE(BigInt(value), at);
    return this;
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0);
  }

  string(value: string): this {
    const length = Buffer.byteLength(value);
    this.int16(length);
    const at = this.#room(length);
    this.#buffer.write(value, at);
    return this;
  }

  nullableString(value: string | null): this {
    return value === null ? this.int16(-1) : this.string(value);
  }

  bytes(value: Buffer): this {
    this.int32(value.length);
    if (value.length === 0) return this;
    this.#seal();
    this.#parts.push(value);
    return this;
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  /** Everything written, in order. */
  finish(): readonly Buffer[] {
    this.#seal();
    return this.#parts;
  }

  /** Where the next bytes go. It may change the buffer, so it is called before that is looked at. */
  #room(length: number): number {
    if (this.#used + length > this.#buffer.length) {
      this.#seal();
      this.#buffer = Buffer.allocUnsafe(Math.max(4_096, length));
    }
    const at = this.#used;
    this.#used += length;
    return at;
  }

  #seal(): void {
    if (this.#used > 0) this.#parts.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = this.#buffer.subarray(this.#used);
    this.#used = 0;
  }
}
