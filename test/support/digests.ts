import { createHash } from "node:crypto";
import type { DigestAlgorithm, Digests } from "../../hal/ports/index.js";

/** Node's digests behind the port. */
export const NODE_DIGESTS: Digests = {
  create(algorithm: DigestAlgorithm) {
    const hash = createHash(algorithm.toLowerCase().replace("-", ""));
    return {
      update: (bytes) => void hash.update(bytes),
      digest: () => new Uint8Array(hash.digest()),
    };
  },
};

/** A board without any. */
export const NO_DIGESTS: Digests = { create: () => undefined };
