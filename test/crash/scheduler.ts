import type { TimeModule, TimerModule } from "../../hal/ecma419/modules.js";

interface Entry {
  readonly due: number;
  readonly callback: () => void;
}

/** Virtual time of one boot: callbacks in the order they fall due, those of the same moment in the order they were set. */
export class Scheduler {
  now = 0;
  /** Sorted, the next one last. */
  readonly #entries: Entry[] = [];

  readonly Time: TimeModule;
  readonly Timer: TimerModule = {
    set: (callback, delayMs) => this.set(callback, delayMs),
    clear: (id) => this.clear(id as Entry),
  };

  constructor() {
    const scheduler = this;
    this.Time = {
      get ticks() {
        return scheduler.now | 0;
      },
    };
  }

  set(callback: () => void, delayMs: number): Entry {
    const entry: Entry = { due: this.now + Math.max(0, delayMs), callback };
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1] as Entry).due <= entry.due) at--;
    this.#entries.splice(at, 0, entry);
    return entry;
  }

  clear(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Runs the next callback. @returns false where there is none */
  turn(): boolean {
    const next = this.#entries.pop();
    if (next === undefined) return false;
    this.now = Math.max(this.now, next.due);
    next.callback();
    return true;
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#entries.length = 0;
  }
}
