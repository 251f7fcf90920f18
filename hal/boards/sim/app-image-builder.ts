import { createHash } from "node:crypto";
import {
  CHECKSUM_SEED,
  DESCRIPTOR_LENGTH,
  DESCRIPTOR_MAGIC,
  DESCRIPTOR_OFFSET,
  HASH_LENGTH,
  HEADER_LENGTH,
  IMAGE_MAGIC,
  SECURE_VERSION_OFFSET,
  SEGMENT_HEADER_LENGTH,
} from "./app-image.js";
import { type Chip, CHIPS, chipWithId, ESP32 } from "../family/chips.js";

/** An image of this many bytes or more also gets a segment of code. */
const TWO_SEGMENTS_FROM = 4096;
const CODE_LENGTH = 1024;

export const MIN_IMAGE_LENGTH = 336;
export const MAX_VERSION_LENGTH = 32;

export interface AppImageOptions {
  /** 1 to 32 ASCII characters. */
  readonly version: string;
  /** Bytes in all: a multiple of 16, `MIN_IMAGE_LENGTH` or more. */
  readonly byteLength: number;
  /** The content is random bytes that depend only on this number. */
  readonly seed: number;
  /** Chip id of the family; the ESP32's if absent. */
  readonly chipId?: number;
  /** `secure_version` in the descriptor, 0 to 2^32 - 1; 0 if absent. */
  readonly secureVersion?: number;
  /** What the image begins with behind its descriptor, instead of random bytes. */
  readonly content?: Uint8Array;
  /** File offsets between which all bytes are 0xFF, like erased flash; the padding of real images is like that. */
  readonly blank?: { readonly from: number; readonly to: number };
}

/**
 * Builds an application image for a chip of the ESP32 family that verifies: header, application descriptor, random
 * content, checksum, SHA-256.
 *
 * @throws RangeError for a size, version or secure version that no image can have, or an unknown chip
 */
export function buildAppImage(options: AppImageOptions): Uint8Array {
  const { version, byteLength, seed } = options;
  if (byteLength % 16 !== 0 || byteLength < MIN_IMAGE_LENGTH) {
    throw new RangeError(`an image has a multiple of 16 bytes and at least ${MIN_IMAGE_LENGTH}`);
  }
  if (version.length < 1 || version.length > MAX_VERSION_LENGTH || !/^[\x21-\x7e]+$/.test(version)) {
    throw new RangeError(`a version in an image has 1 to ${MAX_VERSION_LENGTH} visible ASCII characters, no blanks`);
  }
  const { secureVersion = 0 } = options;
  if (!Number.isInteger(secureVersion) || secureVersion < 0 || secureVersion > 0xffffffff) {
    throw new RangeError("a secure version is a whole number of 32 bits");
  }
  const chip = chipWithId(options.chipId ?? ESP32.id);
  if (chip === undefined) {
    throw new RangeError(`chip ${options.chipId} is none of ${CHIPS.map(({ id }) => id).join(", ")}`);
  }
  const image = Buffer.alloc(byteLength);
  const checksumAt = byteLength - HASH_LENGTH - 1;
  // Segments end on a multiple of 4, inside the line of 16 bytes that the checksum ends.
  const contentEnd = checksumAt - 3;
  const codeLength = byteLength >= TWO_SEGMENTS_FROM ? CODE_LENGTH : 0;
  const codeAt = codeLength === 0 ? contentEnd : contentEnd - codeLength - SEGMENT_HEADER_LENGTH;

  writeHeader(image, codeLength === 0 ? 1 : 2, chip);
  fillRandom(image.subarray(DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH, contentEnd), seed);
  if (options.content !== undefined) image.set(options.content, DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH);
  if (options.blank !== undefined) image.fill(0xff, options.blank.from, options.blank.to);
  writeSegmentHeader(image, HEADER_LENGTH, dataAddressOf(chip) + DESCRIPTOR_OFFSET, codeAt - DESCRIPTOR_OFFSET);
  writeDescriptor(image.subarray(DESCRIPTOR_OFFSET, DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH), options);
  if (codeLength !== 0) writeSegmentHeader(image, codeAt, chip.codeAddress, codeLength);

  let checksum = CHECKSUM_SEED;
  for (const byte of image.subarray(DESCRIPTOR_OFFSET, codeAt)) checksum ^= byte;
  if (codeLength !== 0) {
    for (const byte of image.subarray(codeAt + SEGMENT_HEADER_LENGTH, contentEnd)) checksum ^= byte;
  }
  image.writeUInt8(checksum, checksumAt);
  createHash("sha256")
    .update(image.subarray(0, checksumAt + 1))
    .digest()
    .copy(image, checksumAt + 1);
  return new Uint8Array(image);
}

function writeHeader(image: Buffer, segments: number, chip: Chip): void {
  image.writeUInt8(IMAGE_MAGIC, 0);
  image.writeUInt8(segments, 1);
  image.writeUInt8(0x02, 2); // DIO
  image.writeUInt8(0x20, 3); // 4 MB; 40 MHz on an ESP32
  image.writeUInt32LE(chip.codeAddress, 4);
  image.writeUInt8(0xee, 8); // WP pin disabled
  image.writeUInt16LE(chip.id, 12);
  image.writeUInt16LE(0xffff, 17); // any chip revision
  image.writeUInt8(1, 23);
}

/** @returns the address that data is mapped to: the file offset and the address agree modulo 64 KiB */
function dataAddressOf(chip: Chip): number {
  return (chip.mapped[0] as Chip["mapped"][number])[0];
}

function writeSegmentHeader(image: Buffer, at: number, address: number, length: number): void {
  image.writeUInt32LE(address, at);
  image.writeUInt32LE(length, at + 4);
}

function writeDescriptor(descriptor: Buffer, { version, seed, secureVersion = 0 }: AppImageOptions): void {
  descriptor.fill(0);
  descriptor.writeUInt32LE(DESCRIPTOR_MAGIC, 0);
  descriptor.writeUInt32LE(secureVersion, SECURE_VERSION_OFFSET);
  descriptor.write(version, 16, "latin1");
  descriptor.write("simulated-app", 48, "latin1");
  descriptor.write("00:00:00", 80, "latin1");
  descriptor.write("Jan  1 2026", 96, "latin1");
  descriptor.write("v6.0", 112, "latin1");
  createHash("sha256").update(`${version} ${seed}`).digest().copy(descriptor, 144);
}

/** Fills by xorshift32, which gives the same bytes on every machine. */
function fillRandom(bytes: Uint8Array, seed: number): void {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  for (let index = 0; index < bytes.byteLength; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state >>> 24;
  }
}
