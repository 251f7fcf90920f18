/**
 * The Wi-Fi driver and the task of the stack. While flash is busy the scheduler is stopped: the hardware goes on
 * filling the driver's static buffers, and what comes when all are full is lost. Afterwards the stack works these off
 * before the application goes on, because its task has a higher priority.
 */
export class Radio {
  readonly #staticBuffers: number;
  readonly #frames: (() => void)[] = [];
  readonly #timers: (() => void)[] = [];
  #stopped = false;
  /** Count of frames that found no buffer. */
  lost = 0;

  constructor({ staticBuffers }: { readonly staticBuffers: number }) {
    this.#staticBuffers = staticBuffers;
  }

  stop(): void {
    this.#stopped = true;
  }

  resume(): void {
    this.#stopped = false;
    for (const action of [...this.#frames.splice(0), ...this.#timers.splice(0)]) action();
  }

  /** A frame comes in. */
  receive(action: () => void): void {
    if (!this.#stopped) action();
    else if (this.#frames.length < this.#staticBuffers) this.#frames.push(action);
    else this.lost++;
  }

  /** A timer of the stack is due, or a packet without data has come; what it carries is never lost. */
  run(action: () => void): void {
    if (this.#stopped) this.#timers.push(action);
    else action();
  }
}
