import { MINOR, type Change, changeProgram, createProgram, linkImage, type Program } from "./linked-image.js";
import { resealImage } from "./resealed-image.js";

const SEGMENTS_OFFSET = 24;
const SEGMENT_HEADER_LENGTH = 8;
const CODE_PAGE = 0x400d0000;
const VERSION_OFFSET = 48;
const VERSION_LENGTH = 32;
const CHECKSUM_AND_HASH = 33;

/** Two versions of a program, as images that the simulated board boots. */
export interface BootablePair {
  readonly base: Uint8Array;
  readonly result: Uint8Array;
}

/** @param byteLength of the base, about */
export function bootablePair({
  seed,
  byteLength,
  change = MINOR,
  versions = ["0.1.0", "0.2.0"],
}: {
  readonly seed: number;
  readonly byteLength: number;
  readonly change?: Change;
  readonly versions?: readonly [string, string];
}): BootablePair {
  const program = createProgram(seed, byteLength);
  return {
    base: bootableImage(program, versions[0]),
    result: bootableImage(changeProgram(program, change, seed + 1), versions[1]),
  };
}

/** The image of a program with what a boot loader looks at. */
export function bootableImage(program: Program, version: string): Uint8Array {
  const linked = linkImage(program);
  const image = new Uint8Array(Math.ceil((linked.byteLength + CHECKSUM_AND_HASH) / 16) * 16);
  image.set(linked);
  image.fill(0, VERSION_OFFSET, VERSION_OFFSET + VERSION_LENGTH);
  image.set(Buffer.from(version, "latin1"), VERSION_OFFSET);
  const view = new DataView(image.buffer);
  view.setUint16(17, 0xffff, true);
  image[23] = 1;
  // What is mapped lies at an address that agrees with its place in the file, modulo 64 KiB.
  const code = SEGMENTS_OFFSET + SEGMENT_HEADER_LENGTH + view.getUint32(SEGMENTS_OFFSET + 4, true);
  view.setUint32(code, CODE_PAGE + ((code + SEGMENT_HEADER_LENGTH) & 0xffff), true);
  return new Uint8Array(resealImage(image));
}
