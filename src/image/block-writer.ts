import type { FlashPartition } from "../../hal/ports/index.js";
import { isBlank } from "../lib/bytes.js";

/**
 * Where the bytes come from: `read` puts those that are there into the buffer, between two indices. @returns how many
 */
export interface ByteSource {
  read(into: Uint8Array, start: number, end: number): number;
}

/**
 * Gathers the bytes of an image in one block and programs whole blocks, in order, each once. They come straight from
 * the socket into the block; the caller erases ahead of it.
 */
export class BlockWriter {
  readonly #partition: FlashPartition;
  readonly #block: Uint8Array;
  #blockOffset: number;
  #filled = 0;
  #size = 0;
  /** Bytes of the current block that the image has. */
  #wanted = 0;

  /**
   * @param options.block  the buffer to gather in: one block long; the writer's alone while it works
   * @param options.size   bytes in the image
   * @param options.offset where to begin: on a block's boundary, or at the image's end
   */
  constructor(options: { partition: FlashPartition; block: Uint8Array; size: number; offset: number }) {
    this.#partition = options.partition;
    this.#block = options.block;
    this.#blockOffset = options.offset;
    this.size = options.size;
  }

  /** Bytes in the image. It may turn out to be another number as long as the block is empty. */
  get size(): number {
    return this.#size;
  }

  set size(size: number) {
    this.#size = size;
    this.#wanted = Math.max(0, Math.min(this.#block.byteLength, size - this.#blockOffset));
  }

  /** Where the block that is being filled begins: everything before it is in flash. */
  get offset(): number {
    return this.#blockOffset;
  }

  /** Where the next byte goes: everything before it is in flash or in the block. */
  get end(): number {
    return this.#blockOffset + this.#filled;
  }

  /** Whether there is a block to program. */
  get full(): boolean {
    return this.#filled > 0 && this.#filled === this.#wanted;
  }

  get complete(): boolean {
    return this.#blockOffset >= this.#size;
  }

  /** The bytes of a full block. */
  get content(): Uint8Array {
    return this.#block.subarray(0, this.#wanted);
  }

  /** Takes what is there. @returns whether the block is full */
  fill(source: ByteSource): boolean {
    const wanted = this.#wanted;
    if (this.#filled < wanted) this.#filled += source.read(this.#block, this.#filled, wanted);
    return this.#filled === wanted;
  }

  /** Drops the bytes of the block that are not before `offset` in the image. */
  rewind(offset: number): void {
    if (offset < this.end) this.#filled = Math.max(0, offset - this.#blockOffset);
  }

  /** Whether the full block, filled up with 0xFF if the image ends in it, is as erased flash is. */
  get blank(): boolean {
    if (this.#wanted < this.#block.byteLength) this.#block.fill(0xff, this.#wanted);
    return isBlank(this.#block);
  }

  /**
   * Programs the full block and goes on to the next. A blank one is left as erased: programming would change nothing,
   * and so the last programmed block of a region is always the last that is not blank.
   *
   * @throws HalError
   */
  program(): void {
    if (!this.blank) this.#partition.write(this.#block, this.#blockOffset);
    this.#blockOffset += this.#block.byteLength;
    this.#filled = 0;
    this.size = this.#size;
  }
}
