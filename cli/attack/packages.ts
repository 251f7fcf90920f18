import { encodePackage } from "../../cloud/delta/package-file.js";
import { packageRequestOf } from "../../cloud/delta/package-request.js";
import { CHIP_ESP32 } from "../../hal/boards/sim/app-image.js";
import { crc32 } from "../../src/lib/crc32.js";
import { CODES_LENGTH, CRC_OFFSET, FIXED_LENGTH, MAX_IMAGE_LENGTH } from "../../src/package/format.js";
import { decodeFixedHeader, fixedSum, headerLengthOf } from "../../src/package/header.js";
import { HeaderReader, isStored, recordLength } from "../../src/package/header-reader.js";
import { NEWER_VERSION, RUNNING_VERSION } from "./workshop.js";

/** @param seal the copy in the header; default: the seal that the result ends with */
export function delta({
  base,
  result,
  version = NEWER_VERSION,
  seal,
}: {
  readonly base: Buffer;
  readonly result: Buffer;
  readonly version?: string;
  readonly seal?: Buffer;
}): Buffer {
  const request = packageRequestOf({ bytes: result, version }, { bytes: base, version: RUNNING_VERSION });
  return Buffer.from(encodePackage(seal === undefined ? request : { ...request, seal }));
}

/** @returns the package, with a header whose sum is right */
export function withSum(file: Buffer): Buffer {
  const { headerLength } = decodeFixedHeader(file);
  const rest = file.subarray(FIXED_LENGTH, headerLength);
  file.writeUInt32LE(crc32(rest, rest.byteLength, fixedSum(file)), CRC_OFFSET);
  return file;
}

/** @returns where the index of a package begins */
export function indexAt(file: Buffer): number {
  return FIXED_LENGTH + decodeFixedHeader(file).sealLength + CODES_LENGTH;
}

/** @returns where the first record lies that is not the block itself */
export function codesOf(file: Buffer): { readonly firstCoded: { readonly from: number; readonly to: number } } {
  const reader = new HeaderReader({ maxResultLength: MAX_IMAGE_LENGTH });
  let from = reader.push(file);
  const { index, blocks } = reader.header as NonNullable<typeof reader.header>;
  for (let block = 0; block < blocks; block++) {
    const to = from + recordLength(index, block);
    if (!isStored(index, block)) return { firstCoded: { from, to } };
    from = to;
  }
  throw new Error("all blocks are stored");
}

/** @returns a package that says it makes 16 MiB, of records with one byte each */
export function oversized(): Buffer {
  const resultLength = 16 * 1024 * 1024;
  const blocks = resultLength / 4096;
  const sample = Buffer.from(
    encodePackage({ result: { bytes: Buffer.alloc(64, "ab"), version: NEWER_VERSION }, chipId: CHIP_ESP32 }),
  );
  const headerLength = headerLengthOf(0, blocks);
  const file = Buffer.alloc(headerLength + blocks);
  sample.copy(file, 0, 0, FIXED_LENGTH + CODES_LENGTH);
  file.writeUInt32LE(headerLength, 8);
  file.writeUInt32LE(resultLength, 12);
  file.writeUInt32LE(file.byteLength, 20);
  for (let block = 0; block < blocks; block++) file.writeUInt16LE(1, FIXED_LENGTH + CODES_LENGTH + 2 * block);
  return withSum(file);
}
