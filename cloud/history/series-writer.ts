import type { Transactions } from "../rollout/work.js";
import type { Series } from "../store/schema.js";
import { superfluous } from "./steps.js";

/** What was counted now. */
export interface Counted {
  readonly series: Series;
  /** JSON, as a sample has it. */
  readonly data: string;
}

export interface SeriesWriterOptions {
  readonly transactions: Transactions;
  /** Least milliseconds between two samples of a series. */
  readonly stepMs: number;
  /** Most samples of a series. */
  readonly most: number;
}

/** The newest sample of a series. */
interface Newest {
  readonly at: number | undefined;
  readonly data: string;
  /** Samples of the series. */
  count: number;
}

/** Series whose newest sample is kept in memory. */
const KEPT_SERIES = 2000;
/** Samples that one transaction removes: reports are in the same one, and do not wait for more. */
const PIECE = 100;

/** Adds samples to series: only if something changed, not too often, and so that no series grows too long. */
export class SeriesWriter {
  readonly #options: SeriesWriterOptions;
  readonly #newest = new Map<string, Newest>();

  constructor(options: SeriesWriterOptions) {
    this.#options = options;
  }

  /**
   * Writes what differs from the newest sample of its series, unless that one is too young; in one transaction with the
   * reports that come at this time.
   *
   * @returns what is left to write
   */
  async write(counted: readonly Counted[]): Promise<Counted[]> {
    const { transactions, stepMs } = this.#options;
    const due: Counted[] = [];
    const left: Counted[] = [];
    for (const one of counted) {
      const { at, data } = await this.#newestOf(one.series);
      if (data === one.data) continue;
      // The clock may have been set back.
      const isYoung = at !== undefined && Math.abs(transactions.nowMs() - at) < stepMs;
      (isYoung ? left : due).push(one);
    }
    if (due.length === 0) return left;
    const at = await transactions.join(async ({ tables, nowMs }) => {
      for (const { series, data } of due) await tables.samples.add(series, { at: nowMs, data });
      return nowMs;
    });
    for (const { series, data } of due) {
      const { count } = await this.#newestOf(series);
      this.#newest.set(keyOf(series), { at, data, count: await this.#thinned(series, count + 1) });
    }
    return left;
  }

  async #newestOf(series: Series): Promise<Newest> {
    const key = keyOf(series);
    const { samples } = this.#options.transactions.tables;
    let newest = this.#newest.get(key);
    if (newest === undefined) {
      const last = await samples.last(series);
      newest =
        last === undefined ? { at: undefined, data: "", count: 0 } : { ...last, count: await samples.count(series) };
    }
    this.#newest.delete(key);
    this.#newest.set(key, newest);
    const [oldest] = this.#newest.keys();
    if (this.#newest.size > KEPT_SERIES && oldest !== undefined) this.#newest.delete(oldest);
    return newest;
  }

  /** @returns how many samples the series has then */
  async #thinned(series: Series, count: number): Promise<number> {
    const { transactions, most } = this.#options;
    if (count <= most) return count;
    const times = await transactions.tables.samples.times(series);
    const gone = superfluous(times, most);
    for (let start = 0; start < gone.length; start += PIECE) {
      await transactions.join(({ tables }) => tables.samples.remove(series, gone.slice(start, start + PIECE)));
    }
    return times.length - gone.length;
  }
}

function keyOf({ kind, ownerId, component }: Series): string {
  return `${kind} ${ownerId} ${component}`;
}
