import { crc32 } from "./crc32.js";

/*
 * Every binary record in the key-value store ends with u32, little-endian: the CRC-32 of everything before it.
 */

/** Bytes of that sum. */
export const SUM_LENGTH = 4;

/** Puts the sum at the end of a record, whose other bytes are there. @param record whole, with room for the sum */
export function addSum(record: Uint8Array): void {
  const end = record.byteLength - SUM_LENGTH;
  viewOf(record).setUint32(end, crc32(record, end), true);
}

/** Whether a record is as it was when the sum was added. */
export function hasSum(record: Uint8Array): boolean {
  const end = record.byteLength - SUM_LENGTH;
  return end >= 0 && viewOf(record).getUint32(end, true) === crc32(record, end);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
