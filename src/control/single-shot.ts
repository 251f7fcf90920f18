import type { Clock, Timer } from "../../hal/ports/index.js";
import type { State } from "../update/machine/types.js";
import type { EndedJob } from "./ended-job.js";

/**
 * How a check ended: the platform has nothing, cannot be reached, an update waits for consent, for a condition or for
 * `install`, or a job ended and the platform has its result.
 */
export type CheckEnd =
  | { readonly end: "nothing" }
  | { readonly end: "unreachable" }
  | { readonly end: "waiting" }
  | { readonly end: "stopped" }
  | { readonly end: "ended"; readonly job: EndedJob };

export interface SingleShotOptions {
  readonly clock: Clock;
  /** Longest wait for the platform. */
  readonly timeoutMs: number;
  onEnd(end: CheckEnd): void;
}

/** How long an offer is waited for after the platform has answered, and how long one may stand before it "waits". */
export const SETTLE_MS = 5_000;

/** Follows the agent until it has nothing more to do: for devices that sleep between two checks. */
export class SingleShot {
  readonly #options: SingleShotOptions;
  #timer: Timer | undefined;
  #waitsFor: Exclude<CheckEnd["end"], "stopped"> | undefined;
  #answered = false;
  #job: EndedJob | undefined;

  constructor(options: SingleShotOptions) {
    this.#options = options;
  }

  /** The platform has answered the version report: an offer would follow. */
  answered(): void {
    this.#answered = true;
    this.#waitsFor = undefined;
  }

  /** The platform has acknowledged the result of a job. */
  ended(job: EndedJob): void {
    this.#job = job;
  }

  /** To be called after each change. */
  look(state: State["name"], isOnline: boolean): void {
    if (!isOnline) this.#answered = false;
    switch (state) {
      case "idle":
        if (this.#answered) this.#wait(this.#job === undefined ? "nothing" : "ended", SETTLE_MS);
        else this.#wait("unreachable", this.#options.timeoutMs);
        return;
      case "offered":
        // A manifest is read, or components are waited for, before anybody is asked.
        this.#wait("waiting", this.#options.timeoutMs);
        return;
      case "ready":
        this.#wait("waiting", SETTLE_MS);
        return;
      case "reporting":
        if (isOnline) this.stop();
        else this.#wait("unreachable", this.#options.timeoutMs);
        return;
      case "downloading":
      case "waiting":
      case "verifying":
      case "applying":
      // The device must not sleep now: a wake-up would be a restart during the trial.
      case "confirming":
        this.stop();
        return;
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#waitsFor = undefined;
  }

  #wait(end: Exclude<CheckEnd["end"], "stopped">, delayMs: number): void {
    if (this.#waitsFor === end) return;
    this.stop();
    this.#waitsFor = end;
    this.#timer = this.#options.clock.timer("single shot", delayMs, () => {
      const job = this.#job;
      if (end === "ended") {
        if (job !== undefined) this.#options.onEnd({ end, job });
      } else this.#options.onEnd({ end });
    });
  }
}
