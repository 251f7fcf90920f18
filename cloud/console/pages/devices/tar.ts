/** A file of an archive. */
export interface TarFile {
  /** At most 100 bytes. */
  readonly path: string;
  readonly content: string;
}

const BLOCK = 512;
/** Only the owner can read a secret. */
const MODE = 0o600;

/**
 * @param modifiedAt milliseconds since 1970
 * @returns an archive of plain files (POSIX.1-1988 ustar)
 */
export function tarOf(files: readonly TarFile[], modifiedAt: number): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const contents = files.map(({ path, content }) => ({ path, bytes: encoder.encode(content) }));
  const length = contents.reduce((sum, { bytes }) => sum + BLOCK + padded(bytes.byteLength), 2 * BLOCK);
  const archive = new Uint8Array(length);
  let at = 0;
  for (const { path, bytes } of contents) {
    archive.set(headOf(encoder.encode(path), bytes.byteLength, Math.floor(modifiedAt / 1000)), at);
    archive.set(bytes, at + BLOCK);
    at += BLOCK + padded(bytes.byteLength);
  }
  return archive;
}

function padded(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK;
}

function headOf(path: Uint8Array, size: number, modifiedSec: number): Uint8Array {
  const head = new Uint8Array(BLOCK);
  const text = (value: string, at: number): void => head.set(new TextEncoder().encode(value), at);
  head.set(path.subarray(0, 100), 0);
  text(octal(MODE, 7), 100);
  text(octal(0, 7), 108);
  text(octal(0, 7), 116);
  text(octal(size, 11), 124);
  text(octal(modifiedSec, 11), 136);
  // The checksum is that of the head with spaces in its own place.
  text("        ", 148);
  text("0", 156);
  text("ustar\0", 257);
  text("00", 263);
  const sum = head.reduce((total, byte) => total + byte, 0);
  text(`${octal(sum, 6)}\0 `, 148);
  return head;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
