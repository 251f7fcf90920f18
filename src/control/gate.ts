import type { Clock, Timer } from "../../hal/ports/index.js";
import type { Offer } from "../protocol/messages.js";
import type { Failure } from "../update/machine/types.js";
import type { Gate } from "../update/target.js";

export interface ControlGateOptions {
  readonly clock: Clock;
  /** Whether a verified image waits for `install`. */
  holdsInstallation(): boolean;
  /** @returns why the offer is not wanted; `undefined`: it is */
  refusal(offer: Offer): Failure | undefined;
}

/** The application's own part of the gate: it is asked before the plans, if there are any. */
export class ControlGate implements Gate {
  readonly #options: ControlGateOptions;
  /** The plans' gate; absent if nobody uses plans. */
  inner: Gate | undefined;
  #timer: Timer | undefined;
  /** Present: a verified image waits for `install`. */
  #install: (() => void) | undefined;

  constructor(options: ControlGateOptions) {
    this.#options = options;
  }

  get consents(): boolean {
    return this.inner?.consents === true;
  }

  /** Answers from a turn of its own: never from inside this call. */
  ask(
    step: "download" | "install",
    offer: Offer,
    answer: (failure?: Failure) => void,
    onDeferred?: (seconds: number) => void,
  ): void {
    // The plans' gate is left alone: its deadline goes on while an image waits for `install`.
    this.release();
    const { clock, holdsInstallation, refusal } = this.#options;
    const goOn = (): void => {
      if (this.inner === undefined) answer();
      else this.inner.ask(step, offer, answer, onDeferred);
    };
    if (step === "install" && holdsInstallation()) {
      this.#install = goOn;
      return;
    }
    this.#timer = clock.timer("control", 0, () => {
      const failure = step === "download" ? refusal(offer) : undefined;
      if (failure === undefined) goOn();
      else answer(failure);
    });
  }

  withdraw(): void {
    this.release();
    this.inner?.withdraw();
  }

  /** No image waits for `install` any more. */
  release(): void {
    this.#timer?.cancel();
    this.#install = undefined;
  }

  /** @returns whether an image was waiting for this */
  install(): boolean {
    const goOn = this.#install;
    this.#install = undefined;
    goOn?.();
    return goOn !== undefined;
  }
}
