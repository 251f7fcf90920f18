import type { Change, Operator } from "../operator/types.js";

export interface ChangeFeedOptions {
  readonly operator: Pick<Operator, "follow">;
  /** Least milliseconds between two changes of one plan. */
  readonly planIntervalMs: number;
  /** Least milliseconds between two changes of presence. */
  readonly presenceIntervalMs: number;
}

type Listener = (change: Change) => void;

/** A change that was passed on, and is not passed on again before its time. */
interface Pace {
  readonly timer: NodeJS.Timeout;
  /** The last of those that came meanwhile. */
  next: Change | undefined;
}

/**
 * Follows the cloud for all readers together, as long as there is one. Changes that only mean "load it again" are
 * passed on at most once in a while: the first one at once, and the last one always.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #listeners = new Set<Listener>();
  readonly #paces = new Map<string, Pace>();
  #stopFollowing: (() => void) | undefined;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  /** @returns how to end it */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#stopFollowing ??= this.#options.operator.follow((change) => this.#onChange(change));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stopFollowing?.();
      this.#stopFollowing = undefined;
      for (const { timer } of this.#paces.values()) clearTimeout(timer);
      this.#paces.clear();
    };
  }

  #onChange(change: Change): void {
    const { planIntervalMs, presenceIntervalMs } = this.#options;
    if (change.kind === "plan") this.#pass(`plan ${change.planId}`, change, planIntervalMs);
    else if (change.kind === "presence") this.#pass("presence", change, presenceIntervalMs);
    else this.#send(change);
  }

  #pass(key: string, change: Change, intervalMs: number): void {
    const pace = this.#paces.get(key);
    if (pace !== undefined) {
      pace.next = change;
      return;
    }
    const timer = setTimeout(() => {
      const next = this.#paces.get(key)?.next;
      this.#paces.delete(key);
      if (next !== undefined) this.#pass(key, next, intervalMs);
    }, intervalMs).unref();
    this.#paces.set(key, { timer, next: undefined });
    this.#send(change);
  }

  #send(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
