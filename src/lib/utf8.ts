/** XS has no TextEncoder, and its own conversions keep lone surrogates, and throw on bytes that a peer may send. */
interface XsArrayBuffer {
  fromString?(text: string): ArrayBuffer;
}

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
  let at = 0;
  for (const character of text) {
    let code = character.codePointAt(0) as number;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) {
      bytes[at++] = code;
    } else if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      bytes[at++] = 0xe0 | (code >> 12);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    } else {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes.slice(0, at);
}

/** @returns the text, or `undefined` if the bytes are not UTF-8 (RFC 3629: no overlong forms, no surrogates) */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let index = 0; index < bytes.byteLength; ) {
    const first = bytes[index++] as number;
    if (first < 0x80) {
      text += String.fromCharCode(first);
      continue;
    }
    const length = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || index + length > bytes.byteLength) return undefined;
    let code = first & (0x3f >> length);
    for (let count = 0; count < length; count++) {
      const next = bytes[index++] as number;
      if ((next & 0xc0) !== 0x80) return undefined;
      code = (code << 6) | (next & 0x3f);
    }
    const overlong = (length === 2 && code < 0x800) || (length === 3 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}
