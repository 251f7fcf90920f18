export interface Timers {
  set(callback: () => void, delayMs: number): number;
  clear(timer: number): void;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

const BROWSER: Timers = {
  set: (callback, delayMs) => setTimeout(callback, delayMs) as unknown as number,
  clear: (timer) => clearTimeout(timer),
  now: () => performance.now(),
};

/** Runs an action at once when it is asked for, and at most once in an interval; the last wish is always fulfilled. */
export class Throttle {
  readonly #action: () => void;
  readonly #intervalMs: number;
  readonly #timers: Timers;
  #timer: number | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: { action(): void; readonly intervalMs: number; readonly timers?: Timers }) {
    this.#action = () => options.action();
    this.#intervalMs = options.intervalMs;
    this.#timers = options.timers ?? BROWSER;
  }

  ask(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#lastMs + this.#intervalMs - this.#timers.now();
    if (waitMs <= 0) {
      this.#run();
      return;
    }
    this.#timer = this.#timers.set(() => {
      this.#timer = undefined;
      this.#run();
    }, waitMs);
  }

  close(): void {
    if (this.#timer !== undefined) this.#timers.clear(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#lastMs = this.#timers.now();
    this.#action();
  }
}
