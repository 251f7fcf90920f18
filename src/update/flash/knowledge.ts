import type { FlashPartition } from "../../../hal/ports/index.js";
import { ResumeSearch } from "../../image/resume-point.js";
import type { State } from "../machine/types.js";

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

/** The search for where a download goes on that an earlier boot began; `undefined` if there is none. */
export function searchFor(state: State, partition: FlashPartition): ResumeSearch | undefined {
  const kept = state.name === "idle" ? state.kept : undefined;
  if (kept === undefined || kept.whole) return undefined;
  const { regionOffset, written, erasing } = kept.stored;
  if (regionOffset === undefined || written !== undefined || erasing) return undefined;
  return new ResumeSearch({ partition, regionOffset, size: kept.image.size });
}
