import type { Sample, Series } from "../schema.js";
import { type Connection, inChunks } from "./chunks.js";

/** What was counted in the past, each series in the order of time. A sample holds until the next one of its series. */
export class Samples {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** Adds a sample; it replaces one of the same time. */
  async add({ kind, ownerId, component }: Series, { at, data }: Sample): Promise<void> {
    await this.#database
      .insertInto("sample")
      .values({ kind, ownerId, component, at, data })
      .onConflict((conflict) => conflict.columns(["kind", "ownerId", "component", "at"]).doUpdateSet({ data }))
      .execute();
  }

  last(series: Series): Promise<Sample | undefined> {
    return this.#of(series).select(["at", "data"]).orderBy("at", "desc").limit(1).executeTakeFirst();
  }

  /** @returns the sample that holds at `from`, and those behind it up to `to` */
  async within(series: Series, from: number, to: number): Promise<Sample[]> {
    const before = await this.#of(series)
      .select(["at", "data"])
      .where("at", "<=", from)
      .orderBy("at", "desc")
      .limit(1)
      .execute();
    const later = await this.#of(series)
      .select(["at", "data"])
      .where("at", ">", from)
      .where("at", "<=", to)
      .orderBy("at")
      .execute();
    return [...before, ...later];
  }

  /** @returns the times of all samples of a series, the earliest first */
  async times(series: Series): Promise<number[]> {
    return (await this.#of(series).select("at").orderBy("at").execute()).map(({ at }) => at);
  }

  async count(series: Series): Promise<number> {
    const { count } = await this.#of(series)
      .select(({ fn }) => fn.countAll().as("count"))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** @param times those of the samples that go */
  async remove({ kind, ownerId, component }: Series, times: readonly number[]): Promise<void> {
    await inChunks(times, async (some) => {
      await this.#database
        .deleteFrom("sample")
        .where("kind", "=", kind)
        .where("ownerId", "=", ownerId)
        .where("component", "=", component)
        .where("at", "in", [...some])
        .execute();
      return [];
    });
  }

  /**
   * Removes the samples that do not hold any more at a time: the last one before it stays.
   *
   * @param most rows at a time
   * @returns how many were removed
   */
  async purge(before: number, most: number): Promise<number> {
    const old = await this.#database
      .selectFrom("sample as old")
      .select(["old.kind", "old.ownerId", "old.component", "old.at"])
      .where("old.at", "<", before)
      .where((where) =>
        where.exists(
          where
            .selectFrom("sample as newer")
            .select("newer.at")
            .whereRef("newer.kind", "=", "old.kind")
            .whereRef("newer.ownerId", "=", "old.ownerId")
            .whereRef("newer.component", "=", "old.component")
            .whereRef("newer.at", ">", "old.at")
            .where("newer.at", "<=", before),
        ),
      )
      .orderBy("old.at")
      .limit(most)
      .execute();
    const bySeries = new Map<string, { readonly series: Series; readonly times: number[] }>();
    for (const { at, ...series } of old) {
      const key = [series.kind, series.ownerId, series.component].join(" ");
      const known = bySeries.get(key);
      if (known === undefined) bySeries.set(key, { series, times: [at] });
      else known.times.push(at);
    }
    for (const { series, times } of bySeries.values()) await this.remove(series, times);
    return old.length;
  }

  /** Removes the samples of a plan, but the last. @param most rows at a time @returns how many */
  async purgePlan(planId: number, most: number): Promise<number> {
    const series: Series = { kind: "plan", ownerId: planId, component: "" };
    const times = (await this.times(series)).slice(0, -1).slice(0, most);
    await this.remove(series, times);
    return times.length;
  }

  #of({ kind, ownerId, component }: Series) {
    return this.#database
      .selectFrom("sample")
      .where("kind", "=", kind)
      .where("ownerId", "=", ownerId)
      .where("component", "=", component);
  }
}
