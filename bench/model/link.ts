import type { Scheduler } from "../../test/support/scheduler.js";
import type { Link } from "./profiles.js";

/** The line between the board and the servers. All connections share it, in the order in which they send. */
export class TimedLink {
  readonly #scheduler: Scheduler;
  readonly #link: Link;
  readonly #segmentLength: number;
  readonly #freeAt = { in: 0, out: 0 };
  /** Full segments sent to the board since the last loss. */
  #carried: number;

  constructor(options: { scheduler: Scheduler; link: Link; segmentLength: number }) {
    this.#scheduler = options.scheduler;
    this.#link = options.link;
    this.#segmentLength = options.segmentLength;
    this.#carried = options.link.lossesBegun ?? 0;
  }

  get roundTripMs(): number {
    return this.#link.roundTripMs;
  }

  /** @returns milliseconds from now until the last of the bytes arrives at the other end */
  carry(direction: "in" | "out", byteLength: number): number {
    const { bitsPerSecond, roundTripMs } = this.#link;
    const { now } = this.#scheduler;
    const start = Math.max(now, this.#freeAt[direction]);
    this.#freeAt[direction] = start + (byteLength * 8000) / bitsPerSecond;
    return this.#freeAt[direction] - now + roundTripMs / 2;
  }

  /** @returns whether these bytes, which were just sent to the board, do not arrive */
  loses(byteLength: number): boolean {
    const { lossEvery } = this.#link;
    if (lossEvery === undefined || byteLength < this.#segmentLength) return false;
    this.#carried = (this.#carried + 1) % lossEvery;
    return this.#carried === 0;
  }
}
