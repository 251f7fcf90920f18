import type { FlashPartition } from "../../hal/ports/index.js";
import { isBlank } from "../lib/bytes.js";
import { regionEnd } from "./regions.js";

/**
 * Finds the last block that was programmed after `regionOffset`, by reading. Blocks are programmed in order, and blank ones
 * not at all, so everything before it is whole; it may be torn itself, and is to be fetched again.
 *
 * @param regionOffset from here to the end of the region all was erased before anything was programmed
 * @param size         bytes in the image
 * @param scratch      one block long; its content is lost
 * @returns its offset; `regionOffset` where no block is programmed
 * @throws HalError
 */
export function findResumePoint(partition: FlashPartition, regionOffset: number, size: number, scratch: Uint8Array): number {
  const { blockLength } = partition;
  let offset = Math.min(regionEnd(partition, regionOffset), Math.ceil(size / blockLength) * blockLength);
  while (offset > regionOffset) {
    offset -= blockLength;
    partition.read(scratch, offset);
    if (!isBlank(scratch)) break;
  }
  return offset;
}
