/** The sums of four bits each. A table of bytes would cost more memory than a short record is worth. */
const TABLE: readonly number[] = Object.freeze([
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
  0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
]);

/**
 * CRC-32 (IEEE 802.3, reflected, as zlib's).
 *
 * @param before the sum of the bytes before these
 */
export function crc32(bytes: Uint8Array, length: number, before = 0): number {
  let crc = ~before;
  for (let index = 0; index < length; index++) {
    crc ^= bytes[index] as number;
    crc = (crc >>> 4) ^ (TABLE[crc & 15] as number);
    crc = (crc >>> 4) ^ (TABLE[crc & 15] as number);
  }
  return ~crc >>> 0;
}
