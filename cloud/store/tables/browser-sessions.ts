import type { BrowserSession } from "../schema.js";
import type { Connection } from "./chunks.js";

export class BrowserSessions {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async insert(session: BrowserSession): Promise<void> {
    await this.#database.insertInto("browserSession").values(session).execute();
  }

  /** @returns the session, also if it is expired */
  findByHash(sha256: string): Promise<BrowserSession | undefined> {
    return this.#database.selectFrom("browserSession").selectAll().where("sha256", "=", sha256).executeTakeFirst();
  }

  async remove(sha256: string): Promise<void> {
    await this.#database.deleteFrom("browserSession").where("sha256", "=", sha256).execute();
  }

  async removeOfToken(tokenId: number): Promise<void> {
    await this.#database.deleteFrom("browserSession").where("tokenId", "=", tokenId).execute();
  }

  /** Removes what has expired, and the oldest of the others, until at most `most` are left. */
  async trim(nowMs: number, most: number): Promise<void> {
    await this.#database.deleteFrom("browserSession").where("expiresAt", "<=", nowMs).execute();
    const kept = this.#database
      .selectFrom("browserSession")
      .select("sha256")
      .orderBy("createdAt", "desc")
      .orderBy("sha256")
      .limit(most);
    await this.#database.deleteFrom("browserSession").where("sha256", "not in", kept).execute();
  }
}
