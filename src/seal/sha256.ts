import type { Digest, Digests } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";

export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** @throws OtaError `usage` if the board has none */
export function createSha256(digests: Digests): Digest {
  const digest = digests.create("SHA-256");
  if (digest === undefined) throw new OtaError("usage", "this board has no SHA-256");
  return digest;
}

export function sha256(digests: Digests): Sha256 {
  return (bytes) => {
    const digest = createSha256(digests);
    digest.update(bytes);
    return digest.digest();
  };
}
