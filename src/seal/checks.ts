import type { Failure } from "../update/machine/types.js";
import { NO_CHIP, type SealedImage } from "./format.js";

/** What an image is to be, as far as it is known. */
export interface Expectation {
  /** As offered. */
  readonly version: string;
  readonly product: string;
  /** `undefined`: any. */
  readonly chipId: number | undefined;
  /** Least security version. */
  readonly floor: number;
}

/** What the application descriptor of an image says. */
export interface Described {
  /** `undefined` if it need not be the offered one. */
  readonly version: string | undefined;
  readonly chipId: number;
  readonly secureVersion: number;
}

/** Compares what a trusted key has sealed with what is expected. @returns why the image is refused */
export function contradiction(sealed: SealedImage, expected: Expectation): Failure | undefined {
  const { version, product, chipId } = expected;
  if (sealed.product !== product) {
    return { code: "wrong-product", message: `sealed for product ${sealed.product}, this is ${product}` };
  }
  if (chipId !== undefined && sealed.chipId !== chipId) {
    return invalid(`sealed for ${sealed.chipId === NO_CHIP ? "no chip" : `chip ${sealed.chipId}`}, this is ${chipId}`);
  }
  if (sealed.version !== version) return invalid(`sealed as version ${sealed.version}, offered as ${version}`);
  return belowFloor(sealed.securityVersion, expected.floor);
}

/** @returns why an image of that security version is refused */
export function belowFloor(securityVersion: number, floor: number): Failure | undefined {
  if (securityVersion >= floor) return undefined;
  return { code: "rollback-refused", message: `security version ${securityVersion}, at least ${floor} is needed` };
}

/** Compares a seal with the image that it is behind. @returns why the image is refused */
export function misdescribed(sealed: SealedImage, found: Described | undefined): Failure | undefined {
  if (found === undefined) return invalid("an image without an application descriptor");
  if (found.chipId !== sealed.chipId) return invalid(`image for chip ${found.chipId}, sealed for ${sealed.chipId}`);
  if (found.secureVersion !== sealed.securityVersion) {
    return invalid(`secure_version ${found.secureVersion}, sealed as ${sealed.securityVersion}`);
  }
  if (found.version === undefined || found.version === sealed.version) return undefined;
  return invalid(`image of version ${found.version}, sealed as ${sealed.version}`);
}

export function invalid(message: string): Failure {
  return { code: "signature-invalid", message };
}
