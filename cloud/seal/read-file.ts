import { isPackage } from "../../src/package/header.js";
import { FIXED_LENGTH } from "../../src/package/format.js";
import { malformed } from "../../src/package/malformed.js";
import { decodeFixedHeader, type FixedHeader } from "../../src/package/header.js";
import { createHash } from "node:crypto";
import { decodeSeal, MAX_SEAL_LENGTH, type Seal, type SealFault } from "../../src/seal/format.js";
import { type FirmwareContent, READ_BYTES } from "../files/firmware-files.js";
import { IMAGE_HEADER_LENGTH, type ImageHeader, readImageHeader } from "../files/image-header.js";

type Bytes = Pick<FirmwareContent, "size" | "read">;

/** The beginning and the end of a firmware file, and what lies between them as one hash. */
export interface FirmwareFile {
  readonly byteLength: number;
  readonly header: ImageHeader | undefined;
  readonly seal: Seal | SealFault;
  /** SHA-256 of the bytes before the seal, in hexadecimal digits; `undefined` if there is no seal. */
  readonly imageSha256: string | undefined;
  /** The file is a package, from which devices make an image. The seal is that of the image, and is not compared. */
  readonly packed?: FixedHeader;
}

/**
 * Reads a firmware file, in memory that does not depend on its size.
 *
 * @throws OtaError `package-malformed` if it begins like a package, and no device would take it
 */
export async function readFirmwareFile(file: Bytes): Promise<FirmwareFile> {
  const { size } = file;
  const beginning = await file.read(0, Math.min(FIXED_LENGTH + MAX_SEAL_LENGTH, size));
  if (isPackage(beginning)) return readPackage(beginning, size);
  const header = readImageHeader(beginning.subarray(0, IMAGE_HEADER_LENGTH));
  const tailLength = Math.min(MAX_SEAL_LENGTH, size);
  const seal = decodeSeal(await file.read(size - tailLength, tailLength), size);
  const imageSha256 = "code" in seal ? undefined : await hashOf(file, seal.imageLength);
  return { byteLength: size, header, seal, imageSha256 };
}

function readPackage(beginning: Buffer, size: number): FirmwareFile {
  const packed = decodeFixedHeader(beginning);
  const { packageLength, resultLength, sealLength } = packed;
  if (packageLength !== size) malformed(`package of ${packageLength} bytes in a file of ${size}`);
  const copy = beginning.subarray(FIXED_LENGTH, FIXED_LENGTH + sealLength);
  const seal = decodeSeal(copy, resultLength);
  // No hash can be compared: the image is made by devices.
  const imageSha256 = "code" in seal ? undefined : Buffer.from(seal.imageHash).toString("hex");
  return { byteLength: size, header: undefined, seal, imageSha256, packed };
}

async function hashOf(file: Bytes, byteLength: number): Promise<string> {
  const digest = createHash("sha256");
  for (let at = 0; at < byteLength; ) {
    const bytes = await file.read(at, Math.min(READ_BYTES, byteLength - at));
    if (bytes.byteLength === 0) break;
    digest.update(bytes);
    at += bytes.byteLength;
  }
  return digest.digest("hex");
}
