import { createHash } from "node:crypto";
import {
  BASE_HASH_OFFSET,
  BASE_VERSION_OFFSET,
  BLOCK_LOG2,
  CODE_LENGTHS_LENGTH,
  CODING,
  CRC_OFFSET,
  FIXED_LENGTH,
  FORMAT,
  HAS_BASE,
  MAGIC,
  MAX_IMAGE_LENGTH,
  MAX_SEAL_LENGTH,
  RESULT_HASH_OFFSET,
  RESULT_VERSION_OFFSET,
  VERSION_LENGTH,
} from "../../src/package/format.js";
import { fixedSum, headerLengthOf } from "../../src/package/header.js";
import { crc32 } from "../../src/lib/crc32.js";
import { encodeRecords, type EncodingProgress } from "./encoder.js";

/** An image and its version: visible ASCII, at most 32 characters. */
export interface VersionedImage {
  readonly bytes: Uint8Array;
  readonly version: string;
}

export interface PackageRequest {
  /** `undefined`: the result is compressed, and needs no base. */
  readonly base?: VersionedImage | undefined;
  readonly result: VersionedImage;
  /** 0xFFFF: for no chip. */
  readonly chipId: number;
  /** The seal that ends the result; empty without one. */
  readonly seal?: Uint8Array | undefined;
}

/**
 * Makes a package. It takes seconds: see make-package.ts.
 *
 * @throws RangeError if an image, a version or the seal does not fit into the format
 */
export function encodePackage(
  { base, result, chipId, seal = new Uint8Array(0) }: PackageRequest,
  onProgress?: EncodingProgress,
): Uint8Array {
  checkLength("result", result.bytes, MAX_IMAGE_LENGTH);
  if (base !== undefined) checkLength("base", base.bytes, MAX_IMAGE_LENGTH);
  if (seal.byteLength > MAX_SEAL_LENGTH) throw new RangeError(`a seal of ${seal.byteLength} bytes is too long`);
  const encoded = encodeRecords(base?.bytes ?? new Uint8Array(0), result.bytes, onProgress);
  const { codeLengths, dictionary, index, records } = encoded;
  const headerLength = headerLengthOf(seal.byteLength, index.length);
  const packageLength = records.reduce((sum, { byteLength }) => sum + byteLength, headerLength);
  const bytes = new Uint8Array(packageLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  bytes.set([FORMAT, CODING, BLOCK_LOG2, base === undefined ? 0 : HAS_BASE], 4);
  view.setUint32(8, headerLength, true);
  view.setUint32(12, result.bytes.byteLength, true);
  view.setUint32(16, base?.bytes.byteLength ?? 0, true);
  view.setUint32(20, packageLength, true);
  view.setUint16(24, chipId, true);
  view.setUint16(26, seal.byteLength, true);
  if (base !== undefined) {
    bytes.set(sha256(base.bytes), BASE_HASH_OFFSET);
    bytes.set(textBytes(base.version), BASE_VERSION_OFFSET);
  }
  bytes.set(sha256(result.bytes), RESULT_HASH_OFFSET);
  bytes.set(textBytes(result.version), RESULT_VERSION_OFFSET);
  bytes.set(seal, FIXED_LENGTH);
  let at = FIXED_LENGTH + seal.byteLength;
  const lengths = codeLengths.flatMap((each) => [...each]);
  lengths.forEach((length, symbol) => {
    const byte = at + (symbol >> 1);
    bytes[byte] = (bytes[byte] as number) | (length << ((symbol & 1) * 4));
  });
  at += CODE_LENGTHS_LENGTH;
  for (const value of dictionary) {
    view.setInt32(at, value, true);
    at += 4;
  }
  for (const length of index) {
    view.setUint16(at, length, true);
    at += 2;
  }
  const rest = bytes.subarray(FIXED_LENGTH, headerLength);
  view.setUint32(CRC_OFFSET, crc32(rest, rest.byteLength, fixedSum(bytes)), true);
  for (const record of records) {
    bytes.set(record, at);
    at += record.byteLength;
  }
  return bytes;
}

function checkLength(name: string, { byteLength }: Uint8Array, most: number): void {
  if (byteLength === 0 || byteLength > most) throw new RangeError(`a ${name} of ${byteLength} bytes fits no package`);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

function textBytes(version: string): Uint8Array {
  if (!/^[!-~]{1,32}$/.test(version)) throw new RangeError(`${JSON.stringify(version)} fits no package as a version`);
  const bytes = new Uint8Array(VERSION_LENGTH);
  bytes.set(Buffer.from(version, "latin1"));
  return bytes;
}
