import type { Clock, Timer } from "../../hal/ports/index.js";
import type { ReadBack } from "./read-back.js";

export interface VerifierOptions {
  /** What a download has read back already is not read again. */
  readonly readBack: Pick<ReadBack, "offset" | "next">;
  readonly clock: Clock;
  /** Bytes in the image. */
  readonly size: number;
  /** One block long; the verifier's alone while it works. */
  readonly block: Uint8Array;
  /** All is read back, so that its digest can be had. */
  onRead(): void;
  onFailed(error: unknown): void;
}

/** Blocks read and hashed in one turn of the event loop. */
const BLOCKS_PER_TURN = 8;

/** Reads back the rest of what is in flash, a few blocks each turn, so that the connection stays alive. */
export class Verifier {
  readonly #options: VerifierOptions;
  #timer: Timer | undefined;

  constructor(options: VerifierOptions) {
    this.#options = options;
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
    const { readBack, size, block, onRead, onFailed } = this.#options;
    try {
      for (let count = 0; count < BLOCKS_PER_TURN && readBack.offset < size; count++) readBack.next(block, size);
    } catch (error) {
      onFailed(error);
      return;
    }
    if (readBack.offset < size) this.#next();
    else onRead();
  }
}
