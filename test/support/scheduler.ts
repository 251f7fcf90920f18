import type { TimeModule, TimerModule } from "../../hal/ecma419/modules.js";

export interface Entry {
  readonly due: number;
  readonly callback: () => void;
  readonly outside: boolean;
}

/**
 * Virtual time of one boot: callbacks in the order they fall due, those of the same moment in the order they were set.
 * What happens outside of the board's one thread goes on while that thread is blocked.
 */
export class Scheduler {
  /** Milliseconds. */
  now = 0;
  /** Callbacks of the board's thread that were run. */
  turns = 0;
  /** Longest that one of them came late, because the thread was blocked. */
  latestMs = 0;
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
    return this.#add({ due: this.now + Math.max(0, delayMs), callback, outside: false });
  }

  /** Runs an action at a time, even if the board's thread is blocked: it must not call the board. */
  setOutside(callback: () => void, delayMs: number): Entry {
    return this.#add({ due: this.now + Math.max(0, delayMs), callback, outside: true });
  }

  /** The thread does nothing else for so long. */
  block(durationMs: number): void {
    const end = this.now + durationMs;
    for (;;) {
      const at = this.#entries.findLastIndex(({ outside, due }) => outside && due <= end);
      if (at < 0) break;
      const [next] = this.#entries.splice(at, 1) as [Entry];
      this.now = Math.max(this.now, next.due);
      next.callback();
    }
    this.now = end;
  }

  #add(entry: Entry): Entry {
    let at = this.#entries.length;
    while (at > 0 && (this.#entries[at - 1] as Entry).due <= entry.due) at--;
    this.#entries.splice(at, 0, entry);
    return entry;
  }

  clear(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Runs the next callback. @returns false if there is none */
  turn(): boolean {
    const next = this.#entries.pop();
    if (next === undefined) return false;
    if (!next.outside) {
      this.turns++;
      this.latestMs = Math.max(this.latestMs, this.now - next.due);
    }
    this.now = Math.max(this.now, next.due);
    next.callback();
    return true;
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#entries.length = 0;
  }
}
