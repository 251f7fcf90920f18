import { createPublicKey, verify } from "node:crypto";

/**
 * ECDSA over P-256 with SHA-256, in place of the chip's native code.
 *
 * @param publicKey x and y
 * @param signature r and s
 */
export function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const [x, y] = [publicKey.subarray(0, 32), publicKey.subarray(32)].map((bytes) =>
    Buffer.from(bytes).toString("base64url"),
  ) as [string, string];
  const key = createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x, y } });
  return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
}
