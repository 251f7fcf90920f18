/** Native code that makes blocks of packages for the target slot. */
export interface Packages {
  /**
   * Makes a block in memory, as `BlockDecoder` of src/package does. It reads the base from the running slot, and
   * earlier blocks of the result from the target slot.
   *
   * @param tables       the decoder's tables: of `buildCodeTables` in src/package, 1,792 entries in the chip's order of
   *   bytes. C sees no other typed arrays than those of bytes
   * @param dictionary   the constants and shifts with which each block begins, 36 in all, as `tables`
   * @param baseLength   bytes of the base; 0 without one
   * @param record       holds the record at its start
   * @param recordLength bytes in the record
   * @param block        where the block is made, at its start
   * @param blockLength  bytes in the block
   * @param byteOffset   where the block begins in the target slot
   * @returns what is wrong with the record, `undefined` if the block is made; else the block's bytes are undefined
   * @throws Error if flash cannot be read
   */
  decodeBlock(
    tables: ArrayBufferLike,
    dictionary: ArrayBufferLike,
    baseLength: number,
    record: Uint8Array,
    recordLength: number,
    block: Uint8Array,
    blockLength: number,
    byteOffset: number,
  ): string | undefined;
}
