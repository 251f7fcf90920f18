import type { Digest, Digests, FlashPartition } from "../../hal/ports/index.js";
import { createMd5 } from "../image/digest.js";
import { equalBytes, fromHex, toHex } from "../lib/bytes.js";
import type { Image } from "../update/machine/types.js";
import type { Reading } from "../update/unpacker.js";
import { HASH_LENGTH } from "./format.js";
import { createSha256 } from "./sha256.js";

/** What a package has to make, and whether all of the package came as it was offered. */
export interface ResultExpectation {
  readonly version: string;
  /** SHA-256. */
  readonly hash: Uint8Array;
  readonly length: number;
  /** MD5 of the package, if this boot has seen all of it. */
  readonly md5: Digest | undefined;
}

const MD5_LENGTH = 16;

/** What a package has made, read back from flash: its SHA-256 decides, and by its MD5 it is known from then on. */
export class ResultReading implements Reading {
  readonly #partition: FlashPartition;
  readonly #sha256: Digest;
  readonly #md5: Digest;
  #offset = 0;
  #image: Image | undefined;
  /** Known once the header is whole. */
  expected: ResultExpectation | undefined;

  /** @throws OtaError `usage` if the board has no SHA-256 */
  constructor(digests: Digests, partition: FlashPartition) {
    this.#partition = partition;
    this.#sha256 = createSha256(digests);
    this.#md5 = createMd5(digests);
  }

  get offset(): number {
    return this.#offset;
  }

  get image(): Image | undefined {
    return this.#image;
  }

  next(block: Uint8Array, size: number): void {
    const piece = block.subarray(0, Math.min(block.byteLength, size - this.#offset));
    this.#partition.read(piece, this.#offset);
    this.#sha256.update(piece);
    this.#md5.update(piece);
    this.#offset += piece.byteLength;
  }

  matches(md5: string): boolean {
    const { version, hash, length, md5: ofPackage } = this.expected as ResultExpectation;
    this.expected = undefined;
    this.#image = { version, md5: toHex(this.#md5.digest()), size: length };
    return equalBytes(this.#sha256.digest(), hash, HASH_LENGTH) && isAsOffered(ofPackage, md5);
  }
}

function isAsOffered(seen: Digest | undefined, md5: string): boolean {
  if (seen === undefined) return true;
  const offered = fromHex(md5);
  return offered !== undefined && equalBytes(seen.digest(), offered, MD5_LENGTH);
}
