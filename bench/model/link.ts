import type { Scheduler } from "../../test/support/scheduler.js";
import { type Link, SEGMENT_LENGTH } from "./profiles.js";

/** The line between the board and the servers. All connections share it, in the order in which they send. */
export class TimedLink {
  readonly #scheduler: Scheduler;
  readonly #link: Link;
  readonly #freeAt = { in: 0, out: 0 };
  /** Bytes sent to the board since the last loss. */
  #carried = 0;

  constructor(options: { scheduler: Scheduler; link: Link }) {
    this.#scheduler = options.scheduler;
    this.#link = options.link;
  }

  get roundTripMs(): number {
    return this.#link.roundTripMs;
  }

  /** Least bytes by which the window opens; `undefined` if each byte that is read opens it by one. */
  get windowStep(): number | undefined {
    return this.#link.windowStep;
  }

  /** @returns milliseconds from now until the last of the bytes arrives at the other end */
  carry(direction: "in" | "out", byteLength: number): number {
    const { bitsPerSecond, roundTripMs } = this.#link;
    const { now } = this.#scheduler;
    const start = Math.max(now, this.#freeAt[direction]);
    this.#freeAt[direction] = start + (byteLength * 8000) / bitsPerSecond;
    return this.#freeAt[direction] - now + roundTripMs / 2;
  }

  /** @returns milliseconds by which these bytes come later because they were lost once */
  lossMs(byteLength: number): number {
    const { lossEvery, roundTripMs } = this.#link;
    this.#carried += byteLength;
    if (lossEvery === undefined || this.#carried < lossEvery * SEGMENT_LENGTH) return 0;
    this.#carried -= lossEvery * SEGMENT_LENGTH;
    return roundTripMs;
  }
}
