import type { Described } from "./checks.js";

/*
 * Of an ESP32 application image, little-endian (esp_image_header_t, esp_app_desc_t):
 *
 *   12 u16      chip id
 *   32 u32      application descriptor: magic 0xABCD5432
 *   36 u32      secure_version
 *   48 char[32] version
 */
const CHIP_ID_OFFSET = 12;
const DESCRIPTOR_OFFSET = 32;
const DESCRIPTOR_MAGIC = 0xabcd5432;
const SECURE_VERSION_OFFSET = 36;
const VERSION_OFFSET = 48;
/** Bytes of an image that tell all this. */
export const HEAD_LENGTH = 80;

/** @param head the image's first `HEAD_LENGTH` bytes @returns `undefined` if there is no application descriptor */
export function describedIn(head: Uint8Array): Described | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(DESCRIPTOR_OFFSET, true) !== DESCRIPTOR_MAGIC) return undefined;
  let version = "";
  for (let at = VERSION_OFFSET; at < HEAD_LENGTH && head[at] !== 0; at++) {
    version += String.fromCharCode(head[at] as number);
  }
  return {
    version,
    chipId: view.getUint16(CHIP_ID_OFFSET, true),
    secureVersion: view.getUint32(SECURE_VERSION_OFFSET, true),
  };
}
