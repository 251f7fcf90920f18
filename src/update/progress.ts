import type { Event } from "./machine/types.js";

/** Shortest time between two messages, in milliseconds: the vendor's own interval. */
const INTERVAL_MS = 1000;

/**
 * Smallest progress worth an event, or a message: an event for each block would cost the chip more than it is worth,
 * and if an image takes minutes, a message a second would cost the link more than 1 % of it.
 */
const STEP_PERCENT = 3;

/**
 * How far the download of an image is, and when that is worth an event of the machine and a message to the platform.
 * There is an event for each step of the image, and one before any other event, so that the machine always knows all
 * that is in flash.
 */
export class Progress {
  #size = 0;
  /** Everything before this offset is in flash, and no event has reported that yet. */
  #written: number | undefined;
  /** From this offset on an event is due. */
  #dueFrom = 0;
  #lastPercent = -STEP_PERCENT;
  #lastAt: number | undefined;

  /** A try of a download begins: an event is due for the first block that it stores. @param size bytes in the image */
  begin(size: number): void {
    this.#size = size;
    this.#written = undefined;
    this.#dueFrom = 0;
  }

  /** Everything before `offset` is in flash. @returns the event about it, if one is due */
  wrote(offset: number): Event | undefined {
    this.#written = offset;
    return offset >= this.#dueFrom ? this.take() : undefined;
  }

  /** @returns the event about what was written; `undefined` if the last event has reported all of it */
  take(): Event | undefined {
    const offset = this.#written;
    if (offset === undefined) return undefined;
    const size = this.#size;
    const step = (size * STEP_PERCENT) / 100;
    this.#written = undefined;
    this.#dueFrom = Math.min(size, (Math.floor(offset / step) + 1) * step);
    return { type: "block-written", offset: Math.min(offset, size) };
  }

  /**
   * Whether a message is due: at most one a second, and none for less than a step.
   *
   * @param always 0 of a fresh download and 100 are never held back
   * @param nowMs  monotonic
   */
  admits(percent: number, always: boolean, nowMs: number): boolean {
    const tooSoon = this.#lastAt !== undefined && nowMs - this.#lastAt < INTERVAL_MS;
    // A lower one is news: the download began anew.
    const tooLittle = percent >= this.#lastPercent && percent < this.#lastPercent + STEP_PERCENT;
    if (!always && (tooSoon || tooLittle)) return false;
    this.#lastPercent = percent;
    this.#lastAt = nowMs;
    return true;
  }
}
