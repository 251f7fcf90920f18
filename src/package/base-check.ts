import type { Digest } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { equalBytes } from "../lib/bytes.js";
import type { Base } from "../update/target.js";
import { HASH_LENGTH } from "./format.js";
import type { FixedHeader } from "./header.js";

/** Blocks of the base that are hashed in one turn of the event loop. */
const BLOCKS_PER_TURN = 4;

export interface BaseCheckOptions {
  readonly base: Base;
  /** What the package wants. */
  readonly wanted: NonNullable<FixedHeader["base"]>;
  /** SHA-256. */
  readonly digest: Digest;
  /** Its content is lost with each step. */
  readonly block: Uint8Array;
}

/** Whether what runs is what a package is made for: a hash over all of it, a few blocks each turn. */
export class BaseCheck {
  readonly #options: BaseCheckOptions;
  #offset = 0;

  constructor(options: BaseCheckOptions) {
    this.#options = options;
  }

  /** @returns whether it is over, and the base the right one @throws OtaError `wrong-base`; HalError */
  step(): boolean {
    const { base, wanted, digest, block } = this.#options;
    if (wanted.length > (base.byteLength ?? wanted.length)) wrongBase(`no ${wanted.length} bytes are there`);
    for (let count = 0; count < BLOCKS_PER_TURN && this.#offset < wanted.length; count++) {
      const piece = block.subarray(0, Math.min(block.byteLength, wanted.length - this.#offset));
      base.read(piece, this.#offset);
      digest.update(piece);
      this.#offset += piece.byteLength;
    }
    if (this.#offset < wanted.length) return false;
    if (!equalBytes(digest.digest(), wanted.hash, HASH_LENGTH)) wrongBase(`not the version ${wanted.version} of it`);
    return true;
  }
}

/** @throws OtaError `wrong-base` */
export function wrongBase(reason: string): never {
  throw new OtaError("wrong-base", reason);
}
