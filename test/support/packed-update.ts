import { encodePackage } from "../../cloud/delta/package-file.js";
import { bootablePair } from "./bootable-image.js";
import { FEATURE, MINOR } from "./linked-image.js";

/** How much of a program the later version changes, or that its image is compressed. */
export type Packed = "minor" | "feature" | "compressed";

/** A package, what the board runs that takes it, and what is in flash in the end. */
export interface PackedUpdate {
  readonly file: Uint8Array;
  readonly base: Uint8Array;
  readonly result: Uint8Array;
}

const SEED = 11;
/** The image of a program is so many times shorter than what is asked for. */
const PROGRAM_RATIO = 1.3313;

/** @param byteLength of the image, about: at 1 MiB a minor update has 208 bytes less */
export function packedUpdate(packed: Packed, byteLength: number): PackedUpdate {
  const change = packed === "feature" ? FEATURE : MINOR;
  const { base, result } = bootablePair({ seed: SEED, byteLength: byteLength * PROGRAM_RATIO, change });
  const file = encodePackage({
    ...(packed === "compressed" ? {} : { base: { bytes: base, version: "0.1.0" } }),
    result: { bytes: result, version: "0.2.0" },
    chipId: 0,
  });
  return { file, base, result };
}
