import type { FlashPartition } from "../../hal/ports/index.js";
import { isBlank } from "../lib/bytes.js";

/**
 * Gathers the bytes of an image in one block and programs whole blocks, in order, each once. The caller reads from its
 * socket straight into the block, and erases ahead of it.
 */
export class BlockWriter {
  readonly #partition: FlashPartition;
  readonly #size: number;
  readonly #block: Uint8Array;
  #blockOffset: number;
  #filled = 0;

  /**
   * @param options.block  the buffer to gather in: one block long; the writer's alone while it works
   * @param options.size   bytes in the image
   * @param options.offset where to begin: on a block's boundary
   */
  constructor(options: { partition: FlashPartition; block: Uint8Array; size: number; offset: number }) {
    this.#partition = options.partition;
    this.#size = options.size;
    this.#block = options.block;
    this.#blockOffset = options.offset;
  }

  /** Where the block that is being filled begins: everything before it is in flash. */
  get offset(): number {
    return this.#blockOffset;
  }

  /** Bytes of the current block that the image has. */
  get #wanted(): number {
    return Math.min(this.#block.byteLength, this.#size - this.#blockOffset);
  }

  /** The part of the block that is still to be filled; empty once it is full. */
  get space(): Uint8Array {
    return this.#block.subarray(this.#filled, this.#wanted);
  }

  get full(): boolean {
    return this.#filled === this.#wanted;
  }

  get complete(): boolean {
    return this.#blockOffset >= this.#size;
  }

  /** The bytes of a full block. */
  get content(): Uint8Array {
    return this.#block.subarray(0, this.#wanted);
  }

  /** `count` bytes were put into `space`. */
  advance(count: number): void {
    this.#filled += count;
  }

  /** Whether the full block, filled up with 0xFF where the image ends in it, is as erased flash is. */
  get blank(): boolean {
    this.#block.fill(0xff, this.#wanted);
    return isBlank(this.#block);
  }

  /**
   * Programs the full block and goes on to the next. A blank one is left as erased: programming would change nothing, and so
   * the last programmed block of a region is always the last that is not blank.
   *
   * @throws HalError
   */
  program(): void {
    if (!this.blank) this.#partition.write(this.#block, this.#blockOffset);
    this.#blockOffset += this.#block.byteLength;
    this.#filled = 0;
  }
}
