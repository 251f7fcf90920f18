import type { Clock, Random, Timer } from "../../hal/ports/index.js";
import { fullJitter } from "../lib/jitter.js";
import type { TimerName } from "./machine/types.js";

/** Waits that an application chooses. */
export interface UpdateWaits {
  /** Longest pause between two tries, even if a server's Retry-After is longer. */
  readonly backoffMaxMs: number;
  /** How long a firmware on trial may take to reach the cloud. */
  readonly trialMs: number;
  /** How long the application's own test may take after that. */
  readonly selfTestMs: number;
}

export interface UpdateTimersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly waits: UpdateWaits;
  onFired(timer: TimerName): void;
}

const BACKOFF_BASE_MS = 1_000;
const FRESH_URL_MS = 5_000;
const ANNOUNCEMENT_MS = 10_000;

/** The machine's timers: one of each name. */
export class UpdateTimers {
  readonly #options: UpdateTimersOptions;
  readonly #timers: { [Name in TimerName]?: Timer | undefined } = {};

  constructor(options: UpdateTimersOptions) {
    this.#options = options;
  }

  /**
   * Starts a timer, in place of a running one of that name.
   *
   * @param attempt   from 1: a pause grows with it
   * @param atLeastMs for a pause
   */
  start(timer: TimerName, attempt: number, atLeastMs: number): void {
    const { clock, onFired } = this.#options;
    this.stop(timer);
    this.#timers[timer] = clock.timer(timer, this.#delayMs(timer, attempt, atLeastMs), () => onFired(timer));
  }

  stop(timer: TimerName): void {
    this.#timers[timer]?.cancel();
  }

  stopAll(): void {
    for (const timer of Object.values(this.#timers)) timer?.cancel();
  }

  #delayMs(timer: TimerName, attempt: number, atLeastMs: number): number {
    const { random, waits } = this.#options;
    switch (timer) {
      case "pause": {
        const jitterMs = fullJitter(attempt, { baseMs: BACKOFF_BASE_MS, maxMs: waits.backoffMaxMs, random });
        return Math.max(jitterMs, Math.min(atLeastMs, waits.backoffMaxMs));
      }
      case "fresh-url":
        return FRESH_URL_MS;
      case "announcement":
        return ANNOUNCEMENT_MS;
      case "trial":
        return waits.trialMs;
      case "self-test":
        return waits.selfTestMs;
    }
  }
}
