/** XS has no TextEncoder, and its own conversions keep lone surrogates, and throw on bytes that a peer may send. */
interface XsArrayBuffer {
  fromString?(text: string): ArrayBuffer;
}

interface XsString {
  fromArrayBuffer?(bytes: ArrayBufferLike): string;
}

/** A text is joined from pieces this long: adding each character to the whole would take quadratic time. */
const PIECE_LENGTH = 32;

/** Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const { length } = text;
  const native = (ArrayBuffer as XsArrayBuffer).fromString?.(text);
  // As many bytes as code units: then it is ASCII, as nearly all text is.
  if (native?.byteLength === length) return new Uint8Array(native);
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return encodeCharacters(text);
    bytes[index] = unit;
  }
  return bytes;
}

function encodeCharacters(text: string): Uint8Array {
  // An engine may count a character outside of the BMP as one unit: XS does on a chip.
  const bytes = new Uint8Array(text.length * 4);
  let length = 0;
  for (const character of text) length = putUtf8(character.codePointAt(0) as number, bytes, length);
  return bytes.slice(0, length);
}

/** @param code a code point; a surrogate is written as U+FFFD @returns where the next one goes */
function putUtf8(code: number, into: Uint8Array, at: number): number {
  if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
  if (code < 0x80) {
    into[at++] = code;
    return at;
  }
  const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  into[at++] = (0x100 - (0x80 >> more)) | (code >> (6 * more));
  for (let shift = 6 * (more - 1); shift >= 0; shift -= 6) into[at++] = 0x80 | ((code >> shift) & 0x3f);
  return at;
}

/** @returns whether the bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates) */
export function isUtf8(bytes: Uint8Array): boolean {
  const { byteLength } = bytes;
  for (let index = 0; index < byteLength; ) {
    const first = bytes[index++] as number;
    if (first < 0x80) continue;
    const second = bytes[index] ?? 0;
    if (first < 0xc2 || first > 0xf4 || second < leastSecond(first) || second > mostSecond(first)) return false;
    for (let left = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1; left > 0; left--) {
      if (((bytes[index++] ?? 0) & 0xc0) !== 0x80) return false;
    }
  }
  return true;
}

function leastSecond(first: number): number {
  return first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
}

function mostSecond(first: number): number {
  return first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
}

/** @returns the text, or `undefined` if the bytes are not UTF-8 (RFC 3629) */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  // A text of XS ends at a zero byte.
  if ((String as XsString).fromArrayBuffer !== undefined && !bytes.includes(0)) {
    return (String as XsString).fromArrayBuffer?.(bytes.slice().buffer);
  }
  const pieces: string[] = [];
  let piece = "";
  for (let index = 0; index < bytes.byteLength; ) {
    const first = bytes[index++] as number;
    let left = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0x80 ? 1 : 0;
    let code = left === 0 ? first : first & (0x3f >> left);
    for (; left > 0; left--) code = (code << 6) | ((bytes[index++] as number) & 0x3f);
    piece += String.fromCodePoint(code);
    if (piece.length >= PIECE_LENGTH) {
      pieces.push(piece);
      piece = "";
    }
  }
  pieces.push(piece);
  return pieces.join("");
}
