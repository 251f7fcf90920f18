/** What the beginning of an ESP32 application image says about it. */
export interface ImageFacts {
  readonly version: string;
  readonly project: string;
}

/** Bytes of the beginning that hold it. */
export const IMAGE_HEAD_LENGTH = 112;

/*
 * Layout (esp_app_format.h, esp_app_desc.h): image header of 24 bytes, header of the first segment of 8 bytes, and the
 * descriptor, with the version 16 and the project 48 bytes behind its beginning. The cloud reads the same, and more.
 */
const MAGIC = 0xe9;
const DESCRIPTOR_OFFSET = 32;
const DESCRIPTOR_MAGIC = 0xabcd5432;
const VERSION_OFFSET = DESCRIPTOR_OFFSET + 16;
const PROJECT_OFFSET = DESCRIPTOR_OFFSET + 48;
const TEXT_LENGTH = 32;

/** @returns absent if it is no application image with a descriptor */
export function imageFacts(head: Uint8Array): ImageFacts | undefined {
  if (head.byteLength < IMAGE_HEAD_LENGTH || head[0] !== MAGIC) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(DESCRIPTOR_OFFSET, true) !== DESCRIPTOR_MAGIC) return undefined;
  return { version: textAt(head, VERSION_OFFSET), project: textAt(head, PROJECT_OFFSET) };
}

/** @returns a version that the name of a file seems to hold: `lamp-v1.2.3.bin` has 1.2.3; empty if it has none */
export function versionInName(name: string): string {
  return /(?:^|[^0-9])([0-9]+(?:\.[0-9]+){1,3})(?=[^0-9]|$)/.exec(name)?.[1] ?? "";
}

/** A text ends with a zero byte. */
function textAt(bytes: Uint8Array, offset: number): string {
  const all = bytes.subarray(offset, offset + TEXT_LENGTH);
  const end = all.indexOf(0);
  return String.fromCharCode(...all.subarray(0, end === -1 ? TEXT_LENGTH : end)).replace(/[^\x20-\x7e]/g, "");
}
