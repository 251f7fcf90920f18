/** Every call on a board without power throws this. Code that catches it gets it again at its next call. */
export class PowerLost extends Error {
  override readonly name = "PowerLost";

  constructor() {
    super("no power");
  }
}

/**
 * The power of one boot. Once it is cut, nothing of that boot acts any more: storage throws, and timers and sockets
 * never call back.
 */
export class Power {
  #on = true;
  readonly #listeners: (() => void)[] = [];

  get on(): boolean {
    return this.#on;
  }

  /** @throws PowerLost once the power is cut */
  check(): void {
    if (!this.#on) throw new PowerLost();
  }

  /**
   * Runs `action` if there is power. An error that it throws after the power was cut is dropped, because no code of
   * that boot could catch it.
   */
  run(action: () => void): void {
    if (!this.#on) return;
    try {
      action();
    } catch (error) {
      if (this.#on) throw error;
    }
  }

  onCut(listener: () => void): void {
    this.#listeners.push(listener);
  }

  cut(): void {
    if (!this.#on) return;
    this.#on = false;
    for (const listener of this.#listeners) listener();
    this.#listeners.length = 0;
  }
}
