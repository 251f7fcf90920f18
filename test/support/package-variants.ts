import { CHIP_ESP32 } from "../../hal/boards/sim/app-image.js";
import { encodePackage } from "../../cloud/delta/package-file.js";
import { BLOCK_LENGTH, RESULT_HASH_OFFSET } from "../../src/package/format.js";
import { isStored, recordLength, recordOffset } from "../../src/package/header-reader.js";
import { changedPackage } from "./changed-package.js";
import { sha256 } from "./p256-cases.js";
import { readHeader } from "./unpack.js";

export interface Versioned {
  readonly bytes: Uint8Array;
  readonly version: string;
}

/** @returns a package for an ESP32: a delta if there is a base, else compressed. @param seal its copy in the header */
export function packageFor(result: Versioned, base?: Versioned, seal?: Uint8Array): Uint8Array {
  return encodePackage({ base, result, chipId: CHIP_ESP32, seal });
}

/** @returns the image without a SHA-256 at its end, so that bytes of it can be changed alone */
export function unhashed(image: Uint8Array): Uint8Array {
  const copy = image.slice();
  copy[23] = 0;
  return copy;
}

/** @returns the image with two bytes of a block changed: its checksum stays right */
export function rebuilt(image: Uint8Array, block: number): Uint8Array {
  const copy = image.slice();
  for (const at of [block * BLOCK_LENGTH + 100, block * BLOCK_LENGTH + 300]) copy[at] = (copy[at] as number) ^ 0x55;
  return copy;
}

/** @returns a package of the same length that makes another image, which differs in a block that is stored */
export function exchanged(file: Uint8Array, other: Uint8Array, block: number): Uint8Array {
  const header = readHeader(file);
  if (!isStored(header.index, block)) throw new Error(`block ${block} is not stored`);
  return changedPackage(file, (_, bytes) => {
    bytes.set(sha256(other), RESULT_HASH_OFFSET);
    bytes.set(other.subarray(block * BLOCK_LENGTH, (block + 1) * BLOCK_LENGTH), recordOffset(header, block));
  });
}

/** @returns the package with the record of a block filled with a byte */
export function withRecord(file: Uint8Array, block: number, byte: number): Uint8Array {
  const header = readHeader(file);
  const at = recordOffset(header, block);
  return file.slice().fill(byte, at, at + recordLength(header.index, block));
}
