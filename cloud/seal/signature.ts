import { type KeyObject, verify } from "node:crypto";
import { SIGNATURE_LENGTH } from "../../src/seal/format.js";

const HALF = SIGNATURE_LENGTH / 2;

/**
 * Reads what a signer has written: r and s of 32 bytes each, or an ECDSA-Sig-Value in DER (RFC 3279 §2.2.3), each as
 * bytes or in base64, as tools of key services print it.
 *
 * @returns r and s of 32 bytes each, big-endian; `undefined` if it is neither
 */
export function readSignature(written: Buffer): Buffer | undefined {
  return signatureOf(written) ?? signatureOf(Buffer.from(written.toString("latin1").replace(/\s/g, ""), "base64"));
}

/** @returns whether a signature of r and s is by this key, over the message */
export function isSignedBy(publicKey: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return verify("sha256", message, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
}

function signatureOf(bytes: Buffer): Buffer | undefined {
  if (bytes.byteLength === SIGNATURE_LENGTH) return Buffer.from(bytes);
  // A sequence of two integers: all its lengths are below 128.
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.byteLength - 2) return undefined;
  const r = integerAt(bytes, 2);
  const s = r === undefined ? undefined : integerAt(bytes, r.end);
  if (r === undefined || s === undefined || s.end !== bytes.byteLength) return undefined;
  return Buffer.concat([r.value, s.value]);
}

function integerAt(bytes: Buffer, at: number): { readonly value: Buffer; readonly end: number } | undefined {
  const length = bytes[at + 1] ?? 0;
  const end = at + 2 + length;
  if (bytes[at] !== 0x02 || length === 0 || end > bytes.byteLength) return undefined;
  const digits = bytes.subarray(at + 2, end);
  // A leading zero keeps a number from being negative.
  const number = digits[0] === 0 ? digits.subarray(1) : digits;
  if (number.byteLength > HALF) return undefined;
  return { value: Buffer.concat([Buffer.alloc(HALF - number.byteLength), number]), end };
}
