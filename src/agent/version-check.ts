import type { Clock, Random, Timer } from "../../hal/ports/index.js";
import { OtaError } from "../errors.js";
import { randomFraction } from "../lib/jitter.js";

export interface CheckInOptions<Found> {
  readonly clock: Clock;
  readonly random: Random;
  /** Between two checks of its own; 0: none. */
  readonly everyMs: number;
  isOnline(): boolean;
  /** Whether a job, a trial or a report is under way. */
  isBusy(): boolean;
  /** The plan of the job under way, if there is one. */
  current(): Found | undefined;
  /** Reports the version, which has the platform offer what it has. */
  report(): void;
}

/** A platform offers within a fraction of a second what it has; a slow link is given its time. */
const ANSWER_MS = 5_000;

/** Asks the platform for an update, at times of its own and at the application's wish. */
export class CheckIn<Found> {
  readonly #options: CheckInOptions<Found>;
  #waiting: ((found: Found | undefined) => void)[] = [];
  #answerTimer: Timer | undefined;
  #timer: Timer | undefined;

  constructor(options: CheckInOptions<Found>) {
    this.#options = options;
  }

  /**
   * Spread from half the interval to one and a half, so that a thousand boards after one power cut do not ask at once.
   */
  start(): void {
    const { clock, random, everyMs, isOnline, isBusy, report } = this.#options;
    if (everyMs === 0) return;
    this.#timer = clock.timer("check", everyMs * (0.5 + randomFraction(random)), () => {
      this.start();
      if (isOnline() && !isBusy()) report();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#settle(undefined);
  }

  /** @returns the plan, `undefined` if there is none @throws OtaError `unreachable` without a connection */
  check(): Promise<Found | undefined> {
    const { clock, isOnline, isBusy, current, report } = this.#options;
    if (!isOnline()) return Promise.reject(new OtaError("unreachable", "not connected"));
    const known = current();
    if (isBusy() || known !== undefined) return Promise.resolve(known);
    const answer = new Promise<Found | undefined>((resolve) => this.#waiting.push(resolve));
    this.#answerTimer?.cancel();
    this.#answerTimer = clock.timer("check answer", ANSWER_MS, () => this.#settle(current()));
    report();
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
