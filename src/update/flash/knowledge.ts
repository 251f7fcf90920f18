import type { FlashPartition } from "../../../hal/ports/index.js";
import type { BlockWriter } from "../../image/block-writer.js";
import { ResumeSearch } from "../../image/resume-point.js";
import type { Reading, Unpacking } from "../unpacker.js";
import type { Image, State } from "../machine/types.js";

/** An image on its way into flash, from one try to the next. */
export interface Gathering {
  readonly image: Image;
  /** Holds what came of the next block. Those bytes are in the block that all work shares, and in no record. */
  readonly writer: BlockWriter;
  /** Follows what is programmed. */
  readBack: Reading;
  /** The file is a package. Until then, and if it is none, the writer takes its bytes as they are. */
  unpacking?: Unpacking;
  /** How far any try has come, in bytes of the file. */
  reach: number;
}

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
  /** The last download's; absent once the block was used for something else. */
  gathering: Gathering | undefined;
}

/** @returns the next byte of the file that is needed */
export function positionOf({ unpacking, writer }: Gathering): number {
  return unpacking === undefined ? writer.end : unpacking.position;
}

export function newKnowledge(): FlashKnowledge {
  return { suspectFrom: undefined, resumeOffset: undefined, erasedEnd: 0, gathering: undefined };
}

/** The search for the point at which an earlier boot's download goes on; `undefined` if there is no such download. */
export function searchFor(state: State, partition: FlashPartition): ResumeSearch | undefined {
  const kept = state.name === "idle" ? state.kept : undefined;
  if (kept === undefined || kept.whole) return undefined;
  const { regionOffset, written, erasing, resultLength = kept.image.size } = kept.stored;
  if (regionOffset === undefined || written !== undefined || erasing) return undefined;
  return new ResumeSearch({ partition, regionOffset, size: resultLength });
}
