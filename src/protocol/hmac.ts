import type { DigestAlgorithm, Digests } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";

/** Block length of SHA-1 and SHA-256, in bytes. */
const BLOCK_LENGTH = 64;

/**
 * HMAC (RFC 2104) over the board's digest.
 *
 * @throws OtaError `usage` if the board lacks the digest
 */
export function hmac(algorithm: DigestAlgorithm, key: Uint8Array, message: Uint8Array, digests: Digests): Uint8Array {
  const hash = (...parts: Uint8Array[]): Uint8Array => {
    const digest = digests.create(algorithm);
    if (digest === undefined) throw new OtaError("usage", `this board has no ${algorithm}`);
    for (const part of parts) digest.update(part);
    return digest.digest();
  };
  const block = new Uint8Array(BLOCK_LENGTH);
  block.set(key.byteLength > BLOCK_LENGTH ? hash(key) : key);
  const inner = hash(
    block.map((byte) => byte ^ 0x36),
    message,
  );
  return hash(
    block.map((byte) => byte ^ 0x5c),
    inner,
  );
}
