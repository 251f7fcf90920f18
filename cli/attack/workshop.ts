import { createHash, sign } from "node:crypto";
import { generateSealKey, type SealKey } from "../../cloud/seal/keys.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { CHIP_ESP32 } from "../../hal/boards/sim/app-image.js";
import { encodeBody, encodeSeal, signedBytes } from "../../src/seal/format.js";

/** The product of the board that is attacked. */
export const PRODUCT = "ABCDE12345";
/** What runs on it before each attack, and must run after it. */
export const RUNNING_VERSION = "1.0.0";
export const RUNNING_SECURITY = 2;
/** Offered by most attacks. */
export const NEWER_VERSION = "2.0.0";

const IMAGE_LENGTH = 256 * 1024;
const FACTORY_LENGTH = 64 * 1024;

/** A file: what the image says of itself, and what the seal says of it. */
export interface Made {
  readonly version?: string;
  readonly security?: number;
  readonly chipId?: number;
  readonly product?: string;
  /** What the seal says, if it is something else. */
  readonly sealedVersion?: string;
  readonly sealedSecurity?: number;
}

/** What images and seals are made with: two keys that a board trusts, one that nobody knows, and chance. */
export class Workshop {
  readonly one = generateSealKey();
  readonly two = generateSealKey();
  readonly stranger = generateSealKey();
  #state: number;

  /** @param seed what chance depends on */
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** @returns a whole number from 0 to `below` - 1 (xorshift32) */
  random(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  /** @returns what runs on the board; `other`: another image of the same version */
  running(other = false): Buffer {
    const seed = other ? 1 + this.random(0x7fffffff) : 0;
    const made = { version: RUNNING_VERSION, byteLength: FACTORY_LENGTH, secureVersion: RUNNING_SECURITY };
    return Buffer.from(buildAppImage({ ...made, seed }));
  }

  /** @returns a newer image that has most of what runs */
  related(): Buffer {
    const made = { version: NEWER_VERSION, byteLength: FACTORY_LENGTH, secureVersion: RUNNING_SECURITY };
    return Buffer.from(buildAppImage({ ...made, seed: 0 }));
  }

  image({ version = NEWER_VERSION, security = RUNNING_SECURITY, chipId = CHIP_ESP32 }: Made = {}): Buffer {
    const seed = this.random(0x7fffffff);
    return Buffer.from(buildAppImage({ version, byteLength: IMAGE_LENGTH, seed, chipId, secureVersion: security }));
  }

  /** @returns the image with a seal behind it, as the keys sign it, also if it contradicts the image */
  sealed(made: Made, ...keys: readonly SealKey[]): Buffer {
    return Buffer.concat([...this.parts(made, ...keys)]);
  }

  /** @returns the image and its seal */
  parts(made: Made, ...keys: readonly SealKey[]): readonly [image: Buffer, seal: Buffer] {
    const { version = NEWER_VERSION, security = RUNNING_SECURITY, chipId = CHIP_ESP32, product = PRODUCT } = made;
    const image = this.image(made);
    const imageHash = createHash("sha256").update(image).digest();
    const body = encodeBody(
      {
        imageLength: image.byteLength,
        chipId,
        securityVersion: made.sealedSecurity ?? security,
        built: 1_800_000_000,
        version: made.sealedVersion ?? version,
        product,
        imageHash,
      },
      keys.length,
    );
    const signatures = keys.map(({ id, privateKey }) => {
      if (privateKey === undefined) throw new Error("a key without its private half");
      const signature = sign("sha256", signedBytes(body), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return { keyId: id, signature };
    });
    return [image, Buffer.from(encodeSeal(body, signatures))];
  }

  /** @returns the bytes with one bit changed, at a place that chance chooses */
  bitChanged(bytes: Buffer, from: number, to: number): Buffer {
    const changed = Buffer.from(bytes);
    const at = from + this.random(to - from);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << this.random(8)), at);
    return changed;
  }
}

/** @returns the bytes with others in the place of some of them */
export function replaced(bytes: Buffer, at: number, by: Uint8Array): Buffer {
  const changed = Buffer.from(bytes);
  changed.set(by, at);
  return changed;
}
