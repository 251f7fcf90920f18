import { chipName, CHIPS, chipWithId, targetNameOf } from "../../hal/boards/family/chips.js";

/** What the header and the descriptor of an ESP32 application image say. */
export interface ImageHeader {
  /** Name of the chip, such as `esp32s3`; `chip 77` for one that is not of the family. */
  readonly chip: string;
  /** Its number in the header (esp_chip_id_t). */
  readonly chipId: number;
  /** `secure_version` of the descriptor: the number of ESP-IDF's anti-rollback. 0 if none was set. */
  readonly secureVersion: number;
  readonly version: string;
  readonly project: string;
}

/** Bytes from the beginning of the image that hold both. */
export const IMAGE_HEADER_LENGTH = 288;

/*
 * Layout (esp_app_format.h, esp_app_desc.h): image header of 24 bytes, header of the first segment of 8 bytes, and the
 * descriptor of 256 bytes, which the first segment begins with.
 */
const MAGIC = 0xe9;
const CHIP_OFFSET = 12;
const DESCRIPTOR_OFFSET = 32;
const DESCRIPTOR_MAGIC = 0xabcd5432;
const SECURE_VERSION_OFFSET = DESCRIPTOR_OFFSET + 4;
const VERSION_OFFSET = DESCRIPTOR_OFFSET + 16;
const PROJECT_OFFSET = DESCRIPTOR_OFFSET + 48;
const TEXT_LENGTH = 32;

/** The chips of the family in the spelling of ESP-IDF, which a product's chip has too. */
export const CHIP_NAMES: readonly string[] = CHIPS.map(targetNameOf);

/** @returns the name of a chip, or its number if it is unknown */
export function chipNameOf(chipId: number): string {
  const known = chipWithId(chipId);
  return known === undefined ? chipName(chipId) : targetNameOf(known);
}

/** @param bytes the beginning of a file @returns `undefined` if it is no ESP32 application image with a descriptor */
export function readImageHeader(bytes: Buffer): ImageHeader | undefined {
  if (bytes.byteLength < IMAGE_HEADER_LENGTH || bytes[0] !== MAGIC) return undefined;
  if (bytes.readUInt32LE(DESCRIPTOR_OFFSET) !== DESCRIPTOR_MAGIC) return undefined;
  const chipId = bytes.readUInt16LE(CHIP_OFFSET);
  return {
    chip: chipNameOf(chipId),
    chipId,
    secureVersion: bytes.readUInt32LE(SECURE_VERSION_OFFSET),
    version: textAt(bytes, VERSION_OFFSET),
    project: textAt(bytes, PROJECT_OFFSET),
  };
}

/** A text ends with a zero byte; what is no printable ASCII is left out, because it is shown to people. */
function textAt(bytes: Buffer, offset: number): string {
  const [text = ""] = bytes.toString("latin1", offset, offset + TEXT_LENGTH).split("\0");
  return text.replace(/[^\x20-\x7e]/g, "");
}
