import type { Digest, Digests, FlashPartition } from "../../hal/ports/index.js";
import { equalBytes, fromHex } from "../lib/bytes.js";
import { createMd5 } from "./digest.js";

const MD5_LENGTH = 16;

/** The MD5 of an image as it is in flash: read back block by block, in order, each after it was programmed. */
export class ReadBack {
  readonly #partition: FlashPartition;
  readonly #digests: Digests;
  /** Made with the first block: there may be none, and the constructor may run where little stack is left. */
  #digest: Digest | undefined;
  #offset = 0;

  constructor(options: { partition: FlashPartition; digests: Digests }) {
    this.#partition = options.partition;
    this.#digests = options.digests;
  }

  /** Everything before it is hashed. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Hashes the next block.
   *
   * @param block one block long; its content is lost
   * @param size  bytes in the image: what comes after them is not hashed
   * @throws HalError
   */
  next(block: Uint8Array, size: number): void {
    const length = Math.min(block.byteLength, size - this.#offset);
    const piece = length === block.byteLength ? block : block.subarray(0, length);
    this.#partition.read(piece, this.#offset);
    this.#digest ??= createMd5(this.#digests);
    this.#digest.update(piece);
    this.#offset += length;
  }

  /** Once, when all is hashed. @param md5 32 hexadecimal digits */
  matches(md5: string): boolean {
    const expected = fromHex(md5);
    return (
      expected !== undefined && this.#digest !== undefined && equalBytes(this.#digest.digest(), expected, MD5_LENGTH)
    );
  }
}
