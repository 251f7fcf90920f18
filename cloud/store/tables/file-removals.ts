import type { Connection } from "./chunks.js";

/**
 * Files that are about to be removed, by their MD5. While one is here, no row may come to name it: whoever wants to
 * add it has to wait until it is gone.
 */
export class FileRemovals {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async add(md5: string): Promise<void> {
    await this.#database
      .insertInto("fileRemoval")
      .values({ md5 })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async has(md5: string): Promise<boolean> {
    const row = await this.#database.selectFrom("fileRemoval").select("md5").where("md5", "=", md5).executeTakeFirst();
    return row !== undefined;
  }

  async list(): Promise<string[]> {
    const rows = await this.#database.selectFrom("fileRemoval").select("md5").orderBy("md5").execute();
    return rows.map(({ md5 }) => md5);
  }

  /** The file is gone. */
  async done(md5: string): Promise<void> {
    await this.#database.deleteFrom("fileRemoval").where("md5", "=", md5).execute();
  }
}
