const HEX = "0123456789abcdef";

/** @returns lower-case hexadecimal */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.byteLength; index++) {
    const byte = bytes[index] as number;
    text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
  }
  return text;
}

/** @returns the bytes, or `undefined` if `text` is not an even number of hexadecimal digits */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.byteLength; index += 4) {
    const word = text.slice(index * 2, index * 2 + 8);
    // What lies beyond the end of the bytes is dropped.
    const value = parseInt(word.padEnd(8, "0"), 16);
    bytes[index] = value >>> 24;
    bytes[index + 1] = value >>> 16;
    bytes[index + 2] = value >>> 8;
    bytes[index + 3] = value;
  }
  return bytes;
}

export function equalBytes(left: Uint8Array, right: Uint8Array, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

/** Whether flash that reads like this was never programmed. @param bytes on a word's boundary, whole words */
export function isBlank(bytes: Uint8Array): boolean {
  if ((bytes[bytes.byteLength - 1] ?? 0xff) !== 0xff) return false;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  // This compares from the end: if a block is programmed, its last bytes nearly always differ from blank ones.
  for (let index = words.length - 1; index >= 0; index--) {
    if (words[index] !== -1) return false;
  }
  return true;
}
