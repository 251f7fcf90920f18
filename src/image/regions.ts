import type { FlashPartition } from "../../hal/ports/index.js";

/**
 * How a partition is erased during an update: in regions, each just before it is needed. 64 KiB is the largest unit that a
 * NOR chip erases in one operation, and the checkpoint is stored once a region.
 */
export const REGION_LENGTH = 65536;

/** @returns the end of the region that `byteOffset` is in */
export function regionEnd(partition: FlashPartition, byteOffset: number): number {
  return Math.min((Math.floor(byteOffset / REGION_LENGTH) + 1) * REGION_LENGTH, partition.byteLength);
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
