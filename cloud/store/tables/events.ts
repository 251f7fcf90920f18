import type { FleetEvent, NewEvent } from "../schema.js";
import { type Connection, directionOf, inChunks, PAGE_ROWS, type Page } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";

export interface EventFilter {
  /** `product.id`: events of its devices and of its plans. */
  readonly productId?: number;
  /** Events of any of these devices. */
  readonly deviceIds?: readonly number[];
  readonly planId?: number;
  readonly taskId?: number;
  readonly kind?: string;
}

const APPEND = compiledOnce(
  (
    database,
    at: number,
    kind: string,
    deviceId: number | null,
    planId: number | null,
    taskId: number | null,
    detail: string,
  ) => database.insertInto("event").values({ at, kind, deviceId, planId, taskId, detail }).returning("id"),
);

/** What has happened, append-only. A purge never removes the newest event, so that none is without one to follow. */
export class Events {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @returns its id */
  async appendOne({ at, kind, deviceId = null, planId = null, taskId = null, detail }: NewEvent): Promise<number> {
    const [row] = await APPEND(this.#database, at, kind, deviceId, planId, taskId, detail);
    return row?.id ?? 0;
  }

  /** @returns their ids, in their order */
  async append(events: readonly NewEvent[]): Promise<number[]> {
    const rows = await inChunks(events, (some) =>
      this.#database
        .insertInto("event")
        .values([...some])
        .returning("id")
        .execute(),
    );
    return rows.map(({ id }) => id);
  }

  /** @returns a page, the newest first by default */
  async list(
    filter: EventFilter = {},
    { after, limit = PAGE_ROWS, order = "newest" }: Page = {},
  ): Promise<FleetEvent[]> {
    const { direction, beyond } = directionOf(order);
    let query = this.#database.selectFrom("event").selectAll().orderBy("id", direction).limit(limit);
    if (after !== undefined) query = query.where("id", beyond, after);
    const { productId, planId, taskId, kind } = filter;
    let { deviceIds } = filter;
    if (taskId !== undefined) {
      // The log of a task is read from the events of its device, so that no event is in one more index.
      const task = await this.#database.selectFrom("task").select("deviceId").where("id", "=", taskId).execute();
      if (task[0] === undefined) return [];
      deviceIds ??= [task[0].deviceId];
      query = query.where("taskId", "=", taskId);
    }
    if (deviceIds?.length === 0) return [];
    if (deviceIds !== undefined) query = query.where("deviceId", "in", deviceIds);
    if (productId !== undefined) {
      query = query.where((where) =>
        where.or([
          where.exists(
            where
              .selectFrom("device")
              .select("device.id")
              .whereRef("device.id", "=", "event.deviceId")
              .where("device.productId", "=", productId),
          ),
          where.exists(
            where
              .selectFrom("plan")
              .select("plan.id")
              .whereRef("plan.id", "=", "event.planId")
              .where("plan.productId", "=", productId),
          ),
        ]),
      );
    }
    if (planId !== undefined) query = query.where("planId", "=", planId);
    if (kind !== undefined) query = query.where("kind", "=", kind);
    return query.execute();
  }

  /** @returns the `id` of the newest event, 0 if there is none */
  async last(): Promise<number> {
    const row = await this.#database.selectFrom("event").select("id").orderBy("id", "desc").limit(1).executeTakeFirst();
    return row?.id ?? 0;
  }

  /** Removes the events before a time, but the last of all. @param most rows at a time @returns how many */
  async purge(before: number, most: number): Promise<number> {
    const last = await this.last();
    // Events are appended in the order of time, so that the oldest are at the beginning.
    const first = await this.#database
      .selectFrom("event")
      .select("id")
      .where("at", ">=", before)
      .orderBy("id")
      .limit(1)
      .executeTakeFirst();
    return this.#remove(Math.min(first?.id ?? last, last), most);
  }

  /** Removes the events of a plan, but the last of all. @returns how many */
  async purgePlan(planId: number, most: number): Promise<number> {
    return this.#remove(await this.last(), most, planId);
  }

  /** @param end the first `id` that stays */
  async #remove(end: number, most: number, planId?: number): Promise<number> {
    let query = this.#database.selectFrom("event").select("id").where("id", "<", end).orderBy("id").limit(most);
    if (planId !== undefined) query = query.where("planId", "=", planId);
    const ids = (await query.execute()).map(({ id }) => id);
    await inChunks(ids, async (some) => {
      await this.#database
        .deleteFrom("event")
        .where("id", "in", [...some])
        .execute();
      return [];
    });
    return ids.length;
  }
}
