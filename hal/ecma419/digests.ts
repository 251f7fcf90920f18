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
    return new NativeDigest(new this.#Digest(nativeName(algorithm)));
  }
}

class NativeDigest implements Digest {
  readonly #native: InstanceType<DigestConstructor>;

  constructor(native: InstanceType<DigestConstructor>) {
    this.#native = native;
  }

  update(bytes: Uint8Array): void {
    this.#native.write(bytes);
  }

  digest(): Uint8Array {
    return new Uint8Array(this.#native.close());
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
