import type { Connection } from "./chunks.js";

/** How many transactions others than the leader have made. */
export class Changes {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async count(): Promise<number> {
    const row = await this.#database.selectFrom("turn").select("changes").executeTakeFirst();
    return row?.changes ?? 0;
  }
}
