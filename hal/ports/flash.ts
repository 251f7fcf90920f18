/** A partition that can only be read. All calls are synchronous and throw a `HalError`. */
export interface ReadOnlyPartition {
  /** Bytes in the partition: a multiple of an erasable block's length. */
  readonly byteLength: number;

  /**
   * Fills `into` from `byteOffset`.
   *
   * @throws HalError `out-of-bounds`, `io`
   */
  read(into: Uint8Array, byteOffset: number): void;
}

/**
 * A NOR flash partition: programming only clears bits, erasing sets a whole block to 0xFF.
 *
 * All calls are synchronous and block the one thread for as long as the chip needs. They throw a `HalError`.
 *
 * After a power cut inside `write`, the bytes of that write are undefined and all others are unchanged. After a power
 * cut inside `eraseBlock`, the blocks of that erase are undefined (they may read as erased although they are not) and
 * all others are unchanged. What a call has done is durable once the call has returned.
 */
export interface FlashPartition extends ReadOnlyPartition {
  /** Bytes in the smallest unit that can be erased. */
  readonly blockLength: number;

  /** Bytes in the largest unit that the chip erases in one operation: a multiple of `blockLength`. */
  readonly regionLength: number;

  /**
   * Programs `bytes` at `byteOffset`. No byte may be programmed twice between two erases, so the caller writes whole
   * blocks, each once. Length and offset must be multiples of 16, the unit of flash encryption.
   *
   * @throws HalError `not-aligned`, `out-of-bounds`, `io`
   */
  write(bytes: Uint8Array, byteOffset: number): void;

  /**
   * Erases the blocks from `start` up to, but not including, `end`.
   *
   * @param start first block, counted in blocks
   * @param end   the block after the last one
   * @throws HalError `out-of-bounds`, `io`
   */
  eraseBlock(start: number, end: number): void;
}
