import type { Clock, Random, Timer } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { randomFraction } from "../lib/jitter.js";

/** The device's own updates, as a check sees them. */
export interface CheckedUpdate<Found> {
  readonly isOnline: boolean;
  /** Whether a job, a trial or a report is under way. */
  readonly isBusy: boolean;
  /** The plan of the job under way, if there is one. */
  current(): Found | undefined;
  /** Reports the version: the platform then offers what it has. */
  report(): void;
}

export interface CheckInOptions<Found> {
  readonly clock: Clock;
  readonly random: Random;
  /** Time between two regular checks; 0: none. */
  readonly everyMs: number;
  readonly update: CheckedUpdate<Found>;
}

/** How long an offer is waited for. A platform offers within a fraction of a second; the rest is for a slow link. */
const ANSWER_MS = 5_000;

/** Asks the platform for an update, regularly and when the application wishes it. */
export class CheckIn<Found> {
  readonly #options: CheckInOptions<Found>;
  #waiting: ((found: Found | undefined) => void)[] = [];
  #answerTimer: Timer | undefined;
  #timer: Timer | undefined;

  constructor(options: CheckInOptions<Found>) {
    this.#options = options;
  }

  /**
   * Waits between half of the interval and one and a half: after one power cut a thousand boards do not ask at once.
   */
  start(): void {
    const { clock, random, everyMs, update } = this.#options;
    if (everyMs === 0) return;
    this.#timer = clock.timer("check", everyMs * (0.5 + randomFraction(random)), () => {
      this.start();
      if (update.isOnline && !update.isBusy) update.report();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#settle(undefined);
  }

  /** @returns the plan, `undefined` if there is none @throws OtaError `unreachable` without a connection */
  check(): Promise<Found | undefined> {
    const { clock, update } = this.#options;
    if (!update.isOnline) return Promise.reject(new OtaError("unreachable", "not connected"));
    const known = update.current();
    if (update.isBusy || known !== undefined) return Promise.resolve(known);
    const answer = new Promise<Found | undefined>((resolve) => this.#waiting.push(resolve));
    this.#answerTimer?.cancel();
    this.#answerTimer = clock.timer("check answer", ANSWER_MS, () => this.#settle(update.current()));
    update.report();
    return answer;
  }

  found(found: Found): void {
    this.#settle(found);
  }

  #settle(found: Found | undefined): void {
    this.#answerTimer?.cancel();
    for (const resolve of this.#waiting.splice(0)) resolve(found);
  }
}
