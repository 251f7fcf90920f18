import { OtaError } from "../errors.js";

/*
 * The beginning of an ESP32 application image, little-endian (esp_image_header_t, esp_image_segment_header_t,
 * esp_app_desc_t):
 *
 *   0  u8       magic 0xE9
 *   1  u8       segments, 1 to 16
 *   12 u16      chip id
 *   24 u32      load address of the first segment
 *   28 u32      its length
 *   32 u32      application descriptor: magic 0xABCD5432
 *   48 char[32] version
 *   80 char[32] project name
 */
const IMAGE_MAGIC = 0xe9;
/** The first four bytes of a package: "OTAP". */
const PACKAGE_MAGIC = 0x5041544f;
const MAX_SEGMENTS = 16;
const CHIP_ID_OFFSET = 12;
const SEGMENT_LENGTH_OFFSET = 28;
const DESCRIPTOR_OFFSET = 32;
const DESCRIPTOR_MAGIC = 0xabcd5432;
const DESCRIPTOR_LENGTH = 256;
const VERSION_OFFSET = 48;
const VERSION_LENGTH = 32;

/** What stands behind "ESP32" in the names of chips, by `esp_chip_id_t`. */
export const CHIP_SUFFIXES: { readonly [id: number]: string } = Object.freeze({
  0: "",
  2: "-S2",
  5: "-C3",
  9: "-S3",
  12: "-C2",
  13: "-C6",
  16: "-H2",
  18: "-P4",
  20: "-C61",
  23: "-C5",
});

/**
 * Looks at the first block of an image as the boot loader will, so that a wrong file is refused before the rest of it
 * is fetched.
 *
 * @param block the first bytes of the file: a whole block, or the whole file if that is shorter
 * @param size  bytes in the whole file
 * @returns the version in the application descriptor
 * @throws OtaError `image-invalid`; `unexpected-answer` if it is no image at all
 */
export function checkImageHeader(block: Uint8Array, size: number, chipId: number): string {
  const refuse = (reason: string): never => {
    throw new OtaError("image-invalid", reason);
  };
  if (block.byteLength < DESCRIPTOR_OFFSET + DESCRIPTOR_LENGTH) refuse("too short for an application image");
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (view.getUint32(0, true) === PACKAGE_MAGIC) refuse("needs part `packages`");
  // What does not even begin as an image may be a page that something on the way has sent in place of the file.
  if (view.getUint8(0) !== IMAGE_MAGIC) throw new OtaError("unexpected-answer", "not an application image");
  const segments = view.getUint8(1);
  if (segments === 0 || segments > MAX_SEGMENTS) refuse(`image with ${segments} segments`);
  const chip = view.getUint16(CHIP_ID_OFFSET, true);
  if (chip !== chipId) refuse(`image for ${chipName(chip)}, this is ${chipName(chipId)}`);
  const segmentLength = view.getUint32(SEGMENT_LENGTH_OFFSET, true);
  if (segmentLength < DESCRIPTOR_LENGTH || DESCRIPTOR_OFFSET + segmentLength > size) {
    refuse("first segment has a wrong length");
  }
  if (view.getUint32(DESCRIPTOR_OFFSET, true) !== DESCRIPTOR_MAGIC) refuse("image without an application descriptor");
  return text(block, VERSION_OFFSET, VERSION_LENGTH);
}

function chipName(id: number): string {
  const suffix = CHIP_SUFFIXES[id];
  return suffix === undefined ? `chip ${id}` : `ESP32${suffix}`;
}

function text(bytes: Uint8Array, offset: number, length: number): string {
  let result = "";
  for (let index = offset; index < offset + length && bytes[index] !== 0; index++) {
    result += String.fromCharCode(bytes[index] as number);
  }
  return result;
}
