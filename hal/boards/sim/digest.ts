import { createHash } from "node:crypto";
import type { DigestConstructor } from "../../ecma419/modules.js";

/** The SDK's `crypt` Digest, on Node's hashes. */
export const NodeDigest: DigestConstructor = class {
  readonly #hash;

  constructor(algorithm: string) {
    this.#hash = createHash(algorithm.toLowerCase());
  }

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  close(): ArrayBuffer {
    return new Uint8Array(this.#hash.digest()).buffer;
  }
};
