import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { resealImage } from "./resealed-image.js";
import { SeededRandom } from "./seed.js";

const BLOCK_LENGTH = 4096;
/** Header, first segment's header and application descriptor: they are the image's own. */
const HEAD_LENGTH = 288;
/** The second segment, checksum and hash. */
const TAIL_LENGTH = 1088;
/** What the blocks of a successor are made of, in turn. */
const KINDS = ["same", "edited", "moved", "new", "repeated"] as const;

export interface SuccessorOptions {
  /** The image that came before. */
  readonly base: Uint8Array;
  readonly version: string;
  /** A multiple of 16, more than 4096. */
  readonly byteLength: number;
  readonly seed: number;
  readonly secureVersion?: number;
}

/**
 * An image that verifies, and whose blocks of 4 KiB are in turn what a delta can be made of: bytes of the base where
 * they were; such with a constant added to some words; such from elsewhere; bytes that are new; bytes that repeat those
 * before. It is quick to make a package of it, and each block's record is of another kind.
 */
export function successorImage({ base, seed, ...options }: SuccessorOptions): Uint8Array {
  const image = buildAppImage({ ...options, seed });
  const random = new SeededRandom(seed);
  const end = image.byteLength - TAIL_LENGTH;
  const view = new DataView(image.buffer);
  const fromBase = (at: number, until: number, from: number): void =>
    image.set(base.subarray(from, Math.max(from, Math.min(from + until - at, base.byteLength))), at);
  for (let at = HEAD_LENGTH, block = seed; at < end; block++) {
    const until = Math.min(end, at - (at % BLOCK_LENGTH) + BLOCK_LENGTH);
    switch (KINDS[block % KINDS.length]) {
      case "same":
        fromBase(at, until, at);
        break;
      case "edited":
        fromBase(at, until, at);
        for (let word = at; word + 4 <= until; word += 4 * random.integer(5, 60)) {
          view.setInt32(word, view.getInt32(word, true) + 0x1c, true);
        }
        break;
      case "moved":
        fromBase(at, until, random.integer(HEAD_LENGTH, Math.max(HEAD_LENGTH + 1, base.byteLength - BLOCK_LENGTH)));
        break;
      case "repeated":
        for (let to = at; to < until; to += 48) image.copyWithin(to, at - 200, at - 200 + Math.min(48, until - to));
        break;
    }
    at = until;
  }
  return new Uint8Array(resealImage(image));
}
