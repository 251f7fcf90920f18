import { crc32 } from "../../src/lib/crc32.js";
import { CRC_OFFSET, FIXED_LENGTH } from "../../src/package/format.js";
import { fixedSum } from "../../src/package/header.js";

/** @returns the package with bytes changed, and the sum of its header made right again */
export function changedPackage(bytes: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  change(view, copy);
  const rest = copy.subarray(FIXED_LENGTH, Math.max(FIXED_LENGTH, Math.min(view.getUint32(8, true), copy.byteLength)));
  view.setUint32(CRC_OFFSET, crc32(rest, rest.byteLength, fixedSum(copy)), true);
  return copy;
}
