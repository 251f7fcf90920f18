/** Messages a second that the platform takes from one connection. */
export const MESSAGE_RATE_LIMIT = 30;

const SECOND_MS = 1000;

/**
 * Finds the messages of one connection that are more than the platform takes within any second. What the platform does
 * with them is not documented: here they are counted, and pass.
 */
export class RateMeter {
  /** When the last messages came; a ring. */
  readonly #timesMs = new Array<number>(MESSAGE_RATE_LIMIT).fill(-Infinity);
  #next = 0;

  /** @param nowMs of any clock @returns whether this message is one too many */
  count(nowMs: number): boolean {
    const before = this.#timesMs[this.#next] ?? -Infinity;
    this.#timesMs[this.#next] = nowMs;
    this.#next = (this.#next + 1) % MESSAGE_RATE_LIMIT;
    return nowMs - before < SECOND_MS;
  }
}
