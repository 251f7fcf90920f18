import type { Clock, Digest, Digests, FlashPartition, Timer } from "../../hal/ports/index.js";
import { fromHex, equalBytes } from "../lib/bytes.js";
import { createMd5 } from "./digest.js";

export interface VerifierOptions {
  readonly partition: FlashPartition;
  readonly digests: Digests;
  readonly clock: Clock;
  /** Bytes in the image. */
  readonly size: number;
  /** 32 hexadecimal digits. */
  readonly md5: string;
  /** One block long; the verifier's alone while it works. */
  readonly block: Uint8Array;
  onVerified(matches: boolean): void;
  onFailed(error: unknown): void;
}

/** Blocks read and hashed in one turn of the event loop. */
const BLOCKS_PER_TURN = 8;
const MD5_LENGTH = 16;

/** Computes the MD5 of what is in flash, a few blocks each turn, so that the connection stays alive. */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #digest: Digest;
  #offset = 0;
  #timer: Timer | undefined;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#digest = createMd5(options.digests);
    this.#next();
  }

  /** Idempotent; nothing is called after it. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #next(): void {
    this.#timer = this.#options.clock.timer("verify", 0, () => this.#turn());
  }

  #turn(): void {
    const { size, md5, onVerified, onFailed } = this.#options;
    try {
      this.#hash();
    } catch (error) {
      onFailed(error);
      return;
    }
    if (this.#offset < size) {
      this.#next();
      return;
    }
    const expected = fromHex(md5);
    onVerified(expected !== undefined && equalBytes(this.#digest.digest(), expected, MD5_LENGTH));
  }

  #hash(): void {
    const { partition, size, block } = this.#options;
    for (let count = 0; count < BLOCKS_PER_TURN && this.#offset < size; count++) {
      const length = Math.min(block.byteLength, size - this.#offset);
      const piece = length === block.byteLength ? block : block.subarray(0, length);
      partition.read(piece, this.#offset);
      this.#digest.update(piece);
      this.#offset += length;
    }
  }
}
