import type { FlashPartition } from "../../hal/ports/index.js";
import { findResumePoint } from "../image/resume-point.js";
import type { State } from "./types.js";

/** What a boot knows of the flash besides what the record says, whichever try comes to it. */
export interface FlashKnowledge {
  /**
   * After a restart: the first block from here on that is programmed may have been begun before the cut, with bits half
   * programmed that read as blank. It is erased first.
   */
  suspectFrom: number | undefined;
  /** Where the image of the record goes on, once it was looked for. */
  resumeOffset: number | undefined;
  /** As far as this boot has erased for the image that is under way. */
  erasedEnd: number;
}

export function newKnowledge(): FlashKnowledge {
  return { suspectFrom: undefined, resumeOffset: undefined, erasedEnd: 0 };
}

/**
 * Looks where the download that an earlier boot began goes on, so that an offer of it need not wait for that.
 *
 * @param block gives a buffer, one block long, where one is needed; its content is lost
 * @throws HalError
 */
export function lookForResumePoint(state: State, partition: FlashPartition, block: () => Uint8Array, knowledge: FlashKnowledge): void {
  const kept = state.name === "idle" ? state.kept : undefined;
  if (kept === undefined || kept.whole) return;
  const { regionOffset, written, erasing } = kept.stored;
  if (regionOffset === undefined || written !== undefined || erasing) return;
  knowledge.resumeOffset = findResumePoint(partition, regionOffset, kept.image.size, block());
}
