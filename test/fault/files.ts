import { createHash } from "node:crypto";
import { buildAppImage, MIN_IMAGE_LENGTH } from "../../hal/boards/sim/app-image-builder.js";
import type { FileName } from "./scenario.js";

export const OLD = "0.1.0";
export const NEW = "0.2.0";
export const OTHER = "0.3.0";

const LINE_LENGTH = 16;
const CHIP_ID_OFFSET = 12;

export interface FirmwareFile {
  readonly version: string;
  readonly bytes: Uint8Array;
  readonly md5: string;
  /** What is in flash in the end: the file itself, unless it is a package. */
  readonly image: Uint8Array;
}

/** A file of any size, which resembles an application image as far as that size allows. */
export function fileOf(version: string, byteLength: number, name: FileName = "same"): FirmwareFile {
  return fileWith(version, contentOf(version, byteLength, name));
}

export function fileWith(version: string, bytes: Uint8Array, image = bytes): FirmwareFile {
  return { version, bytes, md5: createHash("md5").update(bytes).digest("hex"), image };
}

export function contentOf(version: string, byteLength: number, name: FileName): Uint8Array {
  switch (name) {
    case "same":
      return image(version, byteLength, 1);
    case "other":
      return image(version, byteLength, 2);
    case "other-version":
      return image("9.9.9", byteLength, 1);
    case "shorter":
      return image(version, byteLength, 1).slice(0, -LINE_LENGTH);
    case "longer":
      return image(version, byteLength + LINE_LENGTH, 1);
    case "text":
      return new Uint8Array(byteLength).fill(0x41);
    case "page":
    case "short-page": {
      const page = "<!doctype html><title>Sign in</title>".padEnd(
        name === "page" ? 8192 : 300,
        "<p>Please sign in.</p>",
      );
      return new Uint8Array(Buffer.from(page));
    }
    case "flipped":
    case "bad-checksum": {
      const bytes = image(version, byteLength, 1);
      const at = Math.floor(byteLength * 0.6);
      bytes[at] = (bytes[at] as number) ^ 4;
      return bytes;
    }
    case "hostile":
    case "strayed":
      throw new Error(`only a package is ${name}`);
    case "other-chip": {
      const bytes = image(version, byteLength, 1);
      bytes[CHIP_ID_OFFSET] = 9;
      return bytes;
    }
  }
}

/** An image has whole lines: the rest of the file follows the image, as a signature would. */
function image(version: string, byteLength: number, seed: number): Uint8Array {
  const whole = byteLength - (byteLength % LINE_LENGTH);
  const bytes = new Uint8Array(byteLength).fill(0xe9);
  if (whole >= MIN_IMAGE_LENGTH) bytes.set(buildAppImage({ version, byteLength: whole, seed: seed + byteLength }));
  return bytes;
}
