import { verifyP256 as verifyNatively } from "../../hal/boards/sim/p256.js";
import { inRange, isOnCurve } from "../../src/seal/p256.js";

/**
 * What a board with native code answers. Native code is asked only about keys that are points of the curve, and about
 * numbers that are in their range.
 *
 * @param publicKey x ‖ y, 64 bytes
 * @param signature r ‖ s
 */
export function nativelyVerified(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.byteLength !== 64 || !isOnCurve(publicKey) || !inRange(signature)) return false;
  return verifyNatively(publicKey, message, signature);
}
