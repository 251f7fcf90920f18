import { OtaError } from "../../src/errors.js";
import type { FixedHeader } from "../../src/package/header.js";
import { HeaderReader } from "../../src/package/header-reader.js";
import { MAX_IMAGE_LENGTH } from "../../src/package/format.js";
import { NO_CHIP } from "../../src/seal/format.js";
import { chipNameOf } from "../files/image-header.js";
import { type PackageContents, packageContents } from "./contents.js";

/** A package for people and for JSON. Hexadecimal digits are in lower case. */
export interface PackageReport {
  readonly form: "delta" | "compressed";
  readonly byteLength: number;
  readonly headerLength: number;
  readonly result: PackedImage;
  /** Absent if it is compressed. */
  readonly base?: PackedImage;
  /** Name of the chip; `none` if it is for no chip of the family. */
  readonly chip: string;
  /** Absent if it is malformed. */
  readonly contents?: PackageContents;
  /** Why a device refuses it; absent if nothing was found wrong. */
  readonly problem?: string;
}

export interface PackedImage {
  readonly version: string;
  readonly byteLength: number;
  readonly sha256: string;
}

/** @param bytes the whole package, whose fixed part is this one */
export function reportPackage(fixed: FixedHeader, bytes: Uint8Array): PackageReport {
  const { base, chipId, headerLength, resultLength, resultHash, resultVersion } = fixed;
  return {
    form: base === undefined ? "compressed" : "delta",
    byteLength: bytes.byteLength,
    headerLength,
    result: { version: resultVersion, byteLength: resultLength, sha256: hex(resultHash) },
    ...(base === undefined ? {} : { base: { version: base.version, byteLength: base.length, sha256: hex(base.hash) } }),
    chip: chipId === NO_CHIP ? "none" : chipNameOf(chipId),
    ...read(bytes),
  };
}

function read(bytes: Uint8Array): Pick<PackageReport, "contents" | "problem"> {
  try {
    const reader = new HeaderReader({ maxResultLength: MAX_IMAGE_LENGTH, packageLength: bytes.byteLength });
    const headerLength = reader.push(bytes);
    if (reader.header === undefined) return { problem: "the package ends within its header" };
    return { contents: packageContents(reader.header, bytes.subarray(headerLength)) };
  } catch (error) {
    if (error instanceof OtaError) return { problem: `the package is malformed: ${error.message}` };
    throw error;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
