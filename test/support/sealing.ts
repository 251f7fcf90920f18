import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { generateSealKey, type SealKey } from "../../cloud/seal/keys.js";
import { sealImage } from "../../cloud/seal/sign.js";

/** A new key that signs, as `ota-cloud key new` makes it. */
export interface TestKey {
  readonly key: SealKey;
  readonly privatePem: string;
  /** What an application trusts. */
  readonly publicPem: string;
}

export function newKey(): TestKey {
  return generateSealKey();
}

export interface SealedOptions {
  readonly version: string;
  readonly keys: readonly TestKey[];
  readonly product: string;
  readonly securityVersion?: number;
  readonly byteLength?: number;
  /** The content is made of this number. */
  readonly seed?: number;
}

/** @returns an application image with a seal, whose descriptor says the same security version */
export function sealedImage(options: SealedOptions): Uint8Array {
  const { version, keys, product, securityVersion = 0, byteLength = 64 * 1024, seed = 1 } = options;
  const image = Buffer.from(buildAppImage({ version, byteLength, seed, secureVersion: securityVersion }));
  const named = keys.map(({ key }, index) => ({ file: `key ${index + 1}`, key }));
  return new Uint8Array(sealImage({ image, keys: named, product, built: 1_800_000_000 }));
}
