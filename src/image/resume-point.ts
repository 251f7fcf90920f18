import type { FlashPartition } from "../../hal/ports/index.js";
import { isBlank } from "../lib/bytes.js";
import { regionLengthOf } from "./regions.js";

/**
 * Finds where an interrupted download goes on, and makes that place fit to be programmed.
 *
 * Everything before the region is whole: its checkpoint was stored after the last of it. Inside the region blocks were
 * programmed in order, so the last one that is not blank may be torn: it is erased and fetched again. So is the one after
 * it: a cut while *this* erase ran may have left a block that reads blank and is not.
 *
 * @param regionOffset start of the region named by the checkpoint: it was wholly erased before the checkpoint was stored
 * @param scratch      one block long; its content is lost
 * @returns offset of the first block to fetch
 * @throws HalError
 */
export function findResumePoint(partition: FlashPartition, regionOffset: number, size: number, scratch: Uint8Array): number {
  const { blockLength } = partition;
  const end = Math.min(regionOffset + regionLengthOf(partition), partition.byteLength);
  let offset = Math.min(end, Math.ceil(size / blockLength) * blockLength);
  while (offset > regionOffset) {
    partition.read(scratch, offset - blockLength);
    if (!isBlank(scratch)) break;
    offset -= blockLength;
  }
  const resume = Math.max(regionOffset, offset - blockLength);
  partition.eraseBlock(resume / blockLength, Math.min(offset + blockLength, end) / blockLength);
  return resume;
}
