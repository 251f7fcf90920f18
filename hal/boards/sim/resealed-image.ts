import { createHash } from "node:crypto";

const HEADER_LENGTH = 24;
const HASH_LENGTH = 32;

/**
 * The image with checksum and SHA-256 set right after a change; both lie at its end, as those of `buildAppImage` do.
 */
export function resealImage(image: Uint8Array): Buffer {
  const bytes = Buffer.from(image);
  let checksum = 0xef;
  for (let at = HEADER_LENGTH, left = bytes.readUInt8(1); left > 0; left--) {
    const end = at + 8 + bytes.readUInt32LE(at + 4);
    for (const byte of bytes.subarray(at + 8, end)) checksum ^= byte;
    at = end;
  }
  const hashAt = bytes.byteLength - HASH_LENGTH;
  bytes.writeUInt8(checksum, hashAt - 1);
  createHash("sha256").update(bytes.subarray(0, hashAt)).digest().copy(bytes, hashAt);
  return bytes;
}
