import { decodeBase64 } from "../lib/base64.js";

/** What comes before a key of PKCS#1 to make it one of PKCS#8 (RFC 5208 §5), without the lengths: version, RSA. */
const RSA_ALGORITHM: readonly number[] = Object.freeze([
  0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
]);

/** @returns the first block of this label (RFC 7468) as DER; `undefined` if there is none */
function blockOf(text: string, label: string): Uint8Array | undefined {
  const begin = `-----BEGIN ${label}-----`;
  const start = text.indexOf(begin);
  const end = text.indexOf(`-----END ${label}-----`, start);
  if (start < 0 || end < 0) return undefined;
  const lines = text.slice(start + begin.length, end).split("\n");
  const bytes = decodeBase64(lines.map((line) => line.trim()).join(""));
  return bytes?.[0] === 0x30 ? bytes : undefined;
}

/** @returns a certificate in DER; `undefined` if the text has none */
export function certificateOf(text: string): Uint8Array | undefined {
  return blockOf(text, "CERTIFICATE");
}

/** @param text a key of PKCS#8 or, for RSA, of PKCS#1 @returns PKCS#8 in DER; `undefined` if the text has none */
export function privateKeyOf(text: string): Uint8Array | undefined {
  const rsa = blockOf(text, "RSA PRIVATE KEY");
  if (rsa === undefined) return blockOf(text, "PRIVATE KEY");
  const octets = [0x04, ...lengthOf(rsa.byteLength)];
  const inner = RSA_ALGORITHM.length + octets.length + rsa.byteLength;
  return Uint8Array.from([0x30, ...lengthOf(inner), ...RSA_ALGORITHM, ...octets, ...rsa]);
}

/** A length in DER (X.690 §8.1.3), in its form of two bytes: a key of RSA has 256 bytes and more. */
function lengthOf(byteLength: number): number[] {
  return [0x82, byteLength >> 8, byteLength & 0xff];
}
