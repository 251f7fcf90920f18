import { decodeUtf8 } from "../../src/lib/utf8.js";

/** The part of npm's `bl` that mqtt-packet uses: bytes that came in pieces are read as one buffer. */
export class BufferList {
  #bytes = new Uint8Array(0);

  get length(): number {
    return this.#bytes.byteLength;
  }

  /** Keeps the given array itself, without a copy, if no earlier bytes are left. */
  append(bytes: Uint8Array): this {
    if (this.#bytes.byteLength === 0) {
      this.#bytes = bytes as Uint8Array<ArrayBuffer>;
      return this;
    }
    const joined = new Uint8Array(this.#bytes.byteLength + bytes.byteLength);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.byteLength);
    this.#bytes = joined;
    return this;
  }

  /** A view of no bytes would keep the whole packet in memory until the next one. */
  consume(byteLength: number): this {
    this.#bytes = byteLength < this.length ? this.#bytes.subarray(byteLength) : new Uint8Array(0);
    return this;
  }

  /** @returns the bytes themselves: the codec hands over each packet in a buffer of its own */
  slice(start = 0, end = this.length): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /**
   * Text is always UTF-8. If the bytes are not, each of them becomes a U+FFFD. In UTF-8 that text is longer than the
   * bytes, and so the codec notices that they were no text.
   */
  toString(_encoding?: string, start = 0, end = this.length): string {
    const bytes = this.slice(start, end);
    return decodeUtf8(bytes) ?? "\ufffd".repeat(bytes.byteLength);
  }

  readUInt8(byteOffset: number): number {
    return this.#bytes[byteOffset] as number;
  }

  readUInt16BE(byteOffset: number): number {
    return this.readUInt8(byteOffset) * 0x100 + this.readUInt8(byteOffset + 1);
  }
}

/** mqtt-packet calls this without `new`. */
export default function bl(): BufferList {
  return new BufferList();
}
