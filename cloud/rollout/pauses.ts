/** After a failure that may pass, a work is begun anew after this time, and after twice as long each time it fails. */
const LEAST_MS = 5000;
const MOST_MS = 300_000;

/** How long works wait that have failed, so that what fails each time does not fill a processor. */
export class Pauses<Key> {
  readonly #pauses = new Map<Key, { readonly ms: number; readonly untilMs: number }>();

  /** The work has failed. */
  begin(key: Key, nowMs: number): void {
    const before = this.#pauses.get(key)?.ms;
    const ms = before === undefined ? LEAST_MS : Math.min(MOST_MS, 2 * before);
    this.#pauses.set(key, { ms, untilMs: nowMs + ms });
  }

  isPausing(key: Key, nowMs: number): boolean {
    return nowMs < (this.#pauses.get(key)?.untilMs ?? 0);
  }

  /** @returns whether it has failed so often that its pauses grow no more */
  isLongest(key: Key): boolean {
    return this.#pauses.get(key)?.ms === MOST_MS;
  }

  /** Forgets works that are gone. */
  keep(isKept: (key: Key) => boolean): void {
    for (const key of this.#pauses.keys()) if (!isKept(key)) this.#pauses.delete(key);
  }

  /** It has succeeded, or is gone. */
  end(key: Key): void {
    this.#pauses.delete(key);
  }
}
