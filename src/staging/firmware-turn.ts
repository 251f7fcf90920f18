import type { Gate } from "../update/target.js";

export interface FirmwareTurnOptions {
  /** Stops a download into the area, if there is one. @returns false if an installation is under way */
  makeRoom(): boolean;
  /** Others may use the area again. */
  onEnded(): void;
}

/**
 * The own firmware's turn among those who use the staging area: it waits for an installation that is under way, and
 * everybody else waits for it.
 */
export class FirmwareTurn {
  readonly #options: FirmwareTurnOptions;
  #phase: "none" | "waiting" | "has-turn" = "none";
  /** Called when the own firmware has its turn. */
  #onTurn: (() => void) | undefined;

  constructor(options: FirmwareTurnOptions) {
    this.#options = options;
  }

  get waits(): boolean {
    return this.#phase === "waiting";
  }

  /** Nobody else may begin. */
  get hasTurn(): boolean {
    return this.#phase === "has-turn";
  }

  /** The gate of the own firmware's updates. @param policy is asked first */
  gate(policy: Gate | undefined): Gate {
    return {
      consents: policy?.consents === true,
      ask: (step, offer, answer, onDeferred) => {
        // The turn, or the wait for it, was for an earlier offer. This one asks anew, and meanwhile the others go on.
        if (step === "download" && this.#phase !== "none") this.end();
        const wait = (): void => {
          this.#phase = "waiting";
          this.#onTurn = () => answer();
          this.takeIfFree();
        };
        if (policy === undefined) wait();
        else policy.ask(step, offer, (failure) => (failure === undefined ? wait() : answer(failure)), onDeferred);
      },
      withdraw: () => {
        policy?.withdraw();
        this.end();
      },
    };
  }

  /** The own firmware has its turn, without a question: after a restart its update may be past the gate. */
  take(): void {
    this.#phase = "has-turn";
  }

  /** Takes the turn, if the own firmware waits for it and no installation is under way. */
  takeIfFree(): void {
    if (!this.waits || !this.#options.makeRoom()) return;
    this.#phase = "has-turn";
    const onTurn = this.#onTurn;
    this.#onTurn = undefined;
    onTurn?.();
  }

  /** The own firmware's update is over, or rests. */
  end(): void {
    this.#phase = "none";
    this.#onTurn = undefined;
    this.#options.onEnded();
  }
}
