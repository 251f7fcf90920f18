import { ApiError } from "../../api/request.js";

export interface Undone<Item> {
  readonly item: Item;
  readonly error: unknown;
}

export interface Progress<Item> {
  readonly done: number;
  readonly undone: readonly Undone<Item>[];
  readonly total: number;
}

/** The cloud takes so many requests a minute; after this time there is room again. */
const WAIT_MS = 5000;
/** Waits for the same item. After these the item is left. */
const MOST_WAITS = 15;

/**
 * Does something for one item after the other. An item that is refused is left, and the next one follows; a request too
 * many is made again after a while. It ends early if nobody is signed in any more, or if `signal` says so.
 *
 * @returns what was done and what was not; an item that was not begun is in neither
 */
export async function oneByOne<Item>(options: {
  readonly items: readonly Item[];
  act(item: Item): Promise<unknown>;
  onProgress(progress: Progress<Item>): void;
  pause(delayMs: number): Promise<void>;
  readonly signal?: AbortSignal;
}): Promise<Progress<Item>> {
  const { items, signal } = options;
  let progress: Progress<Item> = { done: 0, undone: [], total: items.length };
  for (const item of items) {
    if (signal?.aborted === true) break;
    const error = await attempt(item, options);
    progress =
      error === undefined
        ? { ...progress, done: progress.done + 1 }
        : { ...progress, undone: [...progress.undone, { item, error: error.thrown }] };
    options.onProgress(progress);
    if (error?.thrown instanceof ApiError && error.thrown.status === 401) break;
  }
  return progress;
}

async function attempt<Item>(
  item: Item,
  { act, pause }: { act(item: Item): Promise<unknown>; pause(delayMs: number): Promise<void> },
): Promise<{ readonly thrown: unknown } | undefined> {
  for (let waits = 0; ; waits++) {
    try {
      await act(item);
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof ApiError && thrown.status === 429) || waits === MOST_WAITS) return { thrown };
      await pause(WAIT_MS);
    }
  }
}
