import type { FlashPartition } from "../../../hal/ports/index.js";
import { ResumeSearch } from "../../image/resume-point.js";
import type { State } from "../machine/types.js";

/** What this boot knows about the flash, and the record does not hold. All tries of the boot share it. */
export interface FlashKnowledge {
  /**
   * After a restart: a power cut may have hit a block from here on, and left bits half programmed that read as blank.
   * So the next block that is programmed from here on is erased first.
   */
  suspectFrom: number | undefined;
  /** Where the image of the record goes on, once that was looked for. */
  resumeOffset: number | undefined;
  /** Everything before this offset is erased, or programmed, for the image that is under way. */
  erasedEnd: number;
}

export function newKnowledge(): FlashKnowledge {
  return { suspectFrom: undefined, resumeOffset: undefined, erasedEnd: 0 };
}

/** The search for the point at which an earlier boot's download goes on; `undefined` if there is no such download. */
export function searchFor(state: State, partition: FlashPartition): ResumeSearch | undefined {
  const kept = state.name === "idle" ? state.kept : undefined;
  if (kept === undefined || kept.whole) return undefined;
  const { regionOffset, written, erasing } = kept.stored;
  if (regionOffset === undefined || written !== undefined || erasing) return undefined;
  return new ResumeSearch({ partition, regionOffset, size: kept.image.size });
}
