import { isVisibleAscii } from "../lib/text.js";

/*
 * A seal: the last bytes of a firmware file, behind the image, little-endian.
 *
 *   0   char[4]  "OTAS"
 *   4   u8       version of this format, 1
 *   5   u8       algorithm, 1: ECDSA over P-256 with SHA-256
 *   6   u8       signatures n, 1 to 3
 *   7   u8       0
 *   8   u32      bytes in the image: those of the file without the seal
 *   12  u16      chip id, as in the image's header; 0xFFFF: not for a chip
 *   14  u16      0
 *   16  u32      security version, the same as secure_version in the image's application descriptor
 *   20  u32      when it was sealed, seconds since 1970; nothing depends on it
 *   24  char[32] version, zero padded
 *   56  char[32] product, zero padded
 *   88  u8[32]   SHA-256 of the image
 *   120          n signatures: u8[8] key id, the first bytes of the SHA-256 of the key's SubjectPublicKeyInfo;
 *                u8[64] r and s, each big-endian
 *   end-8 u32    bytes in the seal, 120 + 72n + 8
 *   end-4 char[4] "SEAL"
 *
 * What is signed: "moddable-ota seal 1", a zero byte, and the bytes 0 to 119.
 */
const MAGIC = "OTAS";
const END_MAGIC = "SEAL";
const FORMAT = 1;
const P256_SHA256 = 1;
export const MAX_SIGNATURES = 3;
/** Bytes of a seal that are signed. */
export const BODY_LENGTH = 120;
const TEXT_LENGTH = 32;
const VERSION_OFFSET = 24;
const PRODUCT_OFFSET = 56;
const HASH_OFFSET = 88;
export const HASH_LENGTH = 32;
export const KEY_ID_LENGTH = 8;
export const SIGNATURE_LENGTH = 64;
const ENTRY_LENGTH = KEY_ID_LENGTH + SIGNATURE_LENGTH;
const END_LENGTH = 8;
/** Bytes of the longest seal. */
export const MAX_SEAL_LENGTH = BODY_LENGTH + MAX_SIGNATURES * ENTRY_LENGTH + END_LENGTH;
/** Before the body in what is signed: no signature of anything else can be taken for that of a seal. */
const CONTEXT = "moddable-ota seal 1\0";

/** Chip id of an image that is not for a chip of the ESP32 family. */
export const NO_CHIP = 0xffff;

/** What a seal says of its image. */
export interface SealedImage {
  /** Bytes in the image. */
  readonly imageLength: number;
  /** Espressif's chip id, or `NO_CHIP`. */
  readonly chipId: number;
  /** 0 to 2^32 - 1. */
  readonly securityVersion: number;
  /** Seconds since 1970. */
  readonly built: number;
  /** 1 to 32 visible characters of ASCII. */
  readonly version: string;
  /** 1 to 32 visible characters of ASCII. */
  readonly product: string;
  /** SHA-256 of the image. */
  readonly imageHash: Uint8Array;
}

export interface SealSignature {
  readonly keyId: Uint8Array;
  /** r and s, 32 bytes each, big-endian. */
  readonly signature: Uint8Array;
}

export interface Seal extends SealedImage {
  readonly signatures: readonly SealSignature[];
  /** Bytes in the seal. */
  readonly sealLength: number;
  /** The bytes whose SHA-256 is signed. */
  readonly signedBytes: Uint8Array;
}

/** Why a file has no seal that can be used. */
export interface SealFault {
  readonly code: "unsigned" | "signature-invalid";
  readonly message: string;
}

/**
 * Reads the seal at the end of a file. Its signatures are not verified.
 *
 * @param tail       the file's last bytes: `MAX_SEAL_LENGTH` of them, or the whole file if that is shorter
 * @param fileLength bytes in the file
 */
export function decodeSeal(tail: Uint8Array, fileLength: number): Seal | SealFault {
  const end = tail.byteLength;
  if (end < END_LENGTH || textAt(tail, end - 4, 4) !== END_MAGIC) return { code: "unsigned", message: "no seal" };
  const sealLength = viewOf(tail).getUint32(end - END_LENGTH, true);
  const count = (sealLength - BODY_LENGTH - END_LENGTH) / ENTRY_LENGTH;
  if (count < 1 || count > MAX_SIGNATURES || count % 1 !== 0 || sealLength > end) {
    return malformed(`a seal of ${sealLength} bytes`);
  }
  return decodeWhole(tail.subarray(end - sealLength), count, fileLength);
}

