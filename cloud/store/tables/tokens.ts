import type { NewToken, Token } from "../schema.js";
import type { Connection } from "./chunks.js";

export class Tokens {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  insert(token: NewToken): Promise<Token> {
    return this.#database.insertInto("token").values(token).returningAll().executeTakeFirstOrThrow();
  }

  /** @returns the token, also if it is expired or revoked */
  findByHash(sha256: string): Promise<Token | undefined> {
    return this.#database.selectFrom("token").selectAll().where("sha256", "=", sha256).executeTakeFirst();
  }

  async isRevoked(id: number): Promise<boolean> {
    const row = await this.#database.selectFrom("token").select("revokedAt").where("id", "=", id).executeTakeFirst();
    return row !== undefined && row.revokedAt !== null;
  }

  list(): Promise<Token[]> {
    return this.#database.selectFrom("token").selectAll().orderBy("id").execute();
  }

  /** @returns whether there is such a token that was not revoked before */
  async revoke(id: number, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database
      .updateTable("token")
      .set({ revokedAt: at })
      .where("id", "=", id)
      .where("revokedAt", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async touch(id: number, at: number): Promise<void> {
    await this.#database.updateTable("token").set({ lastUsedAt: at }).where("id", "=", id).execute();
  }
}
