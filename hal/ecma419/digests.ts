import type { Digest, DigestAlgorithm, Digests } from "../ports/index.js";
import type { DigestConstructor } from "./modules.js";

/** `Digests` over the SDK's `crypt`. */
export class Ecma419Digests implements Digests {
  readonly #Digest: DigestConstructor | undefined;

  constructor(options: { Digest?: DigestConstructor | undefined }) {
    this.#Digest = options.Digest;
  }

  create(algorithm: DigestAlgorithm): Digest | undefined {
    if (this.#Digest === undefined) return undefined;
    const native = new this.#Digest(nativeName(algorithm));
    return {
      update: (bytes) => void native.write(bytes),
      digest: () => new Uint8Array(native.close()),
    };
  }
}

function nativeName(algorithm: DigestAlgorithm): string {
  switch (algorithm) {
    case "MD5":
      return "MD5";
    case "SHA-1":
      return "SHA1";
    case "SHA-256":
      return "SHA256";
  }
}
