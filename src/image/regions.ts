import type { FlashPartition } from "../../hal/ports/index.js";

/*
 * During an update a partition is erased in regions: the largest units that the chip erases in one operation. A region
 * is erased at most one region ahead. The checkpoint is stored once for each region, before its first block.
 */

/** @returns the end of the region that `byteOffset` is in */
export function regionEnd(partition: FlashPartition, byteOffset: number): number {
  const { regionLength, byteLength } = partition;
  return Math.min((Math.floor(byteOffset / regionLength) + 1) * regionLength, byteLength);
}

/** Erases from `byteOffset`, which is on a block's boundary, to the end of its region. @throws HalError */
export function eraseRegion(partition: FlashPartition, byteOffset: number): void {
  partition.eraseBlock(byteOffset / partition.blockLength, regionEnd(partition, byteOffset) / partition.blockLength);
}

/** Erases the one block at `byteOffset`. @throws HalError */
export function eraseBlockAt(partition: FlashPartition, byteOffset: number): void {
  const block = byteOffset / partition.blockLength;
  partition.eraseBlock(block, block + 1);
}
