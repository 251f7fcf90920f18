import { decodeSeal, MAX_SEAL_LENGTH, NO_CHIP, type Seal } from "../../src/seal/format.js";
import { readImageHeader } from "../files/image-header.js";
import type { PackageRequest, VersionedImage } from "./package-file.js";

/**
 * What is to be made of these files. The chip is that of the image, or of its seal, and the package carries a copy of
 * the seal, so that a device can refuse it before it erases anything. The base is without its seal: a sub-device or
 * component never gets that, and in a slot it lies behind the image.
 *
 * @param base absent: a compressed image
 */
export function packageRequestOf(result: VersionedImage, base?: VersionedImage): PackageRequest {
  const seal = sealOf(result.bytes);
  return {
    base: base && { ...base, bytes: base.bytes.subarray(0, sealOf(base.bytes)?.imageLength) },
    result,
    chipId: readImageHeader(bufferOf(result.bytes))?.chipId ?? seal?.chipId ?? NO_CHIP,
    ...(seal === undefined ? {} : { seal: result.bytes.subarray(seal.imageLength) }),
  };
}

function sealOf(bytes: Uint8Array): Seal | undefined {
  const seal = decodeSeal(bytes.subarray(-MAX_SEAL_LENGTH), bytes.byteLength);
  return "code" in seal ? undefined : seal;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
