/** Shortest time between two progress reports, in milliseconds: the vendor's own interval. */
const INTERVAL_MS = 1000;

/**
 * Smallest progress worth a message: if an image takes minutes, a report a second would cost the link more than 1 % of
 * it.
 */
const STEP_PERCENT = 3;

/** Decides which progress is worth a message: at most one a second, and none that says little new. */
export class ProgressLimit {
  #lastPercent = -STEP_PERCENT;
  #lastAt: number | undefined;

  /**
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
