import type { Scheduler } from "../../test/support/scheduler.js";
import { type Link, SEGMENT_LENGTH } from "./profiles.js";

/** The line between the board and the rest of the world, shared by all connections: first come, first served. */
export class TimedLink {
  readonly #scheduler: Scheduler;
  readonly #link: Link;
  readonly #freeAt = { in: 0, out: 0 };
  /** Bytes to the board since the last loss. */
  #carried = 0;

  constructor(options: { scheduler: Scheduler; link: Link }) {
    this.#scheduler = options.scheduler;
    this.#link = options.link;
  }

  get roundTripMs(): number {
    return this.#link.roundTripMs;
  }

  /** `undefined`: each byte that is read opens the window by one. */
  get windowStep(): number | undefined {
    return this.#link.windowStep;
  }

  /** @returns how many milliseconds from now the last of the bytes is at the other end */
  carry(direction: "in" | "out", byteLength: number): number {
    const { bitsPerSecond, roundTripMs } = this.#link;
    const { now } = this.#scheduler;
    const start = Math.max(now, this.#freeAt[direction]);
    this.#freeAt[direction] = start + (byteLength * 8000) / bitsPerSecond;
    return this.#freeAt[direction] - now + roundTripMs / 2;
  }

  /** @returns how much later these bytes come, because they were lost once */
  lossMs(byteLength: number): number {
    const { lossEvery, roundTripMs } = this.#link;
    this.#carried += byteLength;
    if (lossEvery === undefined || this.#carried < lossEvery * SEGMENT_LENGTH) return 0;
    this.#carried -= lossEvery * SEGMENT_LENGTH;
    return roundTripMs;
  }
}
