/** Messages a second that the platform accepts from one connection. */
export const MESSAGE_RATE_LIMIT = 30;

const SECOND_MS = 1000;

/**
 * Finds the messages of one connection that are more than the platform accepts within any second. What the platform
 * does with them is not documented. This cloud counts them and handles them as usual.
 */
export class RateMeter {
  /** Ring buffer with the times of the last messages. */
  readonly #timesMs = new Array<number>(MESSAGE_RATE_LIMIT).fill(-Infinity);
  #next = 0;

  /** @param nowMs milliseconds of any steady clock @returns whether this message is beyond the rate */
  count(nowMs: number): boolean {
    const before = this.#timesMs[this.#next] ?? -Infinity;
    this.#timesMs[this.#next] = nowMs;
    this.#next = (this.#next + 1) % MESSAGE_RATE_LIMIT;
    return nowMs - before < SECOND_MS;
  }
}
