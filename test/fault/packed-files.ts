import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { isStored, recordOffset } from "../../src/package/header-reader.js";
import { changedPackage } from "../support/changed-package.js";
import { exchanged, packageFor, rebuilt, unhashed, withRecord } from "../support/package-variants.js";
import { successorImage } from "../support/successor-image.js";
import { readHeader } from "../support/unpack.js";
import { contentOf, fileWith, type FirmwareFile, OLD } from "./files.js";
import type { FileName, Packing } from "./scenario.js";

/** Into the second region of 64 KiB. */
const IMAGE_LENGTH = 17 * 4096 + 2048 + 112;
const FACTORY_LENGTH = 16 * 4096;
/** Shorter ones are random bytes: nothing of them is in another image. */
const MIN_SUCCESSOR_LENGTH = 8192;
/** The blocks 2, 7, 12 are new, so that their records are the blocks themselves. */
const SEED = 6;
const OTHER_CHIP = 9;
const LINE_LENGTH = 16;

export interface PackedFileOptions {
  readonly packing: Packing;
  readonly version: string;
  /** Bytes in the image; `undefined`: any. */
  readonly byteLength: number | undefined;
  readonly content: FileName;
}

/** Each is made once: it takes a quarter of a second. */
const FILES = new Map<string, FirmwareFile>();

/** The image that a board for packages leaves the factory with, which is the base of every delta. */
export function packedFactory(): FirmwareFile {
  return kept("factory", () => fileWith(OLD, buildAppImage({ version: OLD, byteLength: FACTORY_LENGTH, seed: 1 })));
}

/** The package of an image, with the changes that its name says. */
export function packedFileOf(options: PackedFileOptions): FirmwareFile {
  const { packing, version, byteLength = IMAGE_LENGTH, content } = options;
  return kept(`${packing} ${version} ${byteLength} ${content}`, () => {
    if (content === "same") return packedImage(packing, version, imageOf(version, byteLength));
    return changed(options, packedFileOf({ ...options, content: "same" }));
  });
}

function kept(key: string, make: () => FirmwareFile): FirmwareFile {
  const file = FILES.get(key) ?? make();
  FILES.set(key, file);
  return file;
}

function imageOf(version: string, byteLength: number): Uint8Array {
  if (byteLength < MIN_SUCCESSOR_LENGTH) return contentOf(version, byteLength, "same");
  return unhashed(successorImage({ base: packedFactory().image, version, byteLength, seed: SEED }));
}

function packedImage(packing: Packing, version: string, image: Uint8Array, base = packedFactory()): FirmwareFile {
  const from = { bytes: base.image, version: base.version };
  return fileWith(version, packageFor({ bytes: image, version }, packing === "delta" ? from : undefined), image);
}

function changed({ packing, version, content }: PackedFileOptions, { bytes, image }: FirmwareFile): FirmwareFile {
  const { index } = readHeader(bytes);
  switch (content) {
    case "other": {
      // It differs early, so that what is stored of one does not fit the other.
      const block = index.findIndex((_, number) => isStored(index, number));
      const other = rebuilt(image, block);
      return fileWith(version, exchanged(bytes, other, block), other);
    }
    case "flipped": {
      const stored = index.findLastIndex((_, number) => isStored(index, number) && number < index.length - 1);
      const at = recordOffset(readHeader(bytes), stored) + 1000;
      return fileWith(version, bytes.with(at, (bytes[at] as number) ^ 4), image);
    }
    case "hostile": {
      const middle = index.findIndex((_, number) => number >= index.length / 2 && !isStored(index, number));
      return fileWith(version, withRecord(bytes, middle, 0xff), image);
    }
    case "strayed": {
      const stranger = fileWith(OLD, buildAppImage({ version: OLD, byteLength: FACTORY_LENGTH, seed: 2 }));
      return packedImage("delta", version, image, stranger);
    }
    case "other-chip":
      return fileWith(
        version,
        changedPackage(bytes, (view) => view.setUint16(24, OTHER_CHIP, true)),
        image,
      );
    case "other-version": {
      const { bytes: made } = packedImage(packing, "9.9.9", imageOf("9.9.9", image.byteLength));
      return fileWith(version, made, image);
    }
    case "bad-checksum": {
      const at = 4096 + 100;
      return packedImage(packing, version, image.with(at, (image[at] as number) ^ 4));
    }
    case "shorter":
      return fileWith(version, bytes.slice(0, -LINE_LENGTH), image);
    case "longer":
      return fileWith(version, new Uint8Array([...bytes, ...new Uint8Array(LINE_LENGTH)]), image);
    default:
      return fileWith(version, contentOf(version, bytes.byteLength, content), image);
  }
}
