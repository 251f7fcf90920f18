import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { type SealOptions, sealed, signerNamed } from "../support/seals.js";

/** The board trusts the first one. The second one is in the same list in some of the attacks. */
export const VENDOR = signerNamed("vendor");
export const SUCCESSOR = signerNamed("successor");
export const STRANGER = signerNamed("stranger");

/**
 * With its seal it fits into slots of 8 blocks of 512 bytes, crosses a region, and ends inside a block. Its seal is not
 * asked for at the start of a block, which is how the server tells that request from a resumed download.
 */
export const IMAGE_LENGTH = 3232;

export interface ImageOptions {
  readonly version: string;
  readonly securityVersion: number;
  readonly seed?: number;
  readonly byteLength?: number;
}

export function imageOf({ version, securityVersion, seed = 1, byteLength = IMAGE_LENGTH }: ImageOptions): Uint8Array {
  return buildAppImage({ version, byteLength, seed: seed * 1000 + securityVersion, secureVersion: securityVersion });
}

/** @returns a file as the vendor publishes it, with other fields in the seal if they are given */
export function published(options: ImageOptions, fields: Partial<SealOptions> = {}): Uint8Array {
  const { version, securityVersion } = options;
  return sealed(imageOf(options), { version, securityVersion, signers: [VENDOR], ...fields });
}

export const OLDEST = { version: "0.1.0", securityVersion: 1 } as const;
export const RUNNING = { version: "0.2.0", securityVersion: 2 } as const;
export const NEXT = { version: "0.3.0", securityVersion: 3 } as const;
/** Not newer by its security version, which is no downgrade. */
export const SAME_FLOOR = { version: "0.2.5", securityVersion: 2 } as const;
