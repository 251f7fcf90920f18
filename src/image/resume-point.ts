import type { FlashPartition } from "../../hal/ports/index.js";
import { isBlank } from "../lib/bytes.js";
import { regionEnd } from "./regions.js";

/**
 * Finds the last block that was programmed after `regionOffset`, by reading. Blocks are programmed in order, and blank
 * ones not at all, so everything before that block is whole. The block itself may be torn, and is fetched again.
 */
export class ResumeSearch {
  readonly #partition: FlashPartition;
  readonly #regionOffset: number;
  /** Nothing is programmed from here on. */
  #end: number;
  #found: number | undefined;

  /**
   * @param options.regionOffset from here to the end of the region all was erased before anything was programmed; or
   *   the image's end, if all of it is there
   * @param options.size         bytes in the image
   */
  constructor(options: { partition: FlashPartition; regionOffset: number; size: number }) {
    const { partition, regionOffset, size } = options;
    this.#partition = partition;
    this.#regionOffset = regionOffset;
    this.#end = Math.min(
      regionEnd(partition, regionOffset),
      Math.ceil(size / partition.blockLength) * partition.blockLength,
    );
    if (this.#end <= regionOffset) this.#found = regionOffset;
  }

  /** The block's offset once it is found; that of the region if no block is programmed. */
  get found(): number | undefined {
    return this.#found;
  }

  /**
   * Looks at one block.
   *
   * @param scratch one block long; its content is lost
   * @throws HalError
   */
  step(scratch: Uint8Array): void {
    if (this.#found !== undefined) return;
    this.#end -= this.#partition.blockLength;
    this.#partition.read(scratch, this.#end);
    if (this.#end <= this.#regionOffset || !isBlank(scratch)) this.#found = this.#end;
  }
}

/**
 * The whole search at once.
 *
 * @param scratch one block long; its content is lost
 * @throws HalError
 */
export function findResumePoint(
  partition: FlashPartition,
  regionOffset: number,
  size: number,
  scratch: Uint8Array,
): number {
  const search = new ResumeSearch({ partition, regionOffset, size });
  while (search.found === undefined) search.step(scratch);
  return search.found;
}
