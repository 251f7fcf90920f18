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
   * Ticks wrap. A difference of 32 bits is right nevertheless, provided that this is called at least once in 24.8 days.
   * On the SDK's desktop targets the ticks follow the wall clock: if it is set back, the negative difference is
   * ignored.
   */
  now(): number {
    const ticks = this.#time.ticks;
    const sinceMs = (ticks - this.#lastTicks) | 0;
    this.#lastTicks = ticks;
    if (sinceMs > 0) this.#elapsedMs += sinceMs;
    return this.#elapsedMs;
  }

  timer(_name: string, delayMs: number, callback: () => void): Timer {
    return new OneShot(this.#timer, delayMs, callback);
  }

  unixTime(): number | undefined {
    return this.#platform.unixTime();
  }
}

/** It is a class, because two closures for each timer would take three times as many slots of XS's heap. */
class OneShot implements Timer {
  readonly #timer: TimerModule;
  readonly #delayMs: number;
  readonly #fire: () => void;
  #id: unknown;

  constructor(timer: TimerModule, delayMs: number, callback: () => void) {
    this.#timer = timer;
    this.#delayMs = Math.ceil(delayMs);
    this.#fire = () => {
      this.#id = undefined;
      callback();
    };
    this.again();
  }

  again(): void {
    this.#id = this.#timer.set(this.#fire, this.#delayMs);
  }

  cancel(): void {
    if (this.#id !== undefined) this.#timer.clear(this.#id);
    this.#id = undefined;
  }
}
