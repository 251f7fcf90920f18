import { decodeUtf8, encodeUtf8 } from "../../src/lib/utf8.js";

/** The type leaves out the static methods, because those of `Buffer` have other signatures. */
const Bytes = Uint8Array as unknown as new (
  source: number | ArrayLike<number> | ArrayBufferLike,
  byteOffset?: number,
  byteLength?: number,
) => Uint8Array;

/**
 * The part of Node's `Buffer` that mqtt-packet uses. npm's `buffer` cannot be used, because it patches objects that XS
 * freezes. Text is always UTF-8, even if another encoding is named.
 */
export class Buffer extends Bytes {
  static alloc(byteLength: number): Buffer {
    return new Buffer(byteLength);
  }

  static allocUnsafe(byteLength: number): Buffer {
    return new Buffer(byteLength);
  }

  /** @returns a buffer with a copy of the bytes */
  static from(value: string | ArrayLike<number>): Buffer {
    return new Buffer(typeof value === "string" ? encodeUtf8(value) : value);
  }

  /** The same bytes, not a copy. */
  static over({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
    return new Buffer(buffer, byteOffset, byteLength);
  }

  static isBuffer(value: unknown): value is Buffer {
    return value instanceof Buffer;
  }

  static byteLength(value: string | Uint8Array): number {
    return typeof value === "string" ? encodeUtf8(value).byteLength : value.byteLength;
  }

  /**
   * If the bytes are not UTF-8, each of them becomes a U+FFFD. In UTF-8 that text is longer than the bytes, and so the
   * codec notices that they were no text.
   */
  override toString(_encoding?: string, start = 0, end = this.byteLength): string {
    const bytes = this.subarray(start, end);
    return decodeUtf8(bytes) ?? "\ufffd".repeat(bytes.byteLength);
  }

  copy(target: Uint8Array, targetStart = 0): number {
    target.set(this, targetStart);
    return this.byteLength;
  }

  write(text: string, byteOffset: number): number {
    const bytes = encodeUtf8(text);
    this.set(bytes, byteOffset);
    return bytes.byteLength;
  }

  writeUInt8(value: number, byteOffset: number): number {
    this[byteOffset] = value;
    return byteOffset + 1;
  }

  writeUInt16BE(value: number, byteOffset: number): number {
    this[byteOffset] = value >>> 8;
    this[byteOffset + 1] = value;
    return byteOffset + 2;
  }

  writeUInt32BE(value: number, byteOffset: number): number {
    this.writeUInt16BE(value >>> 16, byteOffset);
    return this.writeUInt16BE(value, byteOffset + 2);
  }
}
