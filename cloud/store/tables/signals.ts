import type { Connection } from "./chunks.js";

export interface StoredSignal {
  readonly id: number;
  readonly at: number;
  /** JSON. */
  readonly detail: string;
}

/** What one process tells the others, in the transaction that it follows from. */
export class Signals {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @returns its id */
  async append(at: number, detail: string): Promise<number> {
    const row = await this.#database
      .insertInto("signal")
      .values({ at, detail })
      .returning("id")
      .executeTakeFirstOrThrow();
    return row.id;
  }

  /** @returns those behind one, the oldest first */
  after(id: number, limit: number): Promise<StoredSignal[]> {
    return this.#database.selectFrom("signal").selectAll().where("id", ">", id).orderBy("id").limit(limit).execute();
  }

  /** @returns the id of the newest, 0 if there is none */
  async last(): Promise<number> {
    const row = await this.#database
      .selectFrom("signal")
      .select("id")
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    return row?.id ?? 0;
  }

  /** Removes those before a time, but the newest of all. */
  async forget(before: number): Promise<void> {
    await this.#database
      .deleteFrom("signal")
      .where("at", "<", before)
      .where("id", "<", await this.last())
      .execute();
  }
}
