// Cuts a stream of bytes into requests: each is an INT32 length and that many bytes.
import { ProtocolError } from "./reader.ts";

export class Frames {
  #parts: Buffer[] = [];
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What has arrived of a request that is not whole yet. Announced bytes cost nothing until they come. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** The requests that this chunk completes. */
  push(chunk: Buffer): readonly Buffer[] {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      if (this.#bytes < 4) return frames;
      const length = this.#length();
      if (length < 0 || length > this.#maxBytes) {
        throw new ProtocolError(
          `a request of ${length} bytes; at most ${this.#maxBytes} are taken (KAFKA_SOCKET_REQUEST_MAX_BYTES)`,
        );
      }
      if (this.#bytes < 4 + length) return frames;
      const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#bytes);
      frames.push(all.subarray(4, 4 + length));
      const rest = all.subarray(4 + length);
      this.#parts = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
    }
  }

  #length(): number {
    if (this.#parts[0]!.length < 4) this.#parts = [Buffer.concat(this.#parts, this.#bytes)];
    return this.#parts[0]!.readInt32BE(0);
  }
}
