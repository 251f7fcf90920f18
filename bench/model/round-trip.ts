const LEAST_MS = 200;
/** Before the first measurement (RFC 6298 §2.1). */
const FIRST_MS = 1000;
const MOST_MS = 120_000;

/** Estimate of the round trip and Linux's time of retransmission (RFC 6298, with a minimum of 200 ms). */
export class RoundTrip {
  #smoothedMs: number | undefined;
  #variationMs = 0;
  leastMs = Infinity;

  add(ms: number): void {
    this.leastMs = Math.min(this.leastMs, ms);
    if (this.#smoothedMs === undefined) {
      [this.#smoothedMs, this.#variationMs] = [ms, ms / 2];
      return;
    }
    this.#variationMs += (Math.abs(ms - this.#smoothedMs) - this.#variationMs) / 4;
    this.#smoothedMs += (ms - this.#smoothedMs) / 8;
  }

  get smoothedMs(): number {
    return this.#smoothedMs ?? FIRST_MS;
  }

  /** @param backOff count of times that it has expired already */
  timeoutMs(backOff: number): number {
    const ms = this.#smoothedMs === undefined ? FIRST_MS : this.#smoothedMs + Math.max(LEAST_MS, 4 * this.#variationMs);
    return Math.min(MOST_MS, ms * 2 ** backOff);
  }
}
