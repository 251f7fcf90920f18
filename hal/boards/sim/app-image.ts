import { createHash } from "node:crypto";
import { type Chip, chipName, chipWithId, ESP32, USUAL_PAGE_LENGTH } from "../family/chips.js";
import type { NorFlash } from "./nor-flash.js";
import type { Partition } from "./partition-table.js";

/*
 * Espressif's application image, little-endian:
 *
 *   0   u8   magic 0xE9                     4   u32  entry address
 *   1   u8   segments, 1 to 16              12  u16  chip id
 *   2   u8   SPI mode                       23  u8   not 0: a SHA-256 is appended
 *   3   u8   SPI speed and size
 *   24       segments: u32 load address, u32 length, data; the first begins with the application descriptor
 *            zeros up to the last byte of a 16-byte line, which is the XOR of all segment data, seeded with 0xEF
 *            SHA-256 of everything before it
 *
 * Application descriptor (esp_app_desc_t, 256 bytes): 0 u32 magic 0xABCD5432, 4 u32 secure_version, 16 version[32], 48
 * project name[32], 80 time[16], 96 date[16], 112 ESP-IDF version[32], 144 SHA-256 of the ELF file, 180 u8 base-2
 * logarithm of the MMU's page length, 0 for the chip's default.
 */
export const IMAGE_MAGIC = 0xe9;
export const HEADER_LENGTH = 24;
export const SEGMENT_HEADER_LENGTH = 8;
export const CHECKSUM_SEED = 0xef;
export const HASH_LENGTH = 32;
export const DESCRIPTOR_OFFSET = HEADER_LENGTH + SEGMENT_HEADER_LENGTH;
export const DESCRIPTOR_MAGIC = 0xabcd5432;
export const DESCRIPTOR_LENGTH = 256;
/** In the descriptor. */
export const SECURE_VERSION_OFFSET = 4;
const MAX_SEGMENTS = 16;
const CHIP_ID_OFFSET = 12;
const PAGE_LENGTH_OFFSET = 180;

/** Chip id of the ESP32. */
export const CHIP_ESP32 = ESP32.id;

/** @returns what is wrong with the image in a slot, or `undefined` */
export function verifyAppImage(flash: NorFlash, partition: Partition, chipId: number): string | undefined {
  return imageFault(flash.slice(partition.offset, partition.size), chipId);
}

/**
 * Verifies a whole image as `esp_image_verify` does.
 *
 * @param slot the slot's bytes, from its start to its end
 * @returns what is wrong with it, or `undefined`
 */
export function imageFault(slot: Uint8Array, chipId: number): string | undefined {
  const bytes = Buffer.from(slot.buffer, slot.byteOffset, slot.byteLength);
  if (bytes.readUInt8(0) !== IMAGE_MAGIC) return "no image magic";
  const segments = bytes.readUInt8(1);
  if (segments === 0 || segments > MAX_SEGMENTS) return `${segments} segments`;
  const wanted = bytes.readUInt16LE(CHIP_ID_OFFSET);
  if (wanted !== chipId) return otherChip(wanted, chipId);

  const chip = chipWithId(chipId);
  const pageLength = pageLengthOf(bytes, chip);
  let at = HEADER_LENGTH;
  let checksum = CHECKSUM_SEED;
  for (let index = 0; index < segments; index++) {
    if (at + SEGMENT_HEADER_LENGTH > bytes.byteLength) return `segment ${index} outside the slot`;
    const address = bytes.readUInt32LE(at);
    const length = bytes.readUInt32LE(at + 4);
    at += SEGMENT_HEADER_LENGTH;
    if (length % 4 !== 0 || at + length > bytes.byteLength) return `segment ${index} of ${length} bytes`;
    if (index === 0 && length < DESCRIPTOR_LENGTH) return "no room for an application descriptor";
    if (isMapped(address, chip) && at % pageLength !== address % pageLength) {
      return `segment ${index} not aligned for the MMU`;
    }
    for (const byte of bytes.subarray(at, at + length)) checksum ^= byte;
    at += length;
  }

  const end = Math.ceil((at + 1) / 16) * 16;
  if (end > bytes.byteLength) return "checksum outside the slot";
  if (bytes.readUInt8(end - 1) !== checksum) return "wrong checksum";
  if (bytes.readUInt8(23) === 0) return undefined;
  if (end + HASH_LENGTH > bytes.byteLength) return "SHA-256 outside the slot";
  const digest = createHash("sha256").update(bytes.subarray(0, end)).digest();
  return digest.equals(bytes.subarray(end, end + HASH_LENGTH)) ? undefined : "wrong SHA-256";
}

/** @returns that an image is for another chip than the one that it is meant to run on, with both names */
export function otherChip(wanted: number, chipId: number): string {
  return `image for ${chipName(wanted)}, this is ${chipName(chipId)}`;
}

/** @returns the chip that an image's header names, or `undefined` if the bytes do not begin like an image */
export function imageChipId(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < HEADER_LENGTH || bytes[0] !== IMAGE_MAGIC) return undefined;
  return (bytes[CHIP_ID_OFFSET] as number) | ((bytes[CHIP_ID_OFFSET + 1] as number) << 8);
}

/** @returns the version in the application descriptor, or `undefined` if there is none */
export function appVersion(bytes: Uint8Array): string | undefined {
  return descriptorOf(bytes)?.toString("latin1", 16, 48).replace(/\0.*$/s, "");
}

/** @returns `secure_version` in the application descriptor, or `undefined` if there is none */
export function appSecureVersion(bytes: Uint8Array): number | undefined {
  return descriptorOf(bytes)?.readUInt32LE(SECURE_VERSION_OFFSET);
}

function descriptorOf(bytes: Uint8Array): Buffer | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.byteLength < DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH) return undefined;
  if (buffer.readUInt8(0) !== IMAGE_MAGIC || buffer.readUInt32LE(DESCRIPTOR_OFFSET) !== DESCRIPTOR_MAGIC) {
    return undefined;
  }
  return buffer.subarray(DESCRIPTOR_OFFSET, DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH);
}

function isMapped(address: number, chip: Chip | undefined): boolean {
  return chip?.mapped.some(([from, to]) => address >= from && address < to) === true;
}

/** Only an application has a descriptor, and only on some chips does the boot loader read the page length from it. */
function pageLengthOf(bytes: Buffer, chip: Chip | undefined): number {
  const at = DESCRIPTOR_OFFSET + PAGE_LENGTH_OFFSET;
  const logarithm = chip?.choosesPageLength === true && bytes.byteLength > at ? bytes.readUInt8(at) : 0;
  return logarithm === 0 ? USUAL_PAGE_LENGTH : 2 ** logarithm;
}

/** @returns `secure_version` of the application descriptor in a slot, or `undefined` if it holds none */
export function slotSecureVersion(flash: NorFlash, slot: Partition): number | undefined {
  return appSecureVersion(flash.slice(slot.offset, DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH));
}
