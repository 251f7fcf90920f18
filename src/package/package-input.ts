import type { PackageSource } from "../update/unpacker.js";
import { CRC_OFFSET } from "./format.js";

/** A request costs about as much as so many bytes. */
const SKIPPED_LENGTH = 8192;

export interface PackageInputOptions {
  /** Of the file that the bytes before came from. */
  readonly etag: string | undefined;
  /** What came before is from several answers. */
  readonly isSpliced: boolean;
  /** Another tag is one of another file, where nothing else can tell. */
  readonly heedsTags: boolean;
}

/**
 * The bytes of a package as a server sends them, from where they are needed on: what is before that, because the server
 * knows no ranges or a request is not worth it, is skipped.
 */
export class PackageInput {
  #source: PackageSource | undefined;
  /** Where the source's next byte is in the file. */
  #offset = 0;
  #etag: string | undefined;
  #answers: number;
  readonly #heedsTags: boolean;
  /** The sum in the header that was read. */
  #crc: number | undefined;
  #isOther = false;

  constructor({ etag, isSpliced, heedsTags }: PackageInputOptions) {
    this.#etag = etag;
    this.#answers = isSpliced ? 1 : 0;
    this.#heedsTags = heedsTags;
  }

  /** The header is whole: what is read before it once more has to have the same sum. */
  set crc(crc: number) {
    this.#crc = crc;
  }

  /** The server has another file by now. */
  get isOther(): boolean {
    return this.#isOther;
  }

  /** What was read came from more than one answer. */
  get isSpliced(): boolean {
    return this.#answers > 1;
  }

  answered(source: PackageSource | undefined, offset: number, etag: string | undefined): void {
    const isOtherTag = etag !== undefined && this.#etag !== undefined && etag !== this.#etag;
    // Servers behind one name may tag the same file each in its own way. The sum in the header is that of one package.
    const showsSum = this.#crc !== undefined && offset <= CRC_OFFSET;
    if (isOtherTag && !showsSum && this.#heedsTags) this.#isOther = true;
    this.#etag = etag ?? this.#etag;
    this.#source = source;
    this.#offset = offset;
    if (source !== undefined) this.#answers++;
  }

  /** Whoever reads has done something else for so long. */
  heldUp(ms: number): void {
    this.#source?.heldUp(ms);
  }

  /** Whether what comes is so far before `position` that another request is better. */
  seeks(position: number): boolean {
    return position - this.#offset > SKIPPED_LENGTH;
  }

  /**
   * Moves what is there of the file from `position` on. What is skipped is lost in the same place: the bytes before
   * `start` may be needed.
   *
   * @returns how many bytes
   */
  read(position: number, into: Uint8Array, start: number, end: number): number {
    if (!this.#skips(position, into, start, end)) return 0;
    const count = this.#source?.read(into, start, end) ?? 0;
    this.#offset += count;
    return count;
  }

  /** @returns whether the next byte is the one at `position` */
  #skips(position: number, into: Uint8Array, start: number, end: number): boolean {
    while (this.#offset < position) {
      const count = this.#source?.read(into, start, Math.min(end, start + position - this.#offset)) ?? 0;
      if (count === 0) return false;
      if (this.#offset < CRC_OFFSET + 4) this.#compare(into, start, count);
      this.#offset += count;
    }
    return true;
  }

  #compare(bytes: Uint8Array, start: number, count: number): void {
    const crc = this.#crc;
    if (crc === undefined) return;
    for (let index = 0; index < count; index++) {
      const shift = (this.#offset + index - CRC_OFFSET) * 8;
      if (shift >= 0 && shift < 32 && bytes[start + index] !== ((crc >>> shift) & 0xff)) this.#isOther = true;
    }
  }
}