function decodeWhole(bytes: Uint8Array, count: number, fileLength: number): Seal | SealFault {
  const view = viewOf(bytes);
  if (textAt(bytes, 0, 4) !== MAGIC) return malformed("no seal where its end says");
  if (bytes[4] !== FORMAT || bytes[5] !== P256_SHA256) return malformed(`a seal of format ${bytes[4]}.${bytes[5]}`);
  if (bytes[6] !== count) return malformed(`${bytes[6]} signatures, room for ${count}`);
  if (bytes[7] !== 0 || view.getUint16(14, true) !== 0) return malformed("reserved bytes are not 0");
  const imageLength = view.getUint32(8, true);
  const sealLength = bytes.byteLength;
  if (imageLength + sealLength !== fileLength) {
    return malformed(`an image of ${imageLength} and a seal of ${sealLength} bytes in a file of ${fileLength}`);
  }
  const version = fieldAt(bytes, VERSION_OFFSET);
  const product = fieldAt(bytes, PRODUCT_OFFSET);
  if (version === undefined || product === undefined) return malformed("a version or product that is no text");
  const signatures: SealSignature[] = [];
  for (let at = BODY_LENGTH; signatures.length < count; at += ENTRY_LENGTH) {
    const signature = bytes.slice(at + KEY_ID_LENGTH, at + ENTRY_LENGTH);
    signatures.push({ keyId: bytes.slice(at, at + KEY_ID_LENGTH), signature });
  }
  return {
    imageLength,
    chipId: view.getUint16(12, true),
    securityVersion: view.getUint32(16, true),
    built: view.getUint32(20, true),
    version,
    product,
    imageHash: bytes.slice(HASH_OFFSET, BODY_LENGTH),
    signatures,
    sealLength,
    signedBytes: signedBytes(bytes.subarray(0, BODY_LENGTH)),
  };
}

/**
 * The first bytes of a seal. They are complete: what is signed is `signedBytes` of them.
 *
 * @param signatures how many will follow, 1 to 3
 * @throws RangeError for a version, product, hash or count that no seal can have
 */
export function encodeBody(image: SealedImage, signatures: number): Uint8Array {
  const { version, product, imageHash } = image;
  if (!(signatures >= 1 && signatures <= MAX_SIGNATURES)) throw new RangeError(`${signatures} signatures`);
  if (imageHash.byteLength !== HASH_LENGTH) throw new RangeError("the hash is no SHA-256");
  const bytes = new Uint8Array(BODY_LENGTH);
  const view = viewOf(bytes);
  putText(bytes, 0, MAGIC);
  bytes.set([FORMAT, P256_SHA256, signatures], 4);
  view.setUint32(8, image.imageLength, true);
  view.setUint16(12, image.chipId, true);
  view.setUint32(16, image.securityVersion, true);
  view.setUint32(20, image.built, true);
  for (const [text, at] of [
    [version, VERSION_OFFSET],
    [product, PRODUCT_OFFSET],
  ] as const) {
    if (text === "" || text.length > TEXT_LENGTH || !isVisibleAscii(text)) {
      throw new RangeError(`${text} is not 1 to ${TEXT_LENGTH} visible characters of ASCII`);
    }
    putText(bytes, at, text);
  }
  bytes.set(imageHash, HASH_OFFSET);
  return bytes;
}

/** What is signed of a seal. @param body its first `BODY_LENGTH` bytes */
export function signedBytes(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CONTEXT.length + BODY_LENGTH);
  putText(bytes, 0, CONTEXT);
  bytes.set(body, CONTEXT.length);
  return bytes;
}

/** A whole seal. @param body by `encodeBody`, for as many signatures as these */
export function encodeSeal(body: Uint8Array, signatures: readonly SealSignature[]): Uint8Array {
  const sealLength = BODY_LENGTH + signatures.length * ENTRY_LENGTH + END_LENGTH;
  const bytes = new Uint8Array(sealLength);
  bytes.set(body, 0);
  signatures.forEach(({ keyId, signature }, index) => {
    const at = BODY_LENGTH + index * ENTRY_LENGTH;
    bytes.set(keyId, at);
    bytes.set(signature, at + KEY_ID_LENGTH);
  });
  viewOf(bytes).setUint32(sealLength - END_LENGTH, sealLength, true);
  putText(bytes, sealLength - 4, END_MAGIC);
  return bytes;
}

function malformed(message: string): SealFault {
  return { code: "signature-invalid", message };
}

/** @returns the text of a field, `undefined` if it is empty, not visible ASCII, or has anything behind its end */
function fieldAt(bytes: Uint8Array, start: number): string | undefined {
  const text = textAt(bytes, start, TEXT_LENGTH);
  const end = text.indexOf("\0");
  const field = end < 0 ? text : text.slice(0, end);
  if (field === "" || !isVisibleAscii(field)) return undefined;
  for (let index = start + field.length; index < start + TEXT_LENGTH; index++) {
    if (bytes[index] !== 0) return undefined;
  }
  return field;
}

function textAt(bytes: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let index = start; index < start + length; index++) text += String.fromCharCode(bytes[index] as number);
  return text;
}

function putText(bytes: Uint8Array, start: number, text: string): void {
  for (let index = 0; index < text.length; index++) bytes[start + index] = text.charCodeAt(index);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
