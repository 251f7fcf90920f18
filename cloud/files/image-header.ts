/** What the header and the descriptor of an ESP32 application image say. */
export interface ImageHeader {
  /** Name of the chip, such as `esp32s3`. */
  readonly chip: string;
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
const VERSION_OFFSET = DESCRIPTOR_OFFSET + 16;
const PROJECT_OFFSET = DESCRIPTOR_OFFSET + 48;
const TEXT_LENGTH = 32;

/** Chips by the number in the image header (esp_chip_id_t). */
const CHIPS: ReadonlyMap<number, string> = new Map([
  [0, "esp32"],
  [2, "esp32s2"],
  [5, "esp32c3"],
  [9, "esp32s3"],
  [12, "esp32c2"],
  [13, "esp32c6"],
  [16, "esp32h2"],
  [18, "esp32p4"],
  [20, "esp32c61"],
  [23, "esp32c5"],
]);

export const CHIP_NAMES: readonly string[] = [...CHIPS.values()];

/** @param bytes the beginning of a file @returns `undefined` if it is no ESP32 application image with a descriptor */
export function readImageHeader(bytes: Buffer): ImageHeader | undefined {
  if (bytes.byteLength < IMAGE_HEADER_LENGTH || bytes[0] !== MAGIC) return undefined;
  if (bytes.readUInt32LE(DESCRIPTOR_OFFSET) !== DESCRIPTOR_MAGIC) return undefined;
  const chip = CHIPS.get(bytes.readUInt16LE(CHIP_OFFSET));
  if (chip === undefined) return undefined;
  return { chip, version: textAt(bytes, VERSION_OFFSET), project: textAt(bytes, PROJECT_OFFSET) };
}

/** A text ends with a zero byte; what is no printable ASCII is left out, because it is shown to people. */
function textAt(bytes: Buffer, offset: number): string {
  const [text = ""] = bytes.toString("latin1", offset, offset + TEXT_LENGTH).split("\0");
  return text.replace(/[^\x20-\x7e]/g, "");
}
