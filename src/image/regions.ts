import type { FlashPartition } from "../../hal/ports/index.js";

/**
 * How a partition is erased during an update: in regions, each just before it is needed. 64 KiB is the largest unit that a
 * NOR chip erases in one operation, and the checkpoint is stored once a region.
 */
export const REGION_LENGTH = 65536;

/** @returns bytes in a region of this partition: a multiple of its blocks */
export function regionLengthOf(partition: FlashPartition): number {
  return Math.min(REGION_LENGTH, partition.byteLength);
}

/** Erases the region that begins at `byteOffset`, which is on a region's boundary. @throws HalError */
export function eraseRegion(partition: FlashPartition, byteOffset: number): void {
  const end = Math.min(byteOffset + regionLengthOf(partition), partition.byteLength);
  partition.eraseBlock(byteOffset / partition.blockLength, end / partition.blockLength);
}
