/** Shortest time between two progress reports, in milliseconds: the vendor's own interval. */
const INTERVAL_MS = 1000;

/** Decides which progress is worth a message: at most one a second, and none that says nothing new. */
export class ProgressLimit {
  #lastPercent = -1;
  #lastAt: number | undefined;

  /**
   * @param always 0 of a fresh download and 100 are never held back
   * @param nowMs  monotonic
   */
  admits(percent: number, always: boolean, nowMs: number): boolean {
    const tooSoon = this.#lastAt !== undefined && nowMs - this.#lastAt < INTERVAL_MS;
    if (!always && (tooSoon || percent === this.#lastPercent)) return false;
    this.#lastPercent = percent;
    this.#lastAt = nowMs;
    return true;
  }
}
