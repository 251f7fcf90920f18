import type { AuditRecord, NewAuditRecord } from "../schema.js";
import { type Connection, PAGE_ROWS } from "./chunks.js";

/** Who did what, when, and from where. */
export class Audit {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async append(record: NewAuditRecord): Promise<void> {
    await this.#database.insertInto("audit").values(record).execute();
  }

  /** @returns a page, the newest first; `before` is the `id` of the last record of the page before */
  list(
    filter: { readonly actor?: string; readonly action?: string; readonly subject?: string } = {},
    { before, limit = PAGE_ROWS }: { readonly before?: number; readonly limit?: number } = {},
  ): Promise<AuditRecord[]> {
    let query = this.#database.selectFrom("audit").selectAll().orderBy("id", "desc").limit(limit);
    if (filter.actor !== undefined) query = query.where("actor", "=", filter.actor);
    if (filter.action !== undefined) query = query.where("action", "=", filter.action);
    if (filter.subject !== undefined) query = query.where("subject", "=", filter.subject);
    if (before !== undefined) query = query.where("id", "<", before);
    return query.execute();
  }
}
