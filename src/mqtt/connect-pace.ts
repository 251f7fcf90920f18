import type { Clock, Random } from "../../hal/ports/index.js";
import { fullJitter } from "../lib/jitter.js";

const RECONNECT_BASE_MS = 1_000;
const RECONNECT_MAX_MS = 60_000;
/** The platform takes one CONNECT in 5 s from a device. */
const CONNECT_INTERVAL_MS = 5_000;
/** A connection that lasted this long starts the back-off anew. */
const STABLE_AFTER_MS = 60_000;

/** When a session connects again: after a pause that grows with each try, and never sooner than the platform allows. */
export class ConnectPace {
  readonly #clock: Clock;
  readonly #random: Random;
  #attempts = 0;
  #lastConnectAt: number | undefined;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A connection is about to be made. */
  tried(): void {
    this.#attempts++;
  }

  /** A CONNECT is about to be sent. */
  connected(): void {
    this.#lastConnectAt = this.#clock.now();
  }

  /** How long the platform takes no other CONNECT of this device, in milliseconds; 0 or less: it takes one. */
  get waitMs(): number {
    return (this.#lastConnectAt ?? -Infinity) + CONNECT_INTERVAL_MS - this.#clock.now();
  }

  /** @param wasOpen whether the broker had accepted the connection that ended @returns milliseconds to the next try */
  pauseMs(wasOpen: boolean): number {
    const { waitMs } = this;
    if (wasOpen && waitMs < CONNECT_INTERVAL_MS - STABLE_AFTER_MS) this.#attempts = 0;
    const jitterMs = fullJitter(Math.max(1, this.#attempts), {
      baseMs: RECONNECT_BASE_MS,
      maxMs: RECONNECT_MAX_MS,
      random: this.#random,
    });
    return Math.max(jitterMs, waitMs);
  }
}
