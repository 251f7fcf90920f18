import type { Transactions } from "../rollout/work.js";
import type { VersionCount } from "../store/schema.js";
import { versionSeries, versionText } from "./series.js";
import { type Counted, SeriesWriter } from "./series-writer.js";

export interface VersionHistoryOptions {
  readonly transactions: Transactions;
  /** How many devices of a product are online, if that is known; the product is named as on the wire. */
  online(productId: string): number | null;
}

/** Least time between two samples. */
const STEP_MS = 60_000;
/** Most samples of a component: at full resolution this is three and a half days. */
const MOST_SAMPLES = 5000;
/** Components of a product that have a history, those on the most devices: devices can make up any number of them. */
const MOST_COMPONENTS = 20;

/** Notes how many devices of each product run each version, and how many are online. */
export class VersionHistory {
  readonly #options: VersionHistoryOptions;
  readonly #writer: SeriesWriter;
  /** Components that devices had at the last look, or whose last sample is left to write; by product. */
  readonly #known = new Map<number, Set<string>>();

  constructor(options: VersionHistoryOptions) {
    this.#options = options;
    this.#writer = new SeriesWriter({ transactions: options.transactions, stepMs: STEP_MS, most: MOST_SAMPLES });
  }

  /** Counts now, and writes what has changed. @throws StorageError */
  async look(): Promise<void> {
    const { transactions, online } = this.#options;
    const { tables } = transactions;
    const counts = await tables.components.counts.all();
    const counted: Counted[] = [];
    for (const { id, productId } of await tables.products.list()) {
      const components = componentsOf(counts.filter((count) => count.productId === id));
      const now = online(productId);
      for (const [component, rows] of this.#watched(id, components)) {
        counted.push({ series: versionSeries(id, component), data: versionText(now, rows) });
      }
    }
    const left = await this.#writer.write(counted);
    for (const { ownerId, component } of left.map(({ series }) => series)) this.#known.get(ownerId)?.add(component);
    if (counts.some(({ devices }) => devices <= 0)) {
      await transactions.join((work) => work.tables.components.counts.forget());
    }
  }

  /** @returns the components that are counted; among them those that no device has any more, for the last time */
  #watched(productId: number, components: ReadonlyMap<string, readonly VersionCount[]>) {
    const frequent = [...components]
      .filter(([, rows]) => devicesOf(rows) > 0)
      .sort(([, one], [, other]) => devicesOf(other) - devicesOf(one))
      .slice(0, MOST_COMPONENTS);
    const gone = [...(this.#known.get(productId) ?? []), ...components.keys()].filter(
      (component) => devicesOf(components.get(component) ?? []) === 0,
    );
    this.#known.set(productId, new Set(frequent.map(([component]) => component)));
    return new Map([...frequent, ...gone.map((component): [string, readonly VersionCount[]] => [component, []])]);
  }
}

function componentsOf(counts: readonly VersionCount[]): Map<string, VersionCount[]> {
  const components = new Map<string, VersionCount[]>();
  for (const count of counts) {
    const rows = components.get(count.component);
    if (rows === undefined) components.set(count.component, [count]);
    else rows.push(count);
  }
  return components;
}

function devicesOf(counts: readonly VersionCount[]): number {
  return counts.reduce((sum, { devices }) => sum + devices, 0);
}
