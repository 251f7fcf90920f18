import type { Clock, Timer } from "../../hal/ports/index.js";

interface Pending {
  readonly name: string;
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until the test moves it. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #pending: Pending[] = [];
  unix: number | undefined;

  now(): number {
    return this.#now;
  }

  unixTime(): number | undefined {
    return this.unix;
  }

  timer(name: string, delayMs: number, callback: () => void): Timer {
    let entry: Pending;
    const again = (): void => {
      entry = { name, due: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
      this.#pending.push(entry);
    };
    again();
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== entry);
      },
      again,
    };
  }

  /** Names of the timers that run, soonest first. */
  names(): string[] {
    return this.#sorted().map(({ name }) => name);
  }

  /** Milliseconds until the timer of this name fires. */
  remaining(name: string): number | undefined {
    const entry = this.#sorted().find((pending) => pending.name === name);
    return entry === undefined ? undefined : entry.due - this.#now;
  }

  /** Lets this much time pass, and fires the timers that fall due. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let guard = 0; ; guard++) {
      if (guard > 100_000) throw new Error(`timers rearm without end: ${this.names().join(", ")}`);
      const next = this.#sorted()[0];
      if (next === undefined || next.due > end) break;
      this.#pending = this.#pending.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Whoever runs now takes so long: no timer fires meanwhile. */
  pass(ms: number): void {
    this.#now += ms;
  }

  #sorted(): Pending[] {
    return [...this.#pending].sort((left, right) => left.due - right.due || left.order - right.order);
  }
}
