import type { Clock, Timer } from "../ports/index.js";
import type { PlatformModule, TimeModule, TimerModule } from "./modules.js";

/** `Clock` over the SDK's `time` and `timer`. */
export class Ecma419Clock implements Clock {
  readonly #time: TimeModule;
  readonly #timer: TimerModule;
  readonly #platform: PlatformModule;
  #lastTicks: number;
  #elapsedMs = 0;

  constructor(options: { Time: TimeModule; Timer: TimerModule; platform: PlatformModule }) {
    this.#time = options.Time;
    this.#timer = options.Timer;
    this.#platform = options.platform;
    this.#lastTicks = options.Time.ticks;
  }

  /**
   * Ticks wrap after 24.8 days: the difference in 32 bits does not, as long as someone looks more often than that. On
   * the SDK's desktop targets they are the wall clock: one that is set back takes no time back.
   */
  now(): number {
    const ticks = this.#time.ticks;
    const sinceMs = (ticks - this.#lastTicks) | 0;
    this.#lastTicks = ticks;
    if (sinceMs > 0) this.#elapsedMs += sinceMs;
    return this.#elapsedMs;
  }

  timer(_name: string, delayMs: number, callback: () => void): Timer {
    let id: unknown = this.#timer.set(() => {
      id = undefined;
      callback();
    }, Math.ceil(delayMs));
    return {
      cancel: () => {
        if (id !== undefined) this.#timer.clear(id);
        id = undefined;
      },
    };
  }

  unixTime(): number | undefined {
    return this.#platform.unixTime();
  }
}
