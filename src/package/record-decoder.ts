import type { Packages } from "../../hal/ports/index.js";
import { BlockDecoder, type BlockDecoderOptions } from "./block-decoder.js";
import { BLOCK_LENGTH } from "./format.js";
import { malformed } from "./malformed.js";

/** Makes blocks of a package's result from their records. */
export interface RecordDecoder {
  /** The caller fills this with the record: `BLOCK_LENGTH` bytes, so that a block that is stored as it is fits too. */
  readonly record: Uint8Array;
  /**
   * Makes a block from the record in `record`.
   *
   * @param recordLength bytes in the record, 1 to 4032
   * @param byteOffset   where the block begins in the result
   * @param end          bytes in the block: `BLOCK_LENGTH`, or fewer if it is the last one
   * @throws OtaError `package-malformed`, and what reading throws; the block's bytes are undefined then
   */
  decode(recordLength: number, byteOffset: number, end: number): void;
}

export interface RecordDecoderOptions extends BlockDecoderOptions {
  /**
   * The board's native code, which is used if there is any. It reads the running slot and the target slot instead of
   * `sources`, so this may be given only if these are the base and the result.
   */
  readonly native?: Packages | undefined;
}

/** @returns the board's native decoder if it has one, else the one in JavaScript */
export function createRecordDecoder({ native, ...options }: RecordDecoderOptions): RecordDecoder {
  return native === undefined ? new BlockDecoder(options) : new NativeDecoder(native, options);
}

class NativeDecoder implements RecordDecoder {
  readonly record = new Uint8Array(BLOCK_LENGTH);
  readonly #native: Packages;
  readonly #options: BlockDecoderOptions;

  constructor(native: Packages, options: BlockDecoderOptions) {
    this.#native = native;
    this.#options = options;
  }

  decode(recordLength: number, byteOffset: number, end: number): void {
    const { baseLength, block } = this.#options;
    // Each of them has a buffer of its own.
    const [tables, dictionary] = [this.#options.tables.buffer, this.#options.dictionary.buffer];
    const { record } = this;
    const native = this.#native;
    const reason = native.decodeBlock(tables, dictionary, baseLength, record, recordLength, block, end, byteOffset);
    if (reason !== undefined) malformed(reason);
  }
}
