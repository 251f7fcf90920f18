import type { Paged } from "../../operator/types.js";
import type { ApiError } from "../api/request.js";
import { Throttle } from "../api/throttle.js";
import { asApiError } from "./resource.js";
import { noticeError } from "./session.js";

/** A part of a long list, as the cloud has given it. */
export interface Segment<Row> {
  /** Last id of the segment before; absent for the first one. */
  readonly after: number | undefined;
  readonly items: readonly Row[];
  readonly next: number | undefined;
}

const INTERVAL_MS = 700;
/** Rows behind the last visible one that are loaded ahead. */
const AHEAD = 100;

export interface ListState<Row> {
  readonly segments: readonly Segment<Row>[];
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
}

export function begin<Row>(): ListState<Row> {
  return { segments: [], isLoading: true, error: undefined };
}

/** The segments of one list, and the loads that are under way. */
export class Segments<Row> {
  readonly #load: (after: number | undefined, signal: AbortSignal) => Promise<Paged<Row>>;
  readonly #onChange: (state: ListState<Row>) => void;
  readonly #ended = new AbortController();
  readonly #throttle = new Throttle({ action: () => void this.#refresh(), intervalMs: INTERVAL_MS });
  #state: ListState<Row> = begin();
  #seen = { from: 0, to: 0 };
  #isExtending = false;
  #refreshes = 0;
  /** The latest refresh that has shown something. */
  #shown = 0;

  constructor(options: {
    load(after: number | undefined, signal: AbortSignal): Promise<Paged<Row>>;
    onChange(state: ListState<Row>): void;
  }) {
    this.#load = options.load;
    this.#onChange = options.onChange;
  }

  begin(): void {
    void this.#extend();
  }

  refresh(): void {
    this.#throttle.ask();
  }

  look(from: number, to: number): void {
    this.#seen = { from, to };
    void this.#extend();
  }

  close(): void {
    this.#ended.abort();
    this.#throttle.close();
  }

  /** Loads further segments until what is seen is there. */
  async #extend(): Promise<void> {
    if (this.#isExtending) return;
    this.#isExtending = true;
    try {
      for (;;) {
        const { segments } = this.#state;
        const count = segments.reduce((sum, { items }) => sum + items.length, 0);
        const last = segments.at(-1);
        if (last !== undefined && (last.next === undefined || count > this.#seen.to + AHEAD)) return;
        const segment = await this.#fetch(last?.next);
        if (segment === undefined) return;
        // What was loaded anew meanwhile may end elsewhere.
        if (this.#state.segments.at(-1)?.next !== last?.next) continue;
        this.#show({ segments: [...this.#state.segments, segment], isLoading: false, error: undefined });
      }
    } finally {
      this.#isExtending = false;
    }
  }

  /** Loads anew what is seen. If a segment now ends elsewhere, those behind it are loaded anew too. */
  async #refresh(): Promise<void> {
    if (this.#state.segments.length === 0) return this.#extend();
    const own = ++this.#refreshes;
    let start = 0;
    for (let index = 0; index < this.#state.segments.length; index += 1) {
      const old = this.#state.segments[index];
      if (old === undefined) return;
      const end = start + old.items.length;
      if (end >= this.#seen.from && start <= this.#seen.to) {
        const segment = await this.#fetch(old.after);
        if (segment === undefined) return;
        const { segments } = this.#state;
        // A later load may have been answered first.
        if (own < this.#shown || segments[index]?.after !== old.after) return;
        this.#shown = own;
        const rest = segment.next === segments[index]?.next ? segments.slice(index + 1) : [];
        this.#show({ segments: [...segments.slice(0, index), segment, ...rest], isLoading: false, error: undefined });
      }
      start = end;
    }
    await this.#extend();
  }

  async #fetch(after: number | undefined): Promise<Segment<Row> | undefined> {
    try {
      const { items, next } = await this.#load(after, this.#ended.signal);
      return this.#ended.signal.aborted ? undefined : { after, items, next };
    } catch (error) {
      if (this.#ended.signal.aborted) return undefined;
      noticeError(error);
      this.#show({ ...this.#state, isLoading: false, error: asApiError(error) });
      return undefined;
    }
  }

  #show(state: ListState<Row>): void {
    if (this.#ended.signal.aborted) return;
    this.#state = state;
    this.#onChange(state);
  }
}
