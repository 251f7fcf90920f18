import type { AuditRecord, NewAuditRecord } from "../schema.js";
import { type Connection, directionOf, PAGE_ROWS, type Page } from "./chunks.js";

/** Who did what, when, and from where. */
export class Audit {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  async append(record: NewAuditRecord): Promise<void> {
    await this.#database.insertInto("audit").values(record).execute();
  }

  /** @returns a page, the newest first by default */
  list(
    filter: { readonly actor?: string; readonly action?: string; readonly subject?: string } = {},
    { after, limit = PAGE_ROWS, order = "newest" }: Page = {},
  ): Promise<AuditRecord[]> {
    const { direction, beyond } = directionOf(order);
    let query = this.#database.selectFrom("audit").selectAll().orderBy("id", direction).limit(limit);
    if (filter.actor !== undefined) query = query.where("actor", "=", filter.actor);
    if (filter.action !== undefined) query = query.where("action", "=", filter.action);
    if (filter.subject !== undefined) query = query.where("subject", "=", filter.subject);
    if (after !== undefined) query = query.where("id", beyond, after);
    return query.execute();
  }
}
