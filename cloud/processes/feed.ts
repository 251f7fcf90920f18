import type { EventView } from "../operator/types.js";
import type { Journal } from "../rollout/journal.js";
import type { Tables } from "../store/tables/tables.js";
import type { Signal } from "./signal.js";

export interface FeedOptions {
  readonly tables: Tables;
  readonly journal: Journal;
  /** @returns what is shown of the events behind one, the oldest first */
  eventsAfter(
    id: number,
    limit: number,
  ): Promise<readonly { readonly event: EventView; readonly productId?: string }[]>;
  onSignal(signal: Signal, id: number): void;
  /** Others than the leader have written since the last look. */
  onOthersWrote(): void;
}

/** After a look the next one comes no sooner. */
const INTERVAL_MS = 200;
const PAGE = 500;
/** If the storage fails meanwhile, signals are acted on once it works again: nobody waits for that. */
const TAKEN_MS = 3000;

/**
 * Finds in the database what other processes have written: it looks when a notice has come, and from time to time.
 * Ids count up in the order of the commits, so that what is behind the last one seen is all that is new.
 */
export class Feed {
  readonly #options: FeedOptions;
  #signal = 0;
  #event = 0;
  #changes = 0;
  #readers = 0;
  #looking: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Those who wait until this process has acted on a signal. */
  readonly #waiting = new Set<{ readonly id: number; end(): void }>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Begins behind what is in the database now. @throws StorageError */
  async start(): Promise<void> {
    const { tables } = this.#options;
    this.#signal = await tables.signals.last();
    this.#event = await tables.events.last();
    this.#changes = await tables.changes.count();
  }

  /** Events are read while somebody follows them. @returns how to end it */
  follow(): () => void {
    this.#readers++;
    return () => {
      this.#readers--;
    };
  }

  /** Something may be new. */
  poke(): void {
    if (this.#closed) return;
    if (this.#looking !== undefined || this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    this.#looking = this.#look()
      .catch(() => {
        // The health of the store says by itself if the storage refuses it; what is new is found at the next look.
      })
      .finally(() => {
        this.#looking = undefined;
        this.#timer = setTimeout(() => this.#rested(), INTERVAL_MS).unref();
      });
  }

  /** @returns once this process has acted on a signal, at the latest after 3 s */
  taken(id: number): Promise<void> {
    if (this.#closed || id <= this.#signal) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        resolve();
      };
      const waiting = { id, end };
      const timer = setTimeout(end, TAKEN_MS).unref();
      this.#waiting.add(waiting);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { end } of this.#waiting) end();
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #rested(): void {
    this.#timer = undefined;
    if (!this.#again) return;
    this.#again = false;
    this.poke();
  }

  async #look(): Promise<void> {
    const { tables, onOthersWrote } = this.#options;
    const changes = await tables.changes.count();
    if (changes !== this.#changes) {
      this.#changes = changes;
      onOthersWrote();
    }
    await this.#readSignals();
    if (this.#readers > 0) await this.#readEvents();
    else this.#event = await tables.events.last();
  }

  async #readSignals(): Promise<void> {
    for (;;) {
      const page = await this.#options.tables.signals.after(this.#signal, PAGE);
      for (const { id, detail } of page) {
        this.#signal = id;
        this.#options.onSignal(JSON.parse(detail) as Signal, id);
      }
      for (const waiting of this.#waiting) if (waiting.id <= this.#signal) waiting.end();
      if (page.length < PAGE) return;
    }
  }

  async #readEvents(): Promise<void> {
    for (;;) {
      const page = await this.#options.eventsAfter(this.#event, PAGE);
      for (const { event, productId } of page) {
        this.#event = event.id;
        this.#options.journal.notify({ kind: "event", event, ...(productId === undefined ? {} : { productId }) });
      }
      if (page.length < PAGE) return;
    }
  }
}
