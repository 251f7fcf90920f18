import { sql } from "kysely";
import type { Task } from "../schema.js";
import { type Connection, directionOf, inChunks, PAGE_ROWS, type Page } from "./chunks.js";
import { compiledOnce } from "./compiled-once.js";
import { TaskCounts } from "./task-counts.js";

/** States in which a task has ended: they are in the index by result. */
const ENDED: readonly string[] = ["succeeded", "failed", "declined", "silent", "cancelled", "superseded"];

const IN_FLIGHT: readonly string[] = ["offered", "asked", "downloading", "burning", "trial"];

export interface ReasonCount {
  readonly state: string;
  readonly reason: string | null;
  readonly tasks: number;
}

export interface TaskListFilter {
  readonly planId?: number | undefined;
  readonly deviceId?: number | undefined;
  /** `product.id` */
  readonly productId?: number | undefined;
  readonly state?: string | undefined;
  /** As it is stored; `null`: tasks whose state has no reason. */
  readonly reason?: string | null | undefined;
}

export interface TaskFilter {
  readonly states?: readonly string[];
  readonly component?: string;
  readonly open?: 0 | 1;
}

const OF_DEVICE_LATELY = compiledOnce((database, deviceId: number, limit: number) =>
  database.selectFrom("task").selectAll().where("deviceId", "=", deviceId).orderBy("id", "desc").limit(limit),
);

/** Lists of tasks: by plan, by device, and what people look for. */
export class TaskLists {
  readonly #database: Connection;

  constructor(database: Connection) {
    this.#database = database;
  }

  /** @returns all tasks that a device has ever had, the newest first */
  ofDevice(deviceId: number, { after, limit = PAGE_ROWS }: Page = {}): Promise<Task[]> {
    let query = this.#database
      .selectFrom("task")
      .selectAll()
      .where("deviceId", "=", deviceId)
      .orderBy("id", "desc")
      .limit(limit);
    if (after !== undefined) query = query.where("id", "<", after);
    return query.execute();
  }

  /** @returns a page in the order of `id` */
  ofPlan(planId: number, { after, limit = PAGE_ROWS }: Page = {}, filter: TaskFilter = {}): Promise<Task[]> {
    let query = this.#database.selectFrom("task").selectAll().where("planId", "=", planId).orderBy("id").limit(limit);
    if (filter.states !== undefined) query = query.where("state", "in", filter.states);
    if (filter.component !== undefined) query = query.where("component", "=", filter.component);
    if (filter.open !== undefined) query = query.where("open", "=", filter.open);
    if (after !== undefined) query = query.where("id", ">", after);
    return query.execute();
  }

  /** @returns the tasks that a plan has given to these devices, open or not */
  ofPlanAndDevices(planId: number, deviceIds: readonly number[]): Promise<Task[]> {
    return inChunks(deviceIds, (some) =>
      this.#database
        .selectFrom("task")
        .selectAll()
        .where("deviceId", "in", some)
        // By the devices' index: the plan's one would be read whole for each chunk.
        .where(sql<boolean>`plan_id + 0 = ${planId}`)
        .orderBy("id")
        .execute(),
    );
  }

  /** @returns a page, the oldest first by default */
  list(filter: TaskListFilter, { after, limit = PAGE_ROWS, order = "oldest" }: Page = {}): Promise<Task[]> {
    const { direction, beyond } = directionOf(order);
    const { planId, deviceId, productId, state, reason } = filter;
    const isEnded = state !== undefined && ENDED.includes(state);
    // Tasks of a plan that have ended so are in an index: to sort their ids is quicker than to look through the plan.
    const place = isEnded && planId !== undefined ? sql<number>`task.id + 0` : sql.ref<number>("task.id");
    let ids = this.#database.selectFrom("task").select("task.id").orderBy(place, direction).limit(limit);
    if (planId !== undefined) ids = ids.where("planId", "=", planId);
    if (deviceId !== undefined) ids = ids.where("deviceId", "=", deviceId);
    if (state !== undefined) ids = ids.where("state", "=", state);
    if (isEnded) ids = ids.where("open", "=", sql.lit(0));
    if (reason !== undefined) ids = ids.where("reason", reason === null ? "is" : "=", reason);
    if (productId !== undefined) {
      ids = ids.where("planId", "in", (where) =>
        where.selectFrom("plan").select("plan.id").where("plan.productId", "=", productId),
      );
    }
    if (after !== undefined) ids = ids.where("task.id", beyond, after);
    return this.#database
      .selectFrom("task")
      .selectAll()
      .where("id", "in", (where) => where.selectFrom(ids.as("page")).select("page.id"))
      .orderBy("id", direction)
      .execute();
  }

  /**
   * Counts the tasks of a plan by state and stored reason. Each part is read from an index alone; tasks in flight have
   * no reason that anybody looks for, and are counted already.
   *
   * @param causes all reasons that a waiting task may have
   */
  async reasonsOf(planId: number, causes: readonly string[]): Promise<ReasonCount[]> {
    const ended = await this.#database
      .selectFrom("task")
      .select(({ fn }) => ["state", "reason", fn.countAll().as("tasks")])
      .where("planId", "=", planId)
      .where("open", "=", sql.lit(0))
      .groupBy(["state", "reason"])
      .execute();
    const counts = await new TaskCounts(this.#database).of(planId);
    const waiting: ReasonCount[] = [];
    for (const reason of counts["waiting"] === undefined ? [] : causes) {
      const { tasks } = await this.#database
        .selectFrom("task")
        .select(({ fn }) => fn.countAll().as("tasks"))
        .where("planId", "=", planId)
        .where("state", "=", sql.lit("waiting"))
        .where("reason", "=", reason)
        .executeTakeFirstOrThrow();
      if (Number(tasks) > 0) waiting.push({ state: "waiting", reason, tasks: Number(tasks) });
    }
    const inFlight = Object.entries(counts)
      .filter(([state]) => IN_FLIGHT.includes(state))
      .map(([state, tasks]) => ({ state, reason: null, tasks }));
    return [...waiting, ...inFlight, ...ended.map((count) => ({ ...count, tasks: Number(count.tasks) }))];
  }

  /** @returns one task of each of these devices: an open one before those that have ended, then the latest plan's */
  latestOf(deviceIds: readonly number[]): Promise<Task[]> {
    return inChunks(deviceIds, (some) =>
      this.#database
        .selectFrom("task")
        .selectAll()
        .where("id", "in", (where) =>
          where
            .selectFrom(
              where
                .selectFrom("task as each")
                .select(({ fn }) => [
                  "each.id",
                  fn
                    .agg<number>("row_number")
                    .over((over) =>
                      over
                        .partitionBy("each.deviceId")
                        .orderBy("each.open", "desc")
                        .orderBy("each.planId", "desc")
                        .orderBy("each.id", "desc"),
                    )
                    .as("place"),
                ])
                .where("each.deviceId", "in", some)
                .as("placed"),
            )
            .select("placed.id")
            .where("placed.place", "=", 1),
        )
        .execute(),
    );
  }

  /** @returns the newest tasks of a device, open or not */
  ofDeviceLately(deviceId: number, limit: number): Promise<Task[]> {
    return OF_DEVICE_LATELY(this.#database, deviceId, limit);
  }
}
