import { equalBytes } from "../lib/bytes.js";
import { crc32 } from "../lib/crc32.js";
import { isVisibleAscii } from "../lib/text.js";
import {
  BASE_HASH_OFFSET,
  BASE_VERSION_OFFSET,
  BLOCK_LENGTH,
  BLOCK_LOG2,
  CODES_LENGTH,
  CODING,
  CRC_OFFSET,
  FIXED_LENGTH,
  FORMAT,
  HAS_BASE,
  HASH_LENGTH,
  MAGIC,
  MAX_IMAGE_LENGTH,
  MAX_SEAL_LENGTH,
  RESULT_HASH_OFFSET,
  RESULT_VERSION_OFFSET,
  VERSION_LENGTH,
} from "./format.js";
import { malformed } from "./malformed.js";

/** The part of a package's header that has the same length in each. */
export interface FixedHeader {
  readonly headerLength: number;
  readonly resultLength: number;
  /** `undefined`: the package is compressed, and needs no base. */
  readonly base: { readonly length: number; readonly hash: Uint8Array; readonly version: string } | undefined;
  readonly packageLength: number;
  readonly chipId: number;
  readonly sealLength: number;
  readonly resultHash: Uint8Array;
  readonly resultVersion: string;
  readonly blocks: number;
  readonly crc: number;
}

/** Whether a file that begins like this is a package. @param bytes the first four, or more */
export function isPackage(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 4 && viewOf(bytes).getUint32(0, true) === MAGIC;
}

/**
 * Reads the fixed part of a header, all of whose lengths fit together then.
 *
 * @param bytes the first `FIXED_LENGTH` bytes of the package
 * @throws OtaError `package-malformed`
 */
export function decodeFixedHeader(bytes: Uint8Array): FixedHeader {
  const view = viewOf(bytes);
  if (bytes.byteLength < FIXED_LENGTH || !isPackage(bytes)) malformed("not a package");
  if (view.getUint8(4) !== FORMAT || view.getUint8(5) !== CODING || view.getUint8(6) !== BLOCK_LOG2) {
    malformed(`package of format ${view.getUint8(4)}.${view.getUint8(5)}.${view.getUint8(6)}`);
  }
  const flags = view.getUint8(7);
  if (flags > HAS_BASE) malformed("unknown flags");
  const [headerLength, resultLength, baseLength, packageLength] = [8, 12, 16, 20].map((at) => view.getUint32(at, true));
  const sealLength = view.getUint16(26, true);
  const blocks = Math.ceil(inRange("result", resultLength, 1, MAX_IMAGE_LENGTH) / BLOCK_LENGTH);
  inRange("base", baseLength, flags, flags === 0 ? 0 : MAX_IMAGE_LENGTH);
  inRange("seal", sealLength, 0, MAX_SEAL_LENGTH);
  inRange("header", headerLength, headerLengthOf(sealLength, blocks), headerLengthOf(sealLength, blocks));
  inRange("package", packageLength, headerLength as number, (headerLength as number) + blocks * BLOCK_LENGTH);
  const baseHash = bytes.slice(BASE_HASH_OFFSET, BASE_HASH_OFFSET + HASH_LENGTH);
  const baseVersion = textAt(bytes, BASE_VERSION_OFFSET);
  if (flags === 0 && (baseVersion !== "" || !equalBytes(baseHash, new Uint8Array(HASH_LENGTH), HASH_LENGTH))) {
    malformed("base of a package that has none");
  }
  return {
    headerLength: headerLength as number,
    resultLength: resultLength as number,
    base: flags === 0 ? undefined : { length: baseLength as number, hash: baseHash, version: baseVersion },
    packageLength: packageLength as number,
    chipId: view.getUint16(24, true),
    sealLength,
    resultHash: bytes.slice(RESULT_HASH_OFFSET, RESULT_HASH_OFFSET + HASH_LENGTH),
    resultVersion: textAt(bytes, RESULT_VERSION_OFFSET),
    blocks,
    crc: view.getUint32(CRC_OFFSET, true),
  };
}

/** The sum of the fixed part, without the four bytes of the sum itself. */
export function fixedSum(bytes: Uint8Array): number {
  const after = CRC_OFFSET + 4;
  return crc32(bytes.subarray(after), FIXED_LENGTH - after, crc32(bytes, CRC_OFFSET));
}

export function headerLengthOf(sealLength: number, blocks: number): number {
  return FIXED_LENGTH + sealLength + CODES_LENGTH + 2 * blocks;
}

function inRange(name: string, length: number | undefined, least: number, most: number): number {
  if (length === undefined || length < least || length > most) malformed(`${name} of ${length} bytes`);
  return length as number;
}

function textAt(bytes: Uint8Array, offset: number): string {
  let text = "";
  let index = offset;
  const end = offset + VERSION_LENGTH;
  for (; index < end && bytes[index] !== 0; index++) text += String.fromCharCode(bytes[index] as number);
  for (; index < end; index++) if (bytes[index] !== 0) malformed("version that does not end");
  if (!isVisibleAscii(text)) malformed("version that is not visible ASCII");
  return text;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
