import type { Connection } from "./chunks.js";

export class Settings {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async get(key: string): Promise<string | undefined> {
    const row = await this.#database.selectFrom("setting").select("value").where("key", "=", key).executeTakeFirst();
    return row?.value;
  }

  async set(key: string, value: string): Promise<void> {
    await this.#database
      .insertInto("setting")
      .values({ key, value })
      .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
      .execute();
  }

  async remove(key: string): Promise<void> {
    await this.#database.deleteFrom("setting").where("key", "=", key).execute();
  }
}
